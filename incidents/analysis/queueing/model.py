"""The model of one dyno: W workers take requests in order of arrival, and the router lets go after 30 s."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import numpy as np

CUT_MS = 30_000
"""The router waits this long for the first byte, then logs H12. devcenter.heroku.com/articles/request-timeout"""
WAITED_MS = 1_000
"""A shorter wait is no wait worth telling."""
SLOW_OWN_MS = 2_000
"""An endpoint that takes this long by itself holds a worker long enough to be a culprit."""


class Typical(dict[int, float]):
    """Endpoint -> usual own time in ms. ``sure`` holds the endpoints of which enough requests met an idle dyno."""

    sure: frozenset[int] = frozenset()


class Job(NamedTuple):
    """One request on one dyno. Times in ms since the first request; ``end`` is when the router let go."""

    arrival: float
    end: float
    endpoint: int
    timed_out: bool
    row: int  # row of the request table


@dataclass(slots=True)
class Run:
    """A request as the model sees it. ``finish`` lies past the router's end where the dyno worked on."""

    job: Job
    start: float
    finish: float
    inferred: bool = False  # finish is an estimate
    worker: int = 0  # which of the dyno's workers took it

    @property
    def wait_ms(self) -> float:
        return self.start - self.job.arrival

    @property
    def own_ms(self) -> float:
        return self.finish - self.start


def typical_of(lanes: dict[int, list[Job]]) -> Typical:
    """Each endpoint's own time when it met an idle dyno, in ms; where it never did, its fastest tenth."""
    alone: dict[int, list[float]] = defaultdict(list)
    every: dict[int, list[float]] = defaultdict(list)
    for jobs in lanes.values():
        busy_until = -1.0
        for job in jobs:
            service = job.end - job.arrival
            every[job.endpoint].append(service)
            if job.arrival >= busy_until and not job.timed_out:
                alone[job.endpoint].append(service)
            # A timed out request may hold its worker long after the router gave up.
            busy_until = max(busy_until, job.end + (2 * CUT_MS if job.timed_out else 0))
    typical = Typical()
    for endpoint, times in every.items():
        seen = alone[endpoint]
        typical[endpoint] = median(seen) if len(seen) >= 3 else float(np.quantile(times, 0.1))
    typical.sure = frozenset(endpoint for endpoint, seen in alone.items() if len(seen) >= 3)
    return typical


def better_typical(runs: dict[int, list[Run]], before: Typical) -> Typical:
    """Better typical times from a first pass: of requests that did not wait, else of all, else a lower bound."""
    idle: dict[int, list[float]] = defaultdict(list)
    behind: dict[int, list[float]] = defaultdict(list)
    at_least: dict[int, float] = {}
    for lane in runs.values():
        for run in lane:
            if run.job.timed_out:
                at_least[run.job.endpoint] = max(at_least.get(run.job.endpoint, 0.0), run.job.end - run.start)
            elif not run.inferred:
                (idle if run.wait_ms < 1 else behind)[run.job.endpoint].append(run.own_ms)
    after = Typical()
    for endpoint in before:
        if len(idle[endpoint]) >= 3 or (idle[endpoint] and not behind[endpoint]):
            after[endpoint] = median(idle[endpoint])
        elif behind[endpoint]:
            after[endpoint] = median(idle[endpoint] + behind[endpoint])
        else:
            after[endpoint] = at_least.get(endpoint, before[endpoint])
    after.sure = before.sure
    return after


def replay(jobs: list[Job], workers: int, typical: Typical) -> list[Run]:
    """The jobs of one dyno through W workers in order of arrival. Ends of censored requests are inferred on the way."""
    free: list[tuple[float, int]] = [(-1e18, index) for index in range(workers)]
    last: list[Run | None] = [None] * workers
    runs = []
    for job in jobs:
        at, worker = heapq.heappop(free)
        before = last[worker]
        expected = typical[job.endpoint]
        start = max(job.arrival, at)
        if before is not None and before.inferred and not job.timed_out:
            # Nobody saw the predecessor end. This request did, and it needs about `expected` for itself.
            floor = before.job.end if before.start < before.job.end else before.start
            start = max(job.arrival, min(max(job.end - expected, floor), job.end))
            if start > job.arrival:
                before.finish = start
        if job.timed_out:
            finish, inferred = max(start + expected, job.end if start < job.end else start), True
        else:
            finish, inferred = max(job.end, start if before is not None and before.inferred else job.end), False
        run = Run(job, min(start, finish), finish, inferred, worker)
        runs.append(run)
        last[worker] = run
        heapq.heappush(free, (finish, worker))
    return runs
