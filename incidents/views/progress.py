"""How far an incident's logs have been read: what the list and the status region of every page show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef, Q, Sum
from django.db.models.functions import Now
from django.utils import timezone

from incidents.models import Alert, Chunk, ChunkState, Incident, LogSource, SourceState
from incidents.templatetags.triage import count, percent, size
from incidents.troubles import WAITS

_FAILED = (SourceState.REFUSED, SourceState.FAILED)
STALLED_SECONDS = 20
"""Work that nobody has touched for so long, while no lease is alive anywhere: no worker runs."""


_STAGES = ("Receiving", "Unpacking", "Reading", "Drawing conclusions")


@dataclass(frozen=True, slots=True)
class SourceProgress:
    """One source: how many of its lines have been read, of those that are cut so far."""

    row: LogSource
    chunks: int = 0
    chunks_done: int = 0
    chunks_aside: int = 0
    lines: int = 0
    lines_done: int = 0
    waits: str = ""  # why one of its chunks is not read now

    @property
    def label(self) -> str:
        return SourceState(self.row.state).label if self.row.state in SourceState.values else self.row.state

    @property
    def is_failed(self) -> bool:
        return self.row.state in _FAILED

    @property
    def is_live(self) -> bool:
        return not self.row.is_finished

    @property
    def share(self) -> float:
        """0 to 1: of sending while bytes arrive, of reading afterwards."""
        if self.row.state == SourceState.RECEIVING:
            return self.row.bytes / self.row.expected_bytes if self.row.expected_bytes else 0.0
        return self.lines_done / self.lines if self.lines else 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """All sources of an incident."""

    incident: Incident
    sources: tuple[SourceProgress, ...]
    workers_rest: bool = False
    has_open_alert: bool = False  # what the app sends is added while that lasts

    @property
    def lines(self) -> int:
        return sum(source.lines for source in self.sources)

    @property
    def lines_done(self) -> int:
        return sum(source.lines_done for source in self.sources)

    @property
    def chunks_aside(self) -> int:
        return sum(source.chunks_aside for source in self.sources)

    @property
    def is_analysing(self) -> bool:
        return self.incident.analysed_revision < self.incident.revision

    @property
    def is_watched(self) -> bool:
        """All is read for now, and more comes while an alert of the app is open."""
        return self.has_open_alert and not self.is_live

    @property
    def is_given_up(self) -> bool:
        """The analysis has failed as often as it may; only new lines, or a new version of Triage, start it again."""
        return self.is_analysing and self.incident.analysis_attempts >= settings.MAX_ATTEMPTS

    @property
    def is_live(self) -> bool:
        """Something is still arriving, being read, or not yet in the verdict."""
        return any(source.is_live for source in self.sources) or (self.is_analysing and not self.is_given_up)

    @property
    def is_empty(self) -> bool:
        """Nothing could be read, and nothing more will come."""
        return not self.is_live and not any(source.lines for source in self.sources)

    @property
    def is_stalled(self) -> bool:
        """Everything has arrived, something is to be done, and no worker does it."""
        if not self.workers_rest or not self.is_live:
            return False
        newest = max((source.row.touched_at for source in self.sources), default=self.incident.created_at)
        is_arriving = any(source.row.state == SourceState.RECEIVING for source in self.sources)
        return not is_arriving and newest < _long_ago()

    @property
    def waits_for(self) -> str:
        """What keeps work from being done, as the last worker met it: a full disk, a bucket or a database away."""
        found = [
            reason
            for source in self.sources
            if source.is_live
            for reason in (source.row.problem, source.waits)
            if reason.startswith(WAITS)
        ]
        if self.is_analysing and self.incident.analysis_error.startswith(WAITS):
            found.append(self.incident.analysis_error)
        return found[0].removeprefix(WAITS) if found else ""

    @property
    def steps(self) -> list[tuple[str, str, bool]]:
        """What has to happen, in order: name, how far in figures, whether it is done."""
        sent = sum(source.row.bytes for source in self.sources)
        parsed = sum(source.row.parsed for source in self.sources)
        at = _STAGES.index(self.stage) if self.stage in _STAGES else len(_STAGES)
        figures = {
            "Receiving": size(sent) if sent else "",
            "Unpacking": f"{count(self.lines)} lines" if self.lines else "",
            "Reading": f"{count(self.lines_done)} of {count(self.lines)} lines" if self.lines else "",
            "Drawing conclusions": f"{percent(parsed / self.lines_done)} understood"
            if parsed and self.lines_done
            else "",
        }
        return [(name, figures[name], place < at) for place, name in enumerate(_STAGES)]

    @property
    def failed(self) -> list[SourceProgress]:
        return [source for source in self.sources if source.is_failed]

    @property
    def stage(self) -> str:
        states = {source.row.state for source in self.sources}
        for state, word in (
            (SourceState.RECEIVING, "Receiving"), (SourceState.SPLITTING, "Unpacking"),
            (SourceState.DIGESTING, "Reading"),
        ):  # fmt: skip
            if state in states:
                return "Reading" if self.lines_done else word
        return "Drawing conclusions" if self.is_analysing else "Done"

    @property
    def is_unpacking(self) -> bool:
        """More lines may still be added to the total."""
        return any(source.row.state == SourceState.SPLITTING for source in self.sources)

    @property
    def share(self) -> float:
        return self.lines_done / self.lines if self.lines else 0.0


def progress_of(incidents: Iterable[Incident]) -> dict[UUID, Progress]:
    """Progress by incident, in two queries however many incidents there are."""
    incidents = list(incidents)
    rows = LogSource.objects.filter(incident__in=incidents).order_by("position", "created_at", "id")
    open_alerts = Alert.objects.open().filter(incident=OuterRef("incident"))
    sources = list(rows.annotate(has_open_alert=Exists(open_alerts)))
    counted = {
        row["source"]: row
        for row in Chunk.objects.filter(source__incident__in=incidents).values("source").annotate(
            chunks=Count("pk"),
            done=Count("pk", filter=Q(state=ChunkState.DONE)),
            aside=Count("pk", filter=Q(state=ChunkState.QUARANTINED)),
            all_lines=Sum("lines"),
            done_lines=Sum("lines", filter=Q(state=ChunkState.DONE)),
            waits=Max("error", filter=Q(state=ChunkState.PENDING, error__startswith=WAITS)),
        )
    }  # fmt: skip
    by_incident: dict[UUID, list[SourceProgress]] = {incident.pk: [] for incident in incidents}
    for source in sources:
        row: Any = counted.get(source.pk, {})
        by_incident[source.incident_id].append(
            SourceProgress(
                row=source,
                chunks=row.get("chunks", 0),
                chunks_done=row.get("done", 0),
                chunks_aside=row.get("aside", 0),
                lines=row.get("all_lines") or 0,
                lines_done=row.get("done_lines") or 0,
                waits=row.get("waits") or "",
            )
        )
    alerted = {source.incident_id for source in sources if getattr(source, "has_open_alert", False)}
    found = {
        incident.pk: Progress(incident, tuple(by_incident[incident.pk]), has_open_alert=incident.pk in alerted)
        for incident in incidents
    }
    if any(progress.is_live for progress in found.values()) and workers_rest():
        found = {key: replace(progress, workers_rest=True) for key, progress in found.items()}
    return found


def workers_rest() -> bool:
    """No lease is alive, and no chunk was finished a moment ago."""
    return not (
        Chunk.objects.filter(state=ChunkState.RUNNING, lease_until__gt=Now()).exists()
        or LogSource.objects.unfinished().filter(lease_until__gt=Now()).exists()
        or Incident.objects.dirty().filter(analysis_lease_until__gt=Now()).exists()
        or Chunk.objects.filter(done_at__gt=_long_ago()).exists()
    )


def _long_ago() -> datetime:
    return timezone.now() - timedelta(seconds=STALLED_SECONDS)
