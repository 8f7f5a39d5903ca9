"""How far an incident's logs have come: what pages show while workers are busy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum

from incidents.models import Chunk, ChunkState, Incident, LogSource
from incidents.models.sources import UNFINISHED


@dataclass(frozen=True, slots=True)
class SourceProgress:
    """One source. ``chunks_total`` grows while it is still being cut (``state`` splitting)."""

    source: LogSource
    chunks_total: int
    chunks_done: int
    chunks_set_aside: int
    lines_done: int

    @property
    def is_finished(self) -> bool:
        return self.source.state not in UNFINISHED

    def to_json(self) -> dict[str, Any]:
        source = self.source
        return {
            "id": str(source.pk), "name": source.name, "position": source.position, "state": source.state,
            "problem": source.problem, "notes": source.notes, "bytes": source.bytes,
            "expected_bytes": source.expected_bytes, "chunks_total": self.chunks_total, "chunks_done": self.chunks_done,
            "chunks_set_aside": self.chunks_set_aside, "lines_done": self.lines_done, "is_finished": self.is_finished,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Progress:
    """All sources of an incident. ``is_finished``: nothing is arriving or being read, and the analysis knows it all."""

    sources: list[SourceProgress]
    is_finished: bool
    chunks_total: int
    chunks_done: int
    lines_done: int


def progress(incident: Incident) -> Progress:
    """Count what is done. Costs two queries, whatever the size of the logs."""
    rows = _progress_of(LogSource.objects.filter(incident=incident).exclude(state="duplicate").order_by("position"))
    busy = any(not row.is_finished for row in rows)
    return Progress(
        rows,
        not busy and incident.analysed_revision >= incident.revision,
        sum(row.chunks_total for row in rows),
        sum(row.chunks_done for row in rows),
        sum(row.lines_done for row in rows),
    )


def source_progress(source: LogSource) -> SourceProgress:
    return _progress_of([source])[0]


def _progress_of(sources: Any) -> list[SourceProgress]:
    rows = list(sources)
    done, aside = Q(state=ChunkState.DONE), Q(state=ChunkState.QUARANTINED)
    counts = {
        entry["source"]: entry
        for entry in Chunk.objects.filter(source__in=[row.pk for row in rows])
        .values("source")
        .annotate(total=Count("pk"), done=Count("pk", filter=done), aside=Count("pk", filter=aside))
        .annotate(read=Sum("lines", filter=done))
    }
    nothing: dict[str, Any] = {"total": 0, "done": 0, "aside": 0, "read": 0}
    return [
        SourceProgress(row, found["total"], found["done"], found["aside"], found["read"] or 0)
        for row in rows
        for found in [counts.get(row.pk, nothing)]
    ]
