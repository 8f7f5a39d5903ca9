"""Tables with a header line, apart by commas, semicolons or tabs: Datadog, Splunk, Sumo Logic, CloudWatch Insights, Graylog, Better Stack.

Columns are found by name, with the same table of names as JSON. A newline inside quotes is turned into ␊ before the source is cut,
so that a record stays on one line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..types import Record, SourceSettings
from . import Format, Head
from ._fields import MESSAGE, TIME, from_fields

_MAX_JOINED = 64 * 1024  # a quote that stays open longer than this was no quote
_NEWLINE = "␊"
_CELLS = 200


def columns(line: str) -> tuple[str, ...]:
    """The delimiter and the column names of a header line, or nothing if it names no message and no time."""
    for delimiter in ",;\t":
        cells = [cell.strip().strip('"').lower() for cell in line.split(delimiter)]
        if 2 <= len(cells) <= _CELLS and set(cells) & set(MESSAGE) and set(cells) & set(TIME):
            return (delimiter, *cells)
    return ()


def read(text: str, settings: SourceSettings) -> Record | None:
    if len(settings.columns) < 3:
        return None
    cells = _cells(text, settings.columns[0])
    names = settings.columns[1:]
    if len(cells) < 2 or [cell.strip().lower() for cell in cells[: len(names)]] == list(names):
        return None
    return from_fields(dict(zip(names, cells, strict=False)), settings)


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        cells = text.split(delimiter)
    return [cell.replace(_NEWLINE, "\n") for cell in cells]


def skip(text: str, settings: SourceSettings) -> str | None:
    return "header" if columns(text) and columns(text) == settings.columns else None


def settle(head: Head, settings: SourceSettings) -> SourceSettings:
    return replace(settings, columns=columns(head.lines[0]))


def detect(head: Head) -> float:
    return 0.97 if head.lines and columns(head.lines[0]) else 0.0


def reline(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text with newlines inside quotes turned into ␊."""
    pending = b""
    for block in blocks:
        lines = (pending + block).split(b"\n")
        pending, done = _joined(lines[:-1], lines[-1])
        if done:
            yield done
    yield pending


def _joined(lines: list[bytes], rest: bytes) -> tuple[bytes, bytes]:
    """What is left open, and the finished lines."""
    out: list[bytes] = []
    held: list[bytes] = []
    size = quotes = 0
    for line in lines:
        held.append(line)
        size += len(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            out.append(_NEWLINE.encode().join(part.rstrip(b"\r") for part in held))
        elif size > _MAX_JOINED:
            out += held
        else:
            continue
        held, size, quotes = [], 0, 0
    return b"\n".join([*held, rest]), b"\n".join([*out, b""])


FORMAT = Format(
    name="csv",
    title="CSV export",
    read=read,
    detect=detect,
    reline=reline,
    settle=settle,
    skip=skip,
    rank=45,
    samples=(),
)
