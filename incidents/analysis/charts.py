"""Series for charts, small enough to send: requests by outcome, codes, latency, waiting, memory and load, swimlanes.

    series = charts(facts)   # plain lists and numbers, ready for JSON

Time runs in steps of ``step_s`` seconds from ``start_s`` (seconds since 1970), so that a list's index is its time. None
stands for 'nothing known', which a chart shows as a gap; 0 is a real zero. A step is a minute, several in a long log,
and a part of one in a short log whose requests are all at hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from . import events, traffic
from .dyno_series import dynos
from .endpoints import bucket_value
from .swimlanes import began_us, lanes
from .types import NO_TIME, Array, Facts

MOST_STEPS = 1_440
"""More minutes than this are drawn in steps of several."""
MOST_CODES = 6
MINUTE_S = 60
FINE_STEPS_S = (5, 10, 15, 30)
FEWEST_FINE, MOST_FINE = 12, 90
"""So many steps of less than a minute, most of them with enough requests to be no coin toss."""
ENOUGH_IN_A_STEP = 4
BUSY_SHARE = 0.7
_PERCENTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))


@dataclass(frozen=True, slots=True)
class Axis:
    """The steps of a chart."""

    start_s: int
    step_s: int
    steps: int

    @property
    def is_fine(self) -> bool:
        return self.step_s < MINUTE_S

    def index(self, at_us: Array) -> Array:
        """The step of each time; -1 outside."""
        found = at_us // 1_000_000 - self.start_s
        found //= self.step_s
        return np.where((at_us != NO_TIME) & (found >= 0) & (found < self.steps), found, -1)

    def counts(self, at_us: Array) -> list[int]:
        """How many of these times fall into each step."""
        index = self.index(at_us)
        found: list[int] = np.bincount(index[index >= 0], minlength=self.steps).tolist()
        return found


def charts(facts: Facts) -> dict[str, Any]:
    """All series of an incident. Empty dictionaries and lists where the log says nothing."""
    axis = axis_of(facts)
    if axis is None:
        nothing: dict[str, Any] = {"requests": {}, "codes": {}, "latency": {}, "waits": {}, "dynos": [], "lanes": {}}
        return {"step_s": MINUTE_S, "start_s": None, "steps": 0} | nothing
    return {
        "step_s": axis.step_s,
        "start_s": axis.start_s,
        "steps": axis.steps,
        "requests": _fine_requests(facts, axis) if axis.is_fine else _requests(facts, axis),
        "codes": _fine_codes(facts, axis) if axis.is_fine else _codes(facts, axis),
        "latency": _latency(facts, axis),
        "waits": _waits(facts, axis),
        "dynos": dynos(facts),
        "lanes": lanes(facts),
    }


def axis_of(facts: Facts) -> Axis | None:
    """Steps over the log, from its first to its last minute; None where no line has a time."""
    first, last = _span(facts)
    if first is None or last is None:
        return None
    step = max(1, math.ceil((last - first + 1) / MOST_STEPS))
    minutes = Axis(first * MINUTE_S, step * MINUTE_S, (last - first) // step + 1)
    return _fine_axis(facts, minutes) or minutes


def _fine_axis(facts: Facts, minutes: Axis) -> Axis | None:
    at_us = facts.requests.at_us[facts.requests.at_us != NO_TIME]
    if not facts.requests_complete or facts.dropped_notes or minutes.step_s > MINUTE_S or not len(at_us):
        return None
    low_s, high_s = minutes.start_s, minutes.start_s + minutes.steps * MINUTE_S
    if facts.first_us is not None and facts.last_us is not None:
        low_s, high_s = max(low_s, facts.first_us // 1_000_000), min(high_s, facts.last_us // 1_000_000 + 1)
    for step_s in FINE_STEPS_S:
        start_s = low_s // step_s * step_s
        steps = -(-(high_s - start_s) // step_s)
        if FEWEST_FINE <= steps <= MOST_FINE:
            axis = Axis(start_s, step_s, steps)
            busy = sum(count >= ENOUGH_IN_A_STEP for count in axis.counts(at_us))
            if busy >= steps * BUSY_SHARE:
                return axis
    return None


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


def _requests(facts: Facts, axis: Axis) -> dict[str, list[int]]:
    """Requests per step that went well, were refused (4xx) and failed (5xx, or an error of the router)."""
    series = {name: [0] * axis.steps for name in ("ok", "refused", "failed")}
    for minute, counted in facts.minutes.items():
        index = (minute * MINUTE_S - axis.start_s) // axis.step_s
        if not 0 <= index < axis.steps or not counted.get("requests"):
            continue
        failed = counted.get("errors", 0)
        refused = min(counted.get("status_4xx", 0), counted["requests"] - failed)
        series["failed"][index] += failed
        series["refused"][index] += refused
        series["ok"][index] += counted["requests"] - failed - refused
    return series if any(map(any, series.values())) else {}


def _fine_requests(facts: Facts, axis: Axis) -> dict[str, list[int]]:
    table = facts.requests
    refused = ~table.failed & (table.status >= 400) & (table.status < 500)
    kinds = {"ok": ~table.failed & ~refused, "refused": refused, "failed": table.failed}
    return {name: axis.counts(table.at_us[rows]) for name, rows in kinds.items()}


def _frequent(facts: Facts) -> list[str]:
    return sorted(facts.codes, key=lambda code: (-facts.codes[code].count, code))[:MOST_CODES]


def _codes(facts: Facts, axis: Axis) -> dict[str, list[int]]:
    """The most frequent codes per step."""
    series = {code: [0] * axis.steps for code in _frequent(facts)}
    for minute, counted in facts.minutes.items():
        index = (minute * MINUTE_S - axis.start_s) // axis.step_s
        if 0 <= index < axis.steps:
            for code, values in series.items():
                values[index] += counted.get(code, 0)
    return series


def _fine_codes(facts: Facts, axis: Axis) -> dict[str, list[int]]:
    table, names = facts.requests, facts.names.get("code", [])
    series = {}
    for code in _frequent(facts):
        noted = [event.at_us for event in events.of(facts, "code") if event.detail["code"] == code and event.at_us]
        routed = table.at_us[table.code == names.index(code)] if code in names else np.zeros(0, dtype=np.int64)
        series[code] = axis.counts(np.concatenate((routed, np.array(noted, dtype=np.int64))))
    return series


def _latency(facts: Facts, axis: Axis) -> dict[str, list[int | None]]:
    """Percentiles of service times per step, in ms: from the rollup's histograms, else from the requests themselves."""
    rollup, table = facts.rollup, facts.requests
    summed = bool(len(rollup.hist_row)) and not axis.is_fine
    if summed:
        at_us, value, count = rollup.minute[rollup.hist_row] * 60_000_000, rollup.hist_bucket, rollup.hist_count
    else:
        reached = (table.service_ms >= 0) & (table.dyno > 0) & (table.at_us != NO_TIME)
        at_us, value = table.at_us[reached], table.service_ms[reached]
        count = np.ones(len(value), dtype=np.int64)
    index = axis.index(at_us.astype(np.int64))
    inside = index >= 0
    if not inside.any():
        return {}
    order = np.lexsort((value[inside], index[inside]))
    at, values, counts = (column[inside][order] for column in (index, value, count))
    series: dict[str, list[int | None]] = {name: [None] * axis.steps for name, _ in _PERCENTILES}
    # Sums of a long log are kept for several minutes at a time; what they say holds for each of these.
    held = max(1, math.ceil(rollup.step * MINUTE_S / axis.step_s)) if summed else 1
    edges = [0, *(np.flatnonzero(np.diff(at)) + 1).tolist(), len(at)]
    for start, stop in pairwise(edges):
        reached_ranks = np.cumsum(counts[start:stop])
        for name, share in _PERCENTILES:
            rank = int(np.searchsorted(reached_ranks, math.ceil(share * int(reached_ranks[-1]))))
            found = int(values[start + rank])
            first_step = int(at[start])
            for place in range(first_step, min(first_step + held, axis.steps)):
                series[name][place] = bucket_value(found) if summed else found
    return series


def _waits(facts: Facts, axis: Axis) -> dict[str, list[int | None]]:
    """Mean ms per step that requests spent waiting behind others, and being worked on, until the router let go.

    Empty where the queues could not be replayed, None outside of the stretch that was.
    """
    found = traffic.attribution(facts)
    if found is None or not found.fits or not found.waited:
        return {}
    runs = [run for lane in found.runs.values() for run in lane]
    zero_us = began_us(facts, found)
    index = axis.index(np.array([zero_us + run.job.end * 1000 for run in runs], dtype=np.int64))
    waited = np.array([max(0.0, min(run.start, run.job.end) - run.job.arrival) for run in runs])
    whole = np.array([max(0.0, run.job.end - run.job.arrival) for run in runs])
    inside = index >= 0
    counts = np.bincount(index[inside], minlength=axis.steps)
    sums = {
        name: np.bincount(index[inside], weights=values[inside], minlength=axis.steps)
        for name, values in (("waited_ms", waited), ("own_ms", whole - waited))
    }
    return {
        name: [round(total / count) if count else None for total, count in zip(values, counts, strict=True)]
        for name, values in sums.items()
    }
