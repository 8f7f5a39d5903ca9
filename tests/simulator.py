"""A Heroku app with a hidden truth: writes router lines as the platform would, and keeps what really happened.

The router sends each request to a random dyno. A dyno has W workers and one queue. The router answers H12 after 30 s
without a byte; the dyno neither knows nor stops. Own times are lognormal, arrivals Poisson; everything is seeded.
"""

from __future__ import annotations

import heapq
import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
CUT_S = 30.0


@dataclass(frozen=True)
class Endpoint:
    """``slow_ms`` replaces ``own_ms`` from ``slow_from_s`` on."""

    path: str
    weight: float
    own_ms: float
    spread: float = 0.35  # sigma of the lognormal
    slow_ms: float | None = None
    slow_from_s: float = 0.0
    method: str = "GET"


@dataclass(frozen=True)
class Scenario:
    endpoints: tuple[Endpoint, ...]
    seed: int = 1
    dynos: int = 3
    workers: int = 2
    load: float = 0.5  # share of all workers that is busy on average, before queueing; used when rate is None
    rate: float | None = None  # requests a second
    seconds: float = 900.0
    discipline: str = "fifo"  # fifo, random or lifo: who is taken from the queue
    jitter_ms: float = 0.0
    loss: float = 0.0
    sick: dict[int, float] = field(default_factory=dict)  # dyno number -> factor
    router2: bool = True


@dataclass
class Truth:
    """One request as it really was. Times in seconds from `START`."""

    endpoint: Endpoint
    dyno: int
    arrival: float
    start: float
    finish: float

    @property
    def timed_out(self) -> bool:
        return self.finish - self.arrival > CUT_S

    @property
    def answered(self) -> float:
        return min(self.finish, self.arrival + CUT_S)

    @property
    def waited(self) -> float:
        return min(self.start, self.answered) - self.arrival


def simulate(scenario: Scenario) -> list[Truth]:
    """What really happened, by time of arrival."""
    rng = random.Random(scenario.seed)
    total = sum(endpoint.weight for endpoint in scenario.endpoints)
    mean = sum(e.weight / total * _mean_ms(e) for e in scenario.endpoints) / 1000
    rate = scenario.rate or scenario.load * scenario.dynos * scenario.workers / mean
    lanes: list[list[tuple[float, Endpoint]]] = [[] for _ in range(scenario.dynos)]
    at = 0.0
    weights = [endpoint.weight for endpoint in scenario.endpoints]
    while (at := at + rng.expovariate(rate)) < scenario.seconds:
        endpoint = rng.choices(scenario.endpoints, weights)[0]
        lanes[rng.randrange(scenario.dynos)].append((at, endpoint))
    done = [truth for dyno, lane in enumerate(lanes, 1) for truth in _serve(scenario, rng, dyno, lane)]
    return sorted(done, key=lambda truth: truth.arrival)


def _mean_ms(endpoint: Endpoint) -> float:
    return (endpoint.slow_ms or endpoint.own_ms) * math.exp(endpoint.spread**2 / 2)


def _own_s(scenario: Scenario, rng: random.Random, endpoint: Endpoint, dyno: int, at: float) -> float:
    slow = endpoint.slow_ms is not None and at >= endpoint.slow_from_s
    middle = endpoint.slow_ms if slow and endpoint.slow_ms else endpoint.own_ms
    return middle * math.exp(rng.gauss(0, endpoint.spread)) / 1000 * scenario.sick.get(dyno, 1.0)


def _serve(scenario: Scenario, rng: random.Random, dyno: int, lane: list[tuple[float, Endpoint]]) -> list[Truth]:
    free = [0.0] * scenario.workers
    waiting: list[tuple[float, Endpoint]] = []
    done: list[Truth] = []
    taken_in = 0
    while taken_in < len(lane) or waiting:
        if taken_in < len(lane) and (lane[taken_in][0] <= min(free) or not waiting):
            waiting.append(lane[taken_in])
            taken_in += 1
            continue
        pick = {"fifo": 0, "lifo": len(waiting) - 1, "random": rng.randrange(len(waiting))}[scenario.discipline]
        came, taken = waiting.pop(pick)
        heapq.heapify(free)
        start = max(heapq.heappop(free), came)
        finish = start + _own_s(scenario, rng, taken, dyno, came)
        heapq.heappush(free, finish)
        done.append(Truth(taken, dyno, came, start, finish))
    return done


def stamp(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


def router_line(truth: Truth, *, seconds: float | None = None, router2: bool = True, number: int = 0) -> str:
    """One line as the router prints it when it lets go of the request."""
    service = round((truth.answered - truth.arrival) * 1000)
    at, status = ('at=error code=H12 desc="Request timeout"', 503) if truth.timed_out else ("at=info", 200)
    tail = "protocol=http1.1 tls=true tls_version=tls1.3" if router2 else "protocol=https"
    when = truth.answered if seconds is None else seconds
    return (
        f"{stamp(when)} heroku[router]: {at} method={truth.endpoint.method} "
        f'path="{truth.endpoint.path}" host=shop.example.com request_id=00000000-0000-4000-8000-{number:012d} '
        f'fwd="203.0.113.{number % 250 + 1}" dyno=web.{truth.dyno} connect=0ms service={service}ms '
        f"status={status} bytes={0 if truth.timed_out else 512} {tail}"
    )


def write_log(scenario: Scenario, done: list[Truth]) -> str:
    """The router's lines in order of their time, after jitter and losses."""
    rng = random.Random(scenario.seed + 7919)
    lines = []
    for number, truth in enumerate(done):
        if rng.random() < scenario.loss:
            continue
        when = truth.answered + (rng.uniform(-1, 1) * scenario.jitter_ms / 1000 if scenario.jitter_ms else 0.0)
        lines.append((when, router_line(truth, seconds=when, router2=scenario.router2, number=number)))
    return "".join(line + "\n" for _, line in sorted(lines))
