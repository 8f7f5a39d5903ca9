"""Statistics of service times: Apdex, log-linear histograms that add up, percentiles, and the table of endpoints."""

from __future__ import annotations

import math

import numpy as np

from .types import Array

APDEX_T_MS = 500
"""Apdex threshold T: satisfied up to T, tolerating up to 4T (Apdex Technical Specification 1.1)."""
EXACT_BELOW = 100_000
"""Percentiles of fewer requests are exact; of more they come from histograms, whose error is below 1 %."""


def bucket(service_ms: int) -> int:
    """The log-linear bucket of a service time: exact below 128 ms, above that 64 per doubling, so at most 1.6 % wide."""
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
    """Nearest-rank percentile of a sorted array that is not empty."""
    return int(ordered[max(0, math.ceil(share * len(ordered)) - 1)])


def apdex(count: int, satisfied: int, tolerating: int) -> float:
    """(satisfied + tolerating / 2) / count: 1 is the best, and what no request at all gets."""
    return (satisfied + tolerating / 2) / count if count else 1.0


def dissatisfied(count: int, score: float) -> float:
    """Requests lost to slowness by their Apdex: what the dissatisfied share of an endpoint is a share of."""
    return count * (1.0 - score)
