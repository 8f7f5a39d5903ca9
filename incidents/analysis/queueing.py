"""Who waited for whom: own time and waiting time of every request, from router lines alone.

The router picks dynos at random and knows no queues. A request that arrives behind a slow one waits inside the
dyno, and its ``service=`` counts the wait. Per dyno, with W workers taking requests in order of arrival, a request
starts when a worker is free, so that

    arrival = end - service,   start = max(arrival, first free worker),   wait = start - arrival,   own = end - start.

A request cut by H12 is censored: the dyno works on after the router has answered. Its real end is inferred from the
next request that this worker finishes. Where the model does not explain the data, `Attribution.fits` is false, and
nobody is named. The model is the textbook's queue with W servers in order of arrival (G/G/W, FCFS).
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

import numpy as np

from .types import NO_TIME, Array, Facts

CUT_MS = 30_000
"""The router waits this long for the first byte, then logs H12. devcenter.heroku.com/articles/request-timeout"""
WAITED_MS = 1_000
"""A shorter wait is no wait worth telling."""
SLOW_OWN_MS = 2_000
"""An endpoint that takes this long by itself holds a worker long enough to be a culprit."""
BLAME_FLOOR = 0.05
MOST_REQUESTS = 20_000
CANDIDATES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 20, 24, 25, 30, 32, 40)
MISFIT_LIMIT = 0.2
_CALM_US = 60_000_000


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

    @property
    def wait_ms(self) -> float:
        return self.start - self.job.arrival

    @property
    def own_ms(self) -> float:
        return self.finish - self.start


@dataclass(slots=True)
class Share:
    """One endpoint's part. ``blame_ms`` is the waiting of others that happened while it held a worker."""

    endpoint: int
    count: int = 0
    own_ms: list[float] = field(default_factory=list)
    wait_ms: list[float] = field(default_factory=list)
    blame_ms: float = 0.0
    at_once: int = 0  # requests that met a free worker and finished
    slow_at_once: int = 0  # of those, the ones that took at least SLOW_OWN_MS
    waited: int = 0  # requests that waited at least WAITED_MS
    timeouts: int = 0
    victim_timeouts: int = 0  # H12 of requests that waited for most of the 30 s
    role: str = "normal"

    @property
    def own_p50_ms(self) -> float:
        return median(self.own_ms) if self.own_ms else 0.0

    @property
    def waited_p50_ms(self) -> float:
        return median(self.wait_ms) if self.wait_ms else 0.0


@dataclass(slots=True)
class Attribution:
    """The answer. ``misfit`` is the share of waiting requests whose own time is impossible for their endpoint."""

    workers: int
    workers_from: str  # "boot line" or "data"
    misfit: float
    waited: int
    shares: dict[int, Share]
    runs: dict[int, list[Run]]  # dyno -> its requests in order of arrival
    typical_ms: Typical
    sick: dict[int, float] = field(default_factory=dict)  # dyno -> how many times slower than the others

    @property
    def fits(self) -> bool:
        return self.misfit <= MISFIT_LIMIT

    def named(self, role: str) -> list[Share]:
        """Endpoints of this role, the most blamed first."""
        return sorted((s for s in self.shares.values() if s.role == role), key=lambda s: (-s.blame_ms, -s.own_p50_ms))


def attribute(facts: Facts, workers: int | None = None) -> Attribution | None:
    """Who held the workers and who waited, around the worst minutes; None where no request reached a dyno."""
    lanes = _lanes(facts)
    if not lanes:
        return None
    typical = _typical(lanes)
    source = "boot line" if workers else "data"
    if workers is None:
        workers = _estimate_workers(lanes, typical)
    runs = {dyno: replay(jobs, workers, typical) for dyno, jobs in lanes.items()}
    # Own times of requests that never queued are known now; they make better typical times for a second pass.
    typical = _own_typical(runs, typical)
    runs = {dyno: replay(jobs, workers, typical) for dyno, jobs in lanes.items()}
    misfit, waited = _misfit(runs, typical)
    shares = _blame(runs)
    sick = _sick_dynos(lanes)
    result = Attribution(workers, source, misfit, waited, shares, runs, typical, sick)
    _roles(result)
    return result


def _lanes(facts: Facts) -> dict[int, list[Job]]:
    """Requests per dyno, in order of arrival, from the minutes around the trouble."""
    table = facts.requests
    rows = np.flatnonzero((table.dyno > 0) & (table.service_ms >= 0) & (table.at_us != NO_TIME))
    rows = _since_trouble(facts, rows)
    if len(rows) > MOST_REQUESTS:
        rows = _around_trouble(facts, rows)
    if not len(rows):
        return {}
    at_ms = (table.at_us[rows] - table.at_us[rows].min()) / 1000.0
    timeout = _code_index(facts, "H12")
    lanes: dict[int, list[Job]] = defaultdict(list)
    columns = (at_ms, table.service_ms[rows], table.dyno[rows], table.endpoint[rows], table.code[rows], rows)
    for end, service, dyno, endpoint, code, row in zip(*(column.tolist() for column in columns), strict=True):
        lanes[dyno].append(Job(end - service, end, endpoint, code == timeout, row))
    for jobs in lanes.values():
        jobs.sort()
    return dict(sorted(lanes.items()))


def _since_trouble(facts: Facts, rows: Array) -> Array:
    """Leave out what lies more than a minute before the first slow request: an endpoint may have been quick then."""
    table = facts.requests
    arrival = table.at_us[rows] - table.service_ms[rows].astype(np.int64) * 1000
    slow = table.service_ms[rows] >= SLOW_OWN_MS
    return np.asarray(rows[arrival >= arrival[slow].min() - _CALM_US]) if slow.any() else rows


def _code_index(facts: Facts, code: str) -> int:
    names = facts.names["code"]
    return names.index(code) if code in names else -1


def _around_trouble(facts: Facts, rows: Array) -> Array:
    """At most `MOST_REQUESTS` rows: the stretch of the log that ends shortly after its worst ten minutes."""
    table = facts.requests
    bad = (table.code[rows] == _code_index(facts, "H12")) | (table.service_ms[rows] >= 5_000)
    sums = np.concatenate(([0], np.cumsum(bad)))
    size = MOST_REQUESTS
    best = int(np.argmax(sums[size:] - sums[:-size]))
    return np.asarray(rows[best : best + size])


def _typical(lanes: dict[int, list[Job]]) -> Typical:
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


def _own_typical(runs: dict[int, list[Run]], before: Typical) -> Typical:
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
        run = Run(job, min(start, finish), finish, inferred)
        runs.append(run)
        last[worker] = run
        heapq.heappush(free, (finish, worker))
    return runs


def _estimate_workers(lanes: dict[int, list[Job]], typical: Typical) -> int:
    """The W whose own times agree best with each endpoint's typical time; the smallest among equals."""
    busiest = sorted(lanes.values(), key=len, reverse=True)[:4]
    lanes_used = [_middle(jobs, 1_200) for jobs in busiest]
    most = max((_most_at_once(jobs) for jobs in lanes_used), default=1)
    scores: dict[int, float] = {}
    for workers in CANDIDATES:
        if workers > most and workers != 1:
            break
        scores[workers] = sum(_disagreement(replay(jobs, workers, typical), typical) for jobs in lanes_used)
        if scores[workers] > 1.5 * min(scores.values()):
            break  # past the valley: one worker too many already explains less
    least = min(scores.values())
    return next(workers for workers, score in scores.items() if score <= least * 1.1)


def _middle(jobs: list[Job], size: int) -> list[Job]:
    """The stretch of ``size`` jobs in which most time was spent."""
    if len(jobs) <= size:
        return jobs
    spent = np.cumsum([0.0] + [job.end - job.arrival for job in jobs])
    best = int(np.argmax(spent[size:] - spent[:-size]))
    return jobs[best : best + size]


def _most_at_once(jobs: list[Job]) -> int:
    """The largest number of requests that a dyno held at one time."""
    edges = sorted([(job.arrival, 1) for job in jobs] + [(job.end, -1) for job in jobs])
    depth = most = 0
    for _, step in edges:
        depth += step
        most = max(most, depth)
    return most


def _disagreement(runs: list[Run], typical: Typical) -> float:
    """How badly own times fit: |log(own / typical)| clipped at 3, summed over finished requests."""
    total = 0.0
    for run in runs:
        if run.job.timed_out:
            continue
        own = run.job.end - run.start
        expected = typical[run.job.endpoint]
        if own < -50:
            total += 6.0  # it would have ended before it began
        elif run.job.endpoint in typical.sure:
            # 20 ms on both sides: clocks jitter, and a fast endpoint's time is smaller than the jitter.
            total += min(3.0, abs(math.log((max(own, 0.0) + 20.0) / (expected + 20.0))))
    return total


def _misfit(runs: dict[int, list[Run]], typical: Typical) -> tuple[float, int]:
    """Among requests that waited and finished: the share whose own time is impossible for the endpoint."""
    waited = wrong = 0
    for lane in runs.values():
        for run in lane:
            if run.job.timed_out or run.wait_ms < WAITED_MS:
                continue
            waited += 1
            own, expected = run.job.end - run.start, typical[run.job.endpoint]
            low, high = 0.2 * expected - 200.0, 5.0 * expected + 200.0
            wrong += not low <= own <= high
    return (wrong / waited if waited >= 10 else 0.0), waited


def _blame(runs: dict[int, list[Run]]) -> dict[int, Share]:
    """Sum up each endpoint's times, and charge every waiting second to the requests that held the workers during it."""
    shares: dict[int, Share] = {}
    for lane in runs.values():
        for run in lane:
            share = shares.setdefault(run.job.endpoint, Share(run.job.endpoint))
            share.count += 1
            share.own_ms.append(max(run.own_ms, 0.0))
            share.wait_ms.append(max(run.wait_ms, 0.0))
            if run.wait_ms < 100 and not run.inferred:
                share.at_once += 1
                share.slow_at_once += run.own_ms >= SLOW_OWN_MS
            share.timeouts += run.job.timed_out
            share.waited += run.wait_ms >= WAITED_MS
            share.victim_timeouts += run.job.timed_out and run.wait_ms >= CUT_MS / 2
        for endpoint, blame_ms in _charge(lane).items():
            shares[endpoint].blame_ms += blame_ms
    return shares


def _charge(lane: list[Run]) -> dict[int, float]:
    """Waiting time of one dyno by the endpoint that held a worker meanwhile: a sweep over starts and ends."""
    edges: list[tuple[float, int, int]] = []  # time, endpoint or -1 for a waiting request, +1 or -1
    for run in lane:
        # A wait counts only as long as the client was there to suffer it.
        until = min(run.start, run.job.end)
        if until - run.job.arrival >= 1:
            edges += [(run.job.arrival, -1, 1), (until, -1, -1)]
        if run.finish > run.start:
            edges += [(run.start, run.job.endpoint, 1), (run.finish, run.job.endpoint, -1)]
    edges.sort()
    blame: dict[int, float] = defaultdict(float)
    holding: dict[int, int] = {}
    waiting = 0
    before = 0.0
    for at, endpoint, step in edges:
        if waiting and holding:
            each = waiting * (at - before) / sum(holding.values())
            for name, held in holding.items():
                blame[name] += each * held
        before = at
        if endpoint < 0:
            waiting += step
        else:
            holding[endpoint] = holding.get(endpoint, 0) + step
            if not holding[endpoint]:
                del holding[endpoint]
    return blame


def _roles(result: Attribution) -> None:
    """Culprits hold workers long and others wait for it; victims are quick by themselves and waited."""
    total = sum(share.blame_ms for share in result.shares.values())
    for share in result.shares.values():
        blamed = share.blame_ms / total if total else 0.0
        direct = share.timeouts - share.victim_timeouts
        # Where a queue never empties, inferred own times are guesses: a culprit was slow when it met a free worker,
        # or a good part of its own requests timed out without having waited.
        slow_itself = (
            result.typical_ms[share.endpoint] >= SLOW_OWN_MS
            or share.slow_at_once >= max(3, 0.25 * share.at_once)
            or direct >= max(3, 0.3 * share.count)
        )
        if slow_itself and (blamed >= BLAME_FLOOR or (total < 1 and direct)):
            share.role = "culprit"
        elif share.waited and share.own_p50_ms < SLOW_OWN_MS * 2.5:
            share.role = "victim"


def _sick_dynos(lanes: dict[int, list[Job]]) -> dict[int, float]:
    """Dynos on which most endpoints take at least three times as long as the same endpoints take elsewhere."""
    if len(lanes) < 2:
        return {}
    times: dict[int, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for dyno, jobs in lanes.items():
        for job in jobs:
            times[job.endpoint][dyno].append(job.end - job.arrival)
    ratios: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for by_dyno in times.values():
        quartiles = {dyno: _quartile(own) for dyno, own in by_dyno.items() if len(own) >= 5}
        for dyno, quartile in quartiles.items():
            others = [value for other, value in quartiles.items() if other != dyno]
            if others:
                ratios[dyno].append((quartile / max(median(others), 5.0), len(by_dyno[dyno])))
    sick = {}
    for dyno, rows in ratios.items():
        slower = sum(weight for ratio, weight in rows if ratio >= 3)
        if slower >= 0.7 * sum(weight for _, weight in rows):
            sick[dyno] = median(ratio for ratio, _ in rows)
    return sick if 0 < len(sick) <= len(lanes) / 2 else {}


def _quartile(values: list[float]) -> float:
    """The lower quartile: what a request takes where nothing is in its way."""
    return sorted(values)[len(values) // 4]
