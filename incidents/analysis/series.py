"""Points of metrics over many chunks, in bounded space: of long logs one point a minute, or one an hour."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .types import Array, Gauge

MOST_POINTS = 4_320
"""Per process instance: three days of one point a minute."""
MOST_OF_ALL = 100_000
MOST_INSTANCES = 2_000
_INTERVALS_S = (0, 60, 300, 900, 3_600, 14_400, 86_400, 604_800, 31_536_000)
_LOW = ("hit-rate", "free", "available")
"""Metrics of which the smallest of an interval tells more than the largest."""


@dataclass(slots=True)
class _Part:
    """Points as arrays, which take a quarter of the space of lists."""

    at_us: Array
    values: dict[str, Array]


@dataclass(slots=True)
class _Points:
    process: str
    instance: str
    parts: list[_Part] = field(default_factory=list)
    count: int = 0


class Series:
    """Gauges of many chunks, added up by key. Points of one time are one point; chunks may come in any order."""

    def __init__(self) -> None:
        self._points: dict[str, _Points] = {}
        self._count = 0

    def add(self, key: str, gauge: Gauge) -> None:
        points = self._points.setdefault(key, _Points(gauge.process, gauge.instance))
        values = {name: np.array(column, dtype=np.float64) for name, column in gauge.values.items()}
        points.parts.append(_Part(np.array(gauge.at_us, dtype=np.int64), values))
        points.count += len(gauge.at_us)
        self._count += len(gauge.at_us)
        if self._count > 2 * MOST_OF_ALL:
            self._thin()

    def result(self) -> dict[str, Gauge]:
        """One gauge per key, its points by time."""
        self._thin()
        return {
            key: Gauge(
                points.process, points.instance, points.parts[0].at_us.tolist(),
                {name: column.tolist() for name, column in points.parts[0].values.items()},
            )
            for key, points in self._points.items()
        }  # fmt: skip

    def _thin(self) -> None:
        if len(self._points) > MOST_INSTANCES:
            ranked = sorted(self._points, key=lambda key: (-self._points[key].count, key))
            for key in ranked[MOST_INSTANCES:]:
                del self._points[key]
        for interval in _INTERVALS_S:
            for points in self._points.values():
                points.parts = [_joined(points, interval)]
                points.count = len(points.parts[0].at_us)
            self._count = sum(points.count for points in self._points.values())
            if self._count <= MOST_OF_ALL:
                return


def _joined(points: _Points, interval_s: int) -> _Part:
    """The parts as one, by time; one point per interval, a longer one where there would be too many."""
    parts = points.parts
    at_us = np.concatenate([part.at_us for part in parts])
    order = np.argsort(at_us, kind="stable")
    at_us = at_us[order]
    starts = _starts(at_us, interval_s)
    for longer in _INTERVALS_S:
        if len(starts) > MOST_POINTS and longer > interval_s:
            starts = _starts(at_us, longer)
    values = {}
    for key in dict.fromkeys(name for part in parts for name in part.values):
        column = np.concatenate([part.values.get(key, np.full(len(part.at_us), np.nan)) for part in parts])[order]
        chosen = np.fmin if key.endswith(_LOW) else np.fmax
        values[key] = chosen.reduceat(column, starts) if len(starts) else column
    return _Part(at_us[starts], values)


def _starts(at_us: Array, interval_s: int) -> Array:
    """Where each interval begins, in sorted times; an interval of zero is one time."""
    cell = at_us if not interval_s else at_us // (interval_s * 1_000_000)
    return np.flatnonzero(np.diff(cell, prepend=cell[:1] - 1)) if len(cell) else np.zeros(0, dtype=np.int64)
