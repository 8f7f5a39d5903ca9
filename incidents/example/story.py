"""An invented incident, as the log that Heroku would print: a shop whose export held all dynos after a release.

Deterministic: the same lines every time. Two web dynos with three threads each take requests in the order of arrival;
the router picks dynos at random and answers H12 after 30 s, while the dyno works on.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

APP = "harbour-shop"
START = datetime(2026, 3, 14, 8, 42, tzinfo=UTC)
MINUTES = 44
RELEASE_S = 19 * 60 + 11.0  # v142: the export loads every order line by line
ROLLBACK_S = 36 * 60 + 5.0
RESTART_S = 9.0
DYNOS, THREADS = 2, 3
CUT_S = 30.0
REQUESTS_A_SECOND = 1.6
HOST = "shop.example.com"


@dataclass(frozen=True)
class Endpoint:
    """``slow_s`` is the middle of its own time while v142 runs."""

    method: str
    path: str
    action: str
    weight: float
    own_s: float
    slow_s: float | None = None


ENDPOINTS = (
    Endpoint("GET", "/", "home#index", 22, 0.035),
    Endpoint("GET", "/products/{n}", "products#show", 30, 0.07),
    Endpoint("GET", "/search?q={word}", "search#index", 12, 0.16),
    Endpoint("GET", "/orders", "orders#index", 14, 0.11),
    Endpoint("GET", "/orders/{n}", "orders#show", 9, 0.085),
    Endpoint("POST", "/cart/items", "cart_items#create", 8, 0.06),
    Endpoint("POST", "/checkout", "checkouts#create", 4, 0.24),
    Endpoint("GET", "/reports/{n}/export", "reports#export", 5.5, 0.9, slow_s=36.0),
)
WORDS = ("lamp", "rope", "oilskin", "anchor", "kettle", "map")
Line = tuple[float, str, str]  # seconds after START, source[process], message


@dataclass(frozen=True)
class Served:
    """One request. Times in seconds after START."""

    endpoint: Endpoint
    path: str
    dyno: int
    arrival: float
    start: float
    finish: float
    request_id: str
    client: str


def build() -> bytes:
    """The whole log, as ``heroku logs`` prints it, in order of time."""
    generator = random.Random(20_260_314)  # noqa: S311 - a story, not a secret
    requests = list(_traffic(generator))
    lines = [line for request in requests for line in _request_lines(request)]
    lines += _release(RELEASE_S, 142, "4f1c2ab7") + _rollback(ROLLBACK_S)
    lines += _metrics(requests, generator)
    text = [f"{_stamp(seconds)} {source}: {message}" for seconds, source, message in sorted(lines)]
    return ("\n".join(text) + "\n").encode()


def _traffic(generator: random.Random) -> Iterator[Served]:
    free = [[0.0] * THREADS for _ in range(DYNOS)]  # when each thread is free again
    restarted = {RELEASE_S: False, ROLLBACK_S: False}
    now = 1.0
    while True:
        now += generator.expovariate(REQUESTS_A_SECOND)
        if now > MINUTES * 60 - 1:
            return
        for moment, done in restarted.items():
            if now > moment + RESTART_S and not done:  # new processes know nothing of the old queue
                free, restarted[moment] = [[moment + RESTART_S] * THREADS for _ in range(DYNOS)], True
        endpoint = generator.choices(ENDPOINTS, [one.weight for one in ENDPOINTS])[0]
        is_slow = endpoint.slow_s is not None and RELEASE_S + RESTART_S < now < ROLLBACK_S
        own = generator.lognormvariate(0, 0.3) * ((endpoint.slow_s or 0) if is_slow else endpoint.own_s)
        dyno = generator.randrange(DYNOS)
        start = max(now, heapq.heappop(free[dyno]))
        heapq.heappush(free[dyno], start + own)
        path = endpoint.path.format(n=generator.randrange(1000, 9999), word=generator.choice(WORDS))
        yield Served(
            endpoint, path, dyno + 1, now, start, start + own, f"{generator.getrandbits(128):032x}",
            f"203.0.113.{generator.randrange(2, 250)}",
        )  # fmt: skip


def _request_lines(request: Served) -> list[Line]:
    service_ms = round((request.finish - request.arrival) * 1000)
    timed_out = service_ms > CUT_S * 1000
    end = request.arrival + min(service_ms / 1000, CUT_S)
    identity = (
        f'method={request.endpoint.method} path="{request.path}" host={HOST} request_id={_uuid(request.request_id)} '
        f'fwd="{request.client}" dyno=web.{request.dyno} connect=1ms'
    )
    if timed_out:
        outcome = (
            f'at=error code=H12 desc="Request timeout" {identity} service=30000ms status=503 bytes=0 protocol=https'
        )
    else:
        status, size = (201, 180) if request.endpoint.method == "POST" else (200, 2048 + service_ms % 9000)
        outcome = f"at=info {identity} service={service_ms}ms status={status} bytes={size} protocol=https"
    lines: list[Line] = [(end, "heroku[router]", outcome)]
    killed = next(
        (moment for moment in (RELEASE_S, ROLLBACK_S) if request.arrival < moment + RESTART_S < request.finish), None
    )
    if killed is None and request.finish < MINUTES * 60:
        own_ms = (request.finish - request.start) * 1000
        view, database = own_ms * 0.1, own_ms * 0.85
        controller, action = request.endpoint.action.split("#")
        lines.append((
            request.finish + 0.001, f"app[web.{request.dyno}]",
            f"method={request.endpoint.method} path={request.path.split('?')[0]} format=html "
            f"controller={controller.title().replace('_', '')}Controller action={action} status=200 "
            f"duration={own_ms:.2f} view={view:.2f} db={database:.2f} request_id={_uuid(request.request_id)}",
        ))  # fmt: skip
    return lines


def _release(at: float, version: int, commit: str) -> list[Line]:
    """A deploy: the build, the release, and every dyno restarting."""
    return [
        (at - 74, "app[api]", "Build started by user ana@example.com"),
        (at - 0.6, "app[api]", f"Deploy {commit} by user ana@example.com"),
        (at - 0.6, "app[api]", f"Release v{version} created by user ana@example.com"),
        (at + 0.4, "app[api]", "Build succeeded"),
        *_restarts(at),
    ]


def _rollback(at: float) -> list[Line]:
    return [
        (at - 1.1, "app[api]", "Rollback to v141 by user ben@example.com"),
        (at - 1.1, "app[api]", "Release v143 created by user ben@example.com"),
        *_restarts(at),
    ]


def _restarts(at: float) -> list[Line]:
    lines: list[Line] = []
    for dyno in range(1, DYNOS + 1):
        manager, app, shift = f"heroku[web.{dyno}]", f"app[web.{dyno}]", dyno * 0.21
        lines += [
            (at + shift, manager, "Restarting"),
            (at + shift + 0.01, manager, "State changed from up to starting"),
            (at + shift + 0.9, manager, "Stopping all processes with SIGTERM"),
            (at + shift + 1.0, app, "- Gracefully stopping, waiting for requests to finish"),
            (at + shift + 2.9, manager, "Process exited with status 143"),
            (at + shift + 3.4, manager, "Starting process with command `bundle exec puma -C config/puma.rb`"),
            (at + shift + 6.2, app, "Puma starting in single mode..."),
            (at + shift + 6.2, app, f"*  Min threads: {THREADS}"),
            (at + shift + 6.2, app, f"*  Max threads: {THREADS}"),
            (at + shift + 7.6, app, f"* Listening on http://0.0.0.0:{31_240 + dyno}"),
            (at + shift + 8.1, manager, "State changed from starting to up"),
        ]
    return lines


def _metrics(requests: list[Served], generator: random.Random) -> list[Line]:
    """Runtime metrics every 20 s. Exports take memory, up to a level well below the quota: it is not the cause."""
    lines: list[Line] = []
    exports = [request for request in requests if request.endpoint.slow_s]
    for dyno in range(1, DYNOS + 1):
        names = {moment: f"{generator.getrandbits(128):032x}" for moment in (0.0, RELEASE_S, ROLLBACK_S)}
        for step in range(MINUTES * 3):
            now = step * 20 + 4.0 + dyno
            since = max(moment for moment in names if moment <= now)
            done = sum(one.dyno == dyno and since <= one.arrival <= now for one in exports)
            grown = 120 * (1 - math.exp(-done / (6 if since == RELEASE_S else 60)))
            memory = 288 + 11 * dyno + grown + generator.uniform(-3, 3)
            load = 0.2 + (2.3 if since == RELEASE_S and done else 0.3) * generator.uniform(0.7, 1.2)
            manager, identity = f"heroku[web.{dyno}]", f"source=web.{dyno} dyno=heroku.90210001.{_uuid(names[since])}"
            lines.append(
                (now, manager, f"{identity} sample#load_avg_1m={load:.2f} sample#load_avg_5m={load * 0.8:.2f}")
            )
            lines.append((
                now + 0.02, manager,
                f"{identity} sample#memory_total={memory:.2f}MB sample#memory_rss={memory - 4:.2f}MB "
                f"sample#memory_cache=4.00MB sample#memory_swap=0.00MB sample#memory_pgpgin={step * 911}pages "
                f"sample#memory_pgpgout={step * 640}pages sample#memory_quota=512.00MB",
            ))  # fmt: skip
    return lines


def _stamp(seconds: float) -> str:
    return (START + timedelta(microseconds=round(seconds * 1e6))).isoformat(timespec="microseconds")


def _uuid(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
