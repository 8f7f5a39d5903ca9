"""What changed before the trouble began, and what a release did to each endpoint.

"Nothing changed" is seldom true: releases, config, scaling, add-ons and restarts all leave lines. They are suspects
with their distance in time, not causes: a rule must show the mechanism.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from . import events, traffic
from .events import Event
from .types import NO_TIME, Array, Facts

LOOK_BACK_US = 6 * 3_600_000_000
SETTLE_US = 60_000_000
"""The minute of the roll-out itself and its cold starts tell nothing about a release."""
AROUND_US = 3_600_000_000
"""An hour on both sides: longer ago, other things differ too."""
MOST_PER_SIDE = 120
_KINDS = (
    "release",
    "deploy",
    "rollback",
    "config",
    "scale",
    "attach",
    "addon",
    "stack",
    "maintenance",
    "build",
    "restart",
)


@dataclass(frozen=True, slots=True)
class Change:
    """``before_s`` is how long before the onset it happened; negative if shortly after."""

    event: Event
    title: str
    before_s: float | None


@dataclass(frozen=True, slots=True)
class Shift:
    """An endpoint's service times before and after a release: Hodges-Lehmann shift in ms with its 95 % interval."""

    endpoint: int
    before: int
    after: int
    p50_before_ms: float
    p50_after_ms: float
    shift_ms: float
    low_ms: float
    high_ms: float

    @property
    def slower(self) -> bool:
        """Slower for sure, and by enough to matter: half as much again and a tenth of a second."""
        return self.low_ms > 0 and self.shift_ms >= max(100.0, 0.5 * self.p50_before_ms)


def suspects(facts: Facts, onset_us: int | None) -> list[Change]:
    """Changes in the six hours before the onset, the nearest first; all of them where there is no onset."""
    found: dict[tuple[str, int | None], Change] = {}
    for event in events.of(facts, *_KINDS):
        at_us = event.at_us
        if onset_us is not None and (at_us is None or not -SETTLE_US <= onset_us - at_us <= LOOK_BACK_US):
            continue
        distance = (onset_us - at_us) / 1e6 if onset_us is not None and at_us is not None else None
        title = describe(event)
        found.setdefault((title, at_us), Change(event, title, distance))
    return sorted(found.values(), key=lambda change: (abs(change.before_s or 0.0), change.event.line))


def describe(event: Event) -> str:
    """One line for people: ``Release v42``, ``Set REDIS_URL``, ``Scaled to web@2``."""
    detail: dict[str, Any] = event.detail
    text = {
        "release": "Release {version}",
        "rollback": "Rollback to {version}",
        "deploy": "Deploy {commit}",
        "build": "Build {state}",
        "scale": "Scaled to {formation}",
        "stack": "Stack {stack}",
        "maintenance": "Maintenance {state}",
        "restart": "Restart of {process}",
        "addon": "Add-on {addon}",
    }.get(event.kind)
    if text:
        return text.format_map({"process": event.process, **detail})
    names = detail.get("names", "")
    return f"{detail.get('action', event.kind)} {', '.join(names) if isinstance(names, list) else names}".strip()


def effect(facts: Facts, release_us: int) -> list[Shift]:
    """How service times moved at a release, per endpoint with at least five requests on both sides; worst first.

    Per endpoint, so that a change of the mix of traffic is not taken for a change of speed.
    """
    table = facts.requests
    near = np.abs(table.at_us - release_us) <= AROUND_US
    rows = np.flatnonzero(near & (table.at_us != NO_TIME) & (table.service_ms >= 0) & (table.dyno > 0))
    if not len(rows):
        return []  # splitting nothing gives one empty part, not none
    if not len(rows):
        return []
    rows = rows[np.argsort(table.endpoint[rows], kind="stable")]
    names, starts = np.unique(table.endpoint[rows], return_index=True)
    shifts = []
    for endpoint, mine in zip(names.tolist(), np.split(rows, starts[1:]), strict=True):
        at_us, service = table.at_us[mine], table.service_ms[mine]
        old, new = service[at_us < release_us], service[at_us > release_us + SETTLE_US]
        if len(old) >= 5 and len(new) >= 5:
            shifts.append(_shift(endpoint, old, new))
    return sorted(shifts, key=lambda shift: (-shift.low_ms, shift.endpoint))


def _shift(endpoint: int, old: Array, new: Array) -> Shift:
    """Hodges-Lehmann: the median of all pairwise differences (Hodges & Lehmann 1963), with the rank-sum interval."""
    small, large = _thin(old), _thin(new)
    differences = np.sort((large[:, None] - small[None, :]).ravel())
    n, m = len(small), len(large)
    spread = 1.96 * sqrt(n * m * (n + m + 1) / 12)
    low = int(max(0, n * m / 2 - spread))
    high = int(min(n * m - 1, n * m / 2 + spread))
    return Shift(
        endpoint, len(old), len(new), float(np.median(old)), float(np.median(new)),
        float(np.median(differences)), float(differences[low]), float(differences[high]),
    )  # fmt: skip


def _thin(values: Array) -> Array:
    """At most `MOST_PER_SIDE` values, evenly over time, as floats."""
    step = max(1, len(values) // MOST_PER_SIDE)
    return np.asarray(values[::step][:MOST_PER_SIDE], dtype=float)


def slower_since(facts: Facts, release_us: int) -> list[tuple[str, Shift]]:
    """Endpoints that are slower for sure since a release, by name."""
    return [
        (traffic.endpoint_name(facts, shift.endpoint), shift) for shift in effect(facts, release_us) if shift.slower
    ]
