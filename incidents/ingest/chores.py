"""What a web process does beside answering: rings for workers, empties its spool, writes down what it refused.

One thread, started with the first frame. Ringing is off the way of the answer, and gathers frames: a bell per source
and RING_SECONDS, however many frames came.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from . import spool
from .frames import add_to_minute

logger = logging.getLogger(__name__)
RING_SECONDS = 0.4
REFUSALS_SECONDS = 5.0
IDLE_SECONDS = 30.0


class Chores:
    """``ring`` is called with each source that has new frames. Anything that fails is tried again later."""

    def __init__(self, ring: Callable[[UUID], object]) -> None:
        self._ring = ring
        self._pid = 0
        self._start = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._due: set[UUID] = set()
        self._refused: Counter[tuple[int, UUID]] = Counter()
        self._refused_at = 0.0

    def ring_for(self, source_id: UUID) -> None:
        """This source has a new frame."""
        self._begin()
        with self._lock:
            self._due.add(source_id)
        self._wake.set()

    def count_refusal(self, drain_id: int, team_id: UUID) -> None:
        """A request of this drain was answered with 429."""
        self._begin()
        with self._lock:
            self._refused[drain_id, team_id] += 1

    def _begin(self) -> None:
        """Start the thread in this process: one that was forked has none of its parent's."""
        if self._pid == os.getpid():
            return
        with self._start:
            if self._pid != os.getpid():
                self._reset()
                self._pid = os.getpid()
                threading.Thread(target=self._run, daemon=True, name="chores").start()

    def _run(self) -> None:
        self._guarded(self._recover)
        while True:
            waits = self._has_more()
            self._wake.wait(RING_SECONDS if waits else IDLE_SECONDS)
            self._wake.clear()
            self._guarded(self._load)
            with self._lock:
                due, self._due = self._due, set()  # replaced: nobody else adds to it any more
            for source_id in due:
                self._ring(source_id)
            if time.monotonic() - self._refused_at > REFUSALS_SECONDS:
                self._guarded(self._write_refusals)
            time.sleep(RING_SECONDS)

    def _guarded(self, chore: Callable[[], object]) -> None:
        try:
            chore()
        except (DatabaseError, InterfaceError) as error:
            logger.info("the database is away: %s", error)
        except Exception:  # the thread must go on: a spool that is not loaded is an outage
            logger.exception("a chore of the web process failed; it is tried again")
        finally:
            connection.close()  # of this thread, which may now sleep for long

    def _has_more(self) -> bool:
        own = spool.of_this_process()
        return bool(self._refused) or (own is not None and not own.is_empty)

    def _load(self) -> None:
        own = spool.of_this_process()
        if own is not None and not own.is_empty and (found := own.load()):
            logger.warning("what had waited on the disk is in the database now")
            self._due |= found

    def _recover(self) -> None:
        if settings.SPOOL_BYTES:
            self._due |= spool.recover(Path(settings.SPOOL_DIR))

    def _write_refusals(self) -> None:
        with self._lock:
            refused, self._refused = self._refused, Counter()
        self._refused_at = time.monotonic()
        for (drain_id, team_id), count in refused.items():
            add_to_minute(drain_id, team_id, timezone.now(), refused=count)
