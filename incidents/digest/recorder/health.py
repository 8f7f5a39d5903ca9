"""How an app's drains are doing: sums over minutes, a sparkline, what was lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Max, Q, Sum
from django.utils import timezone

from incidents.models import App, Drain, DrainMinute, Frame

SUMMED = ("frames", "lines", "bytes", "duplicates", "refused", "overflow_lines", "dropped", "lost", "damaged")
HIGHEST = ("lag_ms", "record_ms")


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over some time. ``lost_total`` is what never reached us: L10, and what log-shuttle says."""

    frames: int = 0
    lines: int = 0
    bytes: int = 0
    duplicates: int = 0
    refused: int = 0
    overflow_lines: int = 0
    dropped: int = 0
    lost: int = 0
    damaged: int = 0
    lag_ms: int = 0
    record_ms: int = 0

    @property
    def lost_total(self) -> int:
        return self.overflow_lines + self.dropped + self.lost


class Health(NamedTuple):
    """One drain. ``waiting`` frames are stored and not yet in the log; ``lines_by_minute`` ends with this minute."""

    drain: Drain
    counts: Counts
    waiting: int
    lines_by_minute: list[int]
    lost_by_minute: list[int]


def health(app: App, *, minutes: int = 60, now: datetime | None = None) -> list[Health]:
    """Every drain of an app over the last minutes, in the order of their making."""
    return [_of_drain(drain, minutes, now or timezone.now()) for drain in app.drains.order_by("created_at", "pk")]


def summed(drains: Iterable[Drain], *, since: datetime) -> Counts:
    """Counts of these drains since a time."""
    rows = DrainMinute.objects.filter(drain__in=drains, minute_at__gte=DrainMinute.minute_of(since))
    sums = rows.aggregate(*(Sum(name) for name in SUMMED), *(Max(name) for name in HIGHEST))
    return Counts(
        **{name: sums[f"{name}__sum"] or 0 for name in SUMMED}, **{name: sums[f"{name}__max"] or 0 for name in HIGHEST}
    )


def _of_drain(drain: Drain, minutes: int, now: datetime) -> Health:
    since = DrainMinute.minute_of(now) - timedelta(minutes=minutes - 1)
    lines, lost = [0] * minutes, [0] * minutes
    for row in DrainMinute.objects.filter(drain=drain, minute_at__gte=since):
        index = int((row.minute_at - since) / timedelta(minutes=1))
        if index < minutes:
            lines[index] = row.lines
            lost[index] = row.overflow_lines + row.dropped + row.lost
    waiting = Frame.objects.filter(Q(chunked_at=None), source=drain.source_id).count()
    return Health(drain, summed([drain], since=since), waiting, lines, lost)
