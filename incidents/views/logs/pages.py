"""The log itself: pages of lines that stay light however long it is, filters, and one line in its surroundings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for
from incidents.analysis.utc import iso
from incidents.display import display_of, remember
from incidents.http import wants
from incidents.models import LogSource
from incidents.search import Found, Hit, Page, Query, QueryProblem, find, parse
from incidents.search.fields import FIELDS
from incidents.views.logs.address import SWITCHES, Asked, named
from incidents.views.logs.facets import completions, facets, histogram, known_of, marks, values_of
from incidents.views.logs.rows import LAST_US, Item, Line, Row, flat, folded, pinned, rows_of
from incidents.views.pages import incident_context

SHOWN_BYTES = 64 * 1024


@require_safe
def log(request: HttpRequest, pk: UUID) -> HttpResponse:
    """``q`` (see search.fields), ``file``, the time window, and a place: ``start``, ``until`` or ``go``."""
    incident = get_incident_for(request.user, pk)
    context = incident_context(request, incident, "logs")
    sources = list(LogSource.objects.filter(incident=incident).shown())
    asked = Asked(request, incident, context, sources)
    context |= asked.look | {"sources": sources, "file": asked.file, "reveal": asked.reveal, "fields": FIELDS}
    context |= _page(asked, sources) if sources else {}
    name = "incidents/log.html"
    for target, part in (("log", "incidents/_log.html"), ("lines", "incidents/_log_more.html")):
        name = part if wants(request, target) else name
    response = render(request, name, context)
    for switch in SWITCHES:
        if request.GET.get(switch) in ("on", "off"):
            remember(response, f"log_{switch}", request.GET[switch], secure=request.is_secure())
    return response


@require_safe
def words(request: HttpRequest, pk: UUID) -> JsonResponse:
    """What the search field can be completed with: fields, and the values that this incident has."""
    incident = get_incident_for(request.user, pk)
    context = incident_context(request, incident, "logs")
    sources = list(LogSource.objects.filter(incident=incident).shown())
    known = known_of(context["summary"], sources)
    return JsonResponse(completions(values_of(context["summary"], known, sources)))


def _page(asked: Asked, sources: list[LogSource]) -> dict[str, Any]:
    values = values_of(asked.summary, asked.known, sources)
    base = {"text": asked.text, "base": asked.link(q=None), "files": _files(asked, sources)}
    try:
        query = parse(asked.text, asked.known)
    except QueryProblem as problem:
        empty = Query(asked.text)
        return base | {
            "problem": problem, "problem_parts": _pointed(asked.text, problem), "is_filtered": True,
            "facets": facets(values, empty), "histogram": histogram(asked.summary.document, None),
            "as_text": asked.link(q=f'"{asked.text}"'.replace('""', '"')),
        }  # fmt: skip
    page = asked.page
    only = None if asked.file is None else [asked.file]
    found = find(asked.incident, query, page, sources=only, within=asked.within)
    lines = [_line(hit, sources) for hit in found.hits]
    rows = rows_of(lines, reveal=asked.reveal, query=query, display=display_of(asked.request), raw=asked.look["raw"])
    return base | {
        "query": query, "chips": _chips(asked, query), "is_filtered": not (query.is_empty and asked.within is None),
        "items": _items(asked, query, rows), "rows": rows, "facets": facets(values, query),
        "facet_count": len(query.parts), "histogram": histogram(asked.summary.document, _shown(rows)),
        "copies": sum(len(row.copies) for row in rows), "merged": len(sources) > 1 and asked.file is None,
        "pinned": pinned(asked.incident), "total": sum(source.lines for source in sources),
    } | _links(asked, page, found)  # fmt: skip


def _items(asked: Asked, query: Query, rows: list[Row]) -> list[Item]:
    """Rows folded; what is searched for is never counted away as a repetition."""
    between = marks(asked.summary.document)
    if asked.look["raw"] or not asked.look["fold"]:
        return flat(rows, marks=between, silence=query.is_empty)
    return folded(rows, repeats=not query.is_wanting, marks=between, silence=query.is_empty)


def _links(asked: Asked, page: Page, found: Found) -> dict[str, Any]:
    return {
        "earlier": found.earlier and asked.link(until=named(found.earlier)),
        "later": found.later and asked.link(start=named(found.later)),
        "start_link": asked.link(), "end_link": asked.link(until="end"), "backwards": page.backwards,
        "timed_out": found.timed_out, "reached": _reached(found),
        "damaged": found.damaged, "has_unread": found.has_unread, "download": asked.link(),
        "here": asked.link(start=named(found.hits[0].place)) if found.hits else asked.link(),
    }  # fmt: skip


def _chips(asked: Asked, query: Query) -> list[dict[str, Any]]:
    """The terms of the query, each with the link that takes it away."""
    chips = [{"text": chip.text, "negated": chip.negated, "href": asked.link(q=chip.without)} for chip in query.chips()]
    if asked.within is not None:
        chips.append({"text": asked.window.label, "negated": False, "href": asked.link(**{"from": None, "to": None})})
    return chips


def _files(asked: Asked, sources: list[LogSource]) -> list[dict[str, Any]]:
    if len(sources) < 2:
        return []
    every = {"name": "All, by time", "number": None, "href": asked.link(file=None), "on": asked.file is None}
    return [every] + [
        {"name": one.name, "number": (one.position or 0) + 1, "href": asked.link(file=(one.position or 0) + 1),
         "on": asked.file == one.position} for one in sources
    ]  # fmt: skip


def _pointed(text: str, problem: QueryProblem) -> tuple[str, str, str]:
    """The query before, at and behind what is wrong with it."""
    return text[: problem.start], text[problem.start : problem.end], text[problem.end :]


def _shown(rows: list[Row]) -> tuple[int, int] | None:
    times = [row.at_us for row in rows if row.at_us]
    return (min(times), max(times)) if times else None


def _reached(found: Found) -> str | None:
    """How far the search came, where that is a time."""
    at_us = found.reached.at_us if found.reached else 0
    return iso(at_us) if at_us and abs(at_us) < LAST_US else None


def _line(hit: Hit, sources: list[LogSource]) -> Line:
    source = next((one for one in sources if one.position == hit.place.source), None)
    encoding = "latin-1" if source and (source.settings or {}).get("encoding") == "latin-1" else "utf-8"
    raw = hit.raw.removesuffix(b"\r")
    return Line(
        hit.place.source, hit.place.line, raw[:SHOWN_BYTES].decode(encoding, "replace"), hit.place.at_us,
        max(0, len(raw) - SHOWN_BYTES), tuple(hit.copies),
    )  # fmt: skip
