"""Canonical lines to columns, notes and sums: `scan` is pure, and the only reader of log text in bulk.

Nothing here makes an object per line. `tests/analysis/oracle.py` is the plain reference that says what must come out.
"""

from __future__ import annotations

import numpy as np

from . import bulk, gauges, heads, notes, requests
from .bulk import Text
from .heads import ERROR, MOST_NAME, Heads, Names
from .rollup import sums
from .types import NO_TIME, Array, Canonical, ChunkResult, Columns, Kind, Note

_KINDS = tuple(Kind)


def scan(canonical: Canonical, *, first_line: int = 1) -> ChunkResult:
    """Read a chunk. ``first_line`` is the number of its first raw line in the source."""
    text = Text(canonical.buf)
    if len(text.ends) != len(canonical.rows):
        raise ValueError("A chunk has another number of canonical lines than of rows.")
    line = (canonical.rows + first_line).astype(np.int32)
    head = heads.read(text)
    series, samples = gauges.read(text, head)
    router = requests.read(text, head, line, np.flatnonzero(head.kind == Kind.ROUTER))
    codes = _codes(text, head)
    kept, dropped = notes.choose(text, head, codes, router.request, router.row, router.unread)
    columns = _columns(head, line, router, codes)
    added = sums(columns)
    return ChunkResult(
        columns, _notes(canonical, text, head, line, kept), dropped, canonical.raw_lines, len(line), canonical.skipped,
        [(row + first_line, reason) for row, reason in canonical.skipped_rows], canonical.repaired, added.codes,
        router.slowest, added.endpoints, added.histograms, added.minutes, series, samples, added.clients, added.rollup,
    )  # fmt: skip


def _codes(text: Text, head: Heads) -> dict[int, str]:
    """Rows that begin with ``Error R14 (…`` or the like, and the code."""
    other = np.flatnonzero((head.kind != Kind.ROUTER) & (head.kind != Kind.METRIC))
    rows = other[text.starts_with(head.message[other], b"Error ")]
    said = text.slices(head.message[rows], np.minimum(text.ends[rows], head.message[rows] + 40))
    found = [
        (row, ERROR.match(message.decode("utf-8", "replace"))) for row, message in zip(rows.tolist(), said, strict=True)
    ]
    return {row: match[1] for row, match in found if match}


def _columns(head: Heads, line: Array, router: requests.Read, codes: dict[int, str]) -> Columns:
    process, code = Names(), Names()
    for name in router.names["code"]:
        code(name)
    ids, first = bulk.distinct(head.writer)
    writers = [head.writers[index] for index in head.writer[first].tolist()]
    number = np.array(
        [process(f"{writer.origin}[{writer.process}]"[:MOST_NAME]) for writer in writers], dtype=np.uint16
    )
    coded = np.array([code(name) for name in codes.values()], dtype=np.uint16)
    names = {"process": process.list(), **router.names, "code": code.list()}
    return Columns(
        head.at_us, line, head.kind, number[ids], head.identity, np.fromiter(codes, dtype=np.int32), coded,
        router.row.astype(np.int32), router.request, names,
    )  # fmt: skip


def _notes(canonical: Canonical, text: Text, head: Heads, line: Array, rows: Array) -> list[Note]:
    data = canonical.data
    stops = np.append(np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")), len(data))
    at = canonical.rows[rows]
    starts = np.where(at > 0, stops[at - 1] + 1, 0)
    result = []
    for number, at_us, kind, which, start, end, low, high in zip(
        *(column.tolist() for column in (line[rows], head.at_us[rows], head.kind[rows], head.writer[rows])),
        *(column.tolist() for column in (head.message[rows], text.ends[rows], starts, stops[at])), strict=True,
    ):  # fmt: skip
        writer = head.writers[which]
        said = text.data[start:end].decode("utf-8", "replace")
        raw = data[low:high].decode("utf-8", "replace").rstrip("\r")
        result.append(
            Note(
                number, None if at_us == NO_TIME else at_us, _KINDS[kind], writer.origin[:MOST_NAME],
                writer.process[:MOST_NAME], said[: notes.MAX_TEXT], raw[: notes.MAX_TEXT],
            )
        )  # fmt: skip
    return result
