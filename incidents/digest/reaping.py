"""Find what is late. The broker may lose or double any message: whatever the rows say is due is rung for again."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import F, Model, Q
from django.db.models.functions import Now

from incidents import analysis
from incidents.models import Analysis, Chunk, ChunkState, Incident, LogSource, SourceState

from .leases import from_now
from .settle import settle

BATCH = 64
"""Bells per pass and kind: a long queue is not made longer by ringing for all of it again."""


class Due(NamedTuple):
    """Ids to ring for."""

    sources: list[UUID]
    chunks: list[int]
    incidents: list[UUID]


def due() -> Due:
    """What should be worked on and is not."""
    unrung = Q(rung_at=None) | Q(rung_at__lt=from_now(-settings.RING_AGAIN_SECONDS))
    expired = Q(lease_until__lt=Now())
    free = Q(lease=None) | expired
    spare = Q(attempts__lt=settings.MAX_ATTEMPTS)
    here = Q(source__incident__deleted_at=None)
    sources = LogSource.objects.filter(
        spare & unrung & free, state=SourceState.SPLITTING, archive=None, incident__deleted_at=None
    )
    waiting = Q(state=ChunkState.PENDING) & unrung
    abandoned = Q(state=ChunkState.RUNNING) & expired & unrung
    chunks = Chunk.objects.filter(here & spare & (waiting | abandoned))
    incidents = Incident.objects.filter(
        Q(analysis_lease=None) | Q(analysis_lease_until__lt=Now()),
        deleted_at=None,
        revision__gt=F("analysed_revision"),
        analysis_attempts__lt=settings.MAX_ATTEMPTS,
    )
    return Due(
        list(sources.order_by("rung_at", "pk").values_list("pk", flat=True)[:BATCH]),
        list(chunks.order_by("rung_at", "pk").values_list("pk", flat=True)[:BATCH]),
        list(incidents.order_by("analysed_at").values_list("pk", flat=True)[:BATCH]),
    )


def forget_old_documents() -> int:
    """Have some of the analyses made anew that an older release made: their text is masked by older rules."""
    old = Analysis.objects.exclude(version=analysis.DOCUMENT_VERSION).filter(incident__deleted_at=None)
    settled = old.filter(incident__analysis_attempts=0, incident__revision=F("incident__analysed_revision"))
    chosen = list(settled.order_by("-incident__created_at").values_list("incident", flat=True)[:BATCH])
    return Incident.objects.filter(pk__in=chosen).update(revision=F("revision") + 1)


def rung(model: type[Model], ids: list[Any]) -> None:
    """Note that somebody has rung for these, so that the next passes leave them alone for a while."""
    model._default_manager.filter(pk__in=ids).update(rung_at=Now())


def give_up() -> int:
    """Set aside what used up its attempts by killing its worker; settle sources whose last step was cut short."""
    spent = Q(attempts__gte=settings.MAX_ATTEMPTS) & (Q(lease=None) | Q(lease_until__lt=Now()))
    reason = f"its worker died or was stopped {settings.MAX_ATTEMPTS} times while reading it"
    count = 0
    for chunk in Chunk.objects.filter(spent, state__in=[ChunkState.PENDING, ChunkState.RUNNING]).select_related(
        "source"
    ):
        still = Chunk.objects.filter(spent, pk=chunk.pk).exclude(state=ChunkState.DONE)
        if still.update(state=ChunkState.QUARANTINED, lease=None, lease_until=None, error=chunk.error or reason):
            Incident.objects.filter(pk=chunk.source.incident_id).update(revision=F("revision") + 1)
            count += 1
    for source in LogSource.objects.filter(spent, state=SourceState.SPLITTING, archive=None):
        problem = f"This file could not be read: {settings.MAX_ATTEMPTS} attempts failed. Our own log says why."
        still_spent = LogSource.objects.filter(spent, pk=source.pk, state=SourceState.SPLITTING)
        if still_spent.update(
            state=SourceState.FAILED, problem=problem, finished_at=Now(), lease=None, lease_until=None
        ):
            Incident.objects.filter(pk=source.incident_id).update(revision=F("revision") + 1)
            count += 1
    for pk in LogSource.objects.filter(state=SourceState.DIGESTING).values_list("pk", flat=True)[:BATCH]:
        count += settle(pk)
    return count
