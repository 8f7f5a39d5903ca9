"""Rollups and histograms of many chunks added up; of long logs in steps of several minutes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .rollup import group, histogram, keep, per_row
from .types import Array, ChunkResult, Rollup

MOST_ROWS = 40_000
_WAITING = 4 * MOST_ROWS
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 720, 1_440, 10_080, 525_600)


class Rollups:
    """Sums per (step, endpoint) and histograms per endpoint, over the chunks added so far."""

    def __init__(self) -> None:
        self._parts: list[Rollup] = []
        self._rows = 0
        self._histograms: list[tuple[Array, Array, Array]] = []
        self._entries = 0
        self._step = 1

    def add(self, chunk: ChunkResult, endpoint: Array) -> None:
        """``endpoint`` gives for each endpoint of the chunk its number among all."""
        part = chunk.rollup
        if len(part):
            columns = list(per_row(part))
            columns[1] = endpoint[part.endpoint]
            columns += [part.hist_row, part.hist_bucket, part.hist_count]
            self._parts.append(Rollup.of(columns, part.step))
            self._rows += len(part) + len(part.hist_row) // 8
        found = chunk.histograms
        if len(found.endpoint):
            self._histograms.append((endpoint[found.endpoint], found.bucket, found.count))
            self._entries += len(found.endpoint)
        if self._rows > _WAITING:
            self._compact()
        if self._entries > 20 * _WAITING:
            self.histograms()

    def result(self) -> Rollup:
        self._compact()
        return self._parts[0] if self._parts else Rollup.empty()

    def histograms(self) -> tuple[Array, Array, Array]:
        """Endpoint, bucket and count of all requests, sorted."""
        if not self._histograms:
            return (np.zeros(0, dtype=np.int64),) * 3
        owner, bucket, count = (np.concatenate(columns) for columns in zip(*self._histograms, strict=True))
        self._histograms = [histogram(owner, bucket, count)]
        self._entries = len(self._histograms[0][0])
        return self._histograms[0]

    def _compact(self) -> None:
        if not self._parts:
            return
        for step in _STEPS:
            if step >= self._step:
                self._parts, self._step = [_joined(self._parts, step)], step
                if len(self._parts[0]) <= MOST_ROWS:
                    break
        else:  # more endpoints than any step can help: the busiest rows stay
            whole = self._parts[0]
            busiest = np.argsort(-(whole.count + whole.unreached), kind="stable")[:MOST_ROWS]
            kept = np.zeros(len(whole), dtype=np.bool_)
            kept[busiest] = True
            self._parts = [keep(whole, kept)]
        self._rows = len(self._parts[0])


def _joined(parts: list[Rollup], step: int) -> Rollup:
    columns = [np.concatenate(column) for column in zip(*(per_row(part) for part in parts), strict=True)]
    minute, endpoint, *sums = columns
    minutes, endpoints, place = group(minute // step * step, endpoint)
    starts = np.cumsum([0, *(len(part) for part in parts)])
    row = np.concatenate(
        [part.hist_row + start for part, (start, _) in zip(parts, pairwise(starts.tolist()), strict=True)]
    )
    most = np.full(len(minutes), -1, dtype=np.int64)
    np.maximum.at(most, place, sums[4])
    added = [np.bincount(place, weights=column, minlength=len(minutes)).astype(np.int64) for column in sums]
    added[4] = most
    bucket, count = (np.concatenate([getattr(part, name) for part in parts]) for name in ("hist_bucket", "hist_count"))
    return Rollup.of((minutes, endpoints, *added, *histogram(place[row], bucket, count)), step)
