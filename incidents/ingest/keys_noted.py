"""The drains that this machine has seen, in a file: a fresh process can then take frames while the database
is away. It holds digests and ids, nothing that opens anything.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

logger = logging.getLogger(__name__)
MOST_NOTED = 2_000


def note(digest: str, columns: list[Any] | None) -> None:
    """Remember a drain by its token's digest, or forget it (None). A disk that takes nothing is no reason to fail."""
    if not settings.SPOOL_BYTES:
        return
    if noted().get(digest) == columns:
        return
    known = {one: row for one, row in noted().items() if one != digest}
    if columns is not None:
        known[digest] = columns
    path, made = _path(), ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:  # readable by us alone
            made = file.name
            json.dump(dict(list(known.items())[-MOST_NOTED:]), file)
        os.replace(made, path)
    except OSError as error:
        logger.warning("drains can not be noted on the disk: %s", error)
        with suppress(OSError):
            os.unlink(made)


def noted() -> dict[str, list[Any]]:
    """What was remembered, by digest."""
    try:
        state = _path().stat()
        return _read(_path(), state.st_ino, state.st_mtime_ns)
    except (OSError, ValueError):
        return {}


@lru_cache(maxsize=1)
def _read(path: Path, inode: int, mtime_ns: int) -> dict[str, list[Any]]:
    """The file as it was then: a stranger's guesses must not have it read each time."""
    found: dict[str, list[Any]] = json.loads(path.read_text())
    return found


def _path() -> Path:
    return Path(settings.SPOOL_DIR) / "drains.json"
