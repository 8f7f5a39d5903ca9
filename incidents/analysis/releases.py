"""Each release: how the endpoints' own times moved at it, and the whole app with its mix of traffic held still.

Own time, not ``service=``: what waits behind a slow endpoint is not slower itself. Per endpoint, because a mean of all
moves with the mix: a change that takes away quick requests makes the rest look slow. Of many endpoints some differ by
chance, so what counts as sure is settled over all of them (Benjamini & Hochberg 1995).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from . import events, traffic
from .changes import AROUND_US, SETTLE_US, describe
from .events import Event
from .types import NO_TIME, Array, Facts

MOST_RELEASES = 20
MOST_ENDPOINTS = 200
"""Compared at one release, the busiest."""
LEAST = 5
"""Requests of an endpoint that each side needs."""
MOST_PER_SIDE = 120
FALSE_SHARE = 0.05
"""Of the differences called sure, at most so many are chance."""
_SAME_US = 3_000_000


@dataclass(frozen=True, slots=True)
class Moved:
    """One endpoint. ``shift_ms`` is the Hodges-Lehmann shift of its own time, with the 95 % interval."""

    endpoint: int
    before: int
    after: int
    p50_before_ms: float
    p50_after_ms: float
    p95_before_ms: float
    p95_after_ms: float
    shift_ms: float
    low_ms: float
    high_ms: float
    chance: float  # of such a difference where there is none
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Whole:
    """All requests. ``adjusted_ms``: how the mean own time moved with every endpoint at its usual share."""

    before: int
    after: int
    mean_before_ms: float
    mean_after_ms: float
    adjusted_ms: float
    low_ms: float
    high_ms: float


@dataclass(frozen=True, slots=True)
class Release:
    event: Event
    title: str
    whole: Whole | None
    endpoints: list[Moved]


def compare(facts: Facts) -> list[Release]:
    """The newest releases in order of time, each against the time around it up to its neighbours."""
    found: list[Event] = []
    for event in events.of(facts, "release", "rollback"):
        if event.at_us is not None and (not found or event.at_us - (found[-1].at_us or 0) > _SAME_US):
            found.append(event)
    found = sorted(found, key=lambda event: event.at_us or 0)
    own = own_times(facts)
    rows = np.flatnonzero(own >= 0)
    arrival = facts.requests.at_us[rows] - np.maximum(facts.requests.service_ms[rows], 0).astype(np.int64) * 1000
    order = np.argsort(arrival, kind="stable")
    times = _Times(arrival[order], facts.requests.endpoint[rows][order], own[rows][order])
    marks = [event.at_us or 0 for event in found]
    first = max(0, len(found) - MOST_RELEASES)
    result = []
    for place in range(first, len(found)):
        at = marks[place]
        low = max(at - AROUND_US, marks[place - 1] + SETTLE_US if place else at - AROUND_US)
        high = min(at + AROUND_US, marks[place + 1] if place + 1 < len(marks) else at + AROUND_US)
        old, new = times.between(low, at), times.between(at + SETTLE_US, high)
        result.append(Release(found[place], describe(found[place]), _whole(old, new), _endpoints(old, new)))
    return result


def own_times(facts: Facts) -> Array:
    """Per request its own time in ms; -1 for one without. ``service=`` where the queues were not replayed."""
    table = facts.requests
    measured = (table.service_ms >= 0) & (table.dyno > 0) & (table.at_us != NO_TIME) & (table.endpoint > 0)
    own = np.where(measured, table.service_ms, -1).astype(np.float64)
    found = traffic.attribution(facts)
    if found is not None and found.fits:
        for lane in found.runs.values():
            for run in lane:
                own[run.job.row] = max(run.own_ms, 0.0)
    return np.asarray(own)


@dataclass(frozen=True, slots=True)
class _Times:
    """Requests in order of arrival."""

    arrival: Array
    endpoint: Array
    own: Array

    def between(self, low: int, high: int) -> _Times:
        rows = slice(*np.searchsorted(self.arrival, (low, max(low, high))).tolist())
        return _Times(self.arrival[rows], self.endpoint[rows], self.own[rows])

    def by_endpoint(self) -> dict[int, Array]:
        order = np.argsort(self.endpoint, kind="stable")
        names, starts = np.unique(self.endpoint[order], return_index=True)
        parts = np.split(self.own[order], starts[1:]) if len(names) else []
        return dict(zip(names.tolist(), parts, strict=True))


def _endpoints(old: _Times, new: _Times) -> list[Moved]:
    before, after = old.by_endpoint(), new.by_endpoint()
    both = [name for name in before if len(before[name]) >= LEAST and len(after.get(name, ())) >= LEAST]
    both.sort(key=lambda name: (-len(before[name]) - len(after[name]), name))
    found = [_moved(name, before[name], after[name]) for name in both[:MOST_ENDPOINTS]]
    limit = _threshold([one.chance for one in found])
    settled = [
        Moved(**{name: getattr(one, name) for name in Moved.__slots__ if name != "sure"}, sure=one.chance <= limit)
        for one in found
    ]
    return sorted(settled, key=lambda one: (not one.sure, -abs(one.shift_ms), one.endpoint))


def _threshold(chances: list[float]) -> float:
    """Benjamini-Hochberg: the largest p-value that still counts; below 0 if none does."""
    ordered = sorted(chances)
    kept = [chance for rank, chance in enumerate(ordered, 1) if chance <= rank / len(ordered) * FALSE_SHARE]
    return kept[-1] if kept else -1.0


def _moved(endpoint: int, old: Array, new: Array) -> Moved:
    small, large = _thin(old), _thin(new)
    differences = np.sort((large[:, None] - small[None, :]).ravel())
    n, m = len(small), len(large)
    error = sqrt(n * m * (n + m + 1) / 12)
    low = int(max(0, n * m / 2 - 1.96 * error))
    high = int(min(n * m - 1, n * m / 2 + 1.96 * error))
    larger = float((differences > 0).sum()) + 0.5 * float((differences == 0).sum())
    chance = erfc(abs(larger - n * m / 2) / error / sqrt(2))
    (p50_old, p95_old), (p50_new, p95_new) = (np.quantile(side, (0.5, 0.95)).tolist() for side in (old, new))
    return Moved(
        endpoint, len(old), len(new), p50_old, p50_new, p95_old, p95_new, float(np.median(differences)),
        float(differences[low]), float(differences[high]), chance,
    )  # fmt: skip


def _thin(values: Array) -> Array:
    """At most `MOST_PER_SIDE` values, evenly over time."""
    if len(values) <= MOST_PER_SIDE:
        return values
    return np.asarray(values[np.linspace(0, len(values) - 1, MOST_PER_SIDE).astype(np.int64)])


def _whole(old: _Times, new: _Times) -> Whole | None:
    """Every endpoint's mean weighed by its share of both sides together, so that the mix of traffic can't move it."""
    before, after = old.by_endpoint(), new.by_endpoint()
    both = [name for name in before if len(before[name]) >= LEAST and len(after.get(name, ())) >= LEAST]
    if not both:
        return None
    weights = np.array([len(before[name]) + len(after[name]) for name in both], dtype=np.float64)
    weights /= weights.sum()
    moved = np.array([after[name].mean() - before[name].mean() for name in both])
    spread = np.array([_variance(before[name]) + _variance(after[name]) for name in both])
    change, error = float(weights @ moved), 1.96 * sqrt(float(weights**2 @ spread))
    return Whole(
        len(old.own), len(new.own), float(old.own.mean()), float(new.own.mean()), change, change - error, change + error
    )


def _variance(values: Array) -> float:
    """Of the mean of these values."""
    return float(values.var(ddof=1)) / len(values)
