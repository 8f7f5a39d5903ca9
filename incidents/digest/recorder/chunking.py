"""Frames of a live source (a drain, a pipe) become chunks: by load, and within a second or two when it is quiet.

A source is worked on by one worker at a time, under its lease. Chunks, counts and the frames' removal are one
transaction behind the fence, so that a line is recorded exactly once whatever dies. What can't be read is kept: the
chunk is then left to `chunks.digest`, which sets aside what it can't read either.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from incidents import analysis, troubles
from incidents.ingest import blobs
from incidents.models import (
    Chunk,
    ChunkState,
    Drain,
    Frame,
    Incident,
    LogSource,
    Segment,
    StoredResult,
)

from .. import segments
from ..alerts import minutes as alert_minutes
from ..chunks import result_columns
from ..leases import Lease, LeaseLost
from ..settle import settle
from ..storable import storable
from .batch import Batch, drain_counts
from .compaction import compact

logger = logging.getLogger(__name__)
BATCH_BYTES = 2 * 1024 * 1024
BATCH_FRAMES = 500
TURN_SECONDS = 10.0
"""A source that never ends gives its worker back after this, and is rung for again."""
SCANS_TRIED = 2
"""So often a worker may die over a batch before it is kept without being read here."""

_WAITING = Exists(Frame.objects.filter(source=OuterRef("pk"), chunked_at=None)) & Exists(
    Incident.objects.filter(pk=OuterRef("incident"), deleted_at=None)
)


class Recorded(NamedTuple):
    """What one turn has done. ``unread`` chunks are to be digested; ``more`` frames wait."""

    source_id: UUID
    incident_id: UUID
    app_id: UUID | None  # of a drain
    lines: int
    unread: list[int]
    more: bool


def record(source_id: UUID) -> Recorded | None:
    """Record all frames that wait. None if there is nothing to do, or another worker is at it."""
    lease = Lease(LogSource, source_id)
    if not lease.claim(Q(_WAITING)):
        waiting = Frame.objects.filter(source=source_id, chunked_at=None)
        if waiting.exists() or not settle(source_id):  # a pipe may end after its last line was recorded
            return None
        incident_id = LogSource.objects.values_list("incident_id", flat=True).get(pk=source_id)
        return Recorded(source_id, incident_id, None, 0, [], False)
    source = LogSource.objects.select_related("incident", "drain").get(pk=source_id)
    turn = _Turn(source, lease)
    try:
        with lease:
            turn.run()
            lease.end(attempts=0, problem="")
    except LeaseLost:
        logger.info("source %s went to another worker", source_id)
        return None
    except Exception as error:  # a bug here is tried again by the reaper, and by no more than that
        if troubles.is_passing(error):
            logger.warning("recording source %s waits: %s", source_id, error)
            lease.wait({"problem": troubles.why(error)})
            return None
        logger.exception("recording source %s failed", source_id)
        lease.end(problem=f"Recording failed ({type(error).__name__}); it will be tried again."[:500])
        return None
    except BaseException:  # the worker is stopping
        lease.give_back()
        raise
    more = Frame.objects.filter(source=source_id, chunked_at=None).exists()  # came while we held the lease
    drain = turn.drain
    if not drain and not more:
        settle(source_id)
    return Recorded(source_id, source.incident_id, drain.app_id if drain else None, turn.lines, turn.unread, more)


class _Turn:
    """One worker's turn at one source."""

    def __init__(self, source: LogSource, lease: Lease) -> None:
        self.source = source
        self.lease = lease
        self.drain: Drain | None = getattr(source, "drain", None)
        self.lines = 0
        self.unread: list[int] = []

    def run(self) -> None:
        ends_at = time.monotonic() + TURN_SECONDS
        while time.monotonic() < ends_at and (frames := self._frames()):
            self.lease.check()
            self._record(frames)
        compact(self.source, self.lease)

    def _frames(self) -> Sequence[Frame]:
        """The oldest frames that wait, as many as make a chunk."""
        waiting = Frame.objects.filter(source=self.source, chunked_at=None).order_by("id")
        size = 0
        chosen: list[int] = []
        for pk, count in waiting.values_list("pk", "bytes")[:BATCH_FRAMES]:
            if chosen and size + count > BATCH_BYTES:
                break
            chosen.append(pk)
            size += count
        return list(Frame.objects.filter(pk__in=chosen).order_by("id")) if chosen else []

    def _record(self, frames: Sequence[Frame]) -> None:
        batch = Batch(frames)
        chunk = self._chunk(batch)
        result = self._scanned(chunk, batch.text) if chunk else None
        now = timezone.now()
        index, packed = segments.pack(batch.text)
        value, key = (
            blobs.put(self.source, f"{self.source.pk}-{chunk.first_line:09}-text", packed) if chunk else (b"", "")
        )
        columns = result_columns(self.source, chunk.number, result) if chunk and result else {}
        if chunk and result:
            chunk.state, chunk.parsed = ChunkState.DONE, result.parsed
            chunk.summary, chunk.done_at = storable(result.summary()), now
        # Everything is worked out by now: others wait while this lasts.
        with transaction.atomic():
            self._fence(batch, result)
            if chunk:
                chunk.save(force_insert=True)
                Segment.objects.create(chunk=chunk, team_id=self.source.team_id, index=index, text=value, key=key)
                if result:
                    StoredResult.objects.create(chunk=chunk, **columns)
                    if self.drain:
                        alert_minutes.store(chunk, result)
            Frame.objects.filter(pk__in=[frame.pk for frame in frames]).update(
                body=b"", is_compressed=False, chunked_at=Now()
            )
            if self.drain:
                drain_counts(self.drain, batch, now)
            elif chunk:
                Incident.objects.filter(pk=self.source.incident_id).update(
                    revision=F("revision") + 1, analysis_attempts=0
                )
        self.lines += batch.count
        if chunk and not result:
            self.unread.append(chunk.pk)

    def _fence(self, batch: Batch, result: analysis.ChunkResult | None) -> None:
        """Renew the lease, or find that it is lost; the source's sums go with it."""
        parsed = result.parsed if result else 0
        self.lease.fence(
            lines=F("lines") + batch.count, parsed=F("parsed") + parsed,
            unparsed=F("unparsed") + max(0, batch.count - parsed), bytes=F("bytes") + batch.bytes,
            text_bytes=F("text_bytes") + len(batch.text), touched_at=Now(), settings=self.source.settings,
        )  # fmt: skip
        self.source.lines += batch.count

    def _chunk(self, batch: Batch) -> Chunk | None:
        """The next chunk of the source, not saved yet; None where a batch has no line."""
        if not batch.count:
            return None
        if self.source.settings is None:
            self.source.settings = self._settings(batch.text[:65536]).to_json()
        last = Chunk.objects.filter(source=self.source).order_by("-number").first()
        behind = last.last_line if last else 0
        return Chunk(
            team_id=self.source.team_id, source=self.source, number=last.number + 1 if last else 0,
            first_line=max(self.source.lines, behind) + 1, lines=batch.count, bytes=len(batch.text),
        )  # fmt: skip

    def _settings(self, head: bytes) -> analysis.SourceSettings:
        """How a pipe is to be read, by its first lines. What does not look like a log is read all the same."""
        try:
            how = analysis.inspect(head, name=self.source.name, received_at=self.source.created_at)
        except analysis.NotALog as problem:
            return analysis.SourceSettings(assumptions=(str(problem),))
        # The text is kept as it comes, and can be cut anywhere; lines in other encodings are read one by one.
        return replace(how, encoding="utf-8")

    def _scanned(self, chunk: Chunk, text: bytes) -> analysis.ChunkResult | None:
        """What the chunk says. None if it can't be read now; it is then left to the usual way of failing."""
        if self.source.attempts > SCANS_TRIED:
            return None
        how = analysis.SourceSettings.from_json(self.source.settings or {})
        try:
            return analysis.scan_chunk(text, how, first_line=chunk.first_line, tail=segments.read_tail(chunk))
        except Exception:
            logger.exception("a batch of source %s could not be read at once", self.source.pk)
            return None


def waiting_sources() -> list[UUID]:
    """Live sources whose frames nobody is recording, for the reaper."""
    behind = Frame.objects.filter(chunked_at=None, source__incident__deleted_at=None)
    free = Q(source__lease=None) | Q(source__lease_until__lt=Now())
    return list(
        behind.filter(free).order_by().values_list("source", flat=True).distinct()[: settings.MAX_ATTEMPTS * 50]
    )
