"""Drains into a running Triage as Logplex does, and says what it takes.

    python benchmarks/drain.py steady --minutes 10 --rate 1000                  the embedded database
    python benchmarks/drain.py steady --minutes 10 --rate 3000 --postgres       a PostgreSQL of its own
    python benchmarks/drain.py flood                                            one of three apps sends ten times its share
    python benchmarks/drain.py faults --minutes 5                               kills, restarts, a store that is away

Everything is real: gunicorn with two processes, two workers, the reaper, a broker, the database with its flushes. The
senders follow Logplex's rules: three tries, five seconds each. Reported: acknowledged lines per second, times of the
answers, how long lines take into the log, resident memory and its slope; after faults, what is missing or doubled.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support import environment  # noqa: E402

environment.prepare()

import psutil  # noqa: E402

from tests.support import drained, postgres  # noqa: E402
from tests.support.broker import Broker  # noqa: E402
from tests.support.logplex import Stream, Tally  # noqa: E402
from tests.support.ports import wait_for  # noqa: E402
from tests.support.stack import Stack  # noqa: E402

SAMPLE_S = 0.5
FLOOD_QUOTA_BYTES = 100_000


class Ground:
    """The running application, and a look at it twice a second."""

    def __init__(self, opened: ExitStack, *, on_postgres: bool) -> None:
        directory = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="triage-drain-")))
        (directory / "broker").mkdir()
        self.broker = opened.enter_context(Broker(directory / "broker"))
        self.cluster: postgres.Cluster | None = None
        self.stack = Stack(directory, self.broker)
        if on_postgres:
            postgres.SETTINGS["fsync"] = "on"  # else nothing of what is measured would be kept
            self.cluster = opened.enter_context(postgres.Cluster())
            self.stack.database_url = postgres.create_database(self.cluster.url(), "drained")
            self.stack.environment["DATABASE_URL"] = self.stack.database_url
        opened.enter_context(self.stack)
        self._start()
        self.memory: list[tuple[float, float]] = []
        self.acknowledged: list[tuple[float, int]] = []
        self.lags: list[float] = []

    def _start(self) -> None:
        """Patiently: much may run beside this."""
        self.stack.manage("migrate", "--noinput")
        self.stack.start_web()
        self.stack.add_worker()
        self.stack.add_worker()
        self.stack.start_reaper()
        wait_for(self.stack.web_answers, "the web process answers", timeout_s=180)

    def watch(self, streams: list[Stream], seconds: float) -> None:
        """Sample until the time is up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            now = time.monotonic()
            self.acknowledged.append((now, sum(len(stream.node.tally.acknowledged) for stream in streams)))
            self.memory.append((now, self._resident_mb()))
            self._note_lag(now)
            time.sleep(max(0.0, SAMPLE_S - (time.monotonic() - now)))

    def _note_lag(self, now: float) -> None:
        """How long ago as many lines were acknowledged as are recorded now."""
        try:
            ((recorded,),) = self.stack.rows(
                "SELECT coalesce(sum(lines), 0) FROM incidents_logsource WHERE kind = 'drain'"
            )
        except Exception:  # the database is away, as it is meant to be
            return
        reached = next((at for at, count in self.acknowledged if count > recorded), now)
        self.lags.append(now - reached)

    def _resident_mb(self) -> float:
        """Proportional memory of web, workers and reaper: pages that they share count once."""
        total = 0
        for part in [self.stack.web, self.stack.reaper, *self.stack.workers]:
            if part is None:
                continue
            try:
                root = psutil.Process(part.pid)
                total += sum(process.memory_full_info().pss for process in [root, *root.children(recursive=True)])
            except psutil.Error:
                continue
        return total / 2**20

    def cpu_s(self) -> float:
        """What web, workers and reaper have used so far: on a busy machine a better measure than the clock."""
        total = 0.0
        for part in [self.stack.web, self.stack.reaper, *self.stack.workers]:
            if part is not None:
                root = psutil.Process(part.pid)
                for process in [root, *root.children(recursive=True)]:
                    times = process.cpu_times()
                    total += times.user + times.system
        return total

    def slope_mb_per_minute(self) -> float:
        """Of the second half, by least squares: the first fills caches."""
        points = self.memory[len(self.memory) // 2 :]
        if len(points) < 2:
            return 0.0
        middle = sum(at for at, _ in points) / len(points)
        mean = sum(size for _, size in points) / len(points)
        spread = sum((at - middle) ** 2 for at, _ in points)
        return 60 * sum((at - middle) * (size - mean) for at, size in points) / spread


def message(label: str, number: int) -> str:
    """Some are short, most are about as long as a router's line; the number makes each its own."""
    text = f"{label} {number:09} GET /orders/{number % 997} 200 in {number % 250} ms"
    return text if number % 3 else f"{text} " + "host=shop.example.com fwd=192.0.2.7 protocol=https " * 4


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def answers_ms(tallies: list[Tally], *, since: float = 0.0) -> dict[str, float]:
    took = [seconds * 1000 for tally in tallies for at, status, seconds in tally.answers if at >= since and status]
    return {name: round(percentile(took, share), 1) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}


def streams_of(ground: Ground, names: list[str], rate: float, lines_per_frame: int) -> list[Stream]:
    return [
        Stream(
            drained.node(ground.stack, name), lines_per_s=rate / len(names), lines_per_frame=lines_per_frame,
            label=name, make=message,
        )
        for name in names
    ]  # fmt: skip


def judged(ground: Ground, names: list[str], tallies: list[Tally]) -> dict[str, Any]:
    """What is missing or doubled, once everything is recorded."""
    took = drained.settled(ground.stack, timeout_s=180)
    whole = Tally(acknowledged=[line for tally in tallies for line in tally.acknowledged])
    missing, doubled = drained.missing_and_doubled(ground.stack, names[0].rpartition("-")[0], whole)
    return {
        "acknowledged_lines": len(whole.acknowledged), "missing": len(missing), "doubled": len(doubled),
        "dropped_lines": sum(len(tally.dropped) for tally in tallies), "settled_s": round(took, 2),
        "retries": sum(tally.retries for tally in tallies),
    }  # fmt: skip


def steady(ground: Ground, options: argparse.Namespace) -> dict[str, Any]:
    names = [f"steady-{number}" for number in range(4)]
    drained.make_drains(ground.stack, names, quota=1 << 30)
    streams = streams_of(ground, names, options.rate, options.lines_per_frame)
    began, cpu_s = time.monotonic(), ground.cpu_s()
    for stream in streams:
        stream.start()
    ground.watch(streams, options.minutes * 60)
    tallies = [stream.finish() for stream in streams]
    seconds = time.monotonic() - began
    found = judged(ground, names, tallies)
    cpu_ms_per_1000 = (ground.cpu_s() - cpu_s) * 1e6 / max(1, found["acknowledged_lines"])
    return found | {
        "lines_per_s": round(found["acknowledged_lines"] / seconds), "answer_ms": answers_ms(tallies),
        "cpu_ms_per_1000_lines": round(cpu_ms_per_1000),
        "lag_s": {name: round(percentile(ground.lags, share), 2) for name, share in (("p50", 0.5), ("p95", 0.95))},
        "memory_mb": {"peak": round(max(size for _, size in ground.memory)), "end": round(ground.memory[-1][1])},
        "slope_mb_per_minute": round(ground.slope_mb_per_minute(), 2),
        "chunks": ground.stack.rows("SELECT count(*) FROM incidents_chunk")[0][0],
    }  # fmt: skip


def flood(ground: Ground, options: argparse.Namespace) -> dict[str, Any]:
    """Two apps send as ever; after a third of the time a third one sends ten times its quota."""
    names = ["flood-one", "flood-two", "flood-three"]
    drained.make_drains(ground.stack, names, quota=FLOOD_QUOTA_BYTES)
    calm = streams_of(ground, names[:2], 400, 20)
    wild = streams_of(ground, names[2:], FLOOD_QUOTA_BYTES * 10 / 150, options.lines_per_frame)
    for stream in calm:
        stream.start()
    ground.watch(calm, options.minutes * 20)
    since = time.monotonic()
    for stream in wild:
        stream.start()
    ground.watch(calm, options.minutes * 40)
    tallies = [stream.finish() for stream in calm]
    wild_tally = wild[0].finish()
    before = [
        seconds * 1000 for tally in tallies for at, status, seconds in tally.answers if at < since and status == 204
    ]
    during = answers_ms(tallies, since=since)
    quiet = round(percentile(before, 0.95), 1)
    return judged(ground, names, [*tallies, wild_tally]) | {
        "others_p95_ms_quiet": quiet, "others_p95_ms_flooded": during["p95"], "ratio": round(during["p95"] / quiet, 2),
        "others_refused": sum(status != 204 for tally in tallies for _, status, _ in tally.answers),
        "flood_refused": sum(status == 429 for _, status, _ in wild_tally.answers),
        "flood_accepted": sum(status == 204 for _, status, _ in wild_tally.answers),
    }  # fmt: skip


def faults(ground: Ground, options: argparse.Namespace) -> dict[str, Any]:
    """Something breaks every few seconds, chosen by a seed; at the end everything must be there once."""
    names = [f"faults-{number}" for number in range(2)]
    drained.make_drains(ground.stack, names, quota=1 << 30)
    streams = streams_of(ground, names, min(options.rate, 400), 20)
    for stream in streams:
        stream.start()
    pick, counts = random.Random(options.seed), dict[str, int]()
    end = time.monotonic() + options.minutes * 60
    while time.monotonic() < end:
        ground.watch(streams, pick.uniform(1, 4))
        name = pick.choice([name for name in FAULTS if ground.cluster or name != "postgres"])
        FAULTS[name](ground)
        counts[name] = counts.get(name, 0) + 1
    wait_for(ground.stack.web_answers, "the web process answers", timeout_s=60)
    ground.watch(streams, 3)
    tallies = [stream.finish() for stream in streams]
    return judged(ground, names, tallies) | {"faults": counts, "answer_ms": answers_ms(tallies)}


def _kill_web(ground: Ground) -> None:
    ground.stack.kill(ground.stack.web)
    ground.stack.start_web()
    wait_for(ground.stack.web_answers, "the web process answers", timeout_s=60)


def _kill_worker(ground: Ground) -> None:
    ground.stack.kill(ground.stack.workers.pop(0))
    ground.stack.add_worker()


def _restart_broker(ground: Ground) -> None:
    ground.broker.kill()
    time.sleep(1)
    ground.broker.start()


def _restart_postgres(ground: Ground) -> None:
    assert ground.cluster is not None
    ground.cluster.kill()
    time.sleep(1)
    ground.cluster.start()


def _away(seconds: float) -> Any:
    def go(ground: Ground) -> None:
        with drained.store_away(ground.stack):
            time.sleep(seconds)

    return go


FAULTS: dict[str, Any] = {
    "web": _kill_web, "worker": _kill_worker, "broker": _restart_broker, "flush": lambda ground: ground.broker.flush(),
    "away 3 s": _away(3), "away 15 s": _away(15), "postgres": _restart_postgres,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("steady", "flood", "faults"))
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--rate", type=float, default=1000, help="lines per second of all drains (default: 1,000)")
    parser.add_argument("--lines-per-frame", type=int, default=50)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, not on the embedded database")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with ExitStack() as opened:
        ground = Ground(opened, on_postgres=options.postgres)
        found = {"steady": steady, "flood": flood, "faults": faults}[options.what](ground, options)
    sys.stdout.write(json.dumps({"what": options.what, "postgres": options.postgres, **found}) + "\n")


if __name__ == "__main__":
    main()
