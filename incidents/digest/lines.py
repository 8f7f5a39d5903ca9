"""Lines by number, and the search over them. Opens only the blocks that it needs; no page reads a whole log.

A line is named by the position of its source in the incident and its number there, from 1. Searching has a time budget
and a cursor: what was not looked at yet is told, never left out silently.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import re2
from django.db.models import F, QuerySet

from incidents.models import Chunk, Incident

from .segments import read_blocks

SHOWN_BYTES = 64 * 1024
"""Longest piece of a line that is shown."""
MAX_PATTERN = 500
_PATTERN_MEMORY = 4 * 1024 * 1024


class Line(NamedTuple):
    """A line as it stands in the log, without its line end. ``cut_bytes`` of it are not in ``text``."""

    source: int
    number: int
    text: str
    cut_bytes: int = 0


class Cursor(NamedTuple):
    """Where a search goes on: the next line that was not looked at."""

    source: int
    number: int


class Found(NamedTuple):
    """One page of a search. ``cursor`` is None once the whole log has been looked at."""

    lines: list[Line]
    cursor: Cursor | None
    scanned_lines: int


class BadPattern(ValueError):
    """The expression can't be searched for; the message says why, in one sentence."""


def read_lines(incident: Incident, source: int, first: int, last: int) -> list[Line]:
    """Lines ``first`` to ``last`` (both included, from 1) of the source at this position: those that exist."""
    found = []
    for chunk in _chunks(incident, source).filter(first_line__lte=last, first_line__gt=first - F("lines")):
        encoding = _encoding(chunk)
        low, high = max(first, chunk.first_line), min(last, chunk.last_line)
        for row, block in read_blocks(chunk, low - chunk.first_line, high - chunk.first_line):
            for number, raw in enumerate(_split(block), chunk.first_line + row):
                if low <= number <= high:
                    found.append(_line(source, number, raw, encoding))
    return found


def context(incident: Incident, source: int, number: int, *, before: int = 20, after: int = 20) -> list[Line]:
    """A line with its neighbours."""
    return read_lines(incident, source, max(1, number - before), number + after)


def search(
    incident: Incident,
    text: str,
    *,
    is_regex: bool = False,
    ignore_case: bool = True,
    source: int | None = None,
    start: Cursor | None = None,
    limit: int = 200,
    budget_ms: int = 400,
) -> Found:
    """Lines that contain ``text``, or match it as an RE2 expression, in the order of the log.

    Looks at the source at one position or at all of them, from ``start`` on, until ``limit`` lines are found or the
    time is up; at least one block is looked at each time, so that following the cursor always ends.
    Raises `BadPattern`.
    """
    pattern = compile_pattern(text, is_regex=is_regex, ignore_case=ignore_case)
    start = start or Cursor(source or 0, 1)
    stops_at = time.monotonic() + budget_ms / 1000
    found: list[Line] = []
    scanned = 0
    for chunk in _chunks(incident, source).filter(source__position__gte=start.source):
        position = _position(chunk)
        first = start.number if position == start.source else 1
        if chunk.last_line < first:
            continue
        encoding, from_row = _encoding(chunk), max(0, first - chunk.first_line)
        for row, block in read_blocks(chunk, from_row, chunk.lines - 1):
            if scanned and time.monotonic() > stops_at:
                return Found(found, Cursor(position, max(first, chunk.first_line + row)), scanned)
            for hit_row, raw in _hits(pattern, block, max(0, from_row - row)):
                if len(found) == limit:
                    return Found(found, Cursor(position, chunk.first_line + row + hit_row), scanned)
                found.append(_line(position, chunk.first_line + row + hit_row, raw, encoding))
            scanned += len(_split(block))
    return Found(found, None, scanned)


def compile_pattern(text: str, *, is_regex: bool, ignore_case: bool) -> re2._Regexp[bytes]:
    """An expression that never matches across lines, in time linear to the text. Raises `BadPattern`."""
    if not text or len(text) > MAX_PATTERN:
        raise BadPattern(f"Search for 1 to {MAX_PATTERN} characters.")
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.never_nl = True
    options.log_errors = False
    options.case_sensitive = not ignore_case
    source = f"(?m:{text})" if is_regex else re2.escape(text)
    try:
        return re2.compile(source.encode("utf-8", "replace"), options=options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        reason = reason.partition(": (?m:")[0][:200]
        raise BadPattern(f"This is no expression that can be searched for: {reason}.") from None


def _hits(pattern: re2._Regexp[bytes], block: bytes, first_row: int) -> Iterator[tuple[int, bytes]]:
    """Rows of the block that match, each once, from ``first_row`` on."""
    at = row = 0
    for _ in range(first_row):
        at = block.find(b"\n", at) + 1
        if not at:
            return
        row += 1
    while at < len(block) and (match := pattern.search(block, at)):
        begin = block.rfind(b"\n", 0, match.start()) + 1
        end = block.find(b"\n", begin)
        end = len(block) if end < 0 else end
        row += block.count(b"\n", at, begin)
        if begin >= len(block):  # an empty match behind the last line end
            return
        yield row, block[begin:end]
        at, row = end + 1, row + 1


def _chunks(incident: Incident, source: int | None) -> QuerySet[Chunk]:
    rows = Chunk.objects.filter(source__incident=incident, source__position__isnull=False).select_related("source")
    if source is not None:
        rows = rows.filter(source__position=source)
    return rows.order_by("source__position", "number")


def _position(chunk: Chunk) -> int:
    position = chunk.source.position
    assert position is not None  # `_chunks` asks for sources with a place only
    return position


def _encoding(chunk: Chunk) -> str:
    """Texts are kept as UTF-8 but for Latin-1, whose bytes are kept as they came."""
    return "latin-1" if (chunk.source.settings or {}).get("encoding") == "latin-1" else "utf-8"


def _split(block: bytes) -> list[bytes]:
    rows = block.split(b"\n")
    if not rows[-1]:
        rows.pop()
    return rows


def _line(source: int, number: int, raw: bytes, encoding: str) -> Line:
    raw = raw.removesuffix(b"\r")
    return Line(source, number, raw[:SHOWN_BYTES].decode(encoding, "replace"), max(0, len(raw) - SHOWN_BYTES))
