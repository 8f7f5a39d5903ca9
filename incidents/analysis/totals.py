"""Sums of endpoints over many chunks, as arrays until all are in."""

from __future__ import annotations

import numpy as np

from .types import MAX_MS, Array, EndpointCount, EndpointSums

_ADDED = (
    "count",
    "satisfied",
    "tolerating",
    "total_ms",
    "square_high",
    "square_low",
    "errors",
    "timeouts",
    "unreached",
)


class Totals:
    """One row per endpoint of the incident, by its number."""

    def __init__(self) -> None:
        self._sums = {name: np.zeros(0, dtype=np.int64) for name in _ADDED}
        self._min_ms = np.zeros(0, dtype=np.int64)
        self._max_ms = np.zeros(0, dtype=np.int64)
        self._seen = np.zeros(0, dtype=np.bool_)

    def add(self, part: EndpointSums, endpoint: Array) -> None:
        """``endpoint`` gives for each endpoint of the chunk its number among all. Several may have one number."""
        rows = endpoint[part.endpoint]
        if not len(rows):
            return
        self._grow(int(rows.max()) + 1)
        for name, total in self._sums.items():
            np.add.at(total, rows, getattr(part, name))
        np.minimum.at(self._min_ms, rows, part.min_ms)
        np.maximum.at(self._max_ms, rows, part.max_ms)
        self._seen[rows] = True

    def result(self, names: list[str], histograms: tuple[Array, Array, Array]) -> dict[str, EndpointCount]:
        """All endpoints by name, with their histograms: endpoint, bucket and count, sorted."""
        owner, bucket, count = histograms
        rows = np.flatnonzero(self._seen)
        low, high = (np.searchsorted(owner, rows, side=side) for side in ("left", "right"))
        found = {}
        for row, start, stop in zip(rows.tolist(), low.tolist(), high.tolist(), strict=True):
            total = {name: int(column[row]) for name, column in self._sums.items()}
            square = (total.pop("square_high") << 26) + total.pop("square_low")
            fastest = int(self._min_ms[row])
            found[names[row]] = EndpointCount(
                **total, total_sq=square, min_ms=-1 if fastest > MAX_MS else fastest, max_ms=int(self._max_ms[row]),
                histogram=dict(zip(bucket[start:stop].tolist(), count[start:stop].tolist(), strict=True)),
            )  # fmt: skip
        return found

    def _grow(self, size: int) -> None:
        missing = size - len(self._seen)
        if missing > 0:
            missing += len(self._seen)
            self._sums = {
                name: np.append(column, np.zeros(missing, dtype=np.int64)) for name, column in self._sums.items()
            }
            self._min_ms = np.append(self._min_ms, np.full(missing, MAX_MS + 1, dtype=np.int64))
            self._max_ms = np.append(self._max_ms, np.full(missing, -1, dtype=np.int64))
            self._seen = np.append(self._seen, np.zeros(missing, dtype=np.bool_))
