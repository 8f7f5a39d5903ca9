"""``manage.py reaper``: rings again for whatever is late, and removes what is no longer wanted."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections

from incidents import tasks
from incidents.digest import reaping
from incidents.digest.purge import purge
from incidents.digest.recorder import ring as recorder_ring
from incidents.ingest import spool

logger = logging.getLogger(__name__)
PURGE_SECONDS = 60.0


class Command(BaseCommand):
    help = "Rings again for work that is late, whatever happened to the broker or to workers. Any number may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one pass, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        """One pass after the other, until it is asked to stop.

        1. Set aside what has killed five workers. 2. Ring for pending rows whose bell is old or lost, for rows whose
        lease has run out, and for incidents whose analysis is behind. 3. Now and then, purge, and have documents that
        an older release made made anew. 4. Sleep; begin again.
        """
        if options["once"]:
            tasks.ring_due()
            purge()
            recorder_ring.trim()
            reaping.forget_old_documents()
            return
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        purge_at = time.monotonic()
        while not stopping.is_set():
            close_old_connections()
            # Of web processes that died: a live one empties its own file.
            steps: list[Callable[[], object]] = [lambda: spool.recover(Path(settings.SPOOL_DIR)), tasks.ring_due]
            if time.monotonic() >= purge_at:
                purge_at = time.monotonic() + PURGE_SECONDS
                steps += [purge, recorder_ring.trim, reaping.forget_old_documents]
            for step in steps:
                _tried(step)
            stopping.wait(settings.REAPER_PERIOD_SECONDS)


def _tried(step: Callable[[], object]) -> None:
    """Whatever fails is tried again in a later pass, and holds up none of the other steps: nobody else does them."""
    try:
        step()
    except (DatabaseError, InterfaceError):
        logger.warning("the database does not answer; trying again", exc_info=True)
    except Exception:
        logger.exception("a step of the reaper failed; trying again")
