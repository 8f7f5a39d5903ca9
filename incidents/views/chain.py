"""What led to what, as a small picture: one row for each step, a bar for how long it lasted, a line for each link.

The links are those of the document: a finding that is folded into another is its consequence. That a change came
before the trouble is no link, and the picture says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from incidents.templatetags.triage import parse_time, span
from incidents.views.summary import Summary

WIDTH = 1000.0
MIDDLE = 50.0
MOST_CONSEQUENCES = 3
NEAR_SECONDS = 3600
"""A change longer ago than this is told as a change, not as part of the chain."""

Document = dict[str, Any]


@dataclass
class Link:
    """One step of the chain. ``how`` says how it hangs together with the one before."""

    role: str  # change, cause, consequence, harm, end
    title: str
    at: datetime
    until: datetime | None
    tone: str
    icon: str
    how: str = ""
    source: int | None = None
    line: int | None = None
    parent: int | None = None
    is_proven: bool = True
    paths: list[tuple[str, bool]] = field(default_factory=list)
    x: float = 0.0
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Chain:
    links: list[Link]
    start: datetime
    end: datetime


def chain_of(summary: Summary) -> Chain | None:
    """The chain of the first cause; None where the log shows no more than one step."""
    first = summary.first
    began = parse_time(first.get("first_utc")) if first else None
    if first is None or began is None or summary.verdict["status"] == "healthy":
        return None
    links = _before(summary, began)
    cause = len(links)
    until = min((at for at in (parse_time(first.get("last_utc")), summary.last_trouble_at) if at), default=None)
    links.append(
        Link("cause", first["title"], began, until, first["severity"], first["severity"],
             _since(links[-1].at, began) if links else "", *_place(first), parent=cause - 1 if links else None,
             is_proven=False)
    )  # fmt: skip
    followed = [*_consequences(summary, first, cause, began), *_harm(summary, cause, began)]
    links += sorted(followed, key=lambda link: link.at)
    links += _end(summary, cause)
    if len(links) < 2:
        return None
    return _drawn(links)


def _place(finding: Document) -> tuple[int | None, int | None]:
    proof = (finding.get("evidence") or [{}])[0]
    return proof.get("source"), proof.get("line")


def _before(summary: Summary, began: datetime) -> list[Link]:
    for change in summary.changes:
        at = parse_time(change.get("utc"))
        if at is not None and timedelta() <= began - at <= timedelta(seconds=NEAR_SECONDS):
            return [
                Link("change", change["title"], at, None, "low", change["kind"], "a change shortly before",
                     change.get("source"), change.get("line"))
            ]  # fmt: skip
    return []


def _consequences(summary: Summary, first: Document, cause: int, began: datetime) -> list[Link]:
    found = []
    for finding in summary.consequences:
        at = parse_time(finding.get("first_utc"))
        if finding["folded_into"] != first["slug"] or at is None:
            continue
        found.append(
            Link("consequence", finding["title"], at, parse_time(finding.get("last_utc")), finding["severity"],
                 finding["severity"], _since(began, at), *_place(finding), parent=cause, is_proven=_follows(began, at))
        )  # fmt: skip
    return found[:MOST_CONSEQUENCES]


def _harm(summary: Summary, cause: int, began: datetime) -> list[Link]:
    """What users noticed: the most frequent code of the router."""
    for code, counted in summary.codes:
        at = parse_time(counted.get("first_utc"))
        if code.startswith("H") and at is not None and at >= began - timedelta(seconds=60):
            title = f"{counted['count']:,} × {code}: requests failed"
            return [
                Link("harm", title, at, parse_time(counted.get("last_utc")), "urgent", "people", _since(began, at),
                     parent=cause, is_proven=_follows(began, at))
            ]  # fmt: skip
    return []


def _end(summary: Summary, cause: int) -> list[Link]:
    """The last change before the trouble ended, if it ended."""
    ended = summary.last_trouble_at
    if ended is None or summary.is_ongoing:
        return []
    near = [
        (change, at)
        for change in summary.later_changes
        if (at := parse_time(change.get("utc"))) is not None and abs(ended - at) <= timedelta(minutes=10)
    ]
    if not near:
        return []
    change, at = near[-1]
    how = f"{span((ended - at).total_seconds())} {'before' if ended >= at else 'after'} the last failure"
    return [
        Link("end", change["title"], at, None, "ok", change["kind"], how, change.get("source"), change.get("line"),
             parent=cause, is_proven=False)
    ]  # fmt: skip


def _since(before: datetime, at: datetime) -> str:
    seconds = (at - before).total_seconds()
    if not _follows(before, at):
        return f"{span(-seconds)} earlier"
    return f"{span(seconds)} later" if seconds >= 1 else "at once"


def _follows(before: datetime, at: datetime) -> bool:
    """Whether the order of their lines bears out that one follows from the other (in a second they may swap)."""
    return at - before > -timedelta(seconds=1)


def _drawn(links: list[Link]) -> Chain:
    """Places on a common axis, and the lines between rows: down from a step, then across to what followed."""
    start = min(link.at for link in links)
    end = max(link.until or link.at for link in links)
    seconds = max((end - start).total_seconds(), 1.0)
    for link in links:
        link.x = _at(link.at, start, seconds)
        link.width = round(max(_at(link.until, start, seconds) - link.x, 0.0), 1) if link.until else 0.0
    for row, link in enumerate(links):
        if link.parent is None:
            continue
        x = links[link.parent].x
        for between in range(link.parent + 1, row):
            links[between].paths.append((f"M{x} 0V100", link.is_proven))
        links[link.parent].paths.append((f"M{x} {MIDDLE:.0f}V100", link.is_proven))
        link.paths.append((f"M{x} 0V{MIDDLE:.0f}H{link.x}", link.is_proven))
    return Chain(links, start, end)


def _at(moment: datetime, start: datetime, seconds: float) -> float:
    """Between 2 and 98 % of the width, so that dots at the ends are whole."""
    share = (moment - start).total_seconds() / seconds
    return round(WIDTH * (0.02 + 0.96 * share), 1)
