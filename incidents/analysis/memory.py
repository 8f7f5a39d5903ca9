"""Memory per dyno instance: its quota, the shape of its growth, and when it will reach the limit.

A restart begins a new instance. The slope is Theil-Sen's (the median of all pairwise slopes), so that single peaks do
not bend it; its band are the quantiles of Sen's confidence interval (Sen 1968, JASA 63).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, sqrt

import numpy as np

from .types import Array, Facts, Gauge

MOST_POINTS = 160
R15_FACTOR = 2.0
"""Eco, Basic, Standard and Performance-M/L dynos are killed at twice the quota; larger ones sooner (see catalogue)."""
_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Memory:
    """One instance. ``shape`` is leak, step, steady, saturating or short. Slopes in MB per hour."""

    process: str
    instance: str
    points: int
    first_us: int
    last_us: int
    first_mb: float
    last_mb: float
    max_mb: float
    swap_max_mb: float
    quota_mb: float | None
    shape: str
    slope: float
    slope_low: float
    slope_high: float

    @property
    def share(self) -> float | None:
        """The peak as a share of the quota."""
        return self.max_mb / self.quota_mb if self.quota_mb else None

    def hours_to(self, limit_mb: float) -> tuple[float, float] | None:
        """Earliest and latest hours until a growing instance reaches a limit; None where it does not grow for sure."""
        if self.shape != "leak" or self.slope_low <= 0 or self.last_mb >= limit_mb:
            return None
        room = limit_mb - self.last_mb
        return room / self.slope_high, room / self.slope_low


def look(facts: Facts) -> list[Memory]:
    """The memory of every instance that reported it, in the order of its first sample."""
    if "memory" not in facts.cache:
        found = [memory for gauge in facts.gauges if (memory := _look(gauge)) is not None]
        facts.cache["memory"] = sorted(found, key=lambda memory: (memory.first_us, memory.process))
    result: list[Memory] = facts.cache["memory"]
    return result


def _look(gauge: Gauge) -> Memory | None:
    total = np.array(gauge.values.get("memory_total", []), dtype=float)
    at = np.array(gauge.at_us[: len(total)], dtype=np.int64)
    known = ~np.isnan(total)
    total, at = total[known], at[known]
    if not len(total):
        return None
    order = np.argsort(at, kind="stable")
    total, at = total[order], at[order]
    quotas = [value for value in gauge.values.get("memory_quota", []) if not isnan(value)]
    swaps = [value for value in gauge.values.get("memory_swap", []) if not isnan(value)]
    quota = max(quotas) if quotas else None
    shape, slopes = _shape(at, total, quota)
    return Memory(
        gauge.process, gauge.instance, len(total), int(at[0]), int(at[-1]), float(total[0]), float(total[-1]),
        float(total.max()), max(swaps, default=0.0), quota, shape, *slopes,
    )  # fmt: skip


def _shape(at: Array, total: Array, quota: float | None) -> tuple[str, tuple[float, float, float]]:
    if len(total) < 8 or at[-1] - at[0] < _HOUR_US // 12:
        return "short", (0.0, 0.0, 0.0)
    hours, values = _thin((at - at[0]) / _HOUR_US, total)
    slope, low, high = theil_sen(hours, values)
    growth = float(np.median(values[-3:]) - np.median(values[:3]))
    scale = quota or float(values.max())
    if growth < 0.08 * scale or low <= 0:
        return "steady", (slope, low, high)
    jumps = np.diff(values)
    if float(np.sort(jumps)[-2:].sum()) >= 0.6 * growth:
        return "step", (slope, low, high)
    cut = len(values) * 2 // 3
    late = theil_sen(hours[cut:], values[cut:])[0]
    early = theil_sen(hours[:cut], values[:cut])[0]
    if late < 0.4 * max(early, 1e-9):
        return "saturating", (slope, low, high)
    return "leak", (slope, low, high)


def _thin(hours: Array, values: Array) -> tuple[Array, Array]:
    """At most `MOST_POINTS` points: medians of equal stretches, so that a peak does not stand for its stretch."""
    if len(values) <= MOST_POINTS:
        return hours, values
    parts = np.array_split(np.arange(len(values)), MOST_POINTS)
    return np.array([hours[part].mean() for part in parts]), np.array([np.median(values[part]) for part in parts])


def theil_sen(x: Array, y: Array) -> tuple[float, float, float]:
    """Median of pairwise slopes with Sen's 90 % interval; zeros for fewer than three points."""
    if len(x) < 3:
        return 0.0, 0.0, 0.0
    i, j = np.triu_indices(len(x), 1)
    gap = x[j] - x[i]
    slopes = np.sort((y[j] - y[i])[gap > 0] / gap[gap > 0])
    if not len(slopes):
        return 0.0, 0.0, 0.0
    n = len(x)
    spread = 1.645 * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = int(max(0, (len(slopes) - spread) // 2))
    high = int(min(len(slopes) - 1, (len(slopes) + spread) // 2))
    return float(np.median(slopes)), float(slopes[low]), float(slopes[high])
