"""Statistics of service times: Apdex, log-linear histograms that add up, percentiles, and the table of endpoints.

Paths become endpoints in `paths`. A request that never reached a dyno is no latency: it is counted, and not measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .paths import template
from .types import Array, EndpointCount, Facts

__all__ = ["APDEX_T_MS", "apdex", "bucket", "bucket_value", "buckets", "percentile", "statistics", "template", "whole"]

APDEX_T_MS = 500
"""Apdex threshold T: satisfied up to T, tolerating up to 4T (Apdex Technical Specification 1.1)."""
EXACT_BELOW = 100_000
"""Percentiles of fewer requests are exact; of more they come from histograms, whose error is below 1 %."""
_SUMMED = ("count", "satisfied", "tolerating", "total_ms", "total_sq", "errors", "timeouts", "unreached")


@dataclass(frozen=True, slots=True)
class Statistics:
    """One endpoint, or all of them. Durations in ms, shares from 0 to 1 of all endpoints together."""

    count: int
    apdex: float
    mean_ms: float
    sd_ms: float
    min_ms: int
    p50_ms: int
    p95_ms: int
    p99_ms: int
    max_ms: int
    total_ms: int
    total_share: float
    dissatisfied_share: float
    errors: int
    timeouts: int
    unreached: int


def statistics(facts: Facts) -> dict[str, Statistics]:
    """Every endpoint, the most time consuming first."""
    counts = facts.endpoints
    total_ms = sum(count.total_ms for count in counts.values())
    unhappy = sum(dissatisfied(count.count, _score(count)) for count in counts.values())
    exact = _service_times(facts)
    ordered = sorted(counts.items(), key=lambda item: (-item[1].total_ms, item[0]))
    return {name: _statistics(count, exact.get(name), total_ms, unhappy) for name, count in ordered}


def whole(facts: Facts) -> Statistics:
    """All requests as if they were of one endpoint."""
    counts = list(facts.endpoints.values())
    added = EndpointCount(**{name: sum(getattr(count, name) for count in counts) for name in _SUMMED})
    added.min_ms = min((count.min_ms for count in counts if count.min_ms >= 0), default=-1)
    added.max_ms = max((count.max_ms for count in counts), default=-1)
    for count in counts:
        for index, number in count.histogram.items():
            added.histogram[index] = added.histogram.get(index, 0) + number
    exact = _service_times(facts)
    times = np.sort(np.concatenate(list(exact.values()))) if exact else None
    return _statistics(added, times, added.total_ms, dissatisfied(added.count, _score(added)))


def _statistics(count: EndpointCount, exact: Array | None, all_ms: int, all_unhappy: float) -> Statistics:
    mean = count.total_ms / count.count if count.count else 0.0
    variance = max(0.0, count.total_sq / count.count - mean * mean) if count.count else 0.0
    p50, p95, p99 = (
        percentile(count.histogram, share) if exact is None else exact_percentile(exact, share)
        for share in (0.5, 0.95, 0.99)
    )
    score = _score(count)
    return Statistics(
        count.count, score, mean, math.sqrt(variance), max(count.min_ms, 0), p50, p95, p99, max(count.max_ms, 0),
        count.total_ms, share_of(count.total_ms, all_ms), share_of(dissatisfied(count.count, score), all_unhappy),
        count.errors, count.timeouts, count.unreached,
    )  # fmt: skip


def _service_times(facts: Facts) -> dict[str, Array]:
    """Sorted service times by endpoint, where there are few enough requests and all of them are at hand."""
    table = facts.requests
    if not facts.requests_complete or len(table) >= EXACT_BELOW:
        return {}
    reached = np.flatnonzero((table.service_ms >= 0) & (table.dyno > 0) & (table.endpoint > 0))
    order = reached[np.lexsort((table.service_ms[reached], table.endpoint[reached]))]
    if not len(order):
        return {}  # splitting nothing gives one empty part, not none
    owner, service = table.endpoint[order], table.service_ms[order]
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    return {
        facts.names["endpoint"][int(owner[start])]: times
        for start, times in zip(starts.tolist(), np.split(service, starts[1:]), strict=True)
    }


def _score(count: EndpointCount) -> float:
    return apdex(count.count, count.satisfied, count.tolerating)


def apdex(count: int, satisfied: int, tolerating: int) -> float:
    """(satisfied + tolerating / 2) / count: 1 is the best, and what no request at all gets."""
    return (satisfied + tolerating / 2) / count if count else 1.0


def dissatisfied(count: int, score: float) -> float:
    """How many requests their Apdex takes as lost to slowness."""
    return count * (1.0 - score)


def share_of(part: float, all_of_it: float) -> float:
    """A part of a whole, 0 to 1; of nothing every part is 0."""
    return part / all_of_it if all_of_it else 0.0


def bucket(service_ms: int) -> int:
    """The log-linear bucket of a service time: exact below 128 ms, above that 64 per doubling, at most 1.6 % wide."""
    if service_ms < 128:
        return max(service_ms, 0)
    shift = service_ms.bit_length() - 7
    return 64 * shift + (service_ms >> shift)


def buckets(service_ms: Array) -> Array:
    """`bucket` of every element of an array of int64."""
    at_least = np.maximum(service_ms, 0)
    shift = np.maximum(np.frexp(at_least.astype(np.float64))[1] - 7, 0)
    return 64 * shift + (at_least >> shift)


def bucket_value(index: int) -> int:
    """The middle of a bucket, in ms: within 0.8 % of every time in it."""
    if index < 128:
        return index
    shift = index // 64 - 1
    low = (index - 64 * shift) << shift
    return low + (1 << shift) // 2


def percentile(histogram: dict[int, int], share: float) -> int:
    """Nearest-rank percentile of a histogram, in ms; 0 if it is empty."""
    total = sum(histogram.values())
    rank = max(1, math.ceil(share * total))
    seen = 0
    for index in sorted(histogram):
        seen += histogram[index]
        if seen >= rank:
            return bucket_value(index)
    return 0


def exact_percentile(ordered: Array, share: float) -> int:
    """Nearest-rank percentile of a sorted array; 0 if it is empty."""
    return int(ordered[max(0, math.ceil(share * len(ordered)) - 1)]) if len(ordered) else 0
