"""What `bin/test` runs, in order, and what this machine could not run.

Two passes of pytest: everything on SQLite and Valkey, then what touches the database or workers on PostgreSQL and, where
one can be had, a genuine Redis. Then linters and types. One part's failure does not keep the others from running.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support import broker, browser, postgres
from tests.support.postgres import Cluster
from tests.support.processes import ROOT

NOTHING_COLLECTED = 5  # pytest's exit status
TOOLS_KEY = "only-for-the-type-checker-0123456789"  # the type checker reads the settings, and they want a key


def missing_services() -> dict[str, str]:
    """Marks of tests that cannot run here → why, in words for the last line."""
    missing = {}
    if broker.binary() is None:
        missing["broker"] = "workers (no Valkey or Redis for this machine)"
    elif sys.platform == "linux" and not os.access("/dev/shm", os.W_OK):
        missing["broker"] = "workers (/dev/shm is not writable)"
    if postgres.bin_directory() is None:
        missing["postgres_server"] = "PostgreSQL (no server for this machine)"
    if browser.find_chromium() is None:
        say("installing a browser")
        if problem := browser.install_chromium():
            missing["browser"] = f"browser ({problem})"
    return missing


def can_mount() -> bool:
    """Whether a file system of a test's own can be mounted: root can, in a container only with the right to."""
    if shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as place:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True)
        if mounted.returncode == 0:
            subprocess.run(["umount", place], check=True)
    return mounted.returncode == 0


def say(text: str) -> None:
    print(f"bin/test: {text}", flush=True)


class Suite:
    """Runs the parts and remembers how each one ended."""

    def __init__(self, arguments: list[str]) -> None:
        self.arguments = arguments
        self.missing = missing_services()
        # Told, and no failure: other tests prove the same by the database's own limit, wherever they run.
        self.left_out = {} if can_mount() else {"small_disk": "a disk that is really full (only root can mount one)"}
        self.failed: list[str] = []

    def run(self) -> int:
        self.tests("tests on SQLite")
        if "postgres_server" not in self.missing:
            with Cluster() as cluster:
                services = {"TEST_DATABASE_URL": cluster.url(), "TEST_BROKER": "redis"}
                on_postgres = "(database or postgres or workers) and not browser and not small_disk"
                self.tests("tests on PostgreSQL", on_postgres, **services)
        if not self.arguments:
            self.command("ruff format", ["ruff", "format", "--check", "."])
            self.command("ruff check", ["ruff", "check", "."])
            self.command("mypy", ["mypy"], SECRET_KEY=TOOLS_KEY)
        return self.verdict()

    def tests(self, title: str, selection: str = "", **environment: str) -> None:
        parts = [selection, *(f"not {mark}" for mark in self.missing | self.left_out)]
        marks = " and ".join(f"({part})" for part in parts if part)
        command = ["pytest", *self.arguments, *(["-m", marks] if marks else [])]
        if not self.arguments:
            command += ["-q", "-n", str(min(os.cpu_count() or 1, 4)), "--dist", "worksteal"]
        self.command(title, command, (0, NOTHING_COLLECTED), **environment)

    def command(self, title: str, command: list[str], good: tuple[int, ...] = (0,), **environment: str) -> None:
        say(title)
        started_at = time.monotonic()
        done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=dict(os.environ) | environment)
        if done.returncode not in good:
            self.failed.append(title)
        say(f"{title}: {'failed' if title in self.failed else 'ok'}, {time.monotonic() - started_at:.0f} s")

    def verdict(self) -> int:
        """The exit status; what failed and what could not run stand in the last lines."""
        if self.failed:
            say(f"FAILED: {', '.join(self.failed)}")
        if self.missing:
            say(f"could not run on this machine: {'; '.join(self.missing.values())}")
        elif not self.failed:
            but = f", but for {'; '.join(self.left_out.values())}" if self.left_out else ""
            say(f"everything ran and passed{but}")
        wants_all = os.environ.get("CI", "").lower() in ("1", "true")
        return 1 if self.failed or (self.missing and wants_all) else 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(ROOT)))
    sys.exit(Suite(sys.argv[1:]).run())
