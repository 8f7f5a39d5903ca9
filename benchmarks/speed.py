"""How fast Triage reads, beside the tools that people use: one interleaved run, as ratios, with peak memory.

    bin/bench                             1 M lines, three rounds
    bin/bench speed --lines 1000000 10000000 --out docs/performance.md

All work on the same invented log and answer the same questions: slow endpoints with their 95th percentile, counts per
status and code, lines and failures per minute. `analyze` also reads everything else, and writes the diagnosis.
The best round of each counts. Peak memory is that of all processes of a command together, sampled; pages that they
share count once (PSS).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from . import generate
from .document import section_of

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).resolve().parent / "peers"
SAMPLE_S = 0.02
_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


@dataclass
class Run:
    """One command, once. Seconds, megabytes."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: bytes


@dataclass
class Task:
    """Something to measure. ``codes`` reads from its output how often each error code was found."""

    name: str
    command: list[str]
    codes: str = ""  # expression whose groups are code and count, or count and code
    runs: list[Run] = field(default_factory=list)

    @property
    def best(self) -> Run:
        return min(self.runs, key=lambda run: run.wall_s)

    @property
    def peak_mb(self) -> float:
        return max(run.peak_mb for run in self.runs)


def tasks(log: Path) -> list[Task]:
    """What can be measured on this machine."""
    python, path = sys.executable, str(log)
    analyze = [python, str(ROOT / "manage.py"), "analyze", "--format", "json", path]
    counted = r"(?:^|\n)\W*(?:code[ ,])?(?:([HRL]\d\d)[ ,](\d+)|(\d+) ([HRL]\d\d))(?=\r?\n|$)"
    found = [
        Task("`wc -l`", ["wc", "-l", path]),
        Task("**Triage, `manage.py analyze`**", analyze, "document"),
        Task("**Triage, on one processor**", ["taskset", "-c", "0", *analyze], "document"),
        Task("recipes with grep, awk, sed, sort", ["sh", str(PEERS / "recipes.sh"), path], counted),
        Task("mawk, one pass", ["mawk", "-f", str(PEERS / "one_pass.awk"), path], counted),
        Task("lnav, in SQL", ["lnav", "-n", "-q", "-f", str(PEERS / "lnav.sql"), path], counted),
    ]
    return [task for task in found if shutil.which(task.command[0])]


def measure(command: list[str], home: Path) -> Run:
    """Run a command to its end."""
    environment = os.environ | {"HOME": str(home), "LC_ALL": "C.UTF-8", "DJANGO_SETTINGS_MODULE": "triage.settings"}
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, cwd=ROOT, env=environment, start_new_session=True)
        peak = 0
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            peak = max(peak, _resident(process.pid))
            time.sleep(SAMPLE_S)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}.")
        out.seek(0)
        output = out.read()
    return Run(wall, usage.ru_utime + usage.ru_stime, peak / 1e6, output)


def _resident(session: int) -> int:
    """Proportional set size of all processes of a session, in bytes: shared pages are shared out."""
    total = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                if os.getsid(int(entry.name)) == session:
                    total += int(_PSS.search(Path(entry.path, "smaps_rollup").read_text())[1]) * 1024  # type: ignore[index]
            except (OSError, TypeError):  # it has just ended
                continue
    return total


def codes(task: Task) -> dict[str, int]:
    """The error codes that a task found."""
    text = task.best.output.decode("utf-8", "replace")
    if task.codes == "document":
        return {code: found["count"] for code, found in json.loads(text)["codes"].items()}
    found = re.findall(task.codes, text)
    return {one or other: int(count or counted) for one, count, counted, other in found}


def compare(lines: int, rounds: int, folder: Path) -> list[Task]:
    """Every task in every round, in turn."""
    log = folder / f"{lines}.log"
    say(f"writing {lines:,} lines")
    with log.open("wb") as out:
        generate.write(lines, out)
    measured = tasks(log)
    home = folder / "home"
    home.mkdir(exist_ok=True)
    subprocess.run(
        ["wc", "-l", str(log)], stdout=subprocess.DEVNULL, check=True
    )  # so that all find it in the page cache
    for number in range(rounds):
        for task in measured:
            task.runs.append(measure(task.command, home))
            say(f"round {number + 1}: {task.name}: {task.runs[-1].wall_s:.2f} s")
    expected = codes(measured[1])
    for task in measured:
        if task.codes and codes(task) != expected:
            raise SystemExit(f"{task.name} finds other error codes than analyze: {codes(task)}, {expected}.")
    log.unlink()
    return measured


def table(lines: int, measured: list[Task]) -> str:
    """The figures of one log as Markdown."""
    floor, recipes = (
        measured[0].best.wall_s,
        next((task for task in measured if task.name.startswith("recipes")), measured[0]),
    )
    rows = [
        f"## {lines:,} lines", "",
        "| | wall s | µs per line | × `wc -l` | × recipes | CPU s | peak MB |", "|---|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for task in measured:
        best = task.best
        rows.append(
            f"| {task.name} | {best.wall_s:.2f} | {best.wall_s / lines * 1e6:.2f} | {best.wall_s / floor:.1f} "
            f"| {best.wall_s / recipes.best.wall_s:.2f} | {best.cpu_s:.2f} | {task.peak_mb:.0f} |"
        )
    return "\n".join(rows) + "\n"


def growth(results: dict[int, list[Task]]) -> str:
    """How the time per line changes with the length of the log."""
    shortest, longest = min(results), max(results)
    if shortest == longest:
        return ""
    one, other = results[shortest][1].best.wall_s / shortest, results[longest][1].best.wall_s / longest
    return f"\nPer line, `analyze` takes {other / one:.2f} × as long on {longest:,} lines as on {shortest:,}.\n"


def report(results: dict[int, list[Task]], rounds: int) -> str:
    """The page that is kept in the repository."""
    machine = f"{os.cpu_count()} processors, Linux {platform.release()}, Python {platform.python_version()}"
    load = os.getloadavg()[0]
    head = (__doc__ or "").partition("\n\n")[2].partition("\n\n")[2].strip()
    return (
        f"# Performance\n\n{head}\n\nWritten by `bin/bench` on {datetime.now(UTC):%Y-%m-%d}: {machine}; best of {rounds}, "
        f"load average {load:.1f}.\n\n"
        + "\n".join(table(lines, measured) for lines, measured in results.items())
        + growth(results)
    )


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="bin/bench speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, nargs="+", default=[1_000_000], help="lengths of the invented logs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the page here as well")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        results = {lines: compare(lines, asked.rounds, Path(folder)) for lines in asked.lines}
    page = report(results, asked.rounds)
    sys.stdout.write(page)
    if asked.out:
        others = section_of(asked.out, "Pages")  # `bin/bench pages` writes that one
        asked.out.write_text(page + (f"\n{others}" if others else ""))


if __name__ == "__main__":
    main()
