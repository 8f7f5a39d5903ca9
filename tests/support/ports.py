"""Free loopback ports, and waiting for something to become true."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(check: Callable[[], T], what: str, timeout_s: float = 30, pause_s: float = 0.05) -> T:
    """Call `check` until it answers something true, and return that; AssertionError naming `what` after the time."""
    end = time.monotonic() + timeout_s
    while True:
        if answer := check():
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout_s:g} s: {what}")
        time.sleep(pause_s)
