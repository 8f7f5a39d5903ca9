"""A stretch of an incident out of its rollup: figures per endpoint, and one endpoint's percentiles over time.

Only whole steps (minutes; of long logs several) can be taken. Percentiles are within 1 % (3 % of very long logs).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .endpoints import apdex, bucket_value, dissatisfied, share_of
from .rollup import BUCKETS
from .types import Array, Rollup

SHARES = (0.5, 0.95, 0.99)
_NAMES = ("p50_ms", "p95_ms", "p99_ms")
_VALUES = np.array([bucket_value(index) for index in range(BUCKETS)], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one endpoint. Percentiles are None where no request reached a dyno."""

    at_s: int
    count: int
    errors: int
    p50_ms: int | None
    p95_ms: int | None
    p99_ms: int | None


def inside(rollup: Rollup, low_s: float | None, high_s: float | None) -> Array:
    """Which rows have a part between these times (seconds since 1970)."""
    begin, end = rollup.minute * 60, (rollup.minute + rollup.step) * 60
    kept = np.ones(len(rollup), dtype=np.bool_)
    if low_s is not None:
        kept &= end > low_s
    if high_s is not None:
        kept &= begin <= high_s
    return kept


def figures(names: list[str], rollup: Rollup, low_s: float | None, high_s: float | None) -> dict[str, dict[str, float]]:
    """Every endpoint that was asked for in that stretch, with the figures of the document's rows that add up."""
    rows = inside(rollup, low_s, high_s)
    many = len(names)

    def total(values: Array) -> list[int]:
        return np.bincount(rollup.endpoint[rows], weights=values[rows], minlength=many).astype(np.int64).tolist()

    sums = {
        name: total(getattr(rollup, name))
        for name in ("count", "satisfied", "tolerating", "total_ms", "errors", "timeouts", "unreached")
    }
    slowest = np.full(many, -1, dtype=np.int64)
    np.maximum.at(slowest, rollup.endpoint[rows], rollup.max_ms[rows])
    times = _times(rollup, rows, many)
    present = np.unique(rollup.endpoint[rows]).tolist()
    all_ms = sum(sums["total_ms"])
    scores = {at: apdex(sums["count"][at], sums["satisfied"][at], sums["tolerating"][at]) for at in present}
    unhappy = sum(dissatisfied(sums["count"][at], score) for at, score in scores.items())
    found: dict[str, dict[str, float]] = {}
    for at in present:
        row: dict[str, float] = {name: values[at] for name, values in sums.items()}
        count = sums["count"][at]
        mean = row["mean_ms"] = sums["total_ms"][at] / count if count else 0.0
        row["sd_ms"] = math.sqrt(max(0.0, times["square"][at] / count - mean * mean)) if count else 0.0
        row["max_ms"], row["apdex"] = max(int(slowest[at]), 0), scores[at]
        # The middle of the last bucket may lie above the slowest request.
        row |= {name: min(values[at], row["max_ms"]) for name, values in times.items() if name.endswith("_ms")}
        row["total_share"] = share_of(sums["total_ms"][at], all_ms)
        row["dissatisfied_share"] = share_of(dissatisfied(count, scores[at]), unhappy)
        found[names[at]] = row
    return found


def histogram_of(rollup: Rollup, endpoint: int, low_s: float | None, high_s: float | None) -> dict[int, int]:
    """Service times of one endpoint: bucket -> requests."""
    _, bucket, count = _summed(rollup, inside(rollup, low_s, high_s) & (rollup.endpoint == endpoint))
    return dict(zip(bucket.tolist(), count.tolist(), strict=True))


def steps(rollup: Rollup, endpoint: int, low_s: float | None, high_s: float | None) -> list[Step]:
    """One endpoint over time; steps without a request are not in the list."""
    rows = inside(rollup, low_s, high_s) & (rollup.endpoint == endpoint)
    found = []
    held = rows[rollup.hist_row]
    owner, bucket, count = rollup.hist_row[held], rollup.hist_bucket[held], rollup.hist_count[held]
    for row in np.flatnonzero(rows).tolist():
        low, high = np.searchsorted(owner, (row, row + 1)).tolist()
        ranks = np.cumsum(count[low:high])
        slowest = int(rollup.max_ms[row])
        p50, p95, p99 = (_at_rank(bucket[low:high], ranks, share, slowest) for share in SHARES)
        found.append(
            Step(int(rollup.minute[row]) * 60, int(rollup.count[row] + rollup.unreached[row]), int(rollup.errors[row]),
                 p50, p95, p99)
        )  # fmt: skip
    return found


def _summed(rollup: Rollup, rows: Array) -> tuple[Array, Array, Array]:
    """Endpoint, bucket and count over these rows, sorted by the first two."""
    held = rows[rollup.hist_row]
    owner = rollup.endpoint[rollup.hist_row[held]]
    key, place = np.unique(owner * BUCKETS + rollup.hist_bucket[held], return_inverse=True)
    count = np.bincount(place, weights=rollup.hist_count[held], minlength=len(key)).astype(np.int64)
    return key // BUCKETS, key % BUCKETS, count


def _times(rollup: Rollup, rows: Array, many: int) -> dict[str, list[int]]:
    """By endpoint: the least, the percentiles, and the sum of squares; 0 where there are none."""
    owner, bucket, count = _summed(rollup, rows)
    found = {name: np.zeros(many, dtype=np.int64) for name in ("min_ms", *_NAMES, "square")}
    if len(owner):
        first = np.flatnonzero(np.diff(owner, prepend=-1))
        reached = np.cumsum(count)
        before, whole = reached[first] - count[first], np.add.reduceat(count, first)
        present = owner[first]
        found["min_ms"][present] = _VALUES[bucket[first]]
        found["square"][present] = np.add.reduceat(count * _VALUES[bucket] ** 2, first)
        for name, share in zip(_NAMES, SHARES, strict=True):
            rank = before + np.maximum(1, np.ceil(whole * share)).astype(np.int64)
            found[name][present] = _VALUES[bucket[np.searchsorted(reached, rank)]]
    return {name: values.tolist() for name, values in found.items()}


def _at_rank(bucket: Array, ranks: Array, share: float, slowest: int) -> int | None:
    """A percentile; the middle of the last bucket may lie above the slowest request, which bounds it."""
    if not len(ranks):
        return None
    place = int(np.searchsorted(ranks, max(1, math.ceil(share * int(ranks[-1])))))
    return min(bucket_value(int(bucket[place])), slowest)


def together(rollup: Rollup, endpoints: list[int], low_s: float | None, high_s: float | None) -> dict[str, int]:
    """Percentiles of several endpoints as if they were one; nothing where no request reached a dyno."""
    rows = inside(rollup, low_s, high_s) & np.isin(rollup.endpoint, endpoints)
    _, bucket, count = _summed(rollup, rows)
    if not len(count):
        return {}
    every, place = np.unique(bucket, return_inverse=True)
    ranks = np.cumsum(np.bincount(place, weights=count)).astype(np.int64)
    slowest = int(rollup.max_ms[rows].max())
    found = {name: _at_rank(every, ranks, share, slowest) for name, share in zip(_NAMES, SHARES, strict=True)}
    return {name: value for name, value in found.items() if value is not None}
