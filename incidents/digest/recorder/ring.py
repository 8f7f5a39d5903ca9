"""The end of the flight recorder: whole segments leave it when they are old, or when there are too many of them.

Each goes in a transaction of its own, oldest first, so that this can be stopped anywhere and run again. Windows that
still have to be copied are waited for.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from incidents.ingest import blobs
from incidents.models import App, Chunk, DrainMinute, Frame, LogSource, Segment, StoredResult

from ..leases import Lease, from_now
from .windows import waiting_apps

logger = logging.getLogger(__name__)
FRAME_IDS_KEPT = timedelta(days=7)
"""So long a frame that comes again is known: Logplex tries for seconds, other senders for longer."""
MINUTES_KEPT = timedelta(days=30)
BATCH = 5_000


def trim() -> int:
    """Drop what is too old or too much, of all apps. Returns how many rows went."""
    busy = set(waiting_apps())
    count = sum(trim_app(app) for app in App.objects.exclude(pk__in=busy).select_related("recorder"))
    return count + _forget_frames() + _forget_minutes()


def trim_app(app: App) -> int:
    """Drop the oldest segments of one app while they are too old, or while it holds more than its share."""
    held = Chunk.objects.filter(source__incident=app.recorder_id).aggregate(total=Sum("bytes"))["total"] or 0
    excess = held - app.retention_bytes
    oldest_at = timezone.now() - timedelta(hours=app.retention_hours)
    gone = 0
    chunks = Chunk.objects.filter(source__incident=app.recorder_id, lease=None).order_by("done_at", "number")
    for chunk in chunks.select_related("source")[:BATCH]:
        if chunk.done_at is None or (excess <= 0 and chunk.done_at > oldest_at):
            break
        if not _drop(chunk):
            break
        excess -= chunk.bytes
        gone += 1
    return gone


def _drop(chunk: Chunk) -> bool:
    """Remove a chunk, unless its source is being recorded just now: then another pass does it."""
    lease = Lease(LogSource, chunk.source_id)
    if not lease.claim(Q()):
        return False
    with transaction.atomic():
        keys = [
            *Segment.objects.filter(chunk=chunk).exclude(key="").values_list("key", flat=True),
            *StoredResult.objects.filter(chunk=chunk).exclude(key="").values_list("key", flat=True),
        ]
        lease.fence()
        chunk.delete()
        transaction.on_commit(lambda: blobs.remove(*keys))
    lease.give_back()
    return True


def _forget_frames() -> int:
    old = Frame.objects.filter(received_at__lt=from_now(-FRAME_IDS_KEPT.total_seconds()), chunked_at__isnull=False)
    return Frame.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()[0]


def _forget_minutes() -> int:
    old = DrainMinute.objects.filter(minute_at__lt=from_now(-MINUTES_KEPT.total_seconds()))
    return DrainMinute.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()[0]
