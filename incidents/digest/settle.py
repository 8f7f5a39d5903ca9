"""Whether the work of a source is over, and what it came to. Sums over its chunks, never increments."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Sum
from django.db.models.functions import Now

from incidents.models import Chunk, LogSource, SourceState
from incidents.models.chunks import OPEN


def settle(source_id: UUID) -> bool:
    """Mark a source done if all its chunks are. Called after each commit that may be the last, and by the reaper.

    It must run after that commit, on its own: of two chunks that end at once, the later one sees both.
    """
    busy = Chunk.objects.filter(source=source_id, state__in=OPEN)
    waiting = LogSource.objects.filter(pk=source_id, state=SourceState.DIGESTING)
    if busy.exists() or not waiting.exclude(archive__state=SourceState.SPLITTING).exists():
        return False
    sums = Chunk.objects.filter(source=source_id).aggregate(lines=Sum("lines"), parsed=Sum("parsed"))
    lines, parsed = sums["lines"] or 0, sums["parsed"] or 0
    return bool(
        waiting.update(
            state=SourceState.DONE, finished_at=Now(), lines=lines, parsed=parsed, unparsed=max(0, lines - parsed)
        )
    )
