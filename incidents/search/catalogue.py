"""The chunks of an incident as a search sees them, and their texts and columns, opened no more than needed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import zstandard

from incidents.analysis.columns import load_columns
from incidents.analysis.types import NO_TIME, Array, Columns
from incidents.analysis.utc import parse_iso
from incidents.digest.segments import UNREADABLE, lost, read_blocks
from incidents.ingest import blobs
from incidents.models import Chunk, ChunkState, Incident, Segment, StoredResult
from incidents.troubles import BlobMissing

from .masks import Lines, span_of

_WHOLE_BLOB = 3
"""From so many wanted blocks on, the text of a chunk is fetched at once."""
_SUMMARY = ("first_utc", "last_utc", "ends_utc", "codes", "kinds", "requests")
_ROW = ("pk", "source__position", "number", "first_line", "lines", "state")


@dataclass(eq=False)
class Entry:
    """One chunk. ``low_us`` and ``high_us`` are the first and last time of its lines.

    Lines without a time have that of the line before them, across chunks: ``carried_us``.
    """

    pk: int
    source: int
    first_line: int
    lines: int
    is_read: bool
    summary: dict[str, Any]
    low_us: int = 0
    high_us: int = 0
    carried_us: int = 0

    @property
    def last_line(self) -> int:
        return self.first_line + self.lines - 1

    @cached_property
    def columns(self) -> Columns | None:
        """None while the chunk has not been read, or if it can't be."""
        if not self.is_read:
            return None
        stored = StoredResult.objects.filter(chunk=self.pk).first()
        try:
            return load_columns(blobs.get(stored.data, stored.key)) if stored else None
        except BlobMissing:  # the next analysis has it made again
            return None

    @cached_property
    def heads(self) -> Array:
        """For each line the row of the columns that it belongs to; -1 before the first."""
        if self.columns is None:
            return np.full(self.lines, -1, dtype=np.int64)
        numbers = np.arange(self.first_line, self.first_line + self.lines)
        return np.searchsorted(self.columns.line, numbers, side="right") - 1

    @cached_property
    def _dated(self) -> Array:
        """For each line the row that gives it its time; -1 before the first."""
        if self.columns is None or not len(self.columns.at_us):
            return np.full(self.lines, -1, dtype=np.int64)
        rows = np.arange(len(self.columns.at_us))
        dated = np.maximum.accumulate(np.where(self.columns.at_us != NO_TIME, rows, -1))
        found: Array = np.where(self.heads >= 0, dated[self.heads], -1)
        return found

    @cached_property
    def at_us(self) -> Array:
        """The time of each line."""
        if self.columns is None or not len(self.columns.at_us):
            return np.full(self.lines, self.carried_us, dtype=np.int64)
        found: Array = np.where(self._dated >= 0, self.columns.at_us[self._dated], self.carried_us)
        return found

    @cached_property
    def identity(self) -> Array:
        """Equal for equal records of one moment; 0 for lines that begin none."""
        if self.columns is None or not len(self.columns.line):
            return np.zeros(self.lines, dtype=np.int64)
        numbers = np.arange(self.first_line, self.first_line + self.lines)
        begins = (self.heads >= 0) & (self.columns.line[self.heads] == numbers)
        found: Array = np.where(begins, self.columns.identity[self.heads].astype(np.int64) + 1, 0)
        return found

    @cached_property
    def view(self) -> Lines:
        return Lines(self.source, self.first_line, self.at_us, self.columns)

    # -- text ---------------------------------------------------------------------------------------------------------
    @cached_property
    def _blocks(self) -> list[list[int]]:
        found: list[list[int]] = Segment.objects.values_list("index", flat=True).get(chunk=self.pk)
        return found

    @cached_property
    def starts(self) -> Array:
        """First row (from 0 in the chunk) of each block."""
        return np.array([block[0] for block in self._blocks], dtype=np.int64)

    def rows_of(self, block: int) -> int:
        end = self._blocks[block + 1][0] if block + 1 < len(self._blocks) else self.lines
        return max(0, end - self._blocks[block][0])

    def text(self, block: int, *, wanted: int = 1) -> bytes:
        """One block; with many ``wanted`` of this chunk, all are fetched at the first."""
        first_row, offset, packed, _ = self._blocks[block]
        if wanted >= _WHOLE_BLOB or "_blob" in self.__dict__:
            try:
                return zstandard.ZstdDecompressor().decompress(self._blob[offset : offset + packed])
            except UNREADABLE:
                return lost(self.rows_of(block))
        for at, text in read_blocks(Chunk(pk=self.pk), first_row, first_row):
            if at == first_row:
                return text
        return b""

    @cached_property
    def _blob(self) -> bytes:
        segment = Segment.objects.only("text", "key").get(chunk=self.pk)
        return blobs.get(segment.text, segment.key)

    def forget(self) -> None:
        """Let go of everything that was opened."""
        for name in ("columns", "heads", "_dated", "at_us", "identity", "view", "_blob"):
            self.__dict__.pop(name, None)


def entries(incident: Incident, sources: Collection[int] | None = None) -> list[Entry]:
    """All chunks of an incident, or of some of its sources, in the order of the files."""
    rows = Chunk.objects.filter(source__incident=incident, source__position__isnull=False)
    if sources is not None:
        rows = rows.filter(source__position__in=list(sources))
    names = tuple(f"summary__{name}" for name in _SUMMARY)
    found: list[Entry] = []
    for pk, source, _, first_line, lines, state, *summary in rows.order_by("source__position", "number").values_list(
        *_ROW, *names
    ):
        told = {name: value for name, value in zip(_SUMMARY, summary, strict=True) if value is not None}
        found.append(Entry(pk, source, first_line, lines, state == ChunkState.DONE, told))
    _place_in_time(found)
    return found


def _place_in_time(found: list[Entry]) -> None:
    source, carried = -1, 0
    for entry in found:
        span = span_of(entry.summary)
        if entry.source != source:
            source = entry.source
            spans = (span_of(one.summary) for one in found if one.source == source)
            carried = next((first[0] for first in spans if first), 0)
        entry.carried_us = carried
        entry.low_us, entry.high_us = (min(span[0], carried), max(span[1], carried)) if span else (carried, carried)
        ends_us = parse_iso(entry.summary.get("ends_utc") or "")
        carried = entry.high_us if ends_us is None else ends_us
