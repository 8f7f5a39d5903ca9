"""What happened, in order: releases, changes, crashes, restarts, error codes, the onset, and holes in the log.

A timeline is for reading, so it is short: what repeats is told once, with its number and its span.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import catalogue, events
from ..onset import Onset
from ..types import Facts, Finding
from ..utc import iso
from ..wording import count
from .changes import changes
from .codes import codes, gaps, holes
from .dynos import dynos
from .entry import KINDS, Entry

__all__ = ["KINDS", "MOST", "Entry", "build", "gaps"]

MOST = 300
_IMPORTANCE = ("onset", "deploy", "release", "config", "scale", "gap", "code", "crash", "restart", "note")


def build(facts: Facts, findings: list[Finding], began: Onset | None = None) -> list[dict[str, Any]]:
    """The timeline as the document has it, ordered by (time, kind, source, line, title); at most `MOST` entries."""
    entries = [
        *changes(events.events(facts)),
        *dynos(events.runs(facts)),
        *codes(facts),
        *holes(facts),
        *_signs(findings),
        *_marks(facts, began),
    ]
    return [
        {"utc": iso(entry.at_us), "kind": entry.kind, "title": entry.title, "line": entry.line, "source": entry.source}
        for entry in sorted(_fewest(entries), key=lambda entry: entry.place)
    ]


def _fewest(entries: list[Entry]) -> list[Entry]:
    """At most `MOST` entries: the least important are left out, and the last entry says how many."""
    if len(entries) <= MOST:
        return entries
    ranked = sorted(entries, key=lambda entry: (_IMPORTANCE.index(entry.kind), *entry.place))
    kept, left_out = ranked[: MOST - 1], ranked[MOST - 1 :]
    last_us = max(entry.at_us for entry in entries)
    return [*kept, Entry(last_us, "note", f"{count(len(left_out), 'further event')} of this log left out here")]


def _signs(findings: list[Finding]) -> Iterator[Entry]:
    """The first sign of each cause that is not explained by another one, at most three."""
    causes = [finding for finding in findings if not finding.harmless and not finding.folded_into]
    for finding in causes[:3]:
        timed = [proof for proof in finding.evidence if proof.at_us is not None]
        proof = min(timed, key=lambda proof: proof.at_us or 0, default=None)
        if proof is not None and proof.at_us is not None and finding.slug in catalogue.CAUSES:
            title = finding.title or catalogue.cause(finding.slug).title
            yield Entry(proof.at_us, "note", f"First sign: {title}", proof.source, proof.line)


def _marks(facts: Facts, began: Onset | None) -> Iterator[Entry]:
    if facts.first_us is not None and facts.last_us is not None:
        yield Entry(facts.first_us, "note", "The log begins")
        yield Entry(facts.last_us, "note", "The log ends")
    if began is not None:
        censored = began.low_us is None
        title = "It had begun by then: the log starts later than the trouble" if censored else "The trouble begins"
        yield Entry(began.at_us, "onset", title)
