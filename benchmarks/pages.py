"""How long the pages of a small and of a large incident take, and what the overview weighs.

    bin/bench pages                                     10,000 and 1,000,000 lines
    bin/bench pages --out docs/performance.md

It starts the embedded application (`bin/run`: web, two workers, reaper, broker, SQLite), sends it both logs, waits
until the workers are idle, and asks for each page of both in turn. Times are seen from this machine, from the first
byte sent to the last one received, uncompressed by the client. The static files are those of production: collected,
hashed and compressed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import generate
from .document import put_section
from .upload import PATIENCE_S, ROOT, Application, Visitor

HEADING = "Pages"
PAGE_MS, RARE_MS, FILTER_MS, WEIGHT_KB, RATIO = 150, 1_500, 300, 250, 1.5
"""What each page, the search for a rare word, the first 200 lines of a filter and the overview may cost."""
MOST_SEARCHES = 12
"""Pages that a search may need until it has found its word."""
SETTLE_S = 3.0
WIDTHS = (1280, 360)
_SHIFT = """() => new Promise(done => { let sum = 0; new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value; })
  .observe({type: 'layout-shift', buffered: true}); setTimeout(() => done(sum), 1500); })"""


@dataclass
class Timing:
    """One page of the small and the large incident; ``limit_ms`` is what its 95th percentile may take."""

    name: str
    address: Callable[[Target], str]
    limit_ms: int = PAGE_MS
    seeks: bool = False  # follow the search until it has found something or ended
    times_ms: dict[int, list[float]] = field(default_factory=dict)
    work_ms: dict[int, list[float]] = field(default_factory=dict)  # of the web process on a processor
    shown: dict[int, int] = field(default_factory=dict)  # lines of the log that stand on the page

    def work(self, lines: int) -> float:
        """The median of the processor's time: hardly touched by what else the machine does."""
        return sorted(self.work_ms[lines])[len(self.work_ms[lines]) // 2]

    def at(self, lines: int, share: float) -> float:
        """A percentile (nearest rank)."""
        ordered = sorted(self.times_ms[lines])
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def ratio(self, small: int, large: int) -> float | None:
        """None where a filter finds fewer lines in the small log: that would compare its answer with an empty page."""
        fewer = self.limit_ms != PAGE_MS and self.shown[small] < self.shown[large]
        return None if fewer else self.work(large) / self.work(small)


@dataclass(frozen=True)
class Target:
    """An incident to ask for. ``rare`` is a word that stands in its log once, near the end."""

    lines: int
    url: str
    endpoint: str
    rare: str


def timings() -> list[Timing]:
    def part(name: str) -> Callable[[Target], str]:
        return lambda target: f"{target.url}{name}"

    def query(text: str) -> Callable[[Target], str]:
        return lambda target: f"{target.url}logs/?{urllib.parse.urlencode({'q': text})}"

    return [
        Timing("list of incidents", lambda target: "/"),
        Timing("overview", part("")),
        Timing("charts.json", part("charts.json")),
        Timing("timeline", part("timeline/")),
        Timing("endpoints", part("endpoints/")),
        Timing("endpoints, ten minutes of them", part("endpoints/?from=09:00&to=09:10")),
        Timing("one endpoint", lambda target: target.endpoint),
        Timing("dynos", part("dynos/")),
        Timing("ticket", part("ticket/")),
        Timing("codes", lambda target: "/codes/"),
        Timing("one code", lambda target: "/codes/H12/"),
        Timing("log, first page", part("logs/")),
        Timing("log, `dyno:web.1`", query("dyno:web.1"), FILTER_MS),
        Timing("log, `path:/items/* service:>20`", query("path:/items/* service:>20"), FILTER_MS),
        Timing("log, `method:POST service:>100`", query("method:POST service:>100"), FILTER_MS),
        Timing("log, `code:H12`", query("code:H12"), FILTER_MS),
        Timing("log, `status:>=500`", query("status:>=500"), FILTER_MS),
        Timing("log, `dyno:web.1 service:>5000`", query("dyno:web.1 service:>5000"), FILTER_MS),
        Timing("log, a word that stands once", lambda target: query(target.rare)(target), RARE_MS, True),
        Timing("log, a word that stands nowhere", query("zyzzogeton"), RARE_MS, True),
    ]


def ask(visitor: Visitor, address: str) -> str:
    with visitor.browser.open(visitor.base + address, timeout=120) as answer:
        return str(answer.read().decode("utf-8", "replace"))


def seek(visitor: Visitor, address: str) -> str:
    """Ask for a search and go on where it stopped, as a person would, until it has found a line or has ended."""
    for _ in range(MOST_SEARCHES):
        html = ask(visitor, address)
        onward = re.search(r'rel="next" href="(\?[^"]+)"', html)
        if re.search(r'href="/i/[^"]+/l/\d+\.\d+/', html) or onward is None:
            return html
        address = address.partition("?")[0] + onward[1].replace("&amp;", "&")
    raise SystemExit(f"benchmarks/pages.py: the search did not end: {address}")


def send(visitor: Visitor, file: Path, lines: int) -> Target:
    """Upload a log and wait until it has been read."""
    upload = visitor.send(file)
    began = time.monotonic()
    while not visitor.call("GET", f"/uploads/{upload['id']}/")["is_analysed"]:
        if time.monotonic() - began > PATIENCE_S:
            raise SystemExit(f"benchmarks/pages.py: {file.name} was not read within {PATIENCE_S} s")
        time.sleep(0.3)
    found = re.search(r'href="(/i/[^"]+/endpoints/[0-9a-f]{12}/)', ask(visitor, f"{upload['url']}endpoints/"))
    assert found is not None
    with file.open("rb") as log:
        log.seek(-min(200_000, file.stat().st_size), os.SEEK_END)
        ids = re.findall(rb" request_id=([0-9a-f-]{36}) ", log.read())
    return Target(lines, upload["url"], found[1], ids[-1].decode())


class Web:
    """The web processes of a running application, and the time that they have been on a processor."""

    def __init__(self, root: int) -> None:
        parents: dict[int, int] = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, ValueError):
                parents[int(entry.name)] = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
        self.pids = [pid for pid in parents if self._is_below(pid, root, parents) and self._is_web(pid)]
        if not self.pids:
            raise SystemExit("benchmarks/pages.py: the web process was not found")

    def work_ms(self) -> float:
        tasks = (task for pid in self.pids for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6

    @staticmethod
    def _is_below(pid: int, root: int, parents: dict[int, int]) -> bool:
        while pid and pid != root:
            pid = parents.get(pid, 0)
        return bool(pid)

    @staticmethod
    def _is_web(pid: int) -> bool:
        with suppress(OSError):
            return b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes()
        return False


def measure(visitor: Visitor, web: Web, targets: list[Target], rounds: int) -> list[Timing]:
    """Every page of every incident, in turn, so that a busy moment of the machine hits all alike."""
    found = timings()
    for number in range(-1, rounds):  # the first round warms up
        for timing in found:
            if timing.seeks and number >= max(3, rounds // 4):
                continue
            for target in targets:
                worked, began = web.work_ms(), time.perf_counter()
                html = (seek if timing.seeks else ask)(visitor, timing.address(target))
                if number >= 0:
                    timing.shown[target.lines] = html.count("data-item")
                    timing.times_ms.setdefault(target.lines, []).append((time.perf_counter() - began) * 1000)
                    timing.work_ms.setdefault(target.lines, []).append(web.work_ms() - worked)
    return found


def weigh(link: str, base: str, path: str) -> dict[str, Any]:
    """What Chromium loads for the overview with an empty cache, in kB as sent, and how much its layout shifts."""
    from playwright.sync_api import sync_playwright

    from tests.support.browser import find_chromium

    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("benchmarks/pages.py: no Chromium found; set CHROMIUM to one, or pass --no-browser")
    found: dict[str, Any] = {"files": {}, "shift": {}}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context()
        page = context.new_page()
        page.goto(link)
        state = context.storage_state()
        for width in WIDTHS:
            context = browser.new_context(viewport={"width": width, "height": 900}, storage_state=state)
            page = context.new_page()
            sent = _listen(context.new_cdp_session(page))
            page.goto(base + path, wait_until="load")
            found["shift"][width] = round(float(page.evaluate(_SHIFT)), 4)
            if width == WIDTHS[0]:
                names = (
                    (urllib.parse.urlsplit(url).path.rpartition("/")[2] or "page", size) for url, size in sent.values()
                )
                found["files"] = {name: size / 1024 for name, size in names if size}
            context.close()
        browser.close()
    return found


def _listen(session: Any) -> dict[str, list[Any]]:
    """Address and bytes as sent of every answer that a page gets from now on, by request."""
    sent: dict[str, list[Any]] = {}

    def began(event: dict[str, Any]) -> None:
        sent[event["requestId"]] = [event["response"]["url"], 0.0]

    def ended(event: dict[str, Any]) -> None:
        sent.setdefault(event["requestId"], ["", 0.0])[1] = event["encodedDataLength"]

    session.send("Network.enable")
    session.on("Network.responseReceived", began)
    session.on("Network.loadingFinished", ended)
    return sent


def new_link(data_dir: Path, base: str) -> str:
    """An address that signs another visitor in."""
    environment = os.environ | {"TRIAGE_DATA_DIR": str(data_dir)}
    command = [sys.executable, str(ROOT / "manage.py"), "signin_link", "--base", base]
    done = subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True, text=True)
    return done.stdout.strip().split("\n")[-1]


def collect(directory: Path) -> None:
    """The static files as in production."""
    os.environ["STATIC_ROOT"] = str(directory)
    environment = os.environ | {"SECRET_KEY": "0" * 50, "DEBUG": "0"}
    command = [sys.executable, str(ROOT / "manage.py"), "collectstatic", "--noinput", "-v", "0"]
    subprocess.run(command, check=True, cwd=ROOT, env=environment)


def report(found: list[Timing], targets: list[Target], weight: dict[str, Any] | None) -> str:
    """The section of the page on performance."""
    small, large = (target.lines for target in targets)
    rows = [
        f"Written by `bin/bench pages` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} processors, SQLite, two idle "
        f"workers, load average {os.getloadavg()[0]:.1f}. Milliseconds from asking for a page to its last byte. A page "
        f"may take {PAGE_MS} ms at the 95th percentile, the first 200 lines of a filter {FILTER_MS} ms, a rare word "
        f"{RARE_MS / 1000:.1f} s (with all pages of its search), and {RATIO} times as long with {large:,} lines as with "
        f"{small:,} (the ratio is that of the processor's time, and there is none where the small log has fewer lines to "
        "show). Searching a whole text is linear, so there it is only told. The column CPU is the median time of the web "
        "process on a processor: what a page takes on an idle machine.",
        "",
        f"| page | {small:,} lines: CPU | p50 | p95 | {large:,} lines: CPU | p50 | p95 | ratio | limit | |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for one in found:
        ratio = one.ratio(small, large)
        fits = one.at(large, 0.95) <= one.limit_ms and (one.seeks or ratio is None or ratio <= RATIO)
        rows.append(
            f"| {one.name} | {one.work(small):.0f} | {one.at(small, 0.5):.0f} | {one.at(small, 0.95):.0f} | "
            f"{one.work(large):.0f} | {one.at(large, 0.5):.0f} | {one.at(large, 0.95):.0f} | {'–' if ratio is None else f'{ratio:.2f}'} | {one.limit_ms} | {'met' if fits else '**missed**'} |"
        )
    if weight:
        total = sum(weight["files"].values())
        heaviest = sorted(weight["files"].items(), key=lambda item: -item[1])[:6]
        rows += [
            "",
            f"The overview of {large:,} lines weighs {total:.0f} kB as sent, with everything that it loads into an empty "
            f"cache (limit {WEIGHT_KB} kB): "
            + ", ".join(f"{re.sub(r'[.][0-9a-f]{12}(?=[.])', '', name)} {size:.0f}" for name, size in heaviest)
            + ". Cumulative layout shift: "
            + ", ".join(f"{shift} at {width} px" for width, shift in weight["shift"].items())
            + ".",
        ]
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bin/bench pages", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, nargs=2, default=[10_000, 1_000_000], metavar=("SMALL", "LARGE"))
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--no-browser", action="store_true", help="leave out weight and layout shift")
    parser.add_argument("--out", type=Path, help="write the section of this page anew")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="triage-bench-") as name:
        folder = Path(name)
        collect(folder / "static")
        application = Application(folder / "data")
        try:
            visitor = Visitor(application)
            targets = []
            for lines in asked.lines:
                log = folder / f"{lines}.log"
                with log.open("wb") as out:
                    generate.write(lines, out)
                targets.append(send(visitor, log, lines))
                log.unlink()
            time.sleep(SETTLE_S)
            found = measure(visitor, Web(application.process.pid), targets, asked.rounds)
            weight = None
            if not asked.no_browser:
                weight = weigh(new_link(folder / "data", application.base), application.base, targets[-1].url)
        finally:
            application.stop()
    if asked.json:
        print(json.dumps({"pages": [(one.name, one.times_ms) for one in found], "weight": weight}))
    else:
        print(report(found, targets, weight))
    if asked.out:
        put_section(asked.out, HEADING, report(found, targets, weight))


if __name__ == "__main__":
    main()
