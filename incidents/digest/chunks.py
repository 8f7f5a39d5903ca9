"""Digest one chunk: claim it, scan its text, write the result under the fence.

A lost message changes nothing (the reaper rings again), a doubled one nothing either (the claim fails), and a late one
can't write (the fence). What is written is a pure function of the text, the source's settings and the parser's version.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from incidents import analysis, troubles
from incidents.ingest import blobs
from incidents.models import Chunk, ChunkState, Incident, LogSource, SourceKind, StoredResult
from incidents.models.chunks import OPEN

from . import segments
from .alerts import minutes as alert_minutes
from .leases import Lease, LeaseLost
from .settle import settle
from .storable import storable

logger = logging.getLogger(__name__)

_WAITING = Q(state__in=OPEN) & Exists(LogSource.objects.filter(pk=OuterRef("source"), incident__deleted_at=None))


def digest(chunk_id: int) -> UUID | None:
    """Read a chunk. Returns its incident, whose analysis is now behind; None if there was nothing to do."""
    lease = Lease(Chunk, chunk_id)
    if not lease.claim(_WAITING & Q(attempts__lt=settings.MAX_ATTEMPTS), state=ChunkState.RUNNING):
        return None
    chunk = Chunk.objects.select_related("source").get(pk=chunk_id)
    try:
        with lease:
            _save(chunk, lease, _scan(chunk))
    except LeaseLost:
        logger.info("chunk %s went to another worker", chunk_id)
        return None
    except Exception as error:  # the one place where a bug in a reader is caught: it costs a chunk, not the incident
        if troubles.is_passing(error):  # not the chunk's fault: it waits, and no attempt is counted
            logger.warning("chunk %s waits: %s", chunk_id, error)
            lease.wait({"error": troubles.why(error)}, state=ChunkState.PENDING, rung_at=Now())
            return None
        logger.exception("digesting chunk %s failed", chunk_id)
        fail(chunk, lease, f"{type(error).__name__}: {error}")
    except BaseException:  # the worker is stopping
        lease.give_back(state=ChunkState.PENDING, rung_at=None)
        raise
    settle(chunk.source_id)
    return chunk.source.incident_id


def _scan(chunk: Chunk) -> analysis.ChunkResult:
    how = analysis.SourceSettings.from_json(chunk.source.settings or {})
    text, tail = segments.read_text(chunk), segments.read_tail(chunk)
    return analysis.scan_chunk(text, how, first_line=chunk.first_line, tail=tail)


def _save(chunk: Chunk, lease: Lease, result: analysis.ChunkResult) -> None:
    columns, summary = result_columns(chunk.source, chunk.number, result), result.summary()
    with blobs.removed_on(LeaseLost, columns["key"]), transaction.atomic():
        lease.fence(
            state=ChunkState.DONE, parsed=result.parsed, summary=storable(summary), error="", done_at=Now(), lease=None,
            lease_until=None,
        )  # fmt: skip
        before = StoredResult.objects.filter(chunk=chunk)
        replaced = list(before.values_list("key", flat=True))
        before.delete()
        StoredResult.objects.create(chunk=chunk, **columns)
        if chunk.source.kind == SourceKind.DRAIN:
            alert_minutes.store(chunk, result)
        Incident.objects.filter(pk=chunk.source.incident_id, is_recorder=False).update(
            revision=F("revision") + 1, analysis_attempts=0
        )
        transaction.on_commit(lambda: blobs.remove(*replaced))


def result_columns(source: LogSource, number: int, result: analysis.ChunkResult) -> dict[str, Any]:
    """The columns of the `StoredResult` of a source's chunk; its data is put where blobs lie."""
    data = result.dump()
    value, key = blobs.put(source, f"{source.pk}-{number:06}-result", data)
    return {
        "team_id": source.team_id, "parser_version": analysis.PARSER_VERSION, "data": value, "key": key,
        "sha256": hashlib.sha256(data).hexdigest(),
    }  # fmt: skip


def fail(chunk: Chunk, lease: Lease, reason: str) -> None:
    """Note a failed attempt; the last one sets the chunk aside, so that one bad chunk can't hold up the others."""
    spent = chunk.attempts >= settings.MAX_ATTEMPTS
    state = ChunkState.QUARANTINED if spent else ChunkState.PENDING
    if lease.end(state=state, error=reason[:500], rung_at=None) and spent:
        Incident.objects.filter(pk=chunk.source.incident_id, is_recorder=False).update(
            revision=F("revision") + 1, analysis_attempts=0
        )
