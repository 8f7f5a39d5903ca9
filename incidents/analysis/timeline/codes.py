"""Error codes as bursts, and holes in the log."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from .. import catalogue, events
from ..types import NO_TIME, Facts, Gap
from ..utc import parse_iso
from ..wording import count, duration, until
from .entry import SECOND_US, Entry

BURST_US = 600 * SECOND_US
"""Longer silence begins a new burst of a code."""
MOST_BURSTS = 4
_LOST = ("L10", "L11", "L12", "L13")
_SINCE = re.compile(r"since (\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?)")


def codes(facts: Facts) -> Iterator[Entry]:
    """The beginning and the end of each burst of each code; the codes of lost lines are holes, not bursts."""
    for code in sorted(facts.codes):
        if code in _LOST:
            continue
        bursts = _bursts(_places(facts, code))
        if len(bursts) > MOST_BURSTS:
            bursts = [[place for burst in bursts for place in burst]]
        for burst in bursts:
            yield from _burst(code, burst)


def _places(facts: Facts, code: str) -> list[tuple[int, int, int]]:
    """(time, source, line) of each appearance with a time; only the first and last where not every line was kept."""
    found = [
        (event.at_us, event.source, event.line)
        for event in events.of(facts, "code")
        if event.detail["code"] == code and event.at_us is not None
    ]
    names = facts.names.get("code", [])
    if code in names:
        table = facts.requests
        rows = np.flatnonzero((table.code == names.index(code)) & (table.at_us != NO_TIME))
        columns = (table.at_us[rows].tolist(), facts.request_source[rows].tolist(), table.line[rows].tolist())
        found += zip(*columns, strict=True)
    total = facts.codes[code]
    if total.first_us is not None and len(found) < total.count:
        found.append((total.first_us, total.first_source, total.first_line))
    return sorted(set(found))


def _bursts(places: list[tuple[int, int, int]]) -> list[list[tuple[int, int, int]]]:
    bursts: list[list[tuple[int, int, int]]] = []
    for place in places:
        if bursts and place[0] - bursts[-1][-1][0] <= BURST_US:
            bursts[-1].append(place)
        else:
            bursts.append([place])
    return bursts


def _burst(code: str, burst: list[tuple[int, int, int]]) -> Iterator[Entry]:
    entry = catalogue.lookup(code)
    name = f"{code} {entry.title}" if entry and entry.known else code
    first_us, source, line = burst[0]
    last_us, last_source, last_line = burst[-1]
    if len(burst) == 1:
        yield Entry(first_us, "code", name, source, line)
    elif last_us - first_us < 60 * SECOND_US:
        yield Entry(
            first_us, "code", f"{name}, {len(burst):,} times within {duration(last_us - first_us)}", source, line
        )
    else:
        yield Entry(first_us, "code", f"{name} begins: {len(burst):,} until {until(first_us, last_us)}", source, line)
        yield Entry(last_us, "code", f"{name}: the last of {len(burst):,}", last_source, last_line)


def gaps(facts: Facts) -> list[Gap]:
    """Lines that never arrived, as L10 to L13 say, in order."""
    found = []
    for event in events.of(facts, "code"):
        if event.detail["code"] in _LOST:
            since = _SINCE.search(event.note.text)
            from_us = parse_iso(since[1]) if since else None
            found.append(
                Gap(from_us, event.at_us, event.detail.get("lost", 0), event.detail["code"], event.source, event.line)
            )
    return found


def holes(facts: Facts) -> Iterator[Entry]:
    chain: list[Gap] = []
    for gap in gaps(facts):
        if gap.to_us is None:
            continue
        if chain and (gap.reason != chain[0].reason or gap.to_us - (chain[-1].to_us or 0) > BURST_US):
            yield _hole(chain)
            chain = []
        chain.append(gap)
    if chain:
        yield _hole(chain)


def _hole(chain: list[Gap]) -> Entry:
    first, last = chain[0], chain[-1]
    lost = sum(gap.lost_lines for gap in chain)
    starts = [gap.from_us for gap in chain if gap.from_us is not None]
    from_us, to_us = min([*starts, first.to_us or 0]), last.to_us or 0
    what = count(lost, "log line") if lost else "an unknown number of log lines"
    end = f" until {until(from_us, to_us)}" if to_us > from_us else ""
    return Entry(from_us, "gap", f"Hole in the log: {what} lost{end} ({first.reason})", first.source, first.line)
