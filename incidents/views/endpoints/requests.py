"""Single requests of the log: what the router's line says, other lines of the same id, a curl to repeat it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from incidents.analysis.readers import router
from incidents.analysis.redact import redact
from incidents.analysis.ticket.curl import SAFE_METHODS, Reproduction, Request, reproduce
from incidents.digest.lines import Line, read_lines
from incidents.models import Incident

LINES_BEFORE, LINES_AFTER = 6_000, 300
"""Around the router's line, which comes when a request ends: 30 s of a busy log lie before it."""
MOST_LINES = 40
MOST_SHOWN = 2_000
"""Characters of a line."""
_PLACE = re.compile(r"(\d{1,4})\.(\d{1,15})\Z", re.ASCII)
_ID = re.compile(r"[\w-]{8,80}\Z", re.ASCII)
_MESSAGE = re.compile(r"\b(?:sock|at|code|method)=|\bError H\d\d \(")


class Spoken(NamedTuple):
    """What a router line says besides its columns. ``path`` is masked."""

    method: str
    path: str
    host: str
    request_id: str
    curl: Reproduction


class RequestLines(NamedTuple):
    """Lines with one request id. ``is_cut``: there are more of them."""

    request_id: str
    lines: list[Line]
    is_cut: bool


def named(text: str) -> tuple[int, int] | None:
    """``0.812``: source and line; None for anything else."""
    match = _PLACE.match(text)
    return (int(match[1]), int(match[2])) if match else None


def read(incident: Incident, places: list[tuple[int, int]]) -> dict[tuple[int, int], Spoken]:
    """What the router lines at these places say."""
    found = {}
    for source, number in dict.fromkeys(places):
        for line in read_lines(incident, source, number, number):
            spoken = _spoken(line.text)
            if spoken:
                found[source, number] = spoken
    return found


def lines_of(incident: Incident, source: int, number: int) -> RequestLines | None:
    """The lines near this one that bear the same request id; None where the line has none."""
    for line in read_lines(incident, source, number, number):
        spoken = _spoken(line.text)
        if spoken and spoken.request_id:
            near = read_lines(incident, source, max(1, number - LINES_BEFORE), number + LINES_AFTER)
            same = [one for one in near if spoken.request_id in one.text]
            shown = [one._replace(text=redact(one.text)[:MOST_SHOWN]) for one in same[:MOST_LINES]]
            return RequestLines(spoken.request_id, shown, len(same) > MOST_LINES)
    return None


def reproduction(spoken: Iterable[Spoken]) -> tuple[Spoken, bool] | None:
    """The first request that can be repeated, and whether that only reads; a reading one where there is one."""
    usable = [one for one in spoken if one.curl.command]
    reading = [one for one in usable if one.method in SAFE_METHODS]
    chosen = next(iter(reading or usable), None)
    return (chosen, bool(reading)) if chosen else None


def _spoken(text: str) -> Spoken | None:
    start = _MESSAGE.search(text)
    line = router.read(text[start.start() :]) if start else None
    if line is None or not line.path:
        return None
    made = reproduce(Request(line.method, line.path, line.host))
    request_id = line.request_id if _ID.match(line.request_id) else ""
    return Spoken(line.method.upper(), redact(line.path), line.host, request_id, made)
