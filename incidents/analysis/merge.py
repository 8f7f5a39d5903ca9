"""Chunk results to `Facts`: sums over chunks, one dictionary of names, one order of lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from .types import NO_TIME, ChunkResult, CodeCount, EndpointCount, Facts, Gauge, Note, Requests, Slowest, SourceInput

MAX_REQUESTS = 1_000_000
MAX_NOTES = 200_000
_COLUMNS = ("at_us", "line", "dyno", "endpoint", "status", "code", "service_ms", "connect_ms", "bytes", "failed", "client")


def merge(sources: list[SourceInput]) -> Facts:
    names: dict[str, dict[str, int]] = {key: {"": 0} for key in ("process", "dyno", "endpoint", "code", "client")}
    columns: dict[str, list[Any]] = {name: [] for name in (*_COLUMNS, "source")}
    codes: dict[str, CodeCount] = {}
    endpoints: dict[str, EndpointCount] = {}
    minutes: dict[int, dict[str, int]] = {}
    gauges: dict[tuple[str, str], Gauge] = {}
    samples: dict[str, Gauge] = {}
    clients: dict[str, int] = {}
    notes: list[Note] = []
    slowest: Slowest | None = None
    first = last = None
    lines = parsed = kept = 0
    for position, source in enumerate(sources):
        for chunk in source.chunks:
            lines += chunk.raw_lines
            parsed += chunk.parsed
            kept += len(chunk.columns.request)
            if kept <= MAX_REQUESTS or not columns["at_us"]:
                _requests(columns, chunk, names, position)
            for code, count in chunk.codes.items():
                _code(codes.setdefault(code, CodeCount(first_line=count.first_line, first_source=position)), count, position)
            for name, counts in chunk.endpoints.items():
                _endpoint(endpoints.setdefault(name, EndpointCount()), counts)
            for minute, values in chunk.minutes.items():
                _add(minutes.setdefault(minute, {}), values)
            _add(clients, chunk.clients)
            for gauge in chunk.gauges:
                _gauge(gauges.setdefault((gauge.process, gauge.instance), Gauge(gauge.process, gauge.instance)), gauge)
            for name, gauge in chunk.samples.items():
                _gauge(samples.setdefault(name, Gauge(gauge.process, gauge.instance)), gauge)
            for note in chunk.notes:
                note.source = position
            notes += chunk.notes
            if chunk.slowest and (slowest is None or chunk.slowest.service_ms > slowest.service_ms):
                found = chunk.slowest
                slowest = Slowest(found.method, found.path, found.service_ms, found.line, found.at_us, position)
            timed = chunk.columns.at_us[chunk.columns.at_us != NO_TIME]
            if len(timed):
                low, high = int(timed.min()), int(timed.max())
                first = low if first is None else min(first, low)
                last = high if last is None else max(last, high)
    stacked = {name: np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64) for name, parts in columns.items()}
    order = np.lexsort((stacked["line"], stacked["source"], stacked["at_us"]))
    return Facts(
        sources, first, last, codes, _ordered(notes),
        Requests(*(stacked[name][order] for name in _COLUMNS)), stacked["source"][order], kept <= MAX_REQUESTS,
        {key: list(index) for key, index in names.items()}, endpoints, minutes, list(gauges.values()), samples,
        slowest, clients, lines, parsed,
    )  # fmt: skip


def _requests(columns: dict[str, list[Any]], chunk: ChunkResult, names: dict[str, dict[str, int]], position: int) -> None:
    table = chunk.columns.request
    for key in ("dyno", "endpoint", "code", "client"):
        index = names[key]
        moved = np.array([index.setdefault(name, len(index)) for name in chunk.columns.names[key]], dtype=np.int32)
        columns[key].append(moved[getattr(table, key)])
    for name in chunk.columns.names["process"]:
        names["process"].setdefault(name, len(names["process"]))
    for key in ("at_us", "line", "status", "service_ms", "connect_ms", "bytes", "failed"):
        columns[key].append(getattr(table, key))
    columns["source"].append(np.full(len(table), position, dtype=np.int16))


def _ordered(notes: list[Note]) -> list[Note]:
    """By (time, source, line). A note without a time keeps its place behind the note before it in its source."""
    keyed: list[tuple[int, int, int, Note]] = []
    last: dict[int, int] = {}
    for note in sorted(notes, key=lambda note: (note.source, note.line)):
        at = note.at_us if note.at_us is not None else last.get(note.source, NO_TIME)
        last[note.source] = at
        keyed.append((at, note.source, note.line, note))
    return [item[3] for item in sorted(keyed, key=lambda item: item[:3])][:MAX_NOTES]


def _add(into: dict[Any, int], values: dict[Any, int]) -> None:
    for key, value in values.items():
        into[key] = into.get(key, 0) + value


def _code(into: CodeCount, count: CodeCount, position: int) -> None:
    into.count += count.count
    if count.first_us is not None and (into.first_us is None or count.first_us < into.first_us):
        into.first_us, into.first_line, into.first_source = count.first_us, count.first_line, position
    if count.last_us is not None:
        into.last_us = count.last_us if into.last_us is None else max(into.last_us, count.last_us)


def _endpoint(into: EndpointCount, counts: EndpointCount) -> None:
    for name in ("count", "satisfied", "tolerating", "total_ms", "total_sq", "errors", "timeouts", "unreached"):
        setattr(into, name, getattr(into, name) + getattr(counts, name))
    if counts.min_ms >= 0:
        into.min_ms = counts.min_ms if into.min_ms < 0 else min(into.min_ms, counts.min_ms)
    into.max_ms = max(into.max_ms, counts.max_ms)
    _add(into.histogram, counts.histogram)


def _gauge(into: Gauge, gauge: Gauge) -> None:
    size = len(into.at_us)
    into.at_us += gauge.at_us
    for key in {*into.values, *gauge.values}:
        column = into.values.setdefault(key, [])
        column += [float("nan")] * (size - len(column)) + gauge.values.get(key, [])
        column += [float("nan")] * (len(into.at_us) - len(column))
