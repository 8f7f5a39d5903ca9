"""A chunk's result as bytes: numpy columns and compact JSON in one zstd frame. No pickle, nothing that runs code.

    magic | zstd( u32 length of header | header as JSON | arrays, end to end )

Integers are stored as differences where that is smaller, in the narrowest type that holds them, their bytes transposed.
What can be computed from the columns (sums, rollups) is not stored.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import zstandard

from .facets import facets
from .rollup import sums
from .types import NO_TIME, Array, ChunkResult, Columns, Gauge, Kind, Note, Requests, Slowest
from .utc import canonical, iso

MAGIC = b"TriageC\x01"
MOST_BYTES = 512 * 1024 * 1024
"""A larger result is no result of a chunk."""
_LEVEL = 3
_INTS = ("<i1", "<u1", "<i2", "<u2", "<i4", "<u4", "<i8")
_STORED = {"dyno": "u2", "endpoint": "i4", "status": "i2", "code": "u2", "service_ms": "i4", "connect_ms": "i4",
           "bytes": "i8", "failed": "?", "client": "u2"}  # fmt: skip


class Damaged(ValueError):
    """The bytes are no dump of this version."""


class _Writer:
    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.index: list[tuple[str, int, int]] = []  # type, number of elements, whether they are differences

    def ints(self, values: Array | list[int], *, steps: bool = False) -> None:
        """``steps`` stores the differences between neighbours."""
        array = np.asarray(values, dtype=np.int64)
        if steps and len(array):
            array = np.diff(array, prepend=np.int64(0))
        low, high = (int(array.min()), int(array.max())) if len(array) else (0, 0)
        kind = next(name for name in _INTS if np.iinfo(name).min <= low and high <= np.iinfo(name).max)
        self._add(array.astype(kind), kind, int(steps))

    def floats(self, values: list[float]) -> None:
        self._add(np.asarray(values, dtype="<f8"), "<f8", 0)

    def text(self, values: Iterable[str]) -> None:
        """Strings: their lengths in bytes, then the bytes."""
        encoded = [value.encode("utf-8", "surrogatepass") for value in values]
        self.ints([len(value) for value in encoded])
        self._add(np.frombuffer(b"".join(encoded), dtype="<u1"), "<u1", 0)

    def _add(self, array: Array, kind: str, steps: int) -> None:
        self.index.append((kind, len(array), steps))
        self.parts.append(array.view(np.uint8).reshape(len(array), -1).T.tobytes() if len(array) else b"")


class _Reader:
    def __init__(self, index: list[list[Any]], body: memoryview) -> None:
        self.index: Iterator[list[Any]] = iter(index)
        self.body = body
        self.at = 0

    def array(self) -> Array:
        kind, count, steps = next(self.index, ("", 0, 0))
        if kind not in (*_INTS, "<f8") or not isinstance(count, int) or count < 0:
            raise Damaged("The stored result names an array of an unknown type.")
        size = count * np.dtype(kind).itemsize
        if self.at + size > len(self.body):
            raise Damaged("The stored result ends early.")
        flat = np.frombuffer(self.body[self.at : self.at + size], dtype=np.uint8)
        self.at += size
        array: Array = flat.reshape(-1, count).T.copy().view(kind).ravel() if count else np.zeros(0, dtype=kind)
        return np.cumsum(array, dtype=np.int64) if steps else array

    def text(self) -> list[str]:
        sizes, blob = self.array().astype(np.int64), self.array().tobytes()
        ends = np.cumsum(sizes)
        if (sizes < 0).any() or int(sizes.sum()) != len(blob):
            raise Damaged("The stored result holds texts of impossible lengths.")
        spans = zip((ends - sizes).tolist(), ends.tolist(), strict=True)
        return [blob[start:end].decode("utf-8", "surrogatepass") for start, end in spans]


def dump(result: ChunkResult) -> bytes:
    """See `ChunkResult.dump`."""
    writer = _Writer()
    _write_columns(writer, result.columns)
    _write_notes(writer, result.notes)
    groups = [_write_gauges(writer, gauges) for gauges in (result.gauges, list(result.samples.values()))]
    slowest = result.slowest
    head = {
        "names": result.columns.names, "raw_lines": result.raw_lines, "parsed": result.parsed,
        "dropped_notes": result.dropped_notes, "skipped": result.skipped, "skipped_rows": result.skipped_rows,
        "repaired": result.repaired, "gauges": groups, "samples": list(result.samples), "arrays": writer.index,
        "slowest": slowest and [slowest.method, slowest.path, slowest.service_ms, slowest.line, slowest.at_us],
    }  # fmt: skip
    header = json.dumps(head, separators=(",", ":")).encode()
    body = b"".join((struct.pack("<I", len(header)), header, *writer.parts))
    return MAGIC + zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(body)


def load(data: bytes) -> ChunkResult:
    """See `ChunkResult.load`."""
    body = _unpack(data)
    try:
        (size,) = struct.unpack_from("<I", body)
        head = json.loads(bytes(body[4 : 4 + size]))
        reader = _Reader(head["arrays"], body[4 + size :])
        columns = _read_columns(reader, head["names"])
        notes = _read_notes(reader)
        gauges, samples = ([_read_gauge(reader, *gauge) for gauge in group] for group in head["gauges"])
        added = sums(columns)
        return ChunkResult(
            columns, notes, head["dropped_notes"], head["raw_lines"], head["parsed"], head["skipped"],
            [(line, reason) for line, reason in head["skipped_rows"]], head["repaired"], added.codes,
            Slowest(*head["slowest"]) if head["slowest"] else None, added.endpoints, added.histograms, added.minutes,
            gauges, dict(zip(head["samples"], samples, strict=True)), added.clients, added.rollup,
        )  # fmt: skip
    except Damaged:
        raise
    except (ValueError, TypeError, KeyError, IndexError, StopIteration, struct.error) as error:
        raise Damaged(f"The stored result cannot be read: {error}.") from error


def load_columns(data: bytes) -> Columns:
    """Only the columns of a dump: a sixth of the work of `load`. Raises `Damaged`."""
    body = _unpack(data)
    try:
        (size,) = struct.unpack_from("<I", body)
        head = json.loads(bytes(body[4 : 4 + size]))
        return _read_columns(_Reader(head["arrays"], body[4 + size :]), head["names"])
    except Damaged:
        raise
    except (ValueError, TypeError, KeyError, IndexError, struct.error) as error:
        raise Damaged(f"The stored result cannot be read: {error}.") from error


def summary(result: ChunkResult) -> dict[str, Any]:
    """See `ChunkResult.summary`."""
    columns = result.columns
    times = columns.at_us[columns.at_us != NO_TIME]
    kinds, counts = np.unique(columns.kind, return_counts=True)
    first, last = (int(times.min()), int(times.max())) if len(times) else (None, None)
    return {
        "lines": result.raw_lines, "parsed": result.parsed, "unparsed": sum(result.skipped.values()),
        "skipped": result.skipped, "first_utc": iso(first), "last_utc": iso(last),
        "ends_utc": iso(int(times[-1]) if len(times) else None),
        "codes": {code: result.codes[code].count for code in sorted(result.codes)},
        "dynos": sorted(columns.names["dyno"][1:])[:200], "endpoints_count": len(result.endpoints),
        "requests": len(columns.request), "errors": int(columns.request.failed.sum()),
        "dropped_notes": result.dropped_notes,
        "kinds": {Kind(kind).name.lower(): count for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True)},
        "facets": facets(result),
    }  # fmt: skip


def _unpack(data: bytes) -> memoryview:
    if not data.startswith(MAGIC):
        raise Damaged("The stored result is none, or one of another version.")
    try:
        if not 0 <= zstandard.frame_content_size(data[len(MAGIC) :]) <= MOST_BYTES:
            raise Damaged("The stored result does not say its size, or is too large.")
        return memoryview(zstandard.ZstdDecompressor().decompress(data[len(MAGIC) :], max_output_size=MOST_BYTES))
    except zstandard.ZstdError as error:
        raise Damaged(f"The stored result cannot be unpacked: {error}.") from error


def _write_columns(writer: _Writer, columns: Columns) -> None:
    undated = np.flatnonzero(columns.at_us == NO_TIME)
    writer.ints(undated, steps=True)
    writer.ints(np.delete(columns.at_us, undated), steps=True)
    for values in (columns.line, columns.code_row, columns.request_row):
        writer.ints(values, steps=True)
    for values in (columns.kind, columns.process, columns.identity, columns.code):
        writer.ints(values)
    for name in _STORED:
        writer.ints(getattr(columns.request, name))


def _read_columns(reader: _Reader, names: dict[str, list[str]]) -> Columns:
    undated, dated = reader.array(), reader.array().astype(np.int64)
    at_us = np.full(len(undated) + len(dated), NO_TIME, dtype=np.int64)
    at_us[np.delete(np.arange(len(at_us)), undated)] = dated
    line, code_row, request_row = (reader.array().astype(np.int32) for _ in range(3))
    kind, process, identity, code = (reader.array().astype(kind) for kind in ("u1", "u2", "u4", "u2"))
    stored = {name: reader.array().astype(kind) for name, kind in _STORED.items()}
    groups = (at_us, line, kind, process, identity), (code_row, code), (request_row, *stored.values())
    if any(len({len(column) for column in group}) > 1 for group in groups):
        raise Damaged("The stored result has columns of different lengths.")
    request = Requests(at_us[request_row], line[request_row], **stored)
    codes = np.concatenate((code, request.code))
    for key, values in {"process": process, "dyno": request.dyno, "endpoint": request.endpoint, "code": codes,
                        "client": request.client}.items():  # fmt: skip
        if len(values) and not 0 <= int(values.min()) <= int(values.max()) < len(names[key]):
            raise Damaged(f"The stored result points outside its names of {key}.")
    return Columns(at_us, line, kind, process, identity, code_row, code, request_row, request, names)


def _rendered(note: Note) -> str:
    """The line from which this note would have come in a modern log; stored only where the log says otherwise."""
    return f"{canonical(note.at_us).decode()} {note.origin}[{note.process}]: {note.text}"[:4_000]


def _write_notes(writer: _Writer, notes: list[Note]) -> None:
    places: dict[str, int] = {}
    where = [places.setdefault(f"{note.origin}\n{note.process}", len(places)) for note in notes]
    undated = [row for row, note in enumerate(notes) if note.at_us is None]
    odd = [row for row, note in enumerate(notes) if note.raw != _rendered(note)]
    writer.ints([note.line for note in notes], steps=True)
    writer.ints(undated)
    writer.ints([note.at_us for note in notes if note.at_us is not None], steps=True)
    writer.ints([note.kind for note in notes])
    writer.ints(where)
    writer.ints(odd)
    writer.text(places)
    writer.text(note.text for note in notes)
    writer.text(notes[row].raw for row in odd)


def _read_notes(reader: _Reader) -> list[Note]:
    line = reader.array().tolist()
    undated, dated = set(reader.array().tolist()), iter(reader.array().tolist())
    kinds = [Kind(kind) for kind in reader.array().tolist()]
    where, odd = reader.array().tolist(), reader.array().tolist()
    places = [place.partition("\n") for place in reader.text()]
    texts = reader.text()
    raws = dict(zip(odd, reader.text(), strict=True))
    notes = []
    for row, (number, kind, place, text) in enumerate(zip(line, kinds, where, texts, strict=True)):
        note = Note(number, None if row in undated else next(dated), kind, places[place][0], places[place][2], text, "")
        note.raw = raws[row] if row in raws else _rendered(note)
        notes.append(note)
    return notes


def _write_gauges(writer: _Writer, gauges: list[Gauge]) -> list[tuple[str, str, list[str]]]:
    for gauge in gauges:
        writer.ints(gauge.at_us, steps=True)
        for values in gauge.values.values():
            writer.floats(values)
    return [(gauge.process, gauge.instance, list(gauge.values)) for gauge in gauges]


def _read_gauge(reader: _Reader, process: str, instance: str, keys: list[str]) -> Gauge:
    at_us = reader.array().tolist()
    return Gauge(process, instance, at_us, {key: reader.array().tolist() for key in keys})
