"""The words of the invented log: one function per writer. Each returns messages of the moment as (process, message)."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.generate import Log

Messages = list[tuple[str, str]]

HOSTS = ("shop-3f2a9c1b7d6e.herokuapp.com", "www.example.com", "api.example.com")
DYNOS = tuple(f"web.{number}" for number in range(1, 9))
WORKERS = ("worker.1", "worker.2")
IDS = {
    dyno: f"heroku.2808254.d97d0ea7-cf3d-411b-b453-d2943a50b4{number:02x}"
    for number, dyno in enumerate(DYNOS + WORKERS)
}
AGENTS = ("curl/8.5.0", "ExampleBot/2.1 (+https://example.com/bot)", "Mozilla/5.0 (X11; Linux x86_64)")
PEOPLE = ("ana@example.com", "ben@example.com", "chen@example.com")
TAILS = ("protocol=https", "protocol=http1.1 tls=true tls_version=tls1.3", "protocol=http2.0 tls=true tls_version=tls1.3",
         "protocol=http1.1 tls=true tls_version=unknown", "protocol=http")  # fmt: skip
RESOURCES = ("orders", "users", "items", "carts", "invoices", "reports", "messages", "projects", "tasks", "teams", "photos",
             "events", "tickets", "products", "sessions", "payments")  # fmt: skip
ACTIONS = ("", "/edit", "/comments", "/history", "/export", "/status")
STATIC = ("/", "/health", "/login", "/logout", "/favicon.ico", "/robots.txt", "/assets/app-4f1c2d3e.js", "/api/v1/ping",
          "/search?q=red%20shoes&page=2", "/search?q=größe", "/wp-login.php", "/api/World English Bible/books",
          "/track?service=99999ms&status=500", "/odd?note=status=500 service=99999ms dyno=web.99")  # fmt: skip
VERBS = ("GET",) * 14 + ("POST",) * 4 + ("PUT", "PATCH", "DELETE", "HEAD")
STATUSES = (200,) * 40 + (304, 302, 201, 204, 404, 422)
TITLES = {"H10": "App crashed", "H12": "Request timeout", "H13": "Connection closed without response",
          "H14": "No web processes running", "H18": "Server Request Interrupted", "H27": "Client Request Interrupted"}  # fmt: skip
SLOW_PATH = "/reports/{}/export"
TRACES: tuple[tuple[str, ...], ...] = (
    ('Traceback (most recent call last):', '  File "/app/shop/views.py", line 88, in checkout', "    charge(cart, token)",
     '  File "/app/shop/pay.py", line 31, in charge', "    response = session.post(URL, json=body, timeout=20)",
     "requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='pay.example.com', port=443): Read timed out. (read timeout=20)"),
    ("NoMethodError (undefined method `total' for nil:NilClass):", "  ", "app/models/order.rb:41:in `sum'",
     "app/controllers/orders_controller.rb:17:in `show'"),
    ("Error: connect ECONNREFUSED 192.0.2.17:6379", "    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1595:16) {",
     "  errno: -111,", "  code: 'ECONNREFUSED',", "  syscall: 'connect',", "}"),
    ('java.lang.IllegalStateException: Cart is closed', "\tat com.example.shop.Cart.add(Cart.java:52)",
     "\tat com.example.shop.Api.post(Api.java:131)", "\t... 23 more"),
    ("panic: runtime error: index out of range [3] with length 3", "", "goroutine 71 [running]:",
     "main.render(0xc0000b6000, 0x3)", "\t/app/main.go:62 +0x1d"),
    ("PHP Fatal error:  Uncaught TypeError: count(): Argument #1 must be of type Countable in /app/src/Cart.php:29",
     "Stack trace:", "#0 /app/public/index.php(14): Cart->size()", "#1 {main}", "  thrown in /app/src/Cart.php on line 29"),
)  # fmt: skip
CRASH = ("Error: Cannot find module 'left-pad'", "Require stack:", "- /app/server.js", "    at Module._load (node:internal/modules/cjs/loader:1021:27)",
         "npm error code 1")  # fmt: skip


def request_id(random: Random) -> str:
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def number(random: Random) -> int:
    """An id: few are asked for often, many seldom."""
    return int(random.paretovariate(0.35)) % 2_000_000 + 1


def path(random: Random) -> str:
    draw = random.random()
    if draw < 0.18:
        return random.choice(STATIC)
    resource = RESOURCES[int(len(RESOURCES) * random.random() ** 2)]
    if draw < 0.30:
        return f"/{resource}"
    if draw < 0.40:
        return f"/{resource}?page={number(random)}&sort=new"
    if draw < 0.44:
        return f"/{resource}/{request_id(random)}"
    return f"/{resource}/{number(random)}{ACTIONS[int(len(ACTIONS) * random.random() ** 3)]}"


def forwarded(random: Random) -> str:
    last = f"203.0.113.{random.getrandbits(8)}"
    draw = random.random()
    if draw < 0.8:
        return last
    if draw < 0.9:
        return f"198.51.100.{random.getrandbits(8)}, {last}"
    return f"192.0.2.{random.getrandbits(8)},2001:db8::{random.getrandbits(12):x}" if draw < 0.95 else "2001:db8::15"


def router(log: Log, random: Random) -> str:
    verb, target, dyno = random.choice(VERBS), path(random), random.choice(DYNOS)
    host, tail, draw = HOSTS[int(random.random() * 3)], TAILS[int(random.random() ** 2 * 5)], random.random()
    rest = f'host={host} request_id={request_id(random)} fwd="{forwarded(random)}"'
    if log.is_down:
        code = "H10" if draw < 0.9 else "H14"
        empty = (
            "connect=0ms service=0ms status=503 bytes=567" if "tls" in tail else "connect= service= status=503 bytes="
        )
        return f'at=error code={code} desc="{TITLES[code]}" method={verb} path="{target}" {rest} dyno= {empty} {tail}'
    if log.is_slow and draw < 0.06:
        taken = int(random.gauss(21_000, 6_000))
        slow = f'method=GET path="{SLOW_PATH.format(number(random))}" {rest} dyno={dyno} connect=1ms'
        if taken >= 30_000:
            return f'at=error code=H12 desc="{TITLES["H12"]}" {slow} service={30_000 + taken % 9}ms status=503 bytes=0 {tail}'
        return f"at=info {slow} service={max(taken, 900)}ms status=200 bytes={number(random)} {tail}"
    service = int(random.lognormvariate(4.0 + (2.0 if log.is_slow else 0.0) * random.random(), 0.9)) + 1
    asked = f'method={verb} path="{target}" {rest} dyno={dyno} connect={int(draw * 3)}ms service={service}ms'
    if draw > 0.9985:
        code = ("H13", "H18", "H27")[int((draw - 0.9985) * 2000)]
        at, status, size = ("warning", 499, "") if code == "H27" else ("error", 503, 0)
        sock = {"H18": "sock=backend ", "H27": "sock=client "}.get(code, "")
        return f'{sock}at={at} code={code} desc="{TITLES[code]}" {asked} status={status} bytes={size} {tail}'
    status = 500 if draw > 0.997 else STATUSES[int(random.random() * len(STATUSES))]
    return f"at=info {asked} status={status} bytes={int(draw * 90_000)} {tail}"


def output(log: Log, random: Random) -> Messages:
    """What dynos print."""
    draw = random.random()
    dyno = f"app[{random.choice(DYNOS)}]"
    if draw < 0.004:
        return [(dyno, line) for line in random.choice(TRACES)]
    if draw < 0.16:
        job, worker = request_id(random), f"app[{random.choice(WORKERS)}]"
        if draw < 0.08:
            return [(worker, f"[2026-03-14 09:00:00,123: INFO/ForkPoolWorker-{random.getrandbits(2)}] Task shop.tasks.mail[{job}] "
                             f"succeeded in {random.random() * 4:.6f}s: None")]  # fmt: skip
        return [(worker, f"pid=4 tid=oqz class=MailJob jid={job[:24]} elapsed={random.random() * 9:.3f} INFO: done")]
    if draw < 0.34:
        return [(dyno, f'{{"level":"info","msg":"request completed","method":"GET","path":"{path(random)}","status":200,'
                       f'"duration_ms":{random.random() * 300:.2f},"request_id":"{request_id(random)}"}}')]  # fmt: skip
    if draw < 0.56:
        return [(dyno, f"method=GET path=/{random.choice(RESOURCES)}/{number(random)} format=html controller=OrdersController action=show "
                       f"status=200 duration={random.random() * 200:.2f} view={random.random() * 90:.2f} db={random.random() * 50:.2f}")]  # fmt: skip
    if draw < 0.78:
        return [(dyno, f'203.0.113.{random.getrandbits(8)} - - [14/Mar/2026:09:00:00 +0000] "GET /{random.choice(RESOURCES)} HTTP/1.1" '
                       f'200 {number(random)} "-" "{random.choice(AGENTS)}"')]  # fmt: skip
    if draw < 0.9:
        return [
            (
                dyno,
                f"[{request_id(random)}] Completed 200 OK in {int(draw * 300)}ms (Views: 12.3ms | ActiveRecord: {draw * 40:.1f}ms)",
            )
        ]
    if draw < 0.95:
        return [
            (
                dyno,
                f"source=rack-timeout id={request_id(random)} timeout=20000ms service={int(draw * 900)}ms state=completed at=info",
            )
        ]
    if draw < 0.97:
        return [(dyno, f"Grüße aus München: Bestellung {number(random)} für 25 € bezahlt ✓ — 注文が確定しました")]
    return [(dyno, f"cache hit ratio={draw:.3f} keys={number(random)} status=warm path=/cache")]


def runtime_metrics(random: Random, leak: float) -> Messages:
    dyno = random.choice(DYNOS + WORKERS)
    total = 260 + random.random() * 60 + (420 * leak if dyno == "web.3" else 0.0)
    head = f"source={dyno} dyno={IDS[dyno]}"
    swap, rss = max(0.0, total - 512), min(total, 512.0)
    said = [
        (f"heroku[{dyno}]", f"{head} sample#load_avg_1m={random.random() * 3:.2f} sample#load_avg_5m={random.random() * 2:.2f} sample#load_avg_15m=0.99"),
        (f"heroku[{dyno}]", f"{head} sample#memory_total={total:.2f}MB sample#memory_rss={rss:.2f}MB sample#memory_cache=0.00MB "
                            f"sample#memory_swap={swap:.2f}MB sample#memory_pgpgin={number(random)}pages sample#memory_pgpgout={number(random)}pages "
                            f"sample#memory_quota=512.00MB"),
    ]  # fmt: skip
    if total > 512:
        said += [(f"heroku[{dyno}]", f"Process running mem={total:.0f}M({total / 5.12:.1f}%)"),
                 (f"heroku[{dyno}]", "Error R14 (Memory quota exceeded)")]  # fmt: skip
    return said


def data_metrics(random: Random) -> Messages:
    size = 4_482_183_583 + number(random)
    return [
        ("app[heroku-postgres]", f"source=DATABASE addon=postgresql-flat-02648 sample#current_transaction={number(random)} sample#db_size={size}bytes "
                                 f"sample#tables=41 sample#active-connections={20 + random.getrandbits(3)} sample#waiting-connections=0 "
                                 f"sample#index-cache-hit-rate=0.99723 sample#load-avg-1m={random.random():.3f} sample#read-iops={random.random() * 40:.3f} "
                                 f"sample#memory-total=16085852kB sample#memory-free={200_000 + number(random)}kB sample#wal-percentage-used=0.0692420374380985"),
        ("app[heroku-redis]", f"source=REDIS addon=redis-round-01234 sample#active-connections={random.getrandbits(4)} sample#load-avg-1m=0.1 "
                              f"sample#memory-redis={number(random)}bytes sample#hit-rate=0.25561 sample#evicted-keys=0"),
    ]  # fmt: skip


def platform(log: Log, random: Random) -> Messages:
    """Releases, crashes, cycling, Postgres: seldom anything."""
    turn = log.at_us // 1_000_000 // log.round_s + 1
    if log.is_slow and log.events["release"] < turn:
        log.events["release"] = turn
        return release(log, random)
    if log.is_down and random.random() < 0.01:
        return crash(random.choice(DYNOS))
    if random.random() < 0.002:
        return postgres(random)
    if random.random() < 0.001:
        return restart(random.choice(DYNOS), "Cycling")
    return []


def release(log: Log, random: Random) -> Messages:
    log.release += 1
    who = random.choice(PEOPLE)
    said = [("app[api]", f"Build started by user {who}"), ("app[api]", "Build succeeded"),
            ("app[api]", f"Deploy {random.getrandbits(32):08x} by user {who}"),
            ("app[api]", f"Release v{log.release} created by user {who}")]  # fmt: skip
    for dyno in DYNOS:
        said += restart(dyno, "Restarting")
    return said


def restart(dyno: str, why: str) -> Messages:
    heroku, app = f"heroku[{dyno}]", f"app[{dyno}]"
    return [
        (heroku, why), (heroku, "State changed from up to starting"), (heroku, "Stopping all processes with SIGTERM"),
        (app, "[4] [INFO] Handling signal: term"), (app, "[4] [INFO] Shutting down: Master"), (heroku, "Process exited with status 143"),
        (heroku, "Starting process with command `gunicorn shop.wsgi --workers 3 --log-file -`"),
        (app, "[4] [INFO] Starting gunicorn 23.0.0"), (app, "[4] [INFO] Listening at: http://0.0.0.0:34211 (4)"),
        (app, "[9] [INFO] Booting worker with pid: 9"), (app, "[10] [INFO] Booting worker with pid: 10"),
        (app, "[11] [INFO] Booting worker with pid: 11"), (heroku, "State changed from starting to up"),
    ]  # fmt: skip


def crash(dyno: str) -> Messages:
    heroku, app = f"heroku[{dyno}]", f"app[{dyno}]"
    return [(heroku, "Starting process with command `npm start`"), *((app, line) for line in CRASH),
            (heroku, "Process exited with status 1"), (heroku, "State changed from starting to crashed"),
            (heroku, "State changed from crashed to starting")]  # fmt: skip


def postgres(random: Random) -> Messages:
    who, draw = "app[postgres.1105947]", random.random()
    head = f"[DATABASE] [{random.getrandbits(6)}-1]  sql_error_code = "
    if draw < 0.6:
        return [(who, f"{head}00000 LOG:  duration: {2000 + draw * 4000:.3f} ms  statement: SELECT")]
    if draw < 0.9:
        return [(who, f"{head}00000 LOG:  checkpoint complete: wrote {number(random)} buffers (0.1%)")]
    return [(who, f'{head}23505 ERROR:  duplicate key value violates unique constraint "orders_pkey"')]
