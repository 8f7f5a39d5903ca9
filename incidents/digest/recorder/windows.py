"""A stretch of an app's recorder becomes an incident: its lines are copied, so that they stay.

One source per drain, in chunks of their own, each committed with the number of the last line that it holds: a copy that
was cut short goes on there, and a window that grows takes only what is new. Lines are ordered by time, then by arrival.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Max, Q, Sum
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime

from incidents import troubles
from incidents.analysis.utc import canonical, to_us
from incidents.ingest import blobs
from incidents.ingest.accept import new_incident, next_position
from incidents.models import App, Chunk, Incident, LogSource, RecordedWindow, Segment, SourceKind, SourceState

from .. import segments
from ..leases import Lease, LeaseLost, from_now
from ..settle import settle

logger = logging.getLogger(__name__)
COPIED_BYTES = 2 * 1024 * 1024
SLACK = timedelta(minutes=5)
"""Lines may arrive this much out of order: so far behind the end of a window its last ones are looked for."""
_STAMP_BYTES = 32


def open_window(app: App, from_at: datetime, to_at: datetime, user: User | None = None, *, title: str = "") -> Incident:
    """A new incident with the app's lines between two times (both included). A worker copies them within seconds.

    ``user`` is None where a burst was detected and nobody asked. Ring afterwards: `tasks.copy_window`.
    """
    with transaction.atomic():
        incident = new_incident(
            team=app.team, user=user, title=title or f"{app.name}, {from_at:%H:%M} to {to_at:%H:%M} UTC"
        )
        Incident.objects.filter(pk=incident.pk).update(app_name=app.name)
        RecordedWindow.objects.create(
            team_id=app.team_id, app=app, incident=incident, from_at=min(from_at, to_at), to_at=max(from_at, to_at)
        )
        for ring in app.recorder.sources.shown():
            _target(incident, ring)
    incident.refresh_from_db()
    return incident


def extend_window(incident: Incident, to_at: datetime) -> RecordedWindow | None:
    """Add what the app has sent since the incident's window, up to ``to_at``. None if the window ends later already."""
    rows = RecordedWindow.objects.filter(incident=incident, to_at__lt=to_at)
    if not rows.update(to_at=to_at, copied_at=None, rung_at=None, attempts=0):
        return None
    return RecordedWindow.objects.get(incident=incident)


def waiting() -> list[int]:
    """Windows that nobody is copying, for the reaper and for whoever has just opened some."""
    free = Q(lease=None) | Q(lease_until__lt=Now())
    unrung = Q(rung_at=None) | Q(rung_at__lt=from_now(-settings.RING_AGAIN_SECONDS))
    rows = RecordedWindow.objects.filter(free & unrung, copied_at=None, attempts__lt=settings.MAX_ATTEMPTS)
    return list(rows.filter(incident__deleted_at=None).values_list("pk", flat=True)[:64])


def copy(window_id: int) -> Iterator[int]:
    """Copy a window. Yields the id of each new chunk once it is committed, so that the caller can ring for it."""
    lease = Lease(RecordedWindow, window_id)
    if not lease.claim(Q(copied_at=None, attempts__lt=settings.MAX_ATTEMPTS)):
        return
    window = RecordedWindow.objects.select_related("incident", "app__recorder").get(pk=window_id)
    try:
        with lease:
            yield from _copy(window, lease)
            # A window that grew meanwhile is not done: its row has another end.
            rows = RecordedWindow.objects.filter(pk=window_id, to_at=window.to_at, lease=lease.token)
            if rows.update(copied_at=Now()):
                # A window without a single line changes the analysis too.
                Incident.objects.filter(pk=window.incident_id).update(revision=F("revision") + 1)
            lease.end(attempts=0)
    except LeaseLost:
        logger.info("window %s went to another worker", window_id)
    except Exception as error:
        if troubles.is_passing(error):
            logger.warning("copying window %s waits: %s", window_id, error)
            lease.wait({"error": troubles.why(error)})
            return
        logger.exception("copying window %s failed", window_id)
        lease.end(error=f"{type(error).__name__}: {error}"[:500])
    except BaseException:  # the worker is stopping, or the caller
        lease.give_back()
        raise


class _Line(NamedTuple):
    number: int
    at: bytes  # as 32 bytes; of a line without a time, that of the line before it
    text: bytes


def _copy(window: RecordedWindow, lease: Lease) -> Iterator[int]:
    for ring in window.app.recorder.sources.shown():
        target = _target(window.incident, ring)
        pending: list[_Line] = []
        size = 0
        for line in _lines(window, ring):
            pending.append(line)
            size += len(line.text) + 1
            if size >= COPIED_BYTES:
                yield _append(window, lease, ring, target, pending)
                pending, size = [], 0
        if pending:
            yield _append(window, lease, ring, target, pending)
        settle(target.pk)


def _target(incident: Incident, ring: LogSource) -> LogSource:
    """The incident's source for a drain."""
    known = LogSource.objects.filter(incident=incident, idempotency_key=_key(incident, ring)).first()
    if known:
        return known
    Incident.objects.select_for_update().get(pk=incident.pk)
    return LogSource.objects.create(
        team_id=incident.team_id, incident=incident, kind=SourceKind.DRAIN, name=ring.name,
        idempotency_key=_key(incident, ring), position=next_position(incident.pk), state=SourceState.DIGESTING,
        settings=ring.settings,
    )  # fmt: skip


def _key(incident: Incident, ring: LogSource) -> str:
    return f"{incident.pk.hex[:31]}-{ring.pk.hex[:32]}"


def _lines(window: RecordedWindow, ring: LogSource) -> Iterator[_Line]:
    """The window's lines that were not copied yet, in the order in which they arrived.

    Lines that are newer than the window count where one that belongs to it arrived behind them.
    """
    first, last = (canonical(to_us(at)) for at in (window.from_at, window.to_at))
    done = window.progress.get(str(ring.pk), 0)
    newer: list[_Line] = []
    while True:
        try:
            for chunk in _chunks(window, ring, done):
                before = b""
                for number, text in enumerate(_rows(chunk), chunk.first_line):
                    before = _stamp(text) or before
                    if number <= done or before < first:
                        continue
                    newer.append(_Line(number, before, text))
                    if before <= last:
                        yield from newer
                        newer.clear()
                done = max(done, chunk.last_line)
            return
        except Segment.DoesNotExist:  # chunks were just joined into a larger one: look again
            continue


def _chunks(window: RecordedWindow, ring: LogSource, done: int) -> Iterator[Chunk]:
    """Chunks that may hold lines of the window behind line ``done``."""
    chunks = Chunk.objects.filter(source=ring, first_line__gt=done - F("lines")).order_by("first_line")
    for chunk in chunks.iterator(chunk_size=50):
        begins, ends = (_at(chunk, name) for name in ("first_utc", "last_utc"))
        if begins and begins > window.to_at + SLACK:
            return
        if not ends or ends >= window.from_at:
            yield chunk


def _rows(chunk: Chunk) -> list[bytes]:
    try:
        rows = segments.read_text(chunk).split(b"\n")[:-1]
    except segments.UNREADABLE:  # the window shows that they were there, and goes on behind them
        return [segments.LOST] * chunk.lines
    if len(rows) != chunk.lines:  # it has just grown
        raise Segment.DoesNotExist
    return rows


def _stamp(text: bytes) -> bytes:
    stamp = text[:_STAMP_BYTES]
    return stamp if stamp[10:11] == b"T" and stamp.endswith(b"+00:00") else b""


def _at(chunk: Chunk, name: str) -> datetime | None:
    told = (chunk.summary or {}).get(name)
    return parse_datetime(told) if told else None


def _append(window: RecordedWindow, lease: Lease, ring: LogSource, target: LogSource, lines: list[_Line]) -> int:
    """Add a chunk to the incident's source, and note how far the copy has come."""
    done = {str(ring.pk): lines[-1].number}
    text = b"\n".join([line.text for line in sorted(lines, key=lambda line: line.at)] + [b""])
    index, packed = segments.pack(text)
    with transaction.atomic():
        window.progress |= done
        lease.fence(progress=window.progress)
        sums = Chunk.objects.filter(source=target).aggregate(lines=Sum("lines"), number=Max("number"))
        number = 0 if sums["number"] is None else sums["number"] + 1
        value, key = blobs.put(target, f"{target.pk}-{number:06}-text", packed)
        chunk = Chunk.objects.create(
            team_id=target.team_id, source=target, number=number, first_line=(sums["lines"] or 0) + 1,
            lines=len(lines), bytes=len(text), rung_at=Now(),
        )  # fmt: skip
        Segment.objects.create(chunk=chunk, team_id=target.team_id, index=index, text=value, key=key)
        LogSource.objects.filter(pk=target.pk).update(
            state=SourceState.DIGESTING, text_bytes=F("text_bytes") + len(text), bytes=F("bytes") + len(text)
        )
    return chunk.pk


def waiting_apps() -> list[UUID]:
    """Apps whose recorder must keep what it has, since a window of it is still to be copied."""
    rows = RecordedWindow.objects.filter(copied_at=None, attempts__lt=settings.MAX_ATTEMPTS, incident__deleted_at=None)
    return list(rows.values_list("app_id", flat=True).distinct())
