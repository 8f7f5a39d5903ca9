"""Small chunks of a live source become larger ones, so that a day of a quiet app is some dozen segments.

Eight neighbours below a size are joined into one, the smallest sizes first, again and again, up to a stretch of time:
whole segments leave the recorder when they are old, so none may span too much. Line numbers stay as they are.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from incidents import analysis
from incidents.ingest import blobs
from incidents.models import Chunk, ChunkState, LogSource, Segment, SourceKind, StoredResult

from .. import segments
from ..alerts import minutes as alert_minutes
from ..chunks import result_columns
from ..leases import Lease
from ..storable import storable

FANOUT = 8
SEALED_BYTES = 2 * 1024 * 1024
LONGEST = timedelta(hours=1)
_LIMITS = (16 * 1024, 256 * 1024)
_LOOKED_AT = 400


class _Piece(NamedTuple):
    pk: int
    number: int
    lines: int
    bytes: int
    state: str
    done_at: datetime | None


def compact(source: LogSource, lease: Lease) -> int:
    """Join what can be joined. Call it while ``lease`` on the source is held. Returns how many chunks went."""
    gone = 0
    while run := _run(source):
        lease.check()
        if _join(source, lease, run):
            gone += len(run) - 1
    return gone


def _run(source: LogSource) -> list[_Piece]:
    """The newest neighbours that are to become one chunk; none if there are too few."""
    columns = ("pk", "number", "lines", "bytes", "state", "done_at")
    rows = Chunk.objects.filter(source=source).order_by("-number").values_list(*columns)[:_LOOKED_AT]
    pieces = [_Piece(*row) for row in rows]
    return next((run for limit in _LIMITS if (run := _run_below(limit, pieces))), [])


def _run_below(limit: int, pieces: list[_Piece]) -> list[_Piece]:
    """The first run of enough chunks below a size, oldest first; ``pieces`` begin with the newest."""
    run: list[_Piece] = []
    for piece in pieces:
        if piece.bytes >= limit or not _fits(piece, run):
            if len(run) >= FANOUT:
                break
            run = []
        if piece.bytes < limit and piece.state == ChunkState.DONE:
            run.append(piece)
    return run[::-1] if len(run) >= FANOUT else []


def _fits(piece: _Piece, run: list[_Piece]) -> bool:
    """Whether an older chunk belongs to a run of newer ones."""
    if piece.state != ChunkState.DONE or piece.done_at is None:
        return False
    newest = (run[0].done_at if run else None) or piece.done_at
    size = sum(other.bytes for other in run) + piece.bytes
    return size <= SEALED_BYTES and newest - piece.done_at <= LONGEST


def _join(source: LogSource, lease: Lease, run: list[_Piece]) -> bool:
    """Whether they are one now. Chunks whose text is damaged or missing are set aside instead, and hold up nothing."""
    chunks = list(Chunk.objects.filter(pk__in=[piece.pk for piece in run]).order_by("number"))
    first, others = chunks[0], [chunk.pk for chunk in chunks[1:]]
    texts = []
    for chunk in chunks:
        try:
            texts.append(segments.read_text(chunk))
        except segments.UNREADABLE as error:
            reason = f"{type(error).__name__}: {error}"[:500]
            Chunk.objects.filter(pk=chunk.pk).update(state=ChunkState.QUARANTINED, error=reason)
    if len(texts) < len(chunks):
        return False
    text = b"".join(texts)
    how = analysis.SourceSettings.from_json(source.settings or {})
    result = analysis.scan_chunk(text, how, first_line=first.first_line, tail=segments.read_tail(first))
    index, packed = segments.pack(text)
    value, key = blobs.put(source, f"{source.pk}-{first.first_line:09}-text", packed)
    columns, summary = result_columns(source, first.number, result), storable(result.summary())
    every = [chunk.pk for chunk in chunks]
    with transaction.atomic():
        lease.fence()
        packs, results = Segment.objects.filter(pk__in=every), StoredResult.objects.filter(pk__in=every)
        keys = [*packs.values_list("key", flat=True), *results.values_list("key", flat=True)]
        results.delete()
        packs.delete()
        Chunk.objects.filter(pk__in=others).delete()
        Chunk.objects.filter(pk=first.pk).update(
            lines=sum(chunk.lines for chunk in chunks), bytes=len(text), parsed=result.parsed,
            summary=summary, done_at=chunks[-1].done_at,
        )  # fmt: skip
        Segment.objects.create(chunk_id=first.pk, team_id=source.team_id, index=index, text=value, key=key)
        StoredResult.objects.create(chunk_id=first.pk, **columns)
        if source.kind == SourceKind.DRAIN:
            alert_minutes.store(first, result)
        transaction.on_commit(lambda: blobs.remove(*keys))
    return True
