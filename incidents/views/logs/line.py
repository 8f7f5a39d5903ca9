"""One line of the log, or a range of them, among its neighbours: what a permalink leads to."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for
from incidents.digest.lines import Line as StoredLine
from incidents.digest.lines import read_lines
from incidents.display import display_of
from incidents.http import wants
from incidents.models import LogSource
from incidents.search import with_fields
from incidents.search.fields import BY_NAME
from incidents.views.logs.address import LARGEST_NUMBER, LINE
from incidents.views.logs.reveal import is_revealed
from incidents.views.logs.rows import Line, Row, flat, pinned, rows_of
from incidents.views.pages import incident_context

CONTEXT_LINES = 20
MOST_CONTEXT = 200
MOST_RANGE = 500
"""Lines of a linked range."""
_PAIR = re.compile(r'\b(code|method|path|host|request_id|fwd|dyno|status)="?([^" ]{1,200})')
_FIELD_OF = {"fwd": "client"}


@require_safe
def line(request: HttpRequest, pk: UUID, source: int, line: int) -> HttpResponse:
    """A permalink: a line, or with ``to`` a range of lines, among its neighbours. It never moves.

    ``around``: how many on each side. HTMX asks for the neighbours alone, to be shown in place.
    """
    incident = get_incident_for(request.user, pk)
    if max(source, line) > LARGEST_NUMBER:
        raise Http404("There is no such line.")
    row = LogSource.objects.filter(incident=incident).shown().filter(position=source).first()
    around = min(_number(request, "around") or CONTEXT_LINES, MOST_CONTEXT)
    last = min(max(line, _range_end(request, source)), line + MOST_RANGE - 1)
    found = read_lines(incident, source, max(1, line - around), last + around) if row else []
    numbers = {one.number for one in found}
    if row is None or line not in numbers:
        raise Http404("There is no such line.")
    last = max(number for number in numbers if number <= last)
    reveal = is_revealed(request, incident)
    meant = frozenset((source, number) for number in range(line, last + 1))
    rows = rows_of((_stored(one) for one in found), reveal=reveal, whole=meant, display=display_of(request))
    context: dict[str, Any] = {
        "incident": incident, "source": row, "items": flat(rows, marks=[], silence=False), "number": line,
        "last": last, "meant": {f"{at}.{number}" for at, number in meant}, "pinned": pinned(incident),
    }  # fmt: skip
    if wants(request, f"context-{source}.{line}"):
        return render(request, "incidents/_log_context.html", context)
    context |= incident_context(request, incident, "logs") | {
        "reveal": reveal, "rows": rows, "around": around, "more_around": min(around * 2, MOST_CONTEXT),
        "chosen": [one for one in rows if one.place in context["meant"]],
        "previous_number": line - 1 if line - 1 in numbers else None,
        "next_number": last + 1 if last + 1 in numbers else None,
        "in_log": f"{reverse('incident-logs', args=[incident.pk])}?{urlencode({'start': f'{source}.{line}'})}",
    }  # fmt: skip
    context["is_masked"] = any(one.is_masked for one in context["chosen"])
    context["fields"] = _fields(context["chosen"][0]) if line == last else []
    context["findings"] = [one for one in context["summary"].findings if _proves(one, source, line, last)]
    return render(request, "incidents/line.html", context)


def _stored(one: StoredLine) -> Line:
    return Line(one.source, one.number, one.text, 0, one.cut_bytes)


def _range_end(request: HttpRequest, source: int) -> int:
    """``to=0.830`` or ``to=830``; 0 where it names no line of this file."""
    found = LINE.match(request.GET.get("to", ""))
    return int(found[2]) if found and (found[1] is None or int(found[1]) == source) else 0


def _fields(row: Row) -> list[dict[str, str]]:
    """What the line says of itself, as terms that lead to the lines that say the same."""
    process = row.process.partition("[")[2].rstrip("]")
    found = {"dyno": process} if process else {}
    for name, value in _PAIR.findall(row.message):
        found.setdefault(_FIELD_OF.get(name, name), value.split(",")[-1])
    return [
        {"name": name, "value": value, "means": BY_NAME[name].means,
         "query": urlencode({"q": with_fields("", {name: value})}),
         "without": urlencode({"q": f"-{with_fields('', {name: value})}"})}
        for name, value in found.items() if "[REDACTED" not in value
    ]  # fmt: skip


def _proves(finding: dict[str, Any], source: int, first: int, last: int) -> bool:
    proofs = finding.get("evidence") or []
    return any(first <= proof["line"] <= last and proof.get("source", 0) == source for proof in proofs)


def _number(request: HttpRequest, name: str) -> int:
    """A positive number from the query string; 0 where there is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
