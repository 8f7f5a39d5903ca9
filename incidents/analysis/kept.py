"""What a merge keeps line by line: requests and notes, those of the minutes around trouble where not all fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .trouble import minute_of, pick
from .types import NO_TIME, Array, ChunkResult, Kind, Note, Requests

MOST_REQUESTS = 800_000
MOST_NOTES = 30_000
MOST_TEXT = 20_000_000
"""Of all notes together, in characters of text and raw line."""
_NAMED = ("dyno", "endpoint", "code", "client")
_PLATFORM = frozenset((Kind.DYNO, Kind.API, Kind.LOGPLEX, Kind.BUILD))
_LINE_TYPES = {
    "at_us": np.int64, "line": np.int32, "status": np.int16, "service_ms": np.int32, "connect_ms": np.int32,
    "bytes": np.int64, "failed": np.bool_, "dyno": np.int32, "endpoint": np.int32, "code": np.int32, "client": np.int32,
}  # fmt: skip


@dataclass(slots=True)
class _Table:
    """Requests of one chunk or of several, with the source of each."""

    request: Requests
    source: Array

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: Array) -> None:
        """Keep these rows, in this order. Column by column, so that no more than one column stands twice."""
        for name in _LINE_TYPES:
            setattr(self.request, name, getattr(self.request, name)[rows])
        self.source = self.source[rows]


class Kept:
    """The requests and notes of the chunks added so far. ``errors`` is the merge's own count of errors per minute."""

    def __init__(self, errors: dict[int, int]) -> None:
        self._errors = errors
        self._tables: list[_Table] = []
        self._rows = 0
        self._complete = True
        self._notes: list[Note] = []
        self._text = 0
        self.dropped_notes = 0

    def add(self, chunk: ChunkResult, moved: dict[str, Array], source: int) -> None:
        """``moved`` gives for each name of the chunk its number among all names."""
        request = chunk.columns.request
        columns = {name: getattr(request, name) for name in Requests.__slots__}
        columns |= {name: moved[name][columns[name]] for name in _NAMED}
        self._tables.append(_Table(Requests(**columns), np.full(len(request), source, dtype=np.int16)))
        self._rows += len(request)
        for note in chunk.notes:
            note.source = source
        self._notes += chunk.notes
        self._text += sum(len(note.text) + len(note.raw) for note in chunk.notes)
        # Some slack, so that shedding is rare.
        if self._rows > MOST_REQUESTS * 9 // 8:
            self._shed_requests(MOST_REQUESTS * 3 // 4)
        if len(self._notes) > MOST_NOTES * 5 // 4 or self._text > MOST_TEXT * 5 // 4:
            self._shed_notes(MOST_NOTES * 3 // 4, MOST_TEXT * 3 // 4)

    def requests(self) -> tuple[Requests, Array, bool]:
        """All that are kept, by (time, source, line), the source of each, and whether these are all."""
        if self._rows > MOST_REQUESTS:
            self._shed_requests(MOST_REQUESTS)
        whole = self._joined()
        self._tables = []
        order = np.lexsort((whole.request.line, whole.source, whole.request.at_us)).astype(np.int32)
        whole.take(order)
        return whole.request, whole.source, self._complete

    def notes(self) -> list[Note]:
        """By (time, source, line). One without a time stays behind the one before it in its source."""
        if len(self._notes) > MOST_NOTES or self._text > MOST_TEXT:
            self._shed_notes(MOST_NOTES, MOST_TEXT)
        notes = self._notes
        order = np.lexsort((_lines(notes), _sources(notes), _times(notes)))
        return [notes[index] for index in order.tolist()]

    def _joined(self) -> _Table:
        """One table, column by column, so that no more than one column stands twice."""
        columns: dict[str, Any] = {}
        for name, kind in _LINE_TYPES.items():
            parts = [getattr(table.request, name) for table in self._tables]
            columns[name] = np.concatenate([np.zeros(0, dtype=kind), *parts], dtype=kind, casting="unsafe")
            for table in self._tables:
                setattr(table.request, name, None)
        source = np.concatenate([np.zeros(0, dtype=np.int16), *(table.source for table in self._tables)])
        return _Table(Requests(**columns), source)

    def _shed_requests(self, most: int) -> None:
        whole = self._joined()
        minute = minute_of(whole.request.at_us)
        kept = pick(minute, np.ones(len(minute), dtype=np.int64), most, self._errors)
        self._complete = self._complete and bool(kept.all())
        whole.take(kept)
        self._tables = [whole]
        self._rows = len(whole)

    def _shed_notes(self, most: int, most_text: int) -> None:
        """What the platform says goes last, and then what was said around trouble."""
        notes = self._notes
        minute = minute_of(_times(notes))
        size = np.array([len(note.text) + len(note.raw) for note in notes], dtype=np.int64)
        # One measure for both limits: a note weighs its share of either.
        weight = np.maximum(size * most // most_text, 1)
        platform = np.array([note.kind in _PLATFORM for note in notes], dtype=np.bool_)
        kept = np.zeros(len(notes), dtype=np.bool_)
        for rows, share in ((np.flatnonzero(platform), most // 2), (np.flatnonzero(~platform), most)):
            left = min(share, most - int(weight[kept].sum()))
            kept[rows] = pick(minute[rows], weight[rows], left, self._errors)
        self.dropped_notes += int(len(notes) - kept.sum())
        self._notes = [note for note, stays in zip(notes, kept.tolist(), strict=True) if stays]
        self._text = int(size[kept].sum())


def _times(notes: list[Note]) -> Array:
    """When each was printed; of a note without a time, the note before it in its source."""
    at_us = np.array([NO_TIME if note.at_us is None else note.at_us for note in notes], dtype=np.int64)
    order = np.lexsort((_lines(notes), _sources(notes)))
    source, ordered = _sources(notes)[order], at_us[order]
    place = np.maximum.accumulate(np.where(ordered != NO_TIME, np.arange(len(notes)), -1))
    known = (place >= 0) & (source[place] == source)
    at_us[order] = np.where(known, ordered[place], NO_TIME)
    return at_us


def _lines(notes: list[Note]) -> Array:
    return np.array([note.line for note in notes], dtype=np.int64)


def _sources(notes: list[Note]) -> Array:
    return np.array([note.source for note in notes], dtype=np.int64)
