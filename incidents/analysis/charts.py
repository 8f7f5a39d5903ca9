"""Series for charts, small enough to send: requests by outcome, codes, latency, memory and load, waiting.

    series = charts(facts)   # plain lists and numbers, ready for JSON

Time runs in steps of whole minutes from ``start_s`` (seconds since 1970), so that a list's index is its time. None
stands for 'nothing known', which a chart shows as a gap; 0 is a real zero.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from . import traffic
from .endpoints import bucket_value
from .types import NO_TIME, Array, Facts, Gauge

MOST_STEPS = 1_440
"""More minutes than this are drawn in steps of several."""
MOST_POINTS = 600
"""Of the memory and load of one dyno."""
MOST_CODES = 6
MOST_DYNOS = 24
LANE_SECONDS = 240
MOST_LANE_REQUESTS = 900
_PERCENTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))


def charts(facts: Facts) -> dict[str, Any]:
    """All series of an incident. Empty dictionaries and lists where the log says nothing."""
    first, last = _span(facts)
    if first is None or last is None:
        nothing: dict[str, Any] = {"requests": {}, "codes": {}, "latency": {}, "dynos": [], "lanes": {}}
        return {"step_minutes": 1, "start_s": None, "steps": 0} | nothing
    step = max(1, math.ceil((last - first + 1) / MOST_STEPS))
    steps = (last - first) // step + 1
    return {
        "step_minutes": step,
        "start_s": first * 60,
        "steps": steps,
        "requests": _requests(facts, first, step, steps),
        "codes": _codes(facts, first, step, steps),
        "latency": _latency(facts, first, step, steps),
        "dynos": _dynos(facts),
        "lanes": lanes(facts),
    }


def _span(facts: Facts) -> tuple[int | None, int | None]:
    """First and last minute. A stray line of another year would flatten every chart, so such lines are left out."""
    minutes = sorted(facts.minutes)
    if not minutes:
        if facts.first_us is None or facts.last_us is None:
            return None, None
        return facts.first_us // 60_000_000, facts.last_us // 60_000_000
    weights = np.cumsum([sum(facts.minutes[minute].values()) for minute in minutes])
    low, high = (int(np.searchsorted(weights, weights[-1] * share)) for share in (0.001, 0.999))
    first, last = minutes[low], minutes[min(high, len(minutes) - 1)]
    reach = max(60, (last - first) // 4)
    inside = [minute for minute in minutes if first - reach <= minute <= last + reach]
    return inside[0], inside[-1]


def _requests(facts: Facts, first: int, step: int, steps: int) -> dict[str, list[int]]:
    """Requests per step that went well, were refused (4xx) and failed (5xx, or an error of the router)."""
    series = {name: [0] * steps for name in ("ok", "refused", "failed")}
    for minute, counted in facts.minutes.items():
        index = (minute - first) // step
        if not 0 <= index < steps or not counted.get("requests"):
            continue
        failed = counted.get("errors", 0)
        refused = min(counted.get("status_4xx", 0), counted["requests"] - failed)
        series["failed"][index] += failed
        series["refused"][index] += refused
        series["ok"][index] += counted["requests"] - failed - refused
    return series if any(map(any, series.values())) else {}


def _codes(facts: Facts, first: int, step: int, steps: int) -> dict[str, list[int]]:
    """The most frequent codes per step."""
    frequent = sorted(facts.codes, key=lambda code: (-facts.codes[code].count, code))[:MOST_CODES]
    series = {code: [0] * steps for code in frequent}
    for minute, counted in facts.minutes.items():
        index = (minute - first) // step
        if 0 <= index < steps:
            for code in frequent:
                series[code][index] += counted.get(code, 0)
    return series


def _latency(facts: Facts, first: int, step: int, steps: int) -> dict[str, list[int | None]]:
    """Percentiles of service times per step, in ms: from the rollup's histograms, else from the requests themselves."""
    rollup, table = facts.rollup, facts.requests
    if len(rollup.hist_row):
        minute, value, count = rollup.minute[rollup.hist_row], rollup.hist_bucket, rollup.hist_count
    else:
        reached = (table.service_ms >= 0) & (table.dyno > 0) & (table.at_us != NO_TIME)
        minute, value = table.at_us[reached] // 60_000_000, table.service_ms[reached]
        count = np.ones(len(value), dtype=np.int64)
    index = (minute.astype(np.int64) - first) // step
    inside = (index >= 0) & (index < steps)
    if not inside.any():
        return {}
    order = np.lexsort((value[inside], index[inside]))
    at, values, counts = (column[inside][order] for column in (index, value, count))
    series: dict[str, list[int | None]] = {name: [None] * steps for name, _ in _PERCENTILES}
    # Sums of a long log are kept for several minutes at a time; what they say holds for each of these.
    held = max(1, math.ceil(rollup.step / step)) if len(rollup.hist_row) else 1
    edges = [0, *(np.flatnonzero(np.diff(at)) + 1).tolist(), len(at)]
    for start, stop in pairwise(edges):
        reached_ranks = np.cumsum(counts[start:stop])
        for name, share in _PERCENTILES:
            rank = int(np.searchsorted(reached_ranks, math.ceil(share * int(reached_ranks[-1]))))
            found = int(values[start + rank])
            first_step = int(at[start])
            for place in range(first_step, min(first_step + held, steps)):
                series[name][place] = bucket_value(found) if len(rollup.hist_row) else found
    return series


def _dynos(facts: Facts) -> list[dict[str, Any]]:
    """Memory and load of each process over time; a restart continues its line after a gap."""
    by_process: dict[str, list[Gauge]] = {}
    for gauge in facts.gauges:
        by_process.setdefault(gauge.process, []).append(gauge)
    return [_dyno(name, gauges) for name, gauges in sorted(by_process.items())[:MOST_DYNOS]]


def _dyno(name: str, gauges: list[Gauge]) -> dict[str, Any]:
    points: list[tuple[int, float | None, float | None]] = []
    quota = 0.0
    for gauge in sorted(gauges, key=lambda one: one.at_us[0] if one.at_us else 0):
        if points and gauge.at_us:
            points.append((gauge.at_us[0] // 1_000_000 - 1, None, None))
        none = [math.nan] * len(gauge.at_us)
        memory, load = gauge.values.get("memory_total", none), gauge.values.get("load_avg_1m", none)
        for at_us, used, busy in zip(gauge.at_us, memory, load, strict=False):
            point = (at_us // 1_000_000, _known(used), _known(busy))
            if points and points[-1][0] == point[0]:  # load and memory come as two lines, some ms apart
                point = _highest([points.pop(), point])
            points.append(point)
        quota = max([quota, *(value for value in gauge.values.get("memory_quota", []) if not math.isnan(value))])
    every = max(1, math.ceil(len(points) / MOST_POINTS))
    thinned = [_highest(points[at : at + every]) for at in range(0, len(points), every)]
    return {
        "name": name, "quota_mb": round(quota, 1), "at_s": [point[0] for point in thinned],
        "memory_mb": [point[1] for point in thinned], "load_1m": [point[2] for point in thinned],
    }  # fmt: skip


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 2)


def _highest(points: list[tuple[int, float | None, float | None]]) -> tuple[int, float | None, float | None]:
    """Of neighbouring points the peaks, so that thinning hides none."""
    memory = [point[1] for point in points if point[1] is not None]
    load = [point[2] for point in points if point[2] is not None]
    return points[0][0], max(memory, default=None), max(load, default=None)


def lanes(facts: Facts) -> dict[str, Any]:
    """Requests of each dyno around the worst minutes: when they arrived, began and ended, as the queue model sees it.

    Empty without trouble, or where the model does not fit the log: a picture would then claim what nobody knows.
    """
    found = traffic.attribution(facts)
    if found is None or not found.fits or not found.runs:
        return {}
    every = [(run, dyno) for dyno, runs in found.runs.items() for run in runs]
    zero_us = int(min(facts.requests.at_us[run.job.row] - run.job.end * 1000 for run, _ in every))
    middle = _worst([run.job.end for run, _ in every if run.job.timed_out] or [run.job.end for run, _ in every])
    low, high = middle - LANE_SECONDS * 500, middle + LANE_SECONDS * 500
    names = facts.names
    near = [(run.job.arrival, dyno, run) for run, dyno in every if run.finish >= low and run.job.arrival <= high]
    shown = sorted(near, key=lambda item: (item[0], item[1], item[2].job.row))
    rows: list[dict[str, Any]] = []
    for _, dyno, run in shown[:MOST_LANE_REQUESTS]:
        row = run.job.row
        rows.append({
            "dyno": names["dyno"][dyno], "endpoint": names["endpoint"][run.job.endpoint],
            "arrival_ms": round(run.job.arrival - low), "start_ms": round(run.start - low),
            "end_ms": round(run.job.end - low), "finish_ms": round(run.finish - low),
            "timed_out": bool(run.job.timed_out), "inferred": run.inferred,
            "line": int(facts.requests.line[row]), "source": int(facts.request_source[row]),
        })  # fmt: skip
    return {
        "start_us": zero_us + round(low * 1000), "length_ms": LANE_SECONDS * 1000, "workers": found.workers,
        "requests": rows, "left_out": max(0, len(shown) - MOST_LANE_REQUESTS),
    }  # fmt: skip


def _worst(ends_ms: list[float]) -> float:
    """The middle of the window that holds the most of these moments."""
    ends: Array = np.sort(np.asarray(ends_ms))
    held = np.searchsorted(ends, ends + LANE_SECONDS * 1000) - np.arange(len(ends))
    return float(ends[int(held.argmax())]) + LANE_SECONDS * 500
