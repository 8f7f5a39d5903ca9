"""Chunks of any format to canonical lines, the one form that the scanner reads.

What is canonical already passes in bulk (`survey`); the rest is read line by line (`lines`). `inspect` settles once,
from a source's first bytes, how all its chunks are read.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

import numpy as np

from . import cleaning, formats, joins, noise, survey, text
from .lines import LineReader
from .types import Array, Canonical, SourceSettings
from .utc import DAY_US, MONTHS, from_us, parse_iso, to_us

_HEAD_LINES = 4000
_TAIL_LINES = 50
_DATED_LINES = 200
_DATE = re.compile(r"(?<!\d)(20\d\d)-(\d\d)-(\d\d)(?!\d)", re.ASCII)
_MOSTLY = 0.9  # below this share of clean lines a rewrite of the whole chunk pays
_COLOUR = re.compile(rb"\x1b\[[0-9;]{0,64}m")


def inspect(head: bytes, *, name: str, received_at: datetime) -> SourceSettings:
    """How a source is to be read, from its first bytes. Raises `NotALog` for binary content."""
    encoding = text.detect_encoding(head)
    raw = b"".join(text.utf8([head], encoding))
    text.refuse_binary(head, raw)
    lines = [cleaning.plain(text.decode_line(line)[0]).rstrip() for line in raw.split(b"\n")[:_HEAD_LINES]]
    if len(lines) > 1 and len(head) >= text.MAX_LINE:
        lines.pop()  # most likely cut off
    view = formats.Head(raw, [bare for line in lines if (bare := noise.bare(cleaning.repaired(line)[0]))])
    form = formats.choose(view)
    settings = SourceSettings(
        encoding=encoding, format=form.name, year=received_at.year, latest_us=_latest(view, name, received_at)
    )
    if form.settle is not None and view.lines:
        settings = form.settle(view, settings)
    settings = replace(settings, assumptions=(*settings.assumptions, *_assumptions(view, settings)))
    return _breaks(lines, settings)


def _latest(head: formats.Head, name: str, received_at: datetime) -> int:
    """The end of the twelve months into which times without a year fall.

    That is the day on which the log arrived, or half a year after a date that the log itself or its name gives away.
    """
    latest_us = to_us(received_at) + DAY_US  # a day on: the zone of the printed times is not known
    for line in head.lines[:_DATED_LINES]:
        printed, dates = line[:6].replace("  ", " 0"), _DATE.findall(line, 15)
        for year, month, day in dates:
            if line[:3] in MONTHS and printed == f"{line[:3]} {day}" and MONTHS[line[:3]] == int(month):
                return min(latest_us, _half_a_year_after(year, month, day) or latest_us)
    return min(
        [latest_us, *(at_us for date in _DATE.findall(name) if (at_us := _half_a_year_after(*date)) is not None)]
    )


def _half_a_year_after(year: str, month: str, day: str) -> int | None:
    at_us = parse_iso(f"{year}-{month}-{day}T00:00:00Z")
    return None if at_us is None else at_us + 180 * DAY_US


def _assumptions(head: formats.Head, settings: SourceSettings) -> list[str]:
    """What had to be assumed, in sentences for the reader of the page."""
    found = []
    if settings.encoding == "cp1252":
        found.append("The text is not UTF-8; it is read as Windows-1252 (Latin-1).")
    read = formats.get(settings.format).read
    records = [(line, record) for line in head.lines[:200] if (record := read(line, settings)) is not None]
    dated = [(line, record.at_us) for line, record in records if record.at_us is not None]
    if records and not dated:
        found.append("No line carries a time: lines stand in the order of the file.")
    elif dated and all(line[:3] in MONTHS or line[:1] == "<" for line, _ in dated):
        year = from_us(dated[0][1]).year
        if f"{year}" not in dated[0][0][:24]:
            found.append(f"Times carry no year: {year} is assumed for the first line.")
    shifted = replace(settings, offset_minutes=settings.offset_minutes + 60)
    if any((moved := read(line, shifted)) is not None and moved.at_us != at_us for line, at_us in dated[:20]):
        found.append("Times carry no zone: UTC is assumed.")
    return found


def _breaks(lines: list[str], settings: SourceSettings) -> SourceSettings:
    """Whether lines were broken by a terminal, and whether nearly all have a header."""
    readers = formats.readers(settings.format)
    headed = [any(read(noise.bare(line), settings) for read in readers) for line in lines]
    full = [index for index, line in enumerate(lines) if line]
    return replace(
        settings, width=joins.width(lines, headed), captured=joins.captured([headed[index] for index in full])
    )


def normalise(data: bytes, settings: SourceSettings, *, tail: bytes = b"") -> Canonical:
    """The chunk's canonical lines.

    ``tail`` is the end of the chunk before: it tells whom a first line without a header belongs to.
    """
    form = formats.get(settings.format)
    if form.reline is not None and form.rewrite is not None:  # drain bodies that did not pass through `cut`
        data = _relined(data, form)
    reading = data.replace(b"\r\n", b"\n") if b"\r" in data else data
    reader = LineReader(settings)
    if tail:
        reader.prime(tail[-text.MAX_LINE :].split(b"\n")[-_TAIL_LINES:])
    if not reading:
        return Canonical(data, b"", np.zeros(0, dtype=np.int32), 0)
    reading, lines = _survey(reading if reading.endswith(b"\n") else reading + b"\n", form, settings.offset_minutes)
    if lines.clean.all():
        return Canonical(data, reading, np.arange(len(lines.starts), dtype=np.int32), len(lines.starts))
    buf, rows = _mixed(reading, lines, reader)
    return Canonical(data, buf, rows, len(lines.starts), reader.skipped, reader.skipped_rows, reader.repaired)


def _relined(data: bytes, form: formats.Format) -> bytes:
    """Frames to lines. Text that is on lines already stays as it is."""
    assert form.reline is not None
    return b"".join(form.reline([data])) if data[:1].isdigit() else data


def _survey(reading: bytes, form: formats.Format, offset_minutes: int) -> tuple[bytes, survey.Lines]:
    """The text and its lines.

    Where too few are clean, colours go and the form rewrites its usual lines, in the whole chunk at once. Rewriting
    takes times without a zone for UTC.
    """
    lines = survey.survey(reading)
    if lines.clean.mean() >= _MOSTLY:
        return reading, lines
    rewritten = _COLOUR.sub(b"", reading) if b"\x1b[" in reading else reading
    if form.rewrite is not None and offset_minutes == 0:
        rewritten = form.rewrite(rewritten)
    return (reading, lines) if rewritten is reading else (rewritten, survey.survey(rewritten))


def _mixed(reading: bytes, lines: survey.Lines, reader: LineReader) -> tuple[bytes, Array]:
    """Canonical lines of a chunk that is not all clean: runs of clean lines are copied, what lies between is read."""
    out: list[bytes] = []
    rows: list[Array] = []
    starts, ends = lines.starts.tolist(), lines.ends.tolist()
    count, position = len(starts), 0
    for row in [*np.flatnonzero(~lines.clean).tolist(), count]:
        if row > position:
            _flush(reader, out, rows)
            last = row - 1  # read as well: what follows may belong to it
            if last > position:
                out.append(reading[starts[position] : ends[last - 1]])
                rows.append(np.arange(position, last, dtype=np.int32))
            reader.clean(last, reading[starts[last] : ends[last]])
        if row < count:
            following = reading[starts[row + 1] : ends[row + 1]] if row + 1 < count else None
            reader.read(row, reading[starts[row] : ends[row]], following)
        position = row + 1
    _flush(reader, out, rows)
    return b"\n".join([*out, b""]), np.concatenate([np.zeros(0, dtype=np.int32), *rows])


def _flush(reader: LineReader, out: list[bytes], rows: list[Array]) -> None:
    taken, numbers = reader.take()
    out += taken
    rows.append(np.array(numbers, dtype=np.int32))
