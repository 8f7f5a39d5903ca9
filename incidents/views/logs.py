"""The log itself: pages of lines that stay light however long it is, filters, and one line in its surroundings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for
from incidents.analysis.redact import Scrubber
from incidents.digest.lines import SHOWN_BYTES, Line, read_lines
from incidents.http import render_page_or_fragment
from incidents.models import Incident, LogSource
from incidents.search import Query, QueryProblem, last_line, parse, search
from incidents.search.query import KINDS
from incidents.views.pages import incident_context

PAGE_LINES = 200
CONTEXT_LINES = 20
MOST_CONTEXT = 200
MOST_SHOWN = 4_000
"""Characters of a line in a list; its own page shows more."""
LARGEST_NUMBER = 2**53
KEPT = (
    "source",
    "q",
    "dyno",
    "kind",
    "code",
    "status",
    "endpoint",
    "reveal",
)  # what a link to another page of lines repeats
_BAD = re.compile(
    r"\bat=error\b|\bError [RL]\d\d\b|\bstatus=5\d\d\b|\b(?:FATAL|CRITICAL|Traceback|Exception)\b"
    r"|\b[A-Z]\w{2,60}Error\b"
)
_HEAD = re.compile(r"(?P<at>\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:?\d\d)?) (?P<src>[\w.-]{1,40}\[[\w.:-]{1,60}\]):")
MOST_HITS = 50
_WARN = re.compile(r"\bat=warning\b|\b(?:WARN|WARNING|ERROR)\b|\bstatus=4\d\d\b")


@require_safe
def log(request: HttpRequest, pk: UUID) -> HttpResponse:
    """``from``: the first line; ``until``: lines before it; ``q`` (see search.query), dyno, kind … filter."""
    incident = get_incident_for(request.user, pk)
    context = incident_context(request, incident, "logs")
    sources = list(LogSource.objects.filter(incident=incident).shown())
    source = _chosen(sources, request.GET.get("source", ""))
    context |= _facets(request, context["summary"].document) | {"sources": sources, "source": source}
    if source is not None:
        context |= _page(request, incident, source, last_line(source))
    return render_page_or_fragment(request, "incidents/log.html", "incidents/_log.html", context, target="log")


def _page(request: HttpRequest, incident: Incident, source: LogSource, last: int) -> dict[str, Any]:
    first, until = _number(request, "from"), _number(request, "until")
    try:
        query = _query(request, incident)
    except QueryProblem as problem:
        return {"problem": str(problem), "last": last, "is_filtered": True, "query_text": request.GET.get("q", "")}
    start = first or 1
    page: dict[str, Any] = {"last": last, "query": query, "query_text": query.text, "is_filtered": not query.is_empty}
    if query.is_empty:
        start = min(start, max(1, last))
        start = max(1, until - PAGE_LINES) if until else start
        stop = min(start + PAGE_LINES - 1, until - 1 if until else last)
        lines = read_lines(incident, source.position or 0, start, stop)
        earlier, later = (start if start > 1 else None), (stop + 1 if stop < last else None)
    else:
        found = search(source, query, until or start, count=PAGE_LINES, backwards=bool(until))
        lines = [_line_of(source, number, raw) for number, raw in found.lines]
        if until:
            earlier, later = (None if found.ended else found.reached), until
        else:
            earlier, later = (start if start > 1 else None), (None if found.ended else found.reached + 1)
        page |= {"searched_to": found.reached, "search_ended": found.ended, "backwards": bool(until)}
    keep = {name: request.GET[name] for name in KEPT if request.GET.get(name)}
    page["rows"] = _rows(lines, reveal=bool(request.GET.get("reveal")), query=query)
    page["earlier"] = earlier and urlencode(keep | {"until": earlier})
    page["later"] = later and urlencode(keep | {"from": later})
    page["end_link"] = urlencode(keep | {"until": last + 1})
    page["start_link"] = urlencode(keep)
    page["reveal_link"] = urlencode(keep | {"reveal": "1", "from": start})
    page["share"] = (lines[-1].number / last) if lines and last else 0
    return page


def _query(request: HttpRequest, incident: Incident) -> Query:
    day = incident.first_at.date() if incident.first_at else None
    query = parse(request.GET.get("q", "").replace("\x00", ""), day=day)
    for name in ("dyno", "kind", "code", "status", "endpoint"):
        query.add(name, request.GET.get(name, "").replace("\x00", "").strip())
    return query


def _facets(request: HttpRequest, document: dict[str, Any]) -> dict[str, Any]:
    """What can be chosen instead of typed."""
    dynos = [dyno["name"] for dyno in document.get("dynos") or []]
    names = sorted({*dynos, "router", "api"} - {""}, key=lambda name: (name in ("router", "api"), name))
    return {
        "dynos": names[:60],
        "kinds": [name for name in KINDS if name != "other"] + ["other"],
        "codes": sorted(document.get("codes") or {}),
        "chosen": {name: request.GET.get(name, "") for name in ("dyno", "kind", "code", "status", "endpoint")},
        "reveal": bool(request.GET.get("reveal")),
    }


@require_safe
def line(request: HttpRequest, pk: UUID, source: int, line: int) -> HttpResponse:
    """A permalink: the line among its neighbours (``around``: how many on each side). It never moves."""
    incident = get_incident_for(request.user, pk)
    if max(source, line) > LARGEST_NUMBER:
        raise Http404("There is no such line.")
    row = LogSource.objects.filter(incident=incident).shown().filter(position=source).first()
    around = min(_number(request, "around") or CONTEXT_LINES, MOST_CONTEXT)
    found = read_lines(incident, source, max(1, line - around), line + around) if row else []
    if row is None or line not in {one.number for one in found}:
        raise Http404("There is no such line.")
    reveal = bool(request.GET.get("reveal"))
    start = max(1, line - PAGE_LINES // 2)
    context = incident_context(request, incident, "logs")
    context |= {
        "source": row, "number": line, "rows": _rows(found, reveal=reveal, whole=line),
        "reveal": reveal, "around": around,
        "more_around": min(around * 2 + 10, MOST_CONTEXT) if around < MOST_CONTEXT else None,
        "previous_number": line - 1 if line > 1 else None, "next_number": line + 1 if found[-1].number > line else None,
        "in_log": f"{reverse('incident-logs', args=[incident.pk])}?{urlencode({'source': source, 'from': start})}",
        "findings": [finding for finding in context["summary"].findings if _proves(finding, source, line)],
    }  # fmt: skip
    return render(request, "incidents/line.html", context)


def _proves(finding: dict[str, Any], source: int, line: int) -> bool:
    return any(proof["line"] == line and proof.get("source", 0) == source for proof in finding.get("evidence") or [])


def _line_of(source: LogSource, number: int, raw: bytes) -> Line:
    encoding = "latin-1" if (source.settings or {}).get("encoding") == "latin-1" else "utf-8"
    raw = raw.removesuffix(b"\r")
    return Line(
        source.position or 0, number, raw[:SHOWN_BYTES].decode(encoding, "replace"), max(0, len(raw) - SHOWN_BYTES)
    )


def _rows(lines: list[Line], *, reveal: bool, whole: int = 0, query: Query | None = None) -> list[dict[str, Any]]:
    """Lines as shown: credentials masked unless asked for, trouble and matches marked, long ones cut."""
    scrubber = Scrubber()
    rows = []
    for one in lines:
        text = one.text if reveal else scrubber.feed(one.text)
        shown = text if one.number == whole else text[:MOST_SHOWN]
        tone = "bad" if _BAD.search(shown) else "warn" if _WARN.search(shown) else ""
        rows.append({
            "number": one.number, "text": shown, "parts": list(_parts(shown, query)), "tone": tone,
            "hidden": len(text) - len(shown) + one.cut_bytes, "is_masked": text != one.text,
        })  # fmt: skip
    return rows


class Part(NamedTuple):
    """A piece of a line. ``look`` is at (its time), src (who wrote it), hit (it was searched for) or nothing."""

    text: str
    look: str


def _parts(text: str, query: Query | None) -> Iterator[Part]:
    """The line in pieces that look different, nothing left out."""
    head = _HEAD.match(text)
    spans = [(head.span(name), name) for name in ("at", "src")] if head else []
    spans = [(span, "hit") for span in (query.spans(text)[:MOST_HITS] if query else [])] + spans
    cuts = sorted({0, len(text), *(at for span, _ in spans for at in span)})
    for start, end in pairwise(cuts):
        look = next((name for (low, high), name in spans if low <= start < high), "")
        yield Part(text[start:end], look)


def _chosen(sources: list[LogSource], position: str) -> LogSource | None:
    wanted = int(position) if position.isdecimal() and len(position) < 10 else None
    return next((source for source in sources if source.position == wanted), sources[0] if sources else None)


def _number(request: HttpRequest, name: str) -> int:
    """A positive number from the query string; 0 where there is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 16 else 0
