"""Where the large values of segments and results lie: in their row, or, by setting, in a bucket under a key."""

from __future__ import annotations

import uuid
from functools import lru_cache

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from incidents.models import LogSource


def put(source: LogSource, name: str, data: bytes) -> tuple[bytes, str]:
    """Keep a blob. Returns what to write into its row: (value, "") or (b"", key).

    Keys are never reused, so that a worker whose lease has run out can't overwrite what another one wrote.
    """
    if not settings.SEGMENT_STORAGE:
        return data, ""
    key = f"{prefix(source)}/{name}-{uuid.uuid4().hex}"
    return b"", _storage().save(key, ContentFile(data))


def get(value: bytes | memoryview, key: str) -> bytes:
    return _fetched(key) if key else bytes(value)


def prefix(source: LogSource) -> str:
    """All blobs of an incident begin alike, so that a deletion finds those of workers that died."""
    return f"{source.team_id}/{source.incident_id}"


def remove(*keys: str) -> None:
    """Forget blobs; those that are already gone are fine."""
    for key in filter(None, keys):
        _storage().delete(key)


def remove_all(source_prefix: str) -> None:
    """Forget everything under a prefix."""
    if not settings.SEGMENT_STORAGE:
        return
    storage = _storage()
    try:
        _, names = storage.listdir(source_prefix)
    except FileNotFoundError:
        return
    for name in names:
        storage.delete(f"{source_prefix}/{name}")


def _storage() -> Storage:
    return storages[settings.SEGMENT_STORAGE]


@lru_cache(maxsize=8)
def _fetched(key: str) -> bytes:
    """A bounded cache: blobs never change, and a page that reads on opens the same one again."""
    with _storage().open(key, "rb") as file:
        data: bytes = file.read()
    return data
