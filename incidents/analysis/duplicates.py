"""Lines that were uploaded twice, as with two overlapping ``heroku logs -n 1500``: found and left out of the later one.

A line is known by its canonical bytes, time included (`Columns.identity` and ``at_us``). Of a line that stands three
times in one source and twice in another, three remain: equal lines within one source are real. Lines without a time
belong to the one before them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .rollup import sums
from .types import NO_TIME, Array, ChunkResult, Columns, Requests

MOST_LINES = 2_000_000
"""So many lines are remembered for comparison; further ones are taken as new."""
Window = tuple[int, int]
"""First and last ``at_us`` of a source."""
_ALWAYS = (-(2**63) + 1, 2**63 - 1)
_TIME, _LINE = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


class Seen:
    """Which lines earlier sources had.

    ``windows`` has one entry per source, None where its window is not known; without a list any number of sources may
    come.
    """

    def __init__(self, windows: list[Window | None] | None) -> None:
        self._windows = None if windows is None else [window or _ALWAYS for window in windows]
        self._source = -1
        self._keys: Array = np.zeros(0, dtype=np.uint64)  # sorted
        self._counts: Array = np.zeros(0, dtype=np.int64)  # how often each stands in the source that has it most often
        self._used: Array = np.zeros(0, dtype=np.int64)  # how often the present source had it
        self._new: list[Array] = []
        self._remembered = 0
        self.is_complete = True

    def begin(self, source: int) -> None:
        """The lines that come next are of this source; sources come in order."""
        self._learn()
        self._source = source

    def repeated(self, columns: Columns) -> Array | None:
        """Which rows an earlier source has too; None for none. To be called once per chunk, in order."""
        others, later = [_ALWAYS], [_ALWAYS]
        if self._windows is not None:
            others, later = self._windows[: self._source], self._windows[self._source + 1 :]
        if not len(self._keys):
            others = []
        timed = columns.at_us != NO_TIME
        if not (others or later) or not timed.any():
            return None
        place = np.maximum.accumulate(np.where(timed, np.arange(len(timed)), -1))
        at_us = np.where(place >= 0, columns.at_us[place], NO_TIME)
        keys = at_us.astype(np.uint64) * _TIME ^ columns.identity.astype(np.uint64) * _LINE
        gone = self._match(keys, _inside(at_us, others))
        fresh = keys[_inside(at_us, later) & ~gone]
        if len(fresh) and self._remembered < MOST_LINES:
            self._new.append(fresh)
            self._remembered += len(fresh)
        elif len(fresh):
            self.is_complete = False
        return gone if gone.any() else None

    def _match(self, keys: Array, inside: Array) -> Array:
        gone = np.zeros(len(keys), dtype=np.bool_)
        rows = np.flatnonzero(inside)
        if not len(rows) or not len(self._keys):
            return gone
        place = np.minimum(np.searchsorted(self._keys, keys[rows]), len(self._keys) - 1)
        known = self._keys[place] == keys[rows]
        rows, place = rows[known], place[known]
        order = np.argsort(place, kind="stable")
        ordered = place[order]
        first = np.searchsorted(ordered, ordered)
        turn = np.arange(len(ordered)) - first + self._used[ordered]  # the how manieth of its kind in this source
        gone[rows[order]] = turn < self._counts[ordered]
        np.add.at(self._used, place, 1)
        return gone

    def _learn(self) -> None:
        """What the last source had becomes known."""
        if self._new:
            keys, counts = np.unique(np.concatenate(self._new), return_counts=True)
            every, place = np.unique(np.concatenate((self._keys, keys)), return_inverse=True)
            self._counts = np.bincount(place, weights=np.concatenate((self._counts, counts))).astype(np.int64)
            self._keys = every
        self._new = []
        self._used = np.zeros(len(self._keys), dtype=np.int64)


def _inside(at_us: Array, windows: list[Window]) -> Array:
    inside = np.zeros(len(at_us), dtype=np.bool_)
    for low, high in windows:
        inside |= (at_us >= low) & (at_us <= high)
    return inside


def without(result: ChunkResult, gone: Array) -> ChunkResult:
    """The result of the chunk as if these rows were not in it. Points of metrics stay: equal ones count once anyway."""
    old = result.columns
    kept = ~gone
    place = (np.cumsum(kept) - 1).astype(np.int32)
    coded, asked = kept[old.code_row], kept[old.request_row]
    request = Requests(*(getattr(old.request, name)[asked] for name in Requests.__slots__))
    columns = Columns(
        old.at_us[kept], old.line[kept], old.kind[kept], old.process[kept], old.identity[kept],
        place[old.code_row[coded]], old.code[coded], place[old.request_row[asked]], request, old.names,
    )  # fmt: skip
    lines = set(old.line[gone].tolist()) - set(columns.line.tolist())
    added = sums(columns)
    return replace(
        result, columns=columns, notes=[note for note in result.notes if note.line not in lines], codes=added.codes,
        endpoints=added.endpoints, histograms=added.histograms, minutes=added.minutes, clients=added.clients,
        rollup=added.rollup,
    )  # fmt: skip
