"""What redaction finds, what it leaves, and what it says about it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from incidents.analysis import redact as library
from incidents.analysis.redact import KINDS, redact, redact_bytes, scrub
from incidents.analysis.redaction import engine
from tests.support import secret_lines
from tests.support.redaction_score import score
from tests.support.secret_lines_held_out import held_out
from tests.support.secret_shapes import Labelled


def masked(text: str) -> str:
    return redact(text, personal=True)


@pytest.mark.parametrize("rendering", secret_lines.RENDERINGS)
def test_every_name_is_masked_in_every_rendering(rendering: str) -> None:
    lines = [line for name, line in secret_lines.grid() if name == rendering]
    assert len(lines) > 15
    assert score(lines, redact).misses == []


@pytest.mark.parametrize("vendor", secret_lines.VENDORS)
def test_a_vendors_token_is_known_by_its_shape(vendor: str) -> None:
    lines = [line for line in secret_lines.vendor_lines() if line.kind == vendor]
    assert len(lines) == len(secret_lines.CONTEXTS)
    assert score(lines, redact).misses == []


def test_passwords_in_urls_go_and_hosts_stay() -> None:
    assert score(secret_lines.url_lines(), redact).misses == []


def test_lines_of_frameworks_shells_and_servers_are_masked() -> None:
    assert score(secret_lines.wild(), redact).misses == []


def test_harmless_lines_come_back_unchanged() -> None:
    lines = secret_lines.harmless()
    assert len(lines) > 300
    assert score(lines, masked).misses == []


def test_the_held_out_lines_meet_the_bar() -> None:
    result = score(held_out(), masked)
    shares = {what: round(result.share(what), 4) for what in result.of}
    assert result.lines > 250
    assert shares["secrets"] >= 0.98, result.misses
    assert shares["personal"] >= 0.98, result.misses
    assert shares["untouched"] >= 0.99, result.misses
    assert shares["kept"] >= 0.995, result.misses


def test_request_ids_always_stay() -> None:
    requests = [line for line in held_out() if "request_id=" in line.text]
    assert requests
    for line in requests:
        request_id = line.text.split("request_id=")[1].split()[0]
        assert f"request_id={request_id}" in masked(line.text)


def everything() -> list[Labelled]:
    grid = [line for _, line in secret_lines.grid()]
    return [*grid, *secret_lines.vendor_lines(), *secret_lines.url_lines(), *secret_lines.wild(), *held_out()]


def test_masking_twice_changes_nothing() -> None:
    changed = [line.text for line in everything() if masked(masked(line.text)) != masked(line.text)]
    assert changed == []


def test_the_first_look_misses_no_line_that_the_rules_would_mask() -> None:
    missed = [
        part
        for line in everything()
        for part in line.text.encode().split(b"\n")
        if list(engine._find(part)) and not engine._TRIGGER.search(part)
    ]
    assert missed == []


def test_lines_masked_together_read_as_lines_masked_alone() -> None:
    texts = [line.text for line in everything() if "\n" not in line.text and "PRIVATE" not in line.text]
    assert masked("\n".join(texts)).split("\n") == [masked(text) for text in texts]


def test_bytes_and_text_are_masked_alike() -> None:
    for line in held_out():
        assert redact_bytes(line.text.encode()).decode() == redact(line.text)


def test_bytes_that_are_no_utf8_pass_through() -> None:
    assert (
        redact_bytes(b"\xe6\xf8\xe5 password=hunter22 \xff\xfe")
        == b"\xe6\xf8\xe5 password=[REDACTED:password] \xff\xfe"
    )


def test_counts_say_how_many_of_each_kind() -> None:
    text, counts = scrub("password=one-1 token=two-22222 password=three-3 postgres://a:four4@db.example.com/x")
    assert counts == {"password": 2, "token": 1, "database-password": 1}
    assert text.count("[REDACTED:") == 4
    assert set(counts) <= set(KINDS)


def test_a_marker_holds_nothing_of_the_secret_and_text_with_markers_is_left_alone() -> None:
    text = "a=[REDACTED:token] password=[REDACTED:password] Bearer [REDACTED:authorization] [REDACTED:jwt]"
    assert scrub(text, personal=True) == (text, {})


def test_what_only_looks_like_a_marker_hides_nothing() -> None:
    assert "hunter22" not in redact("password=[REDACTED:hunter22hunter22")
    assert "hunter22" not in redact("password=[REDACTED:nokind]hunter22")


def test_only_line_feeds_end_lines() -> None:
    text = "a\x0bb\x0cc\u2028d\r\npassword=hunter22\r\nx"
    assert redact(text) == "a\x0bb\x0cc\u2028d\r\npassword=[REDACTED:password]\r\nx"


def test_personal_data_stays_unless_asked_for() -> None:
    text = 'fwd="203.0.113.9" by ana@example.com'
    assert redact(text) == text
    assert redact(text, personal=True) == 'fwd="[REDACTED:ip]" by [REDACTED:email]'


def test_two_secrets_that_touch_are_both_masked() -> None:
    token = "gh" + "p_" + "aB3" * 12
    for text in (token + token, "AK" + "IA" + "ABCDEFGH12345678" + token, f"password={token}{token}"):
        out = redact(text)
        assert "aB3aB3" not in out
        assert "ABCDEFGH" not in out


def test_a_secret_that_is_a_common_word_is_masked_only_in_its_place() -> None:
    assert redact("info: password=production env=production") == "info: password=[REDACTED:password] env=production"


def test_the_version_of_the_rules_is_a_number_that_caches_can_hold() -> None:
    assert isinstance(library.RULES_VERSION, int)
    assert library.RULES_VERSION >= 1


def test_the_library_needs_no_django() -> None:
    code = "import sys, incidents.analysis.redact; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
