"""A worker that is alive and does nothing ends itself, so that whoever supervises it starts a fresh one.

Clients of Redis have been seen to stop consuming after a broken connection, without an error. Processes that live prove
nothing; what counts is that due work is done.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Max
from django.db.models.functions import Now

from incidents.models import Chunk, ChunkState, LogSource, SourceState

logger = logging.getLogger(__name__)
GRACE_SECONDS = 10.0


class Watchdog:
    """Looks every few seconds. ``end`` is called once, when due work has rested for WATCHDOG_SECONDS."""

    def __init__(self, end: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._end = end
        self._clock = clock
        self._moved_at = clock()
        self._last_done: object = None

    def look(self) -> bool:
        """One look. True if the worker has to end."""
        done = Chunk.objects.aggregate(last=Max("done_at"))["last"]
        if done != self._last_done or not self._is_resting():
            self._last_done = done
            self._moved_at = self._clock()
        if self._clock() - self._moved_at < settings.WATCHDOG_SECONDS:
            return False
        logger.critical(
            "work has been waiting for %d s and nobody does it: this worker ends", settings.WATCHDOG_SECONDS
        )
        self._end()
        return True

    def run(self) -> None:
        """Look until the end, in a thread of its own."""
        pause = threading.Event()
        while not pause.wait(settings.WATCHDOG_SECONDS / 5):
            try:
                if self.look():
                    return
            except DatabaseError:
                self._moved_at = self._clock()  # nobody can work without the database
            finally:
                connection.close()

    @staticmethod
    def _is_resting() -> bool:
        """Something is due, and no lease is alive anywhere. What was tried in vain, some worker has held."""
        for rows, due in (
            (
                Chunk.objects,
                Chunk.objects.filter(state=ChunkState.PENDING, source__incident__deleted_at=None, error=""),
            ),
            (LogSource.objects, LogSource.objects.filter(state=SourceState.SPLITTING, archive=None, problem="")),
        ):
            if rows.filter(lease_until__gt=Now()).exists():
                return False
            if due.filter(attempts__lt=settings.MAX_ATTEMPTS).exists():
                return True
        return False


def end_this_worker() -> None:
    """Ask for a shutdown that gives work back; end by force if even that hangs."""
    os.kill(os.getpid(), signal.SIGQUIT)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


def start() -> None:
    """Watch over the worker whose main process this is."""
    threading.Thread(target=Watchdog(end_this_worker).run, daemon=True, name="watchdog").start()
