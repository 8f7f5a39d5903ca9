"""Own time, waiting time and blame by endpoint, and what follows from them: culprits, victims, sick dynos."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

from incidents.analysis.types import Facts

from . import workers as counting
from .lanes import lanes_of
from .model import CUT_MS, SLOW_OWN_MS, WAITED_MS, Job, Run, Typical, better_typical, replay, typical_of

BLAME_FLOOR = 0.05
MISFIT_LIMIT = 0.2


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
    lanes = lanes_of(facts)
    if not lanes:
        return None
    typical = typical_of(lanes)
    source = "boot line" if workers else "data"
    if workers is None:
        workers = counting.estimate(lanes, typical)
    runs = {dyno: replay(jobs, workers, typical) for dyno, jobs in lanes.items()}
    # Own times of requests that never queued are known now; they make better typical times for a second pass.
    typical = better_typical(runs, typical)
    runs = {dyno: replay(jobs, workers, typical) for dyno, jobs in lanes.items()}
    misfit, waited = counting.misfit(runs, typical)
    shares = _blame(runs)
    sick = _sick_dynos(lanes)
    result = Attribution(workers, source, misfit, waited, shares, runs, typical, sick)
    _roles(result)
    return result


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
