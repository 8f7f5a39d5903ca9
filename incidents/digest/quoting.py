"""A line of the log as people quote it: read with what stands before it, dated, and masked."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from incidents.analysis import SourceSettings
from incidents.analysis.normalise import normalise
from incidents.analysis.redact import Scrubber
from incidents.analysis.ticket.quotes import Quote, masked_rows, quote_of
from incidents.analysis.utc import parse_iso
from incidents.models import Incident, LogSource

from .lines import Line, read_lines

ROWS_BEFORE = 60
"""Read in front of a line, so that the middle of a private key is known for what it is."""


class Place(NamedTuple):
    """Rows ``first`` to ``last`` (both included, from 1) of the source at a position of an incident."""

    source: int
    first: int
    last: int


class Found(NamedTuple):
    """Lines of the log and when the first of them was written; None where neither it nor one before it says so."""

    source: LogSource
    before: list[Line]
    lines: list[Line]
    at_us: int | None


def find(incident: Incident, place: Place) -> Found | None:
    """None if the log has no such line."""
    source = LogSource.objects.filter(incident=incident).shown().filter(position=place.source).first()
    if source is None:
        return None
    rows = read_lines(incident, place.source, max(1, place.first - ROWS_BEFORE), place.last)
    lines = [row for row in rows if row.number >= place.first]
    if not lines or lines[0].number != place.first:
        return None
    before = [row for row in rows if row.number < place.first]
    return Found(source, before, lines, _written_at(source, [*before, lines[0]]))


def quote(incident: Incident, place: Place, *, show: tuple[str, ...] = (), why: str = "") -> Quote | None:
    """Lines for a ticket, masked but for the personal data that people chose to show. None if there are none."""
    found = find(incident, place)
    if found is None:
        return None
    texts = masked_rows([row.text for row in (*found.before, *found.lines)], show)[len(found.before) :]
    rows = [(row.number, text) for row, text in zip(found.lines, texts, strict=True)]
    return quote_of(place.source, found.source.name, rows, at_us=found.at_us, why=why)


def masked_line(found: Found) -> str:
    """The first line as members see it: its credentials masked."""
    scrubber = Scrubber()
    return [scrubber.feed(row.text) for row in (*found.before, found.lines[0])][-1]


def _written_at(source: LogSource, rows: list[Line]) -> int | None:
    """When the last of the rows was written, or the nearest one before it that has a time. In microseconds."""
    if source.settings is None:
        return None
    settings = replace(SourceSettings.from_json(source.settings), encoding="utf-8")
    data = "\n".join(row.text for row in rows).encode("utf-8", "replace") + b"\n"
    canonical = normalise(data, settings)
    for text in reversed(canonical.buf.decode("utf-8", "replace").split("\n")):
        at_us = parse_iso(text[:32]) if len(text) > 32 else None
        if at_us is not None:
            return at_us
    return None
