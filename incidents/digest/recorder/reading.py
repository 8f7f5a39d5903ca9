"""Lines of an app's recorder, for its live page: the newest ones, and those that came after a place."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Max, Min, Sum

from incidents.models import App, Chunk, LogSource, Segment

from ..segments import read_blocks

LONGEST_SHOWN_BYTES = 16 * 1024
Place = dict[str, int]
"""How far somebody has read: the number of the last line by source id. Small enough for ``Last-Event-ID``."""


class RecordedLine(NamedTuple):
    """A line as it stands in the recorder (``<time> app[web.1]: …``). Position and number make its permalink."""

    position: int  # of its source in the recorder
    number: int  # in its source, from 1
    text: str


class Tail(NamedTuple):
    """``lines`` are ordered by time. ``skipped`` lines lie between the place that was given and the first of them."""

    lines: list[RecordedLine]
    place: Place
    skipped: int


class Held(NamedTuple):
    """What the ring holds now; times are those of chunks' arrival in the recorder."""

    first_at: datetime | None
    last_at: datetime | None
    lines: int
    bytes: int


def tail(app: App, after: Place | None = None, *, limit: int = 500) -> Tail:
    """The newest lines after ``after`` (of all sources), at most ``limit`` of each. Without a place the last ones.

    Cheap when there is nothing new: one query. Lines of different drains are merged by time.
    """
    after = after or {}
    found: list[RecordedLine] = []
    place: Place = {}
    skipped = 0
    for pk, position, lines in _sources(app):
        place[str(pk)] = lines
        known = min(after.get(str(pk), max(0, lines - limit)), lines)
        first = max(known, lines - limit) + 1
        if str(pk) in after:
            skipped += first - 1 - known
        if first <= lines:
            found += _read(pk, position, first, lines)
    found.sort(key=lambda line: line.text[:32])  # stable: lines of one moment stay in their order
    return Tail(found[-limit:], place, skipped + max(0, len(found) - limit))


def held(app: App) -> Held:
    """What the recorder of an app holds, for "the last 41 hours are on record"."""
    rows = Chunk.objects.filter(source__incident=app.recorder_id)
    sums = rows.aggregate(Sum("lines"), Sum("bytes"), Min("done_at"), Max("done_at"))
    return Held(sums["done_at__min"], sums["done_at__max"], sums["lines__sum"] or 0, sums["bytes__sum"] or 0)


def last_lines(source: LogSource, count: int) -> list[bytes]:
    """The last lines of a live source, as bytes."""
    return [raw for _, raw in _raw(source.pk, max(1, source.lines - count + 1), source.lines)]


def _sources(app: App) -> list[tuple[UUID, int, int]]:
    rows = LogSource.objects.filter(incident=app.recorder_id, position__isnull=False).order_by("position")
    return [(pk, position or 0, lines) for pk, position, lines in rows.values_list("pk", "position", "lines")]


def _read(source_id: UUID, position: int, first: int, last: int) -> list[RecordedLine]:
    return [
        RecordedLine(position, number, raw[:LONGEST_SHOWN_BYTES].removesuffix(b"\r").decode("utf-8", "replace"))
        for number, raw in _raw(source_id, first, last)
    ]


def _raw(source_id: UUID, first: int, last: int) -> list[tuple[int, bytes]]:
    """Lines by number; those that are there."""
    for _ in range(3):
        try:
            return sorted(_raw_once(source_id, first, last))
        except Segment.DoesNotExist:  # chunks were just joined into a larger one: look again
            continue
    return []


def _raw_once(source_id: UUID, first: int, last: int) -> list[tuple[int, bytes]]:
    found = []
    chunks = Chunk.objects.filter(source=source_id, first_line__lte=last).order_by("-first_line")
    for chunk in chunks.iterator(chunk_size=16):
        if chunk.last_line < first:
            break
        low, high = max(first, chunk.first_line), min(last, chunk.last_line)
        for row, block in read_blocks(chunk, low - chunk.first_line, high - chunk.first_line):
            for number, raw in enumerate(block.split(b"\n"), chunk.first_line + row):
                if low <= number <= high:
                    found.append((number, raw))
    return found
