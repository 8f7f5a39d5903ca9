"""Failures of what is around us: a full disk, a database or a bucket that does not answer.

They pass, and no log is to blame for them: work that meets one waits and is tried again, however often, while a failure
of its own is counted. People are told what it is and what to do.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator

from django.db import InterfaceError, OperationalError

FULL = "There is no room left to store this. Nothing of it was kept; free some space and send it again."
AWAY = "What holds the logs does not answer just now. What was sent before is safe; try again in a moment."
WAITS = "This waits. "

# Of PostgreSQL: connections that fail, no room, too many connections, a server that stops or starts, locks, read-only.
_PASSING_CLASSES = ("08", "40")
_PASSING_STATES = frozenset({"53100", "53300", "57P01", "57P02", "57P03", "55P03", "25006"})
_DISK_FULL = "53100"
_SQLITE_PASSING = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
})  # fmt: skip
# Where SQLite says "disk I/O error" though the disk is just full: its shared memory and its journal can't grow.
_SQLITE_NO_ROOM = frozenset({sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_WRITE})


class StorageAway(Exception):
    """The bucket did not do what it was asked; the message says what it answered."""


class BlobMissing(Exception):
    """The bucket answers, and has nothing under this key: trying again will not help."""


def is_full(error: BaseException) -> bool:
    """Whether a disk is full: the temporary directory's, or the database's."""
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return True
        if isinstance(one, sqlite3.Error) and _sqlite_code(one) in (sqlite3.SQLITE_FULL, *_SQLITE_NO_ROOM):
            return True
        if getattr(one, "sqlstate", None) == _DISK_FULL:
            return True
    return False


def is_passing(error: BaseException) -> bool:
    """Whether the same work may well succeed later, as it is."""
    if is_full(error) or isinstance(error, StorageAway | InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return _sqlite_code(cause) & 0xFF in _SQLITE_PASSING
    state = getattr(cause, "sqlstate", None)  # none: the connection broke
    return state is None or state[:2] in _PASSING_CLASSES or state in _PASSING_STATES


def why(error: BaseException) -> str:
    """Why work waits, to be written into its row; begins with WAITS."""
    if is_full(error):
        return f"{WAITS}There is no room left on the disk. Free some space, and this goes on by itself."
    if isinstance(error, StorageAway):
        return f"{WAITS}The bucket does not do as it should: {error}."[:500]
    return f"{WAITS}The database does not answer."


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _sqlite_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) or 0
