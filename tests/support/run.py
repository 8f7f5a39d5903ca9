"""bin/launcher.py as a process, watched from outside."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

from tests.support.ports import wait_for
from tests.support.processes import ROOT, dies_with_us

ADDRESS = re.compile(r"^ +(http://\S+)$", re.MULTILINE)
# How the parts look in a list of processes.
PARTS = {"broker": "broker.sock", "web": "gunicorn", "worker": "celery", "reaper": "reaper", "guard": "read -r line"}


class Run:
    """One run of the launcher on a data directory; nothing of it is left afterwards, however a test ends."""

    def __init__(
        self, data_dir: Path, *arguments: str | Path, python: str = sys.executable, **settings: str | None
    ) -> None:
        self.data_dir = data_dir
        environment = dict(os.environ) | {"TRIAGE_DATA_DIR": str(data_dir)}
        for name in ("SECRET_KEY", "REDIS_URL", "DATABASE_URL", "HOME", "ALLOWED_HOSTS"):
            environment.pop(name, None)  # as on a machine where nothing is set
        for setting, value in settings.items():
            environment.pop(setting, None)
            if value is not None:
                environment[setting] = value
        self._output = Path(os.environ["TRIAGE_DATA_DIR"]) / f"run-{time.monotonic_ns()}.out"
        self.started_at = time.monotonic()
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [python, ROOT / "bin" / "launcher.py", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=dies_with_us(),
            )
        self._seen: set[psutil.Process] = set()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.interrupt()
        for process in alive(self._seen):
            with suppress(psutil.NoSuchProcess):
                process.kill()

    @property
    def printed(self) -> str:
        return self._output.read_text()

    def wait_ready(self) -> str:
        """Wait for the address and return it."""

        def address() -> str:
            assert self.process.poll() is None, f"ended:\n{self.printed}"
            found = ADDRESS.search(self.printed)
            return found[1] if found else ""

        found = wait_for(address, "the launcher prints an address", timeout_s=60)
        self.processes()
        return found

    def wait_end(self, timeout_s: float = 60) -> int:
        return self.process.wait(timeout_s)

    def processes(self) -> list[psutil.Process]:
        """All processes of this run, the launcher first; remembered for the end."""
        launcher = psutil.Process(self.process.pid)
        found = [launcher, *launcher.children(recursive=True)]
        self._seen |= set(found)
        return found

    def part(self, name: str) -> psutil.Process:
        """The main process of a part."""
        direct = psutil.Process(self.process.pid).children()
        [found] = [process for process in direct if PARTS[name] in command_line(process)]
        self.processes()
        return found

    def interrupt(self) -> float:
        """Ctrl-C; returns the seconds until the launcher had ended."""
        self.processes()
        asked_at = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        return time.monotonic() - asked_at

    def left_over(self) -> list[str]:
        """Processes of this run that are still there."""
        return [f"{process.pid} {command_line(process)[:80]}" for process in alive(self._seen)]


def alive(seen: Iterable[psutil.Process]) -> list[psutil.Process]:
    return [process for process in seen if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def command_line(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def answers(address: str, path: str = "/healthz") -> bool:
    """Whether the server of this address serves the path."""
    base = "/".join(address.split("/")[:3])
    with suppress(OSError), urllib.request.urlopen(base + path, timeout=10) as answer:
        return bool(answer.status == 200)
    return False
