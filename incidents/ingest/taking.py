"""Take a delivery in: into the database, into the spool while that is away, or hold the sender for a while.

Logplex tries a frame three times with next to no pause, and drops it for good after that; a refusal at once would lose
it within a second. So an answer other than "stored" is given only after HOLD_SECONDS, and Logplex waits five.
"""

from __future__ import annotations

import logging
import threading
import time
from enum import Enum

from django.db import DatabaseError, InterfaceError, connection

from . import spool
from .frames import Arrived, SourceGone, store_soon

logger = logging.getLogger(__name__)
HOLD_SECONDS = 4.0
PROBE_SECONDS = 1.0
"""While the database is away, one request tries it this often; the others go to the spool at once."""
_PAUSE_SECONDS = 0.1


class Outcome(Enum):
    STORED = "stored"
    DUPLICATE = "duplicate"
    SPOOLED = "spooled"
    GONE = "gone"
    AWAY = "away"


class _Breaker:
    """Whether the database is worth asking. Without it every thread of the process would wait for the same silence."""

    def __init__(self) -> None:
        self._away_until = 0.0
        self._probe = threading.Lock()

    def may_ask(self) -> bool:
        """True if the database is there as far as we know, or if it is this caller's turn to find out."""
        if not self._away_until:
            return True
        if time.monotonic() < self._away_until or not self._probe.acquire(blocking=False):
            return False
        self._away_until = time.monotonic() + PROBE_SECONDS
        self._probe.release()
        return True

    def answered(self) -> None:
        self._away_until = 0.0

    def failed(self) -> None:
        self._away_until = time.monotonic() + PROBE_SECONDS


breaker = _Breaker()


def take(arrived: Arrived, *, began: float | None = None) -> Outcome:
    """Keep a delivery. ``began`` is the monotonic time at which its request began; the hold counts from there."""
    until = (began or time.monotonic()) + HOLD_SECONDS
    own = spool.of_this_process()
    while True:
        if breaker.may_ask():
            try:
                is_new = store_soon(arrived)
            except SourceGone:
                return Outcome.GONE
            except (DatabaseError, InterfaceError) as error:
                away(error)
            else:
                breaker.answered()
                return Outcome.STORED if is_new else Outcome.DUPLICATE
        if own is not None:
            try:
                own.append(arrived)
            except spool.SpoolFull:
                own = None
            else:
                return Outcome.SPOOLED
        if time.monotonic() + _PAUSE_SECONDS > until:
            return Outcome.AWAY
        time.sleep(_PAUSE_SECONDS)


def away(error: Exception) -> None:
    """Note that the database did not take something, and get a fresh connection for the next try."""
    logger.warning("the database takes no frame now: %s", error)
    breaker.failed()
    connection.close()
