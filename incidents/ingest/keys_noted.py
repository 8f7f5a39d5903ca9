"""The drains that this machine has seen, in a file: a fresh process can then take frames while the database
is away. It holds digests and ids, nothing that opens anything.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings

logger = logging.getLogger(__name__)
MOST_NOTED = 2_000


def note(digest: str, columns: list[Any] | None) -> None:
    """Remember a drain by its token's digest, or forget it (None). A disk that takes nothing is no reason to fail."""
    if not settings.SPOOL_BYTES:
        return
    known = noted()
    if known.get(digest) == columns:
        return
    known.pop(digest, None)
    if columns is not None:
        known[digest] = columns
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:  # readable by us alone
            json.dump(dict(list(known.items())[-MOST_NOTED:]), file)
        os.replace(file.name, path)
    except OSError as error:
        logger.warning("drains can not be noted on the disk: %s", error)


def noted() -> dict[str, list[Any]]:
    """What was remembered, by digest."""
    try:
        found: dict[str, list[Any]] = json.loads(_path().read_text())
    except (OSError, ValueError):
        return {}
    return found


def _path() -> Path:
    return Path(settings.SPOOL_DIR) / "drains.json"
