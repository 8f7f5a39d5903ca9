"""Rollups and histograms of many chunks added up, in bounded space.

Of long logs the rollup gets coarser: endpoints that take little time are one, steps last several minutes, and
buckets of its histograms are four times as wide (3 % of error, not 1 %). Histograms per endpoint stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from .endpoints import bucket, bucket_value
from .rollup import BUCKETS, group, histogram, per_row
from .types import Array, ChunkResult, Rollup

MOST_ROWS = 40_000
MOST_ENTRIES = 400_000
"""Of the histograms of the rollup."""
SEPARATE = 100
"""So many endpoints keep rows of their own, the most time consuming, where there are too many rows."""
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 720, 1_440, 10_080, 525_600)
_WAITING = 1.5
_FINE = 200_000


def _wide(index: int) -> int:
    """The bucket in the middle of 16 per doubling that this bucket lies in."""
    value = bucket_value(index)
    shift = max(value.bit_length() - 5, 0)
    return bucket((value >> shift << shift) + (1 << shift) // 2)


class Rollups:
    """Sums per (step, endpoint) and histograms per endpoint, over the chunks added so far.

    ``other`` gives the number of the name that stands for all endpoints that have no rows of their own.
    """

    def __init__(self, other: Callable[[], int]) -> None:
        self._other = other
        self._parts: list[Rollup] = []
        self._rows = self._entries = 0
        self._step = 1
        self._is_wide = False
        self._histograms: list[tuple[Array, Array, Array]] = []
        self._fine = 0

    def add(self, chunk: ChunkResult, endpoint: Array) -> None:
        """``endpoint`` gives for each endpoint of the chunk its number among all."""
        part, found = chunk.rollup, chunk.histograms
        if len(part):
            self._parts.append(replace(part, endpoint=endpoint[part.endpoint]))
            self._rows += len(part)
            self._entries += len(part.hist_row)
        if len(found.endpoint):
            self._histograms.append((endpoint[found.endpoint], found.bucket, found.count))
            self._fine += len(found.endpoint)
        if self._rows > _WAITING * MOST_ROWS or self._entries > _WAITING * MOST_ENTRIES:
            self._compact()
        if self._fine > _FINE:
            self.histograms()
            self._fine = 0

    def result(self) -> Rollup:
        self._compact()
        return self._parts[0] if self._parts else Rollup.empty()

    def histograms(self) -> tuple[Array, Array, Array]:
        """Endpoint, bucket and count of all requests, sorted."""
        if not self._histograms:
            return (np.zeros(0, dtype=np.int64),) * 3
        owner, place, count = (np.concatenate(columns) for columns in zip(*self._histograms, strict=True))
        self._histograms = [histogram(owner, place, count)]
        return self._histograms[0]

    def _compact(self) -> None:
        if not self._parts:
            return
        whole = _joined(self._parts, self._step)
        self._parts = []
        if len(whole) > MOST_ROWS:
            whole = _joined([_folded(whole, self._other())], self._step)
        if len(whole.hist_row) > MOST_ENTRIES or self._is_wide:
            self._is_wide = True
            whole.hist_bucket = _WIDE[whole.hist_bucket]
            whole = _joined([whole], self._step)
        for step in _STEPS:
            if len(whole) <= MOST_ROWS and len(whole.hist_row) <= MOST_ENTRIES:
                break
            if step > self._step:
                whole, self._step = _joined([whole], step), step
        self._parts = [whole]
        self._rows, self._entries = len(whole), len(whole.hist_row)


_WIDE = np.array([_wide(index) for index in range(BUCKETS)], dtype=np.int32)


def _folded(whole: Rollup, other: int) -> Rollup:
    """With one number for all endpoints but the most time consuming ones."""
    spent = np.bincount(whole.endpoint, weights=whole.total_ms + 1)
    spent[other : other + 1] = 0
    separate = np.argsort(-spent, kind="stable")[:SEPARATE]
    return replace(whole, endpoint=np.where(np.isin(whole.endpoint, separate), whole.endpoint, other).astype(np.int32))


def _joined(parts: list[Rollup], step: int) -> Rollup:
    minute, endpoint, *sums = (
        np.concatenate(column) for column in zip(*(per_row(part) for part in parts), strict=True)
    )
    minutes, endpoints, place = group(minute // step * step, endpoint)
    starts = np.cumsum([0, *(len(part) for part in parts)])
    row = np.concatenate(
        [part.hist_row + start for part, (start, _) in zip(parts, pairwise(starts.tolist()), strict=True)]
    )
    most = np.full(len(minutes), -1, dtype=np.int64)
    np.maximum.at(most, place, sums[4])
    added = [np.bincount(place, weights=column, minlength=len(minutes)).astype(np.int64) for column in sums]
    added[4] = most
    buckets, counts = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("hist_bucket", "hist_count")
    )
    return Rollup.of((minutes, endpoints, *added, *histogram(place[row], buckets, counts)), step)
