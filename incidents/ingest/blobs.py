"""Where the large values of segments and results lie: in their row, or, by setting, in a bucket under a key."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from billiard.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from incidents.models import LogSource
from incidents.troubles import BlobMissing, StorageAway

logger = logging.getLogger(__name__)


def put(source: LogSource, name: str, data: bytes) -> tuple[bytes, str]:
    """Keep a blob. Returns what to write into its row: (value, "") or (b"", key).

    Keys are never reused, so that a worker whose lease has run out can't overwrite what another one wrote.
    Raises `StorageAway`.
    """
    if not settings.SEGMENT_STORAGE:
        return data, ""
    key = f"{prefix(source)}/{name}-{uuid.uuid4().hex}"
    with _asked("write", key):
        return b"", _storage().save(key, ContentFile(data))


def get(value: bytes | memoryview, key: str) -> bytes:
    """What `put` was given. Raises `BlobMissing`, `StorageAway`."""
    return _fetched(key) if key else bytes(value)


def prefix(source: LogSource) -> str:
    """All blobs of an incident begin alike, so that a deletion finds those of workers that died."""
    return f"{source.team_id}/{source.incident_id}"


def remove(*keys: str) -> None:
    """Forget blobs that no row names any more; those that are already gone are fine.

    Called when the rows are committed, and so never raises: what the bucket does not remove now goes with its incident.
    """
    for key in filter(None, keys):
        try:
            with _asked("remove", key):
                _storage().delete(key)
        except StorageAway as error:
            logger.warning("blob %s is left until its incident goes: %s", key, error)
            return


def remove_all(source_prefix: str) -> None:
    """Forget everything under a prefix. Raises `StorageAway`; doing it again is harmless."""
    if not settings.SEGMENT_STORAGE:
        return
    storage = _storage()
    with _asked("remove", source_prefix):
        try:
            _, names = storage.listdir(source_prefix)
        except FileNotFoundError:
            return
        for name in names:
            storage.delete(f"{source_prefix}/{name}")


@contextmanager
def removed_on(failure: type[Exception], *keys: str) -> Iterator[None]:
    """Around the transaction that names blobs: if it fails like this, they are nobody's, and go.

    After other failures they stay: a COMMIT whose answer was lost may have been one.
    """
    try:
        yield
    except failure:
        remove(*keys)
        raise


@contextmanager
def _asked(what: str, key: str) -> Iterator[None]:
    """The one place where the many exceptions of storages become ours."""
    try:
        yield
    except SoftTimeLimitExceeded:
        raise
    except FileNotFoundError:
        raise BlobMissing(f"{key} is missing in the bucket") from None
    except Exception as error:
        raise StorageAway(f"could not {what} a blob: {type(error).__name__}: {str(error)[:200]}") from error


def _storage() -> Storage:
    return storages[settings.SEGMENT_STORAGE]


@lru_cache(maxsize=8)
def _fetched(key: str) -> bytes:
    """A bounded cache: blobs never change, and a page that reads on opens the same one again."""
    with _asked("read", key), _storage().open(key, "rb") as file:
        data: bytes = file.read()
    return data
