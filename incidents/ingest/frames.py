"""Deliveries as rows: stored as they came, once, before anybody is told that they arrived."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import zstandard
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from incidents.models import Drain, DrainMinute, Form, Frame, LogSource

from . import logplex

BUSY_MS = 800
"""How long SQLite waits for another writer, before the frame goes to the spool."""
_USUAL_BUSY_MS = 20_000
_COMPRESSED_FROM = 512


@dataclass(frozen=True, slots=True)
class Arrived:
    """One delivery. ``body`` is what was sent; without an id of the sender's, ``frame_id`` is our own."""

    source_id: uuid.UUID
    team_id: uuid.UUID
    drain_id: int | None
    frame_id: str
    received_at: datetime
    body: bytes
    form: str = Form.LOGPLEX
    msg_count: int | None = None
    dropped: int = 0
    lost: int = 0


class SourceGone(Exception):
    """The source was deleted: nobody wants these bytes any more."""


def own_id() -> str:
    return f"own-{uuid.uuid4().hex}"


def store(arrived: Arrived, *, counted: bool = True) -> bool:
    """Write a delivery. False if one of this id is there: the first body wins. Raises `SourceGone`, `DatabaseError`.

    ``counted``: a repetition is one of the sender's, not of ours.
    """
    packed = zstandard.ZstdCompressor(level=1).compress(arrived.body) if len(arrived.body) > _COMPRESSED_FROM else b""
    is_compressed = 0 < len(packed) < len(arrived.body)
    columns: dict[str, Any] = {
        "team_id": arrived.team_id, "form": arrived.form, "received_at": arrived.received_at,
        "bytes": len(arrived.body), "is_compressed": is_compressed, "body": packed if is_compressed else arrived.body,
        "msg_count": arrived.msg_count, "dropped": arrived.dropped, "lost": arrived.lost,
        "has_overflow": b"Error L10" in arrived.body,
    }  # fmt: skip
    try:
        with transaction.atomic():
            Frame.objects.create(source_id=arrived.source_id, frame_id=arrived.frame_id, **columns)
    except IntegrityError:
        first = Frame.objects.filter(source=arrived.source_id, frame_id=arrived.frame_id).only("has_overflow").first()
        if first is None:
            if not LogSource.objects.filter(pk=arrived.source_id).exists():
                raise SourceGone from None
            raise
        if counted:
            _again(arrived, first)
        return False
    return True


def store_soon(arrived: Arrived) -> bool:
    """`store` that does not wait long for other writers of an embedded database."""
    if connection.vendor != "sqlite":
        return store(arrived)
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    try:
        return store(arrived)
    finally:
        if connection.connection is not None:
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA busy_timeout = {_USUAL_BUSY_MS}")


def _again(arrived: Arrived, first: Frame) -> None:
    """Count a repetition. An L10 line that only the repetition carries is news, and is kept as a frame of its own."""
    if arrived.drain_id is not None:
        add_to_minute(arrived.drain_id, arrived.team_id, arrived.received_at, duplicates=1)
    if first.has_overflow or arrived.form != Form.LOGPLEX or b"Error L10" not in arrived.body:
        return
    # Logplex puts it in front of what it sends again; with a message of the app's that says the same, none is taken.
    message = logplex.first_message(arrived.body)
    if b" heroku logplex - Error L10" in message[:200]:
        body = b"%d %b" % (len(message), message)
        overflow = replace(arrived, frame_id=f"{arrived.frame_id[:64]}+L10", body=body, msg_count=1, dropped=0, lost=0)
        store(replace(overflow, drain_id=None))


def add_to_minute(drain_id: int, team_id: uuid.UUID, at: datetime, **counts: int) -> None:
    """Add to a drain's counts of one minute."""
    minute_at = DrainMinute.minute_of(at)
    rows = DrainMinute.objects.filter(drain=drain_id, minute_at=minute_at)
    changes = {name: F(name) + count for name, count in counts.items()}
    if rows.update(**changes):
        return
    try:
        with transaction.atomic():
            DrainMinute.objects.create(drain_id=drain_id, team_id=team_id, minute_at=minute_at, **counts)
    except IntegrityError:  # someone else has made it meanwhile, or the drain is gone
        rows.update(**changes)


def learn_token(drain_id: int, logplex_token: str) -> None:
    """Note how Logplex calls this drain: people find it by that in ``heroku drains``."""
    Drain.objects.filter(pk=drain_id).update(logplex_token=logplex_token)
