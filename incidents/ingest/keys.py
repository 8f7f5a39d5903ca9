"""Who is sending? Answered from memory where possible: noise costs no query, a database that is away no line."""

from __future__ import annotations

import base64
import binascii
import threading
import time
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from incidents.models import Drain
from incidents.models.tokens import digest_of, is_wellformed

from . import keys_noted

FRESH_SECONDS = 5.0
"""A token that was revoked or rotated away is accepted no longer than this by a process that has just seen it."""
MOST_KNOWN = 10_000


class Sender(NamedTuple):
    """A drain, as far as taking its bytes needs it."""

    drain_id: int
    source_id: UUID
    team_id: UUID
    app_id: UUID
    kind: str
    quota_bytes_per_s: int
    logplex_token: str


def token_of(authorization: str) -> str:
    """The secret of a Basic (its password) or Bearer header; empty without one."""
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()[:200]
    if scheme.lower() != "basic":
        return ""
    try:
        pair = base64.b64decode(value.strip()[:400], validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return pair.partition(":")[2]


class Senders:
    """Drains by token. Unknown tokens are remembered as well, for a while; both memories are bounded."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Sender | None]] = {}
        self._lock = threading.Lock()

    def find(self, authorization: str) -> Sender | None:
        """The drain whose token this is; None if there is none.

        Raises `DatabaseError` if it would have to be looked up and the database is away. A drain that this process, or
        another one of this machine, has seen before is then taken as it was: refusing it would lose lines.
        """
        token = token_of(authorization)
        if not is_wellformed(token, Drain.PREFIX):
            return None
        digest = digest_of(token)
        seen = self._known.get(digest)
        if seen and time.monotonic() - seen[0] < FRESH_SECONDS:
            return seen[1]
        try:
            found = _look_up(digest)
        except Exception:
            if known := (seen and seen[1]) or _noted(digest):
                return known
            raise
        if seen is None or found != seen[1]:
            keys_noted.note(digest, found and [*map(str, found[1:4]), *found[:1], *found[4:]])
        with self._lock:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[digest] = (time.monotonic(), found)
        return found

    def forget(self) -> None:
        """Look everything up again: a token has changed."""
        with self._lock:
            self._known.clear()


def _noted(digest: str) -> Sender | None:
    """A drain that some process of this machine has seen."""
    row = keys_noted.noted().get(digest)
    if row is None:
        return None
    source_id, team_id, app_id = map(UUID, row[:3])
    return Sender(row[3], source_id, team_id, app_id, *row[4:])


def _look_up(digest: str) -> Sender | None:
    valid = Q(digest=digest) | Q(previous_digest=digest, previous_until__gt=Now())
    row = (
        Drain.objects.filter(valid, revoked_at=None, app__recorder__deleted_at=None)
        .values_list("pk", "source_id", "team_id", "app_id", "kind", "app__quota_bytes_per_s", "logplex_token")
        .first()
    )
    if row is None:
        return None
    return Sender(*row[:5], row[5] or settings.DRAIN_BYTES_PER_S, row[6])


senders = Senders()
