"""Matching lines of all files of an incident in the order of time, forwards or backwards, as far as they are asked for.

Chunks and their blocks wait in a heap by the first of their lines; the one that comes next is opened, its matches join
those found before, and whatever comes before everything that is still closed is final. So files are merged, and lines
that arrived late stand where they belong, while only what can hold the next line is open.
"""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import zstandard

from incidents.analysis.types import Array
from incidents.models import Incident, Segment

from .catalogue import Entry, entries
from .conditions import ByTime
from .masks import Matcher, may_match
from .query import Query

MOST_ALIKE = 20_000
"""Of more lines of one moment, those that stand twice are not told."""


class Place(NamedTuple):
    """Where a line stands among all lines of the incident: they are ordered by this."""

    at_us: int
    source: int
    line: int


def behind(place: Place) -> Place:
    """The place right after this one."""
    return Place(place.at_us, place.source, place.line + 1)


BEGINNING = Place(-(2**63), -1, 0)
END = Place(2**63 - 1, 2**31, 0)


@dataclass(slots=True)
class Hit:
    """A matching line. ``copies`` are other places of the same line, uploaded twice."""

    place: Place
    raw: bytes
    identity: int = 0
    copies: list[tuple[int, int]] = field(default_factory=list)


class Walk:
    """One pass over the matches of ``query`` from ``start`` on, or backwards before it.

    Iterating ends when the lines do, or at ``deadline`` (of `time.monotonic`); ``reached`` is then the place up to
    which everything has been looked at, and None once the walk has come to its end. ``damaged`` counts lines whose
    text could not be opened.
    """

    def __init__(
        self, incident: Incident, query: Query, start: Place | None = None, *, backwards: bool = False,
        sources: Collection[int] | None = None, within: ByTime | None = None, deadline: float | None = None,
    ) -> None:  # fmt: skip
        self.query = query
        self.backwards = backwards
        self.start = start or (END if backwards else BEGINNING)
        self.within = within or ByTime()
        self.deadline = deadline
        self.reached: Place | None = self.start
        self.damaged = 0
        self.has_unread = False
        self.opened_blocks = 0
        every = entries(incident, sources)
        self.merges = len({entry.source for entry in every}) > 1
        self._heap: list[tuple[Place, int, _Unit]] = []
        self._pool: list[tuple[Place, int, Hit]] = []
        self._serial = 0
        self._moment: int | None = None
        for entry in every:
            self.has_unread |= not entry.is_read
            span = (entry.low_us, entry.high_us)
            if (
                self._is_ahead(entry)
                and self.within.overlaps(span)
                and may_match(query, entry.source, entry.summary, span)
            ):
                self._wait(self._edge(entry), _Unit(entry))

    def __iter__(self) -> Iterator[Hit]:
        """Each line once, in order; of lines that stand in several files the first."""
        alike: list[Hit] = []
        for hit in self._ordered():
            if alike and (hit.place.at_us != alike[0].place.at_us or not self.merges or len(alike) >= MOST_ALIKE):
                yield from self._resolved(alike)
                alike = []
            alike.append(hit)
        yield from self._resolved(alike)

    # -- in order -----------------------------------------------------------------------------------------------------
    def _ordered(self) -> Iterator[Hit]:
        while self._heap or self._pool:
            if self._pool and (not self._heap or self._pool[0][0] < self._heap[0][0]):
                hit = heapq.heappop(self._pool)[2]
                self._moment = hit.place.at_us
                yield hit
                continue
            if (reached := self._reached_in_time()) is not None:
                self.reached = reached
                return
            self._open(heapq.heappop(self._heap)[2])
        self.reached = None

    def _reached_in_time(self) -> Place | None:
        """Where to go on if time is up. Something has been looked at then: following the cursor comes to an end."""
        if self.deadline is None or time.monotonic() < self.deadline:
            return None
        place = self._turned(self._heap[0][0])
        if self.merges and place.at_us == self._moment:
            return None  # within lines of one moment it can't be told which stand twice
        if self.backwards:
            place = behind(place)
        return place if (place < self.start if self.backwards else place > self.start) else None

    def _open(self, unit: _Unit) -> None:
        if unit.block is None:
            self._open_chunk(unit.entry)
        else:
            self._open_block(unit)

    def _open_chunk(self, entry: Entry) -> None:
        matcher = Matcher(self.query, entry.view)
        _, possible = matcher.by_columns()
        rows = np.flatnonzero(possible & self._ahead(entry) & self.within.holds(entry.at_us))
        if not len(rows):
            entry.forget()
            return
        try:
            starts = entry.starts
        except Segment.DoesNotExist:  # its text has been removed after the time for which it is kept
            self.damaged += len(rows)
            return
        block_of_row = np.searchsorted(starts, rows, side="right") - 1
        cuts = np.flatnonzero(np.diff(block_of_row, prepend=-1))
        left = _Left(len(cuts))
        for part in np.split(rows, cuts[1:]):
            block = int(np.searchsorted(starts, part[0], side="right") - 1)
            self._wait(self._first(entry, part), _Unit(entry, block, part, matcher, left))

    def _open_block(self, unit: _Unit) -> None:
        entry, block, rows = unit.entry, unit.block, unit.rows
        assert block is not None  # chunks are opened by `_open_chunk`
        assert unit.matcher is not None
        assert unit.left is not None
        self.opened_blocks += 1
        unit.left.open -= 1
        try:
            text = entry.text(block, wanted=unit.left.all)
        except zstandard.ZstdError:
            self.damaged += len(rows)
            return
        first_row, size = int(entry.starts[block]), entry.rows_of(block)
        kept = rows[unit.matcher.by_text(rows, text, first_row, size)]
        if len(kept):
            lines = text.split(b"\n")
            times, identity = (
                entry.at_us[kept].tolist(),
                entry.identity[kept].tolist() if self.merges else [0] * len(kept),
            )
            for row, at_us, same in zip(kept.tolist(), times, identity, strict=True):
                place = Place(at_us, entry.source, entry.first_line + row)
                self._serial += 1
                hit = Hit(place, lines[row - first_row] if row - first_row < len(lines) else b"", same)
                heapq.heappush(self._pool, (self._turned(place), self._serial, hit))
        if not unit.left.open:
            entry.forget()

    # -- places -------------------------------------------------------------------------------------------------------
    def _wait(self, place: Place, unit: _Unit) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (self._turned(place), self._serial, unit))

    def _turned(self, place: Place) -> Place:
        """For walking backwards, where the last is the first. Its own inverse."""
        return Place(-place.at_us, -place.source, -place.line) if self.backwards else place

    def _is_ahead(self, entry: Entry) -> bool:
        """Lines of the very moment of the start are looked at too, since one may stand twice."""
        return entry.low_us <= self.start.at_us if self.backwards else entry.high_us >= self.start.at_us

    def _ahead(self, entry: Entry) -> Array:
        start, at_us = self.start, entry.at_us
        if self.merges:
            found: Array = at_us <= start.at_us if self.backwards else at_us >= start.at_us
            return found
        numbers = np.arange(entry.first_line, entry.first_line + entry.lines)
        if entry.source != start.source:
            same = np.full(len(numbers), entry.source > start.source)
        else:
            same = numbers >= start.line
        after: Array = (at_us > start.at_us) | ((at_us == start.at_us) & same)
        return ~after if self.backwards else after

    def _edge(self, entry: Entry) -> Place:
        if self.backwards:
            return Place(entry.high_us, entry.source, entry.last_line)
        return Place(entry.low_us, entry.source, entry.first_line)

    def _first(self, entry: Entry, rows: Array) -> Place:
        """Of these rows the one that the walk meets first."""
        times = entry.at_us[rows]
        at_us = int(times.max() if self.backwards else times.min())
        same = rows[times == at_us]
        row = int(same[-1] if self.backwards else same[0])
        return Place(at_us, entry.source, entry.first_line + row)

    # -- lines that stand twice ---------------------------------------------------------------------------------------
    def _resolved(self, alike: list[Hit]) -> Iterator[Hit]:
        """Lines of one moment, without those that an earlier file has too; and only what lies ahead of the start."""
        kept = _without_copies(alike, self.backwards) if self.merges and len(alike) > 1 else alike
        for hit in kept:
            if (hit.place < self.start) if self.backwards else (hit.place >= self.start):
                yield hit


@dataclass(slots=True)
class _Left:
    """How many blocks of a chunk were wanted, and how many still are."""

    all: int
    open: int = -1

    def __post_init__(self) -> None:
        self.open = self.all


@dataclass(slots=True)
class _Unit:
    """Something to be opened: a chunk, or rows of one of its blocks."""

    entry: Entry
    block: int | None = None
    rows: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    matcher: Matcher | None = None
    left: _Left | None = None


def _without_copies(alike: list[Hit], backwards: bool) -> list[Hit]:
    """Of a line that stands n times in one file and m times in another, the larger number remains."""
    ordered = alike[::-1] if backwards else alike
    kept: list[Hit] = []
    known: dict[int | bytes, list[Hit]] = {}
    turns: Counter[tuple[int | bytes, int]] = Counter()
    for hit in ordered:
        key = hit.identity or hit.raw
        same = known.setdefault(key, [])
        turn = turns[key, hit.place.source]
        turns[key, hit.place.source] += 1
        if turn < len(same) and same[turn].place.source != hit.place.source:
            same[turn].copies.append((hit.place.source, hit.place.line))
            continue
        same.append(hit)
        kept.append(hit)
    return kept[::-1] if backwards else kept
