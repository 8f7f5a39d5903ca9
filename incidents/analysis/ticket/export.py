"""Files that go beside a ticket: a longer excerpt of the log, and tables that a spreadsheet opens safely."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from ..redact import Scrubber, redact
from ..types import Facts, Note
from ..wording import stamp_of
from . import markdown
from .statements import evidence_places, label

CONTEXT_LINES = 20
"""Noted lines before and after each cited one."""
MOST_LINES = 2_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")
_ENDPOINT_COLUMNS = (
    "method", "path", "count", "apdex", "mean_ms", "sd_ms", "min_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms",
    "total_ms", "total_share", "dissatisfied_share", "errors", "timeouts", "own_p50_ms", "waited_p50_ms", "blame_share",
    "role",
)  # fmt: skip


def excerpt_log(document: Mapping[str, Any], facts: Facts | None = None) -> str:
    """``excerpt.log``: cited lines with what stood around them, redacted, in the log's order; at most `MOST_LINES`.

    Without ``facts`` only the cited lines themselves. The first line says what was done to the text.
    """
    names = [source["name"] for source in document["sources"]]
    cited = {place for finding in document["findings"] for place in evidence_places(finding)}
    cited |= {(entry.get("source", 0), entry["line"]) for entry in document.get("timeline") or [] if entry["line"]}
    if facts is None:
        proofs = [proof for finding in document["findings"] for proof in finding["evidence"]]
        lines = sorted({((proof["source"], proof["line"]), proof["text"]) for proof in proofs})
    else:
        lines = [((note.source, note.line), note.raw) for note in _around(facts.notes, cited)]
    shown = lines[:MOST_LINES]
    head = f"# {len(shown):,} lines; credentials, e-mail and IP addresses are masked; in front: source:line"
    if len(lines) > len(shown):
        head += f"; {len(lines) - len(shown):,} further lines left out"
    scrubber = Scrubber(personal=True)  # one for all lines, so that a private key over several lines is masked as one
    body = [
        f"{label(names, place)}  {scrubber.feed(markdown.plain(text).replace(chr(10), ' '))}" for place, text in shown
    ]
    return "\n".join([head, *body]) + "\n"


def _around(notes: Iterable[Note], cited: set[tuple[int, int]]) -> list[Note]:
    every = list(notes)
    wanted: set[int] = set()
    for position, note in enumerate(every):
        if (note.source, note.line) in cited:
            wanted.update(range(max(0, position - CONTEXT_LINES), min(len(every), position + CONTEXT_LINES + 1)))
    return [every[position] for position in sorted(wanted)]


def endpoints_csv(document: Mapping[str, Any]) -> str:
    """``endpoints.csv``: the endpoint table, the most time-consuming first."""
    rows = document.get("endpoints") or []
    return table(_ENDPOINT_COLUMNS, ([row.get(column, "") for column in _ENDPOINT_COLUMNS] for row in rows))


def timeline_csv(document: Mapping[str, Any]) -> str:
    """``timeline.csv``: time in UTC, kind, what happened, and where it stands in the log."""
    names = [source["name"] for source in document["sources"]]
    rows = (
        [
            stamp_of(entry["utc"]),
            entry["utc"] or "",
            entry["kind"],
            entry["title"],
            label(names, (entry.get("source", 0), entry["line"])) if entry["line"] else "",
        ]
        for entry in document.get("timeline") or []
    )
    return table(("time", "utc", "kind", "title", "line"), rows)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """CSV as RFC 4180 has it, CRLF at line ends. No text cell can begin a formula; text is redacted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    """A number as it is; text redacted, without control characters, behind a quote mark where it would be a formula."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    text = redact(markdown.plain(str(value)), personal=True)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
