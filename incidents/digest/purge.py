"""Remove what is no longer wanted. Everything here can be stopped half-way and run again."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from incidents import audit
from incidents.ingest import blobs
from incidents.models import (
    Chunk,
    ChunkState,
    Incident,
    LogSource,
    Merge,
    Segment,
    SigninToken,
    SourceState,
    StoredResult,
    Team,
)
from incidents.troubles import StorageAway

from .alerts import watching as alerts
from .leases import from_now

logger = logging.getLogger(__name__)


def forget_chunks(source: LogSource) -> None:
    """Remove a source's chunks with texts and results, in the caller's transaction; blobs once it is committed."""
    # Whoever is about to write a result is waited for, and whoever comes later finds that its lease is gone.
    Chunk.objects.filter(source=source).update(lease=None, state=ChunkState.QUARANTINED)
    keys = [
        *Segment.objects.filter(chunk__source=source).exclude(key="").values_list("key", flat=True),
        *StoredResult.objects.filter(chunk__source=source).exclude(key="").values_list("key", flat=True),
    ]
    Chunk.objects.filter(source=source).delete()
    transaction.on_commit(lambda: blobs.remove(*keys))


def purge_incident(incident: Incident) -> None:
    """Remove a deleted incident. Leases go first, so that no worker can write a row behind us. Raises `StorageAway`."""
    sources = LogSource.objects.filter(incident=incident)
    sources.update(lease=None, state=SourceState.FAILED)
    Incident.objects.filter(pk=incident.pk).update(analysis_lease=None)
    for source in sources:
        with transaction.atomic():
            forget_chunks(source)
    # What was merged into it goes with it: it would else come back, empty.
    Incident.objects.filter(merged_into=incident, deleted_at=None).update(deleted_at=Now())
    # Before the row: while the bucket is away it stays, and with it the knowledge of what is still to be removed.
    blobs.remove_all(blobs.prefix(LogSource(team_id=incident.team_id, incident=incident)))
    Incident.objects.filter(pk=incident.pk).delete()


def expire() -> int:
    """Delete what a team does not want to keep any longer. From then on it goes as if somebody had deleted it."""
    count = 0
    for team in Team.objects.exclude(retention_days=None):
        too_old = timezone.now() - timedelta(days=team.retention_days or 0)
        for incident in Incident.objects.filter(team=team, deleted_at=None, is_recorder=False, created_at__lt=too_old):
            with transaction.atomic():
                incident.delete_later()
                details = {"retention_days": team.retention_days}
                audit.record("incident.deleted", team=team, target=incident, details=details)
            count += 1
    return count


def purge() -> int:
    """Remove deleted incidents, uploads that nobody finished, and dead sign-in tokens. Returns how many rows went."""
    count = expire()
    long_ago = from_now(-settings.UNDO_SECONDS)  # what was deleted since can still be brought back
    # The blobs of a merged incident's logs lie under its own prefix, but belong to the other one now.
    in_use = Merge.objects.filter(undone_at=None, into__deleted_at=None).values("merged")
    for incident in Incident.objects.filter(deleted_at__lte=long_ago).exclude(pk__in=in_use):
        try:
            purge_incident(incident)
        except StorageAway as error:
            logger.warning("incident %s is removed in a later pass: %s", incident.pk, error)
        else:
            count += 1
    old = from_now(-settings.ABANDONED_UPLOAD_HOURS * 3600)
    abandoned = LogSource.objects.filter(state=SourceState.RECEIVING, touched_at__lt=old)
    count += abandoned.delete()[0]
    count += alerts.forget_old()
    count += SigninToken.objects.filter(expires_at__lt=Now() - timedelta(days=7)).delete()[0]
    if count:
        logger.info("purged %d rows at %s", count, timezone.now().isoformat())
    return count
