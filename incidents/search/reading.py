"""Lines that match a query: block by block, forwards or backwards, with a budget of time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from incidents.analysis.types import Array, ChunkResult
from incidents.digest.segments import read_blocks
from incidents.ingest import blobs
from incidents.models import Chunk, ChunkState, LogSource, StoredResult

from .matching import matching_lines, rules_out
from .query import Query

LONGEST_SEARCHED = 65_536
"""Bytes of a line that are looked at."""
BUDGET_SECONDS = 1.2


@dataclass(slots=True)
class Found:
    """Numbers and bytes of matching lines, in the log's order. ``reached`` is the last line that was looked at."""

    lines: list[tuple[int, bytes]] = field(default_factory=list)
    reached: int = 0
    ended: bool = True


class _TimeIsUp(Exception):
    pass


def last_line(source: LogSource) -> int:
    """Number of the last line that is there so far; 0 without any."""
    newest = Chunk.objects.filter(source=source).order_by("-number").only("first_line", "lines").first()
    return newest.last_line if newest else 0


def search(source: LogSource, query: Query, start: int, *, count: int, backwards: bool = False) -> Found:
    """Up to ``count`` matching lines from ``start`` on; backwards those before it. At least one block is looked at."""
    found = Found(reached=start)
    deadline = time.monotonic() + BUDGET_SECONDS
    try:
        for chunk in _chunks(source, start, backwards):
            if not rules_out(query, chunk.summary):
                _search_chunk(chunk, query, start, count, backwards, deadline, found)
            found.reached = chunk.first_line if backwards else chunk.last_line
            if time.monotonic() > deadline:
                raise _TimeIsUp
    except _TimeIsUp:
        found.ended = found.reached <= 1 if backwards else found.reached >= last_line(source)
    if backwards:
        found.lines.reverse()
    return found


def _chunks(source: LogSource, start: int, backwards: bool) -> Iterator[Chunk]:
    chunks = Chunk.objects.filter(source=source)
    if backwards:
        return chunks.filter(first_line__lt=start).order_by("-number").iterator(chunk_size=50)
    first = chunks.filter(first_line__lte=start).order_by("-number").values_list("number", flat=True).first()
    return chunks.filter(number__gte=first or 0).order_by("number").iterator(chunk_size=50)


def _search_chunk(
    chunk: Chunk, query: Query, start: int, count: int, backwards: bool, deadline: float, found: Found
) -> None:
    """Adds what matches in one chunk; raises `_TimeIsUp` when the page is full or the time is gone."""
    first = chunk.first_line if backwards else max(start, chunk.first_line)
    last = min(start - 1, chunk.last_line) if backwards else chunk.last_line
    wanted = _candidates(chunk, query, first, last)
    if last < first or (wanted is not None and not len(wanted)):
        return
    low, high = (first, last) if wanted is None else (int(wanted[0]), int(wanted[-1]))
    blocks = read_blocks(chunk, low - chunk.first_line, high - chunk.first_line)
    for first_row, block in reversed(list(blocks)) if backwards else blocks:
        at = chunk.first_line + first_row
        for number, row in _rows(query, block, at, max(low, at), high, wanted, backwards):
            found.lines.append((number, row))
            found.reached = number
            if len(found.lines) == count:
                raise _TimeIsUp
        if time.monotonic() > deadline:
            found.reached = max(low, at) if backwards else min(high, at + block.count(b"\n") - 1)
            raise _TimeIsUp


def _candidates(chunk: Chunk, query: Query, first: int, last: int) -> Array | None:
    """Lines that the columns allow; None if they rule nothing out."""
    if not query.terms:
        return None
    if chunk.state != ChunkState.DONE:
        return np.zeros(0, dtype=np.int64)  # not read yet, so nothing is known about its lines
    stored = StoredResult.objects.get(chunk=chunk)
    columns = ChunkResult.load(blobs.get(stored.data, stored.key)).columns
    lines = matching_lines(query, columns, chunk.first_line, chunk.lines)
    return lines if lines is None else lines[(lines >= first) & (lines <= last)]


def _rows(
    query: Query, block: bytes, at: int, first: int, last: int, wanted: Array | None, backwards: bool
) -> Iterator[tuple[int, bytes]]:
    """Matching lines of a block whose first line is ``at``. Most blocks are told by one look at the whole of it."""
    if not all(pattern.search(block) for pattern in query.include):
        return
    rows = block.removesuffix(b"\n").split(b"\n")
    last = min(last, at + len(rows) - 1)
    numbers: range | list[int] = range(first, last + 1)
    if wanted is not None:
        numbers = wanted[(wanted >= first) & (wanted <= last)].tolist()
    for number in reversed(numbers) if backwards else numbers:
        row = rows[number - at]
        capped = row[:LONGEST_SEARCHED]
        if all(pattern.search(capped) for pattern in query.include) and not any(
            pattern.search(capped) for pattern in query.exclude
        ):
            yield number, row
