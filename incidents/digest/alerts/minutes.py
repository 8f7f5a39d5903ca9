"""Counts per minute of an app's recorder: written with each chunk's result, added up when somebody looks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from incidents.analysis import ChunkResult
from incidents.analysis.bursts import LONGEST_LOOK
from incidents.analysis.minutes import add, minutes_of
from incidents.models import App, Chunk, ChunkMinutes


def minute_of(at: datetime) -> int:
    """Minutes since 1970."""
    return int(at.timestamp() // 60)


def store(chunk: Chunk, result: ChunkResult) -> None:
    """Replace the counts of a chunk, in the transaction that writes its result."""
    cells = minutes_of(result)
    if not cells:
        ChunkMinutes.objects.filter(chunk=chunk).delete()
        return
    columns: dict[str, Any] = {
        "team_id": chunk.team_id, "source_id": chunk.source_id, "first_minute": min(cells), "last_minute": max(cells),
        "cells": {str(minute): cells[minute] for minute in sorted(cells)},
    }  # fmt: skip
    ChunkMinutes.objects.update_or_create(chunk=chunk, defaults=columns)


def load(app: App, now: datetime, *, minutes: int = LONGEST_LOOK) -> dict[int, dict[str, int]]:
    """Counts of the app's last minutes.

    Several drains bring the same lines, as Heroku sends all to each: of every number the highest counts, not the sum.
    """
    first = minute_of(now) - minutes
    rows = ChunkMinutes.objects.filter(source__incident=app.recorder_id, last_minute__gte=first)
    by_source: dict[Any, list[dict[int, dict[str, int]]]] = {}
    for source, cells in rows.order_by("chunk").values_list("source", "cells"):
        by_source.setdefault(source, []).append(
            {int(minute): cell for minute, cell in cells.items() if int(minute) >= first}
        )
    whole: dict[int, dict[str, int]] = {}
    for parts in by_source.values():
        for minute, cell in add(parts).items():
            known = whole.setdefault(minute, {})
            for name, number in cell.items():
                known[name] = max(number, known.get(name, 0))
    return whole
