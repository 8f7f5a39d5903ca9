"""What would have helped: the same requests replayed with one thing changed.

Arrivals and own times come from the attribution. Each replay sends every request to a random dyno, as the router
does, and serves it in order of arrival. What is compared is the time that clients spend waiting for a worker: timeouts
are too few and too much a matter of chance. Absolute figures of a replay are not to be trusted (own times of timed out
requests are inferred), so every answer is a ratio to the replay of things as they are, over several seeds, with its
band.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass
from statistics import median

from . import queueing, traffic
from .types import Facts

SEEDS = 8
MOST = 4_000
CAP_MS = 5_000.0
"""Nothing that takes longer belongs into a web request."""
MOVED_MS = 50.0
"""What is left of a request whose work is done by a job."""


@dataclass(frozen=True, slots=True)
class Option:
    """One change. The ratio is the waiting that would be left: 0.5 is half of it."""

    key: str
    title: str
    ratio: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class WhatIf:
    dynos: int
    workers: int
    options: tuple[Option, ...]

    @property
    def more_dynos_do_not_help(self) -> bool:
        """Another dyno leaves much of the waiting, and ending the slow work leaves hardly any."""
        by_key = {option.key: option for option in self.options}
        dyno, moved = by_key.get("dyno"), by_key.get("moved")
        return dyno is not None and moved is not None and dyno.ratio >= 0.4 and moved.ratio <= 0.1


def replay(facts: Facts) -> WhatIf | None:
    """The options for this incident, or None where no request timed out or the model does not hold."""
    found = traffic.attribution(facts)
    if found is None or not found.fits or not traffic.timed_out(facts):
        return None
    runs = sorted((run for lane in found.runs.values() for run in lane), key=lambda run: run.job.arrival)
    load = _worst(runs)
    culprits = {share.endpoint for share in found.named("culprit")}
    dynos, workers = len(found.runs), found.workers
    now = [(run.job.arrival, run.own_ms) for run in load]
    capped = [(run.job.arrival, min(run.own_ms, CAP_MS)) for run in load]
    moved = [(run.job.arrival, MOVED_MS if run.job.endpoint in culprits else run.own_ms) for run in load]
    base = _waits(now, dynos, workers)
    if median(base) < queueing.WAITED_MS:
        return None  # nobody waited to speak of
    options = [
        _option("dyno", f"One dyno more (web={dynos + 1})", base, _waits(now, dynos + 1, workers)),
        _option("worker", f"One worker more in each dyno ({workers + 1})", base, _waits(now, dynos, workers + 1)),
        _option("capped", "No request longer than 5 s", base, _waits(capped, dynos, workers)),
    ]
    if culprits:
        name = traffic.endpoint_name(facts, found.named("culprit")[0].endpoint)
        options.append(_option("moved", f"{name} moved to a background job", base, _waits(moved, dynos, workers)))
    return WhatIf(dynos, workers, tuple(options))


def _worst(runs: list[queueing.Run]) -> list[queueing.Run]:
    """The stretch of at most `MOST` requests with the most waiting."""
    if len(runs) <= MOST:
        return runs
    best, most, total = 0, -1.0, sum(run.wait_ms for run in runs[:MOST])
    for start in range(len(runs) - MOST):
        if total > most:
            best, most = start, total
        total += runs[start + MOST].wait_ms - runs[start].wait_ms
    return runs[best : best + MOST]


def _waits(load: list[tuple[float, float]], dynos: int, workers: int) -> list[float]:
    return [_waiting(load, dynos, workers, seed) for seed in range(SEEDS)]


def _waiting(load: list[tuple[float, float]], dynos: int, workers: int, seed: int) -> float:
    """Milliseconds that clients wait for a worker on randomly chosen dynos; nobody waits longer than the router."""
    rng = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    free = [[0.0] * workers for _ in range(dynos)]
    waited = 0.0
    for arrival, own in load:
        queue = free[rng.randrange(dynos)]
        start = max(arrival, queue[0])
        heapq.heapreplace(queue, start + own)
        waited += min(start - arrival, queueing.CUT_MS)
    return waited


def _option(key: str, title: str, base: list[float], changed: list[float]) -> Option:
    ratios = sorted(after / max(before, 1) for before, after in zip(base, changed, strict=True))
    return Option(key, title, median(ratios), ratios[0], ratios[-1])
