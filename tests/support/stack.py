"""The whole application as it runs in production: gunicorn, Celery workers, reaper, a broker and a database."""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support import environment, launcher, migrated, postgres, processes
from tests.support.broker import Broker
from tests.support.ports import wait_for
from tests.support.processes import ROOT


class Stack:
    """Real processes on one temporary data directory. Every part can be killed and started again, by itself.

    directory: where data and logs go. logs: where logs go instead. settings: environment variables on top of those of
    the tests.
    On the PostgreSQL pass of bin/test it has a database of its own in that cluster, else SQLite.
    """

    def __init__(self, directory: Path, broker: Broker, *, logs: Path | None = None, **settings: str) -> None:
        self.directory = directory
        self.logs = logs or directory
        self.broker = broker
        self.database_url = ""
        self.environment = dict(os.environ) | {"TRIAGE_DATA_DIR": str(directory), "REDIS_URL": broker.url} | settings
        self.environment.setdefault("REMAP_SIGTERM", "SIGQUIT")
        if environment.database_url():
            self.database_url = migrated.on_postgres(environment.database_url(), f"stack_{secrets.token_hex(4)}")
            self.environment["DATABASE_URL"] = self.database_url
        else:
            migrated.sqlite_in(directory)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.web: subprocess.Popen[bytes] | None = None
        self.reaper: subprocess.Popen[bytes] | None = None
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> Stack:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, workers: int = 1, *, reaper: bool = True) -> None:
        """Start every part, and wait until the pages are served."""
        self.start_web()
        for _ in range(workers):
            self.add_worker()
        if reaper:
            self.start_reaper()
        wait_for(self.web_answers, f"the web process answers (logs: {self.logs})")

    def start_web(self) -> None:
        descriptor = self._server.fileno()
        self.web = self._run(launcher.web_command(descriptor), "web", pass_fds=[descriptor])

    def start_reaper(self) -> None:
        self.reaper = self._run(launcher.reaper_command(), "reaper")

    def add_worker(self, concurrency: int = 1) -> subprocess.Popen[bytes]:
        """One more worker process, with `concurrency` children."""
        name = f"worker{len(self.workers) + 1}"
        worker = self._run(launcher.worker_command(str(concurrency), name), name)
        self.workers.append(worker)
        return worker

    def web_answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self, process: subprocess.Popen[bytes] | None) -> None:
        """kill -9 of a part and of all its children."""
        assert process is not None
        processes.kill_group(process)

    def stop(self) -> None:
        """End all parts: asked first, killed after a while."""
        for process in [self.reaper, *self.workers, self.web]:
            if process is not None:
                processes.stop(process)
        self._server.close()

    def manage(self, *words: str, stdin: bytes = b"") -> str:
        """Run a management command to its end; returns what it printed. AssertionError if it failed."""
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, input=stdin, capture_output=True, timeout=300)
        assert done.returncode == 0, f"manage.py {words[0]}: {done.stderr.decode(errors='replace')}"
        return done.stdout.decode()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a plain SELECT in the application's own database."""
        if self.database_url:
            return postgres.rows(self.database_url, query)
        with sqlite3.connect(self.directory / "triage.sqlite3", timeout=20) as connection:
            return connection.execute(query).fetchall()

    def signin_link(self) -> str:
        """An address that signs its first visitor in."""
        return self.manage("signin_link", "--base", self.url).strip().split("\n")[-1]

    def visitor(self) -> urllib.request.OpenerDirector:
        """An HTTP client that keeps its cookies."""
        return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def log(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text(errors="replace")

    def _run(self, command: list[str], name: str, **options: Any) -> subprocess.Popen[bytes]:
        log = self.logs / f"{name}.log"
        return processes.start([*command], log=log, cwd=ROOT, env=self.environment, **options)
