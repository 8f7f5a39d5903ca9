"""Processes of tests: none outlives the test run, however that ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG = 1


def dies_with_us(signum: int = signal.SIGKILL) -> Callable[[], None]:
    """A preexec_fn after which the kernel sends `signum` to the child when this process ends (Linux)."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def arrange() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signum)

    return arrange


def start(
    command: list[str | Path], *, log: Path, death_signal: int = signal.SIGKILL, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a server in a process group of its own, its output appended to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=dies_with_us(death_signal),
            **options,
        )


def stop(process: subprocess.Popen[bytes], signum: int = signal.SIGTERM, patience_s: float = 10) -> None:
    """Ask the process to end, then end its whole group."""
    if process.poll() is None:
        process.send_signal(signum)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
    kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the process and all that it started, and wait for it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def ordinary_user() -> pwd.struct_passwd | None:
    """The account under which servers run that refuse to be root; None unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise LookupError("running as root, and there is neither a user postgres nor nobody")
