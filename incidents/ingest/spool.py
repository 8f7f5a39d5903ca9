"""A file for what arrives while the database is away: appended, flushed to the disk, and only then acknowledged.

Each process has a file of its own, which it holds locked, and loads it into the database when that is back. The file of
a process that died is loaded by whoever finds it unlocked: the next web process, or the reaper. Frames carry their ids,
so that loading one twice changes nothing. On Heroku the disk goes with the dyno: there the spool bridges minutes, not
restarts.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import threading
import uuid
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from .frames import Arrived, SourceGone, store

logger = logging.getLogger(__name__)
_MAGIC = b"TRS1"
_FIXED = len(_MAGIC) + 12


class SpoolFull(Exception):
    """There is no room for another frame, or the disk takes none."""


class Spool:
    """This process's file. Any number of threads may append."""

    def __init__(self, directory: Path, most_bytes: int) -> None:
        self._directory = directory
        self._most = most_bytes
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._size = 0  # bytes in the file, and how many of them are in the database
        self._loaded = 0

    @property
    def is_empty(self) -> bool:
        return not self._size

    def append(self, arrived: Arrived) -> None:
        """Keep a frame. When this returns, it survives the process. Raises `SpoolFull`."""
        record = _packed(arrived)
        with self._lock:
            if self._size + len(record) > self._most:
                raise SpoolFull
            try:
                file = self._file or self._open()
                if os.write(file.fileno(), record) != len(record):
                    raise OSError(errno.ENOSPC, "only a part of the frame was written")
                os.fsync(file.fileno())
            except OSError as error:
                logger.error("the spool takes nothing more: %s", error)
                if self._file is not None:
                    os.ftruncate(self._file.fileno(), self._size)
                raise SpoolFull from None
            self._size += len(record)

    def load(self) -> set[uuid.UUID]:
        """Store what was kept, oldest first, and empty the file. Returns its sources; raises `DatabaseError`."""
        found: set[uuid.UUID] = set()
        before = -1
        while self._path is not None and not self.is_empty and self._loaded > before:
            before = self._loaded
            with self._path.open("rb") as file:
                file.seek(self._loaded)
                for arrived, size in _records(file):
                    _store(arrived)
                    found.add(arrived.source_id)
                    self._loaded += size
            with self._lock:
                if self._loaded >= self._size and self._file is not None:
                    os.ftruncate(self._file.fileno(), 0)
                    self._size = self._loaded = 0
        return found

    def _open(self) -> BinaryIO:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._path = self._directory / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.spool"
        self._file = self._path.open("ab")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return self._file


def recover(directory: Path) -> set[uuid.UUID]:
    """Store what processes that died have left. Returns its sources; raises `DatabaseError`."""
    found: set[uuid.UUID] = set()
    for path in sorted(directory.glob("*.spool")):
        try:
            file = path.open("rb")
        except OSError:  # someone else was quicker
            continue
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # its process lives
                continue
            for frame, _ in _records(file):
                _store(frame)
                found.add(frame.source_id)
            path.unlink(missing_ok=True)
    return found


def _store(arrived: Arrived) -> None:
    try:
        store(arrived, counted=False)
    except SourceGone:
        logger.info("a spooled frame belongs to a drain that is gone")


def _packed(arrived: Arrived) -> bytes:
    head = json.dumps({
        "source": str(arrived.source_id), "team": str(arrived.team_id), "drain": arrived.drain_id,
        "id": arrived.frame_id, "at": arrived.received_at.isoformat(), "form": arrived.form, "count": arrived.msg_count,
        "dropped": arrived.dropped, "lost": arrived.lost,
    }).encode()  # fmt: skip
    sizes = len(head).to_bytes(4, "big") + len(arrived.body).to_bytes(4, "big")
    return _MAGIC + sizes + zlib.crc32(head + arrived.body).to_bytes(4, "big") + head + arrived.body


def _records(file: BinaryIO) -> Iterator[tuple[Arrived, int]]:
    """Whole records. One that was being written when its process died was never acknowledged; reading ends there."""
    while len(fixed := file.read(_FIXED)) == _FIXED and fixed.startswith(_MAGIC):
        head_size, body_size, check = (int.from_bytes(fixed[at : at + 4], "big") for at in (4, 8, 12))
        head, body = file.read(head_size), file.read(body_size)
        if zlib.crc32(head + body) != check:
            return
        told = json.loads(head)
        yield (
            Arrived(
                uuid.UUID(told["source"]), uuid.UUID(told["team"]), told["drain"], told["id"],
                datetime.fromisoformat(told["at"]), body, told["form"], told["count"], told["dropped"], told["lost"],
            ),
            _FIXED + head_size + body_size,
        )  # fmt: skip


_own: dict[int, Spool] = {}


def of_this_process() -> Spool | None:
    """The spool of this process; None where none is wanted."""
    if not settings.SPOOL_BYTES:
        return None
    spool = _own.get(os.getpid())
    if spool is None:
        _own.clear()  # of the parent, which holds its lock
        spool = _own.setdefault(os.getpid(), Spool(Path(settings.SPOOL_DIR), settings.SPOOL_BYTES))
    return spool
