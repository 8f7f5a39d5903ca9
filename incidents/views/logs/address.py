"""What the address of a log page asks for: the query, a file, a place, the window of time, and how lines look."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from incidents.analysis.utc import to_us
from incidents.models import Incident, LogSource
from incidents.search import BEGINNING, END, Page, Place, place_of, with_fields
from incidents.search.conditions import ByTime
from incidents.search.moments import moment
from incidents.views.logs.facets import known_of
from incidents.views.logs.reveal import is_revealed
from incidents.views.summary import Summary
from incidents.views.window import Window, window_of

PAGE_LINES = 200
LARGEST_NUMBER = 2**53
LINKED_FIELDS = ("dyno", "kind", "code", "status", "endpoint")
"""Terms that links from other pages name by themselves; they join the query."""
SWITCHES = {"wrap": True, "fold": True, "raw": False}
"""How lines look, and whether they do unless somebody says otherwise."""
LINE = re.compile(r"(?:(\d{1,9})\.)?(\d{1,15})\Z", re.ASCII)
_PLACE = re.compile(r"(-?\d{1,19})\.(-?\d{1,10})\.(\d{1,15})\Z", re.ASCII)


class Asked:
    """What the address asks for. Whatever makes no sense in it counts as not given."""

    def __init__(
        self, request: HttpRequest, incident: Incident, context: dict[str, Any], sources: list[LogSource]
    ) -> None:
        self.request = request
        self.incident = incident
        self.summary = context["summary"]
        self.window: Window = context["window"]
        self.known = known_of(self.summary, sources)
        get = {name: str(value).replace("\x00", "") for name, value in request.GET.items()}
        self.text = with_fields(get.get("q", ""), {name: get.get(name, "").strip() for name in LINKED_FIELDS})
        self.file = _file(get.get("file") or get.get("source", ""), sources)
        self.reveal = is_revealed(request, incident)
        self.look = {
            name: {"on": True, "off": False}.get(get.get(name) or request.COOKIES.get(f"log_{name}", ""), usual)
            for name, usual in SWITCHES.items()
        }
        self._get = get

    def link(self, **changes: Any) -> str:
        """The query string of another page of this log; a change to None leaves something out."""
        kept: dict[str, Any] = {"q": self.text, "file": "" if self.file is None else self.file + 1}
        kept |= self.window.fields | changes
        return urlencode({name: value for name, value in kept.items() if value not in (None, "")})

    @property
    def within(self) -> ByTime | None:
        if self.window.is_whole:
            return None
        start, end = self.window.start_at, self.window.end_at
        return ByTime(to_us(start) if start else None, to_us(end) + 1 if end else None)

    @property
    def page(self) -> Page:
        """Which lines: from a place on, or before one."""
        until = self._get.get("until", "")
        if until:
            return Page(END if until == "end" else self._place(until) or END, backwards=True, count=PAGE_LINES)
        return Page(self._place(self._get.get("start") or self._get.get("go", "")), count=PAGE_LINES)

    def _place(self, text: str) -> Place | None:
        """``<µs>.<source>.<line>``, a line (``0.812`` or ``812``) or a time; None where it is none of these."""
        if exact := _PLACE.match(text):
            at_us, source, line = (int(part) for part in exact.groups())
            return Place(max(BEGINNING.at_us, min(at_us, END.at_us)), source, line)
        if found := LINE.match(text.strip().replace(",", "")):
            source = self.file or 0 if found[1] is None else int(found[1])
            return place_of(self.incident, source, int(found[2])) if int(found[2]) < LARGEST_NUMBER else None
        time = moment(text.strip(), self.known) if text else None
        return None if time is None else Place(time, -1, 0)


def incident_span(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    """What `Asked` reads of a page's context, for answers that are no page."""
    summary = Summary(incident.analysis)
    return {"summary": summary, "window": window_of(request, summary.window)}


def named(place: Place) -> str:
    """A place as addresses have it."""
    return f"{place.at_us}.{place.source}.{place.line}"


def _file(text: str, sources: list[LogSource]) -> int | None:
    """Position of the one file that is asked for, counted from 1; None for all."""
    wanted = int(text) - 1 if text.isascii() and text.isdecimal() and len(text) < 10 else None
    return wanted if wanted in {source.position for source in sources} and len(sources) > 1 else None
