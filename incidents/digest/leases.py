"""Claims on rows of work: who may do it, until when, and who may still write its result.

A claim is a conditional UPDATE, whose row count says who won; it is right on PostgreSQL and on SQLite. All times are
the database's, so that a worker with a wrong clock steals nothing. Attempts are counted before the work starts, since a
task that kills its process never reaches an ``except``.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, models
from django.db.models import DateTimeField, ExpressionWrapper, F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker has the row, or it is gone: whatever was done must not be written."""


def from_now(seconds: float) -> Combinable:
    """The database's time, plus or minus some seconds."""
    return ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=DateTimeField())


class Lease:
    """A claim on one row. While its ``with`` block runs, a thread renews it; `fence` guards what is written.

    ``prefix`` begins the names of the row's columns: ``<prefix>lease``, ``<prefix>lease_until``, ``<prefix>attempts``.
    """

    def __init__(self, model: type[models.Model], pk: Any, *, prefix: str = "") -> None:
        self.token: UUID = uuid4()
        self._rows = model._default_manager.filter(pk=pk)
        self._lease, self._until, self._attempts = (f"{prefix}{name}" for name in ("lease", "lease_until", "attempts"))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name=f"lease-{pk}")
        self._lost = False

    def claim(self, condition: Q, **changes: Any) -> bool:
        """Take the row if ``condition`` holds and nobody's lease is running. ``changes`` are written with it.

        ``condition`` may name columns of this row and `Exists`, never other tables by ``__``: Django would move all of
        it into a subquery, which PostgreSQL does not look at again after it has waited for another worker's UPDATE.
        """
        free = Q(**{self._lease: None}) | Q(**{f"{self._until}__lt": Now()})
        columns: dict[str, Any] = {
            self._lease: self.token,
            self._until: from_now(settings.LEASE_SECONDS),
            self._attempts: F(self._attempts) + 1,
        }
        return bool(self._rows.filter(condition & free).update(**columns, **changes))

    def fence(self, **changes: Any) -> None:
        """Write to the row, in the transaction that holds the results. Raises `LeaseLost` if it is no longer ours."""
        renewed = {self._until: from_now(settings.LEASE_SECONDS)}
        if self._lost or not self._mine().update(**(renewed | changes)):
            raise LeaseLost

    def check(self) -> None:
        """Stop early if the row went to someone else meanwhile."""
        if self._lost:
            raise LeaseLost

    def end(self, **changes: Any) -> bool:
        """Give the row back, and write ``changes`` with it. False if it was no longer ours."""
        return bool(self._mine().update(**{self._lease: None, self._until: None}, **changes))

    def give_back(self, **changes: Any) -> bool:
        """Give the row back as if it had never been claimed: the attempt isn't counted."""
        return self.end(**{self._attempts: F(self._attempts) - 1}, **changes)

    def wait(self, told: dict[str, str], **changes: Any) -> None:
        """Give the row back after a passing trouble, and note in it what was ``told``.

        A full disk may have no room for a longer row or for an entry of an index: then the lease runs out now, and only
        what needs none is written. If nothing at all can be written, it runs out by itself.
        """
        shorter = {self._attempts: F(self._attempts) - 1, self._until: from_now(0)}
        try:
            self.give_back(**changes)
        except (DatabaseError, InterfaceError):
            with suppress(DatabaseError, InterfaceError):
                self._mine().update(**shorter)
        else:
            with suppress(DatabaseError, InterfaceError):
                self._rows.filter(**{self._lease: None}).update(**told)

    def _mine(self) -> models.QuerySet[Any]:
        return self._rows.filter(**{self._lease: self.token})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()

    def _beat(self) -> None:
        while not self._stop.wait(settings.LEASE_SECONDS / 3):
            try:
                if not self._mine().update(**{self._until: from_now(settings.LEASE_SECONDS)}):
                    self._lost = True
            except DatabaseError:
                logger.warning("could not renew a lease; trying again", exc_info=True)
            finally:
                connection.close()  # of this thread; the next beat is seconds away
