"""Statistics of service times. Paths become endpoints in `paths`."""

from __future__ import annotations

import math

from .paths import template

__all__ = ["APDEX_T_MS", "apdex", "bucket", "bucket_value", "percentile", "template"]

APDEX_T_MS = 500
"""Apdex threshold T: satisfied up to T, tolerating up to 4T (Apdex Technical Specification 1.1)."""

def bucket(service_ms: int) -> int:
    """The log-linear bucket of a service time: 64 per doubling above 64 ms, so at most 1 % wide; exact below 128 ms."""
    if service_ms < 128:
        return max(service_ms, 0)
    shift = service_ms.bit_length() - 7
    return 64 * shift + (service_ms >> shift)


def bucket_value(index: int) -> int:
    """The middle of a bucket, in ms."""
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


def apdex(count: int, satisfied: int, tolerating: int) -> float:
    return (satisfied + tolerating / 2) / count if count else 1.0
