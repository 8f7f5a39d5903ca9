"""Sends a log through the pages of a running Triage, as a browser does; says how long people wait and what it costs.

    python benchmarks/upload.py                    1,000,000 invented lines
    python benchmarks/upload.py app.log            a log of yours

It starts the embedded application (`bin/run`) on a data directory of its own: web, two worker processes, reaper,
broker, SQLite. Reported: seconds from the first byte sent to the first verdict and to the finished page, the time of
the page itself, and the peak resident memory of each process (VmHWM, so Linux only).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PART_BYTES = 8 * 1024 * 1024
PATIENCE_S = 1800


class Application:
    """`bin/run` and everything that it starts."""

    def __init__(self, data_dir: Path) -> None:
        environment = dict(os.environ) | {"TRIAGE_DATA_DIR": str(data_dir)}
        command = [sys.executable, str(ROOT / "bin" / "launcher.py")]
        self.process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.peaks: dict[int, tuple[str, int]] = {}
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://\S+/signin/\S+", line):
                self.link = found[0]
                self.base = self.link.partition("/signin/")[0]
                return
        raise SystemExit("benchmarks/upload.py: the application did not start")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)

    def sample(self) -> None:
        """Note the highest resident memory of every process so far, in kB."""
        parents: dict[int, int] = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parents[int(entry.name)] = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
        for pid in parents:
            if self._is_ours(pid, parents):
                self._note(pid, parents[pid])

    def _is_ours(self, pid: int, parents: dict[int, int]) -> bool:
        while pid and pid != self.process.pid:
            pid = parents.get(pid, 0)
        return bool(pid)

    def _note(self, pid: int, parent: int) -> None:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        peak = re.search(r"VmHWM:\s+(\d+) kB", status)
        if peak:
            name = _name_of(words) + (" child" if "celery" in words and self._names(parent) == "worker" else "")
            self.peaks[pid] = (name, max(int(peak[1]), self.peaks.get(pid, ("", 0))[1]))

    def _names(self, pid: int) -> str:
        return self.peaks.get(pid, ("", 0))[0]


def _name_of(words: list[str]) -> str:
    names = {
        "gunicorn": "web",
        "celery": "worker",
        "reaper": "reaper",
        "launcher.py": "launcher",
        "valkey-server": "broker",
    }
    for word in words:
        if name := names.get(word.rpartition("/")[2]):
            return name
    return "broker" if any("broker.sock" in word or "redis" in word for word in words) else words[0].rpartition("/")[2]


class Visitor:
    """A browser without a screen."""

    def __init__(self, application: Application) -> None:
        self.base = application.base
        jar = CookieJar()
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self.browser.open(application.link, timeout=30).read()
        self.browser.open(f"{self.base}/new/", timeout=30).read()
        self.token = next(cookie.value for cookie in jar if cookie.name == "csrftoken") or ""

    def call(self, method: str, path: str, body: bytes | None = None, kind: str = "application/octet-stream") -> Any:
        headers = {"X-CSRFToken": self.token, "Content-Type": kind, "Origin": self.base}
        request = urllib.request.Request(self.base + path, body, headers, method=method)
        with self.browser.open(request, timeout=120) as answer:
            return json.load(answer)

    def send(self, file: Path) -> dict[str, Any]:
        body = json.dumps({"name": file.name, "size": file.stat().st_size}).encode()
        upload: dict[str, Any] = self.call("POST", "/uploads/", body, "application/json")
        number = 0
        with file.open("rb") as stream:
            while part := stream.read(PART_BYTES):
                self.call("PUT", f"/uploads/{upload['id']}/parts/{number}/", part)
                number += 1
        finished: dict[str, Any] = self.call("POST", f"/uploads/{upload['id']}/finish/", b"")
        return finished


def measure(file: Path, data_dir: Path) -> dict[str, Any]:
    application = Application(data_dir)
    try:
        visitor = Visitor(application)
        application.sample()
        began = time.monotonic()
        upload = visitor.send(file)
        found: dict[str, Any] = {"file": file.name, "bytes": file.stat().st_size}
        found["sent_s"] = round(time.monotonic() - began, 2)
        status: dict[str, Any] = {"is_analysed": False}
        while not status["is_analysed"]:
            if time.monotonic() - began > PATIENCE_S:
                raise SystemExit(f"benchmarks/upload.py: not read within {PATIENCE_S} s")
            time.sleep(0.1)
            status = visitor.call("GET", f"/uploads/{upload['id']}/")
            application.sample()
            if status["verdict"] and "first_verdict_s" not in found:
                found["first_verdict_s"] = round(time.monotonic() - began, 2)
        found["finished_s"] = round(time.monotonic() - began, 2)
        found |= {"lines": status["lines_done"], "chunks": status["chunks_done"], "verdict": status["verdict"]}
        page_began = time.monotonic()
        visitor.browser.open(application.base + upload["url"], timeout=60).read()
        found["page_ms"] = round((time.monotonic() - page_began) * 1000)
        application.sample()
        found["database_mb"] = round(sum(path.stat().st_size for path in data_dir.glob("triage.sqlite3*")) / 2**20)
        found["peak_mb"] = [(name, round(peak / 1024)) for name, peak in sorted(application.peaks.values())]
        return found
    finally:
        application.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, help="a log; default: an invented one")
    parser.add_argument("--lines", type=int, default=1_000_000, help="length of the invented log (default: 1,000,000)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="triage-bench-") as directory:
        file = options.file or Path(directory) / f"{options.lines}.log"
        if options.file is None:
            command = [sys.executable, str(ROOT / "benchmarks" / "generate.py"), str(options.lines), str(file)]
            subprocess.run(command, check=True, cwd=ROOT)
        found = measure(file, Path(directory) / "data")
    if options.json:
        print(json.dumps(found))
        return
    print(f"{found['file']}: {found['lines']:,} lines, {found['bytes'] / 2**20:,.0f} MiB, {found['chunks']} chunks")
    print(f"  sent after           {found['sent_s']:8.2f} s")
    print(f"  first verdict after  {found['first_verdict_s']:8.2f} s")
    print(f"  finished after       {found['finished_s']:8.2f} s")
    print(f"  the finished page    {found['page_ms']:8} ms")
    print(f"  database             {found['database_mb']:8} MiB")
    for name, peak in found["peak_mb"]:
        print(f"  peak memory          {peak:8} MiB  {name}")


if __name__ == "__main__":
    main()
