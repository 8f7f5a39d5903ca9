"""Memory, swap and load of each process over time, its quota, and when R14 and R15 were logged."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from . import events, traffic
from .types import Facts, Gauge

MOST_POINTS = 600
"""Of one process. A chart has about as many pixels."""
MOST_DYNOS = 24
MOST_CODE_MARKS = 120
_METRICS = (("memory_mb", "memory_total"), ("swap_mb", "memory_swap"), ("load_1m", "load_avg_1m"))


class Point(NamedTuple):
    """One moment of a process; None where its value is unknown."""

    at_s: int
    values: tuple[float | None, ...]  # in the order of _METRICS


def dynos(facts: Facts) -> list[dict[str, Any]]:
    """A series per process, by name: those with R14 or R15 first where there are too many.

    A restart continues the line of its process after a gap. Without runtime metrics the memory is known at R14 and R15
    alone, since the platform prints it beside them (``measured`` is then False).
    """
    by_process: dict[str, list[Gauge]] = {}
    for gauge in facts.gauges:
        by_process.setdefault(gauge.process, []).append(gauge)
    over = _over_quota(facts)
    names = sorted(by_process.keys() | over.keys(), key=lambda name: (name not in over, name))[:MOST_DYNOS]
    slower = _sick(facts)
    rows = []
    for name in sorted(names):
        row = _measured(by_process[name]) if name in by_process else _from_codes(over[name])
        codes = {
            code: _thin_times([event.at_us for event in over.get(name, ()) if event.detail["code"] == code])
            for code in ("R14", "R15")
        }
        rows.append({"name": name, **row, "codes": {code: at_s for code, at_s in codes.items() if at_s}})
        if name in slower:
            rows[-1]["times_slower"] = round(slower[name], 1)
    return rows


def _sick(facts: Facts) -> dict[str, float]:
    """Dynos on which most endpoints take several times as long as elsewhere."""
    found = traffic.attribution(facts)
    return {facts.names["dyno"][dyno]: ratio for dyno, ratio in found.sick.items()} if found else {}


def _over_quota(facts: Facts) -> dict[str, list[events.Event]]:
    found: dict[str, list[events.Event]] = {}
    for event in events.of(facts, "code"):
        if event.detail["code"] in ("R14", "R15") and event.at_us is not None:
            found.setdefault(event.process, []).append(event)
    return found


def _measured(gauges: list[Gauge]) -> dict[str, Any]:
    points: list[Point] = []
    quota = 0.0
    for gauge in sorted(gauges, key=lambda one: one.at_us[0] if one.at_us else 0):
        if points and gauge.at_us:
            points.append(Point(gauge.at_us[0] // 1_000_000 - 1, (None,) * len(_METRICS)))
        none = [math.nan] * len(gauge.at_us)
        columns = [gauge.values.get(metric, none) for _, metric in _METRICS]
        for at_us, *values in zip(gauge.at_us, *columns, strict=False):
            point = Point(at_us // 1_000_000, tuple(map(_known, values)))
            if points and points[-1].at_s == point.at_s:  # load and memory come as two lines, some ms apart
                point = _highest([points.pop(), point])
            points.append(point)
        quota = max([quota, *(value for value in gauge.values.get("memory_quota", []) if not math.isnan(value))])
    return _columns(points, quota, measured=True)


def _from_codes(over: list[events.Event]) -> dict[str, Any]:
    points, quota = [], 0.0
    for event in over:
        mb, percent = event.detail.get("mb"), event.detail.get("percent")
        if mb and event.at_us is not None:
            points.append(Point(event.at_us // 1_000_000, (_known(mb), None, None)))
            quota = max(quota, mb / percent * 100 if percent else 0.0)
    return _columns(points, round(quota), measured=False)


def _columns(points: list[Point], quota: float, *, measured: bool) -> dict[str, Any]:
    every = max(1, math.ceil(len(points) / MOST_POINTS))
    thinned = [_highest(points[at : at + every]) for at in range(0, len(points), every)]
    row: dict[str, Any] = {"quota_mb": round(quota, 1), "measured": measured, "at_s": [point.at_s for point in thinned]}
    for place, (name, _) in enumerate(_METRICS):
        row[name] = [point.values[place] for point in thinned]
    if not any(row["swap_mb"]):
        del row["swap_mb"]
    return row


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 2)


def _highest(points: list[Point]) -> Point:
    """One point for several: each metric's peak, since peaks are what breaks. A gap stays one where all are gaps."""
    peaks = []
    for place in range(len(_METRICS)):
        known = [value for point in points if (value := point.values[place]) is not None]
        peaks.append(max(known) if known else None)
    return Point(points[0].at_s, tuple(peaks))


def _thin_times(times_us: list[int | None]) -> list[int]:
    """Seconds since 1970, each once; of many the first, the last and some between."""
    found = sorted({at_us // 1_000_000 for at_us in times_us if at_us is not None})
    if len(found) <= MOST_CODE_MARKS:
        return found
    every = (len(found) - 1) / (MOST_CODE_MARKS - 1)
    return [found[round(place * every)] for place in range(MOST_CODE_MARKS)]
