"""Incidents by family, with the truth: logs as the platform prints them around one known cause, varied by a seed.

Every family returns the text of a log and the slug that a right diagnosis puts first, or "healthy".
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

from tests import simulator
from tests.simulator import Endpoint, Scenario, stamp

Case = tuple[str, str]
Line = tuple[float, str]
SHOP = (
    Endpoint("/home", 10, 60),
    Endpoint("/search", 5, 180),
    Endpoint("/cart", 4, 120),
    Endpoint("/orders/1042", 3, 90),
)


def _log(lines: list[Line]) -> str:
    return "".join(f"{stamp(at)} {text}\n" for at, text in sorted(lines, key=lambda line: line[0]))


def traffic(seed: int, seconds: float = 300, load: float = 0.2, endpoints: tuple[Endpoint, ...] = SHOP) -> list[Line]:
    """Router lines of a quiet app on web.1 and web.2."""
    scenario = Scenario(endpoints, seed, dynos=2, workers=3, load=load, seconds=seconds)
    text = simulator.write_log(scenario, simulator.simulate(scenario))
    start = simulator.START.timestamp()
    found = []
    for line in text.split("\n")[:-1]:
        when, rest = line.split(" ", 1)
        found.append((datetime.fromisoformat(when).timestamp() - start, rest))
    return found


def failed(at: float, code: str, title: str, path: str = "/", service: str = "0ms", dyno: str = "") -> Line:
    return at, (
        f'heroku[router]: at=error code={code} desc="{title}" method=GET path="{path}" host=shop.example.com '
        f'request_id=00000000-0000-4000-9000-{int(at * 1000):012d} fwd="203.0.113.9" dyno={dyno} connect=0ms '
        f"service={service} status=503 bytes=567 protocol=http1.1 tls=true tls_version=tls1.3"
    )


def release(at: float, version: int) -> list[Line]:
    return [
        (at, f"app[api]: Deploy 3f9a{version:04d} by user ana@example.com"),
        (at, f"app[api]: Release v{version} created by user ana@example.com"),
        *[
            line
            for dyno in ("web.1", "web.2")
            for line in (
                (at + 1, f"heroku[{dyno}]: Restarting"),
                (at + 1.1, f"heroku[{dyno}]: State changed from up to starting"),
                (at + 2, f"heroku[{dyno}]: Stopping all processes with SIGTERM"),
                (at + 2.5, f"heroku[{dyno}]: Process exited with status 143"),
            )
        ],
    ]


def started(at: float, dyno: str = "web.1", command: str = "gunicorn shop.wsgi") -> list[Line]:
    return [(at, f"heroku[{dyno}]: Starting process with command `{command}`")]


def crash(at: float, dyno: str, output: list[str], status: int = 1, command: str = "gunicorn shop.wsgi") -> list[Line]:
    """A process that prints its last words while starting, and dies."""
    words = [(at + 2 + index / 100, f"app[{dyno}]: {text}") for index, text in enumerate(output)]
    end = at + 3 + len(output) / 100
    return [
        *started(at, dyno, command),
        *words,
        (end, f"heroku[{dyno}]: Process exited with status {status}"),
        (end + 0.03, f"heroku[{dyno}]: State changed from starting to crashed"),
    ]


def _boot_failure(
    seed: int, output: list[str], slug: str, status: int = 1, command: str = "gunicorn shop.wsgi"
) -> Case:
    rng = random.Random(seed)
    at = 120 + rng.uniform(0, 60)
    lines = [line for line in traffic(seed, 300) if line[0] < at]
    lines += release(at, 40 + seed % 50)
    for dyno in ("web.1", "web.2"):
        for again in (4, 20):
            lines += crash(at + again + rng.random(), dyno, output, status, command)
    lines += [failed(at + 30 + number + rng.random(), "H10", "App crashed") for number in range(5 + seed % 7)]
    return _log(lines), slug


def missing_module(seed: int) -> Case:
    name = ("requests", "redis", "stripe", "boto3")[seed % 4]
    output = [
        "Traceback (most recent call last):",
        '  File "/app/.heroku/python/lib/python3.12/site-packages/gunicorn/arbiter.py", line 608, in spawn_worker',
        '  File "/app/shop/wsgi.py", line 7, in <module>',
        f"    import {name}",
        f"ModuleNotFoundError: No module named '{name}'",
    ]
    return _boot_failure(seed, output, "missing-dependency", 3)


def missing_package_of_node(seed: int) -> Case:
    name = ("express", "dotenv", "pg", "cors")[seed % 4]
    output = [
        "node:internal/modules/cjs/loader:1148",
        "  throw err;",
        f"Error: Cannot find module '{name}'",
        "Require stack:",
        "- /app/server.js",
        "    at Module._resolveFilename (node:internal/modules/cjs/loader:1145:15)",
        "    at Object.<anonymous> (/app/server.js:1:17) {",
        "  code: 'MODULE_NOT_FOUND',",
        "}",
    ]
    return _boot_failure(seed, output, "missing-dependency", 1, "node server.js")


def typing_error(seed: int) -> Case:
    output = [
        "Traceback (most recent call last):",
        f'  File "/app/shop/views.py", line {10 + seed}',
        "    def index(request)",
        "                      ^",
        "SyntaxError: expected ':'",
    ]
    return _boot_failure(seed, output, "syntax-or-import-error", 3)


def unknown_command(seed: int) -> Case:
    return _boot_failure(
        seed, ["bash: line 1: uvicorm: command not found"], "bad-start-command", 127, "uvicorm shop:app"
    )


def database_refused(seed: int) -> Case:
    output = [
        'psycopg2.OperationalError: connection to server at "198.51.100.7", port 5432 failed: Connection refused',
        "\tIs the server running on that host and accepting TCP/IP connections?",
    ]
    return _boot_failure(seed, output, "db-connection-failure", 1)


def fixed_port(seed: int) -> Case:
    rng = random.Random(seed)
    lines = [*started(0, "web.1", "node server.js"), (3 + rng.random(), "app[web.1]: Server listening on port 3000")]
    lines += [
        (
            60.2,
            "heroku[web.1]: Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 60 seconds of launch",
        ),
        (60.3, "heroku[web.1]: Stopping process with SIGKILL"),
        (60.5, "heroku[web.1]: Process exited with status 137"),
        (60.6, "heroku[web.1]: State changed from starting to crashed"),
    ]
    lines += [failed(62 + number, "H10", "App crashed") for number in range(3 + seed % 5)]
    return _log(lines), "port-binding"


def slow_endpoint(seed: int) -> Case:
    export = Endpoint("/reports/7/export", 0.3, 11_000)
    scenario = Scenario((*SHOP, export), seed, dynos=2, workers=2, load=0.6, seconds=400)
    return simulator.write_log(scenario, simulator.simulate(scenario)), "slow-endpoint"


def slow_since_release(seed: int) -> Case:
    export = Endpoint("/reports/7/export", 0.3, 300, slow_ms=11_000, slow_from_s=200)
    scenario = Scenario((*SHOP, export), seed, dynos=2, workers=2, load=0.6, seconds=500)
    text = f"{stamp(195)} app[api]: Release v{seed + 20} created by user ana@example.com\n"
    return text + simulator.write_log(scenario, simulator.simulate(scenario)), "slow-endpoint"


def overload(seed: int) -> Case:
    scenario = Scenario(SHOP, seed, dynos=2, workers=2, load=1.2, seconds=200)
    return simulator.write_log(scenario, simulator.simulate(scenario)), "request-queueing"


def sick_dyno(seed: int) -> Case:
    scenario = Scenario(SHOP, seed, dynos=4, workers=3, load=0.1, seconds=200, sick={2: 60.0})
    return simulator.write_log(scenario, simulator.simulate(scenario)), "sick-dyno"


def leak(seed: int) -> Case:
    rng = random.Random(seed)
    slope = rng.uniform(40, 90)  # MB an hour
    lines = traffic(seed, 600)
    for sample in range(0, 4 * 180):  # four hours, every 20 s
        at = sample * 20.0
        used = 250 + slope * at / 3600 + rng.gauss(0, 4)
        who = "heroku[web.1]: source=web.1 dyno=heroku.1.7c1d5f2a-0000-4000-8000-000000000001"
        lines.append(
            (at, f"{who} sample#memory_total={used:.2f}MB sample#memory_rss={used:.2f}MB sample#memory_quota=512.00MB")
        )
        if used > 512:
            lines.append((at + 0.1, f"heroku[web.1]: Process running mem={used:.0f}M({used / 5.12:.1f}%)"))
            lines.append((at + 0.11, "heroku[web.1]: Error R14 (Memory quota exceeded)"))
    if 250 + slope * 4 < 530:
        return leak(seed + 1000)
    return _log(lines), "memory-leak"


def over_quota(seed: int) -> Case:
    rng = random.Random(seed)
    lines = traffic(seed, 300)
    for at in range(60, 300, 20):
        used = rng.uniform(520, 590)
        lines.append((at, f"heroku[web.1]: Process running mem={used:.0f}M({used / 5.12:.1f}%)"))
        lines.append((at + 0.01, "heroku[web.1]: Error R14 (Memory quota exceeded)"))
    return _log(lines), "memory-quota"


def connection_limit(seed: int) -> Case:
    rng = random.Random(seed)
    lines = traffic(seed, 300)
    for _ in range(8):
        at = rng.uniform(100, 280)
        lines.append((at, 'app[web.1]: psycopg2.OperationalError: FATAL:  too many connections for role "u7example"'))
        lines.append(
            (at + 0.05, failed(at, "X", "x")[1].replace('at=error code=X desc="x"', "at=info").replace("status=503", "status=500")
             .replace("dyno= ", "dyno=web.1 ").replace("service=0ms", "service=44ms"))
        )  # fmt: skip
    return _log(lines), "db-connection-limit"


def redis_gone(seed: int) -> Case:
    lines = traffic(seed, 300)
    for number in range(6):
        at = 100 + number * 9 + seed % 5
        text = "redis.exceptions.ConnectionError: Error 111 connecting to 198.51.100.9:6379. Connection refused."
        lines.append((at, f"app[web.1]: {text}"))
        lines.append(
            (at + 0.05, failed(at, "X", "x")[1].replace('at=error code=X desc="x"', "at=info").replace("status=503", "status=500")
             .replace("dyno= ", "dyno=web.1 ").replace("service=0ms", "service=44ms"))
        )  # fmt: skip
    return _log(lines), "redis-connection-failure"


def heap_full(seed: int) -> Case:
    at = 150 + seed % 20
    lines = [line for line in traffic(seed, 300) if line[0] < at]
    lines += [
        (at, "app[web.1]: <--- Last few GCs --->"),
        (at + 0.1, "app[web.1]: FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"),
        (at + 0.6, "heroku[web.1]: Process exited with status 134"),
        (at + 0.7, "heroku[web.1]: State changed from up to crashed"),
    ]
    lines += [failed(at + 2 + number, "H10", "App crashed") for number in range(4)]
    return _log(lines), "heap-out-of-memory"


def no_web(seed: int) -> Case:
    lines = [failed(number * 3.0, "H14", "No web processes running") for number in range(4 + seed % 4)]
    lines.append((-5, "app[api]: Scaled to web@0:Basic worker@1:Basic by user ana@example.com"))
    return _log([(at + 10, text) for at, text in lines]), "no-web-dynos"


def quiet_day(seed: int) -> Case:
    rng = random.Random(seed)
    lines = traffic(seed, 600, load=0.15)
    at = rng.uniform(100, 500)
    lines += [
        (at, "heroku[web.1]: Cycling"),
        (at + 0.1, "heroku[web.1]: State changed from up to starting"),
        (at + 1, "heroku[web.1]: Stopping all processes with SIGTERM"),
        (at + 1.2, "app[web.1]: [2026-03-14 09:05:00 +0000] [2] [INFO] Handling signal: term"),
        (at + 2, "heroku[web.1]: Process exited with status 143"),
        *started(at + 6),
        (at + 12, "heroku[web.1]: State changed from starting to up"),
        (at + 40, 'heroku[router]: at=info method=GET path="/wp-login.php" host=shop.example.com request_id=00000000-0000-4000-a000-'
                  '000000000001 fwd="203.0.113.66" dyno=web.2 connect=0ms service=4ms status=404 bytes=90 protocol=https'),
    ]  # fmt: skip
    return _log(lines), "healthy"


def quiet_deploy(seed: int) -> Case:
    lines = traffic(seed, 600, load=0.15)
    lines += release(200, 30 + seed % 9)
    for dyno in ("web.1", "web.2"):
        lines += started(206, dyno)
        lines.append((213, f"heroku[{dyno}]: State changed from starting to up"))
    return _log(lines), "healthy"


FAMILIES: tuple[Callable[[int], Case], ...] = (
    missing_module, missing_package_of_node, typing_error, unknown_command, database_refused, fixed_port,
    slow_endpoint, slow_since_release, overload, sick_dyno, leak, over_quota, connection_limit, redis_gone, heap_full, no_web,
    quiet_day, quiet_deploy,
)  # fmt: skip
