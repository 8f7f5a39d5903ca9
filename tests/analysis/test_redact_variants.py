"""The same secrets in other dress: escaped, encoded, coloured, doubled, cut."""

from __future__ import annotations

import pytest

from incidents.analysis.redact import redact
from tests.support import secret_lines
from tests.support.redaction_score import score
from tests.support.secret_lines_held_out import held_out
from tests.support.secret_shapes import Labelled


def positives() -> list[Labelled]:
    grid = [line for _, line in secret_lines.grid()]
    credentials = [line for line in held_out() if line.kind.startswith("cred")]
    return [*grid, *secret_lines.vendor_lines(), *secret_lines.url_lines(), *credentials]


@pytest.mark.parametrize("variant", secret_lines.VARIANTS)
def test_a_variant_of_a_line_is_masked_like_the_line(variant: str) -> None:
    make = secret_lines.VARIANTS[variant]
    lines = [changed for line in positives() if (changed := make(line)) is not None]
    assert len(lines) > 1000
    assert score(lines, redact).misses == []


def test_a_named_secret_cut_by_the_end_of_its_line_is_masked() -> None:
    cut = [part for _, line in secret_lines.grid() for part in secret_lines.cuts(line)][::4]
    result = score(cut, redact)
    assert len(cut) > 5000
    assert result.share("secrets") >= 0.99, result.misses[:20]


RECOGNISABLE = ("akid", "asia", "hrku", "stripe", "whsec", "ghp", "ghpat", "glpat", "xoxb", "aiza", "gocspx", "openai", "anthropic",
                "pypi", "dop", "nrak", "shpat", "sq0atp", "hvs", "doppler", "glsa", "jwt", "tskey", "atlassian")  # fmt: skip


@pytest.mark.parametrize("vendor", RECOGNISABLE)
def test_a_token_with_a_telling_prefix_is_masked_when_the_line_cuts_it(vendor: str) -> None:
    lines = [line for line in secret_lines.vendor_lines() if line.kind == vendor]
    cut = [part for line in lines[:3] for part in secret_lines.cuts(line, least=18)]
    assert score(cut, redact).misses == []


def test_passwords_in_urls_are_masked_when_the_line_cuts_them() -> None:
    cut = [part for line in secret_lines.url_lines() if line.kind == "url" for part in secret_lines.cuts(line)]
    assert len(cut) > 300
    assert score(cut, redact).misses == []
