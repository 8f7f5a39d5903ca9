"""Chunk results to `Facts`: sums over chunks, one dictionary of names, one order of lines, in bounded memory.

Chunks are taken one at a time and need not be kept. Sums are exact whatever the size. What is kept line by line
(requests, notes, points of metrics) is limited: `trouble` says which minutes stay, `Facts` says what is not complete.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from . import heap
from .answers import Tally
from .duplicates import Seen, Window, without
from .kept import Kept
from .naming import OTHER_ENDPOINT
from .rollup import MOST_CLIENTS
from .rollups import Rollups
from .series import Series
from .totals import Totals
from .types import (
    NO_TIME,
    Array,
    ChunkResult,
    CodeCount,
    Facts,
    Slowest,
    SourceInput,
    SourceTotals,
)  # fmt: skip

MOST_ENDPOINTS = 20_000
MOST_MINUTES = 100_000
"""Of more minutes (69 days without a gap) those without an error are dropped first; totals are exact all the same."""
MOST_SKIPPED_ROWS = 200
_TRIM_EVERY = 16
"""Chunks after which memory is given back: what stays of each lies between what it needed for a moment."""


def merge(sources: Iterable[SourceInput]) -> Facts:
    """Everything that the sources say. An iterator of sources, or of chunks in one, is gone through once."""
    merger = Merger(_windows(sources))
    for source in sources:
        merger.begin(source)
        for chunk in source.chunks:
            merger.add(chunk)
    return merger.facts()


def distinct_clients(clients: dict[str, int]) -> int:
    """How many clients met failures: exact while few, within some 2 % where only the smallest hashes are known."""
    if len(clients) < MOST_CLIENTS:
        return len(clients)
    largest = int(max(clients), 16)
    return round((MOST_CLIENTS - 1) * 2**64 / largest)


def _windows(sources: Iterable[SourceInput]) -> list[Window | None] | None:
    """First and last time of each source, as far as known before reading; None if sources come one by one."""
    if not isinstance(sources, list | tuple):
        return None
    if len(sources) < 2:
        return [(0, 0)]
    return [source.window or _window(source.chunks) for source in sources]


def _window(chunks: Iterable[ChunkResult]) -> Window | None:
    if not isinstance(chunks, list | tuple):
        return None
    timed = [chunk.columns.at_us[chunk.columns.at_us != NO_TIME] for chunk in chunks]
    found = [(int(times.min()), int(times.max())) for times in timed if len(times)]
    return (min(low for low, _ in found), max(high for _, high in found)) if found else (0, 0)


class Merger:
    """The sums so far. ``windows`` are those of the sources to come, None where any number may come."""

    def __init__(self, windows: list[Window | None] | None = None) -> None:
        self.sources: list[SourceInput] = []
        self.totals: list[SourceTotals] = []
        self.seen = Seen(windows)
        self.names: dict[str, dict[str, int]] = {
            key: {"": 0} for key in ("process", "dyno", "endpoint", "code", "client")
        }
        self.codes: dict[str, CodeCount] = {}
        self.endpoints = Totals()
        self.minutes: dict[int, dict[str, int]] = {}
        self.errors: dict[int, int] = {}
        self.clients: dict[str, int] = {}
        self.slowest: Slowest | None = None
        self.gauges, self.samples = Series(), Series()
        self.chunks = 0
        self.rollups = Rollups(lambda: self.names["endpoint"].setdefault(OTHER_ENDPOINT, len(self.names["endpoint"])))
        self.answers = Tally()
        self.kept = Kept(self.errors)

    def begin(self, source: SourceInput) -> None:
        """The chunks that come next are of this source."""
        self.seen.begin(len(self.sources))
        self.sources.append(source)
        self.totals.append(SourceTotals())

    def add(self, chunk: ChunkResult) -> None:
        """One more chunk of the present source."""
        position = len(self.sources) - 1
        gone = self.seen.repeated(chunk.columns)
        self._total(chunk, gone)
        if gone is not None:
            chunk = without(chunk, gone)
        for code, count in chunk.codes.items():
            known = self.codes.setdefault(code, CodeCount(first_line=count.first_line, first_source=position))
            _add_code(known, count, position)
        moved = self._moved(chunk)
        self.endpoints.add(chunk.endpoints, moved["endpoint"])
        self.rollups.add(chunk, moved["endpoint"])
        self.answers.add(chunk.columns.request, moved)
        for minute, values in chunk.minutes.items():
            _add(self.minutes.setdefault(minute, {}), values)
            if values.get("errors"):
                self.errors[minute] = self.errors.get(minute, 0) + values["errors"]
        self._limit()
        _add(self.clients, chunk.clients)
        for gauge in chunk.gauges:
            self.gauges.add(f"{gauge.process}\n{gauge.instance}", gauge)
        for name, gauge in chunk.samples.items():
            self.samples.add(name, gauge)
        found = chunk.slowest
        if found and (self.slowest is None or found.service_ms > self.slowest.service_ms):
            self.slowest = replace(found, source=position)
        self.kept.add(chunk, moved, position)
        self.chunks += 1
        if self.chunks % _TRIM_EVERY == 0:
            heap.trim()

    def facts(self) -> Facts:
        """All of it. Nothing may be added afterwards."""
        rollup = self.rollups.result()
        requests, request_source, complete = self.kept.requests()
        heap.trim()  # before the rules need memory of their own
        totals = self.totals
        firsts = [total.first_us for total in totals if total.first_us is not None]
        lasts = [total.last_us for total in totals if total.last_us is not None]
        endpoints = self.endpoints.result(list(self.names["endpoint"]), self.rollups.histograms())
        return Facts(
            [replace(source, chunks=(), totals=total) for source, total in zip(self.sources, totals, strict=True)],
            min(firsts, default=None), max(lasts, default=None), self.codes, self.kept.notes(), requests,
            request_source, complete, {key: list(index) for key, index in self.names.items()}, endpoints,
            self.minutes, list(self.gauges.result().values()), self.samples.result(), self.slowest,
            dict(sorted(self.clients.items())[:MOST_CLIENTS]), sum(total.lines for total in totals),
            sum(total.parsed for total in totals), rollup, sum(total.duplicates for total in totals),
            sum(total.dropped_notes for total in totals) + self.kept.dropped_notes, self.answers.result(),
        )  # fmt: skip

    def _total(self, chunk: ChunkResult, gone: Array | None) -> None:
        total, times = self.totals[-1], chunk.columns.at_us[chunk.columns.at_us != NO_TIME]
        total.lines += chunk.raw_lines
        total.parsed += chunk.parsed
        _add(total.skipped, chunk.skipped)
        _add(total.repaired, chunk.repaired)
        total.skipped_rows += islice(chunk.skipped_rows, MOST_SKIPPED_ROWS - len(total.skipped_rows))
        total.dropped_notes += chunk.dropped_notes
        total.duplicates += 0 if gone is None else int(gone.sum())
        if len(times):
            low, high = int(times.min()), int(times.max())
            total.opens_us = int(times[0]) if total.opens_us is None else total.opens_us
            total.first_us = low if total.first_us is None else min(total.first_us, low)
            total.last_us = high if total.last_us is None else max(total.last_us, high)

    def _moved(self, chunk: ChunkResult) -> dict[str, Array]:
        """For each kind of name the numbers of the chunk's names among all names."""
        moved = {}
        for key, index in self.names.items():
            named = self._endpoint if key == "endpoint" else str
            moved[key] = np.array(
                [index.setdefault(named(name), len(index)) for name in chunk.columns.names[key]], dtype=np.int32
            )
        return moved

    def _endpoint(self, name: str) -> str:
        index = self.names["endpoint"]
        return name if name in index or len(index) < MOST_ENDPOINTS else OTHER_ENDPOINT

    def _limit(self) -> None:
        if len(self.clients) > 4 * MOST_CLIENTS:
            self.clients = dict(sorted(self.clients.items())[:MOST_CLIENTS])
        if len(self.minutes) > MOST_MINUTES:
            ranked = sorted(self.minutes, key=lambda minute: (-self.errors.get(minute, 0), minute))
            for minute in ranked[MOST_MINUTES * 3 // 4 :]:
                del self.minutes[minute]


def _add(into: dict[Any, int], values: dict[Any, int]) -> None:
    for key, value in values.items():
        into[key] = into.get(key, 0) + value


def _add_code(into: CodeCount, count: CodeCount, position: int) -> None:
    into.count += count.count
    if count.first_us is not None and (into.first_us is None or count.first_us < into.first_us):
        into.first_us, into.first_line, into.first_source = count.first_us, count.first_line, position
    if count.last_us is not None:
        into.last_us = count.last_us if into.last_us is None else max(into.last_us, count.last_us)
