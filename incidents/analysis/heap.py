"""Memory that was freed goes back to the system: the C library else keeps what one chunk needed for the next."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def trim() -> None:
    """Give free memory back where the C library can (glibc). A few milliseconds; elsewhere nothing."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
