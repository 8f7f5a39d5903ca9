"""The table of endpoints, and the page of one: when it was slow, for whom it waited, what each release did to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for
from incidents.http import render_page_or_fragment, wants
from incidents.models import EndpointDetails
from incidents.templatetags import triage as tags
from incidents.views.endpoints import graphs, parts, requests
from incidents.views.endpoints.rows import COLUMNS, FURTHER, ROLES, Table, table_of, waiters, why
from incidents.views.pages import incident_context
from incidents.views.summary import Document, Summary
from incidents.views.window import window_of

ENDPOINTS_SHOWN = 100


@require_safe
def endpoints(request: HttpRequest, pk: UUID) -> HttpResponse:
    """See `endpoint_rows` for the query string; ``all=1`` goes beyond the first 100."""
    incident = get_incident_for(request.user, pk)
    context = incident_context(request, incident, "endpoints")
    summary: Summary = context["summary"]
    table = table_of(request, incident, summary)
    shown = table.rows if request.GET.get("all") else table.rows[:ENDPOINTS_SHOWN]
    context |= {
        "table": table, "window": table.window, "rows": [_cells(row, table) for row in shown],
        "totals": _cells(table.totals, table)["cells"], "matching": len(table.rows), "query": table.query,
        "role": table.role, "sort": table.sort, "columns": [_heading(name, table.sort) for name in table.columns],
        "sorts": [_heading(name, "") for name in table.columns],
        "further": [(name, COLUMNS[name], name in table.further) for name in FURTHER],
        "roles": [(name, sum(row.get("role") == name for row in summary.endpoints)) for name in ROLES],
        "releases": parts.releases(EndpointDetails.newest(incident.pk), table.window),
    }  # fmt: skip
    if table.sort not in [one["sort"] for one in context["sorts"]]:
        context["turned"] = COLUMNS[table.sort.lstrip("-")].heading
    return render_page_or_fragment(
        request, "incidents/endpoints.html", "incidents/_endpoints.html", context, target="endpoints"
    )


class Cell(NamedTuple):
    """Ready to be shown: a hundred rows of a dozen are too many to let a template decide about each."""

    label: str
    text: str
    css: str
    bar: float | None  # width from 0 to 100
    tone: str


_WRITTEN: dict[str, Callable[[Any], str]] = {
    "count": tags.count, "ms": tags.ms, "percent": tags.percent, "share": tags.percent, "blame": tags.percent,
    "rate": "{:,.1f}".format, "score": "{:.2f}".format,
}  # fmt: skip
_TONES = {"share": "low", "blame": "urgent"}


def _cells(row: Document, table: Table) -> dict[str, Any]:
    """A row as its template shows it: the document's row, and its cells in the order of the columns."""
    cells = []
    for name in table.columns[1:]:
        column = COLUMNS[name]
        value = row.get(column.field)
        css = "num" + (" muted" if not value and column.show != "score" else "")
        css += (" hide-narrow" if column.wide_only else "") + (" full" if column.show == "share" else "")
        text = "–" if value is None else _WRITTEN[column.show](value)
        tone = _TONES.get(column.show, "")
        cells.append(Cell(column.heading, text, css, round(min(value or 0, 1) * 100, 1) if tone else None, tone))
    return {"row": row, "cells": cells}


def _heading(name: str, sort: str) -> dict[str, Any]:
    """A heading; following its link sorts by it, and a second time the other way round."""
    column = COLUMNS[name]
    first = name if name in ("endpoint", "apdex") else f"-{name}"
    is_current = sort.lstrip("-") == name
    turned = (name if sort.startswith("-") else f"-{name}") if is_current else first
    order = ("descending" if sort.startswith("-") else "ascending") if is_current else ""
    return {"name": name, "column": column, "sort": turned, "order": order}


@require_safe
def endpoint(request: HttpRequest, pk: UUID, key: str) -> HttpResponse:
    """One endpoint in the window; ``request=0.812`` shows the lines of the request that ends on that line."""
    incident = get_incident_for(request.user, pk)
    context = incident_context(request, incident, "endpoints")
    summary: Summary = context["summary"]
    whole = next((row for row in summary.endpoints if row["key"] == key), None)
    if whole is None:
        raise Http404("No such endpoint in this incident.")
    name = f"{whole['method']} {whole['path']}"
    window = window_of(request, summary.window)
    details = EndpointDetails.newest(incident.pk)
    asked = requests.named(request.GET.get("request", ""))
    context |= {"window": window, "asked": asked}
    if asked:
        context["request_lines"] = requests.lines_of(incident, *asked)
        if wants(request, "request-lines"):
            return render(request, "incidents/_request_lines.html", context)
    mine = details.endpoints.get(name, {})
    examples = parts.examples(mine, window)
    spoken = requests.read(incident, [(one["source"], one["line"]) for one in examples])
    for one in examples:
        one["request"] = spoken.get((one["source"], one["line"]))
    row = whole | (parts.figures_of(details, name, window) or {})
    context |= {
        "row": row, "why": why(whole | {"waiters": waiters(mine)}), "name": name, "details": mine,
        "complete": details.complete, "left_out": details.left_out,
        "about": [finding for finding in summary.findings if finding.get("subject") == name],
        "spread": graphs.spread(details, name, window), "over_time": graphs.over_time(details, name, window, summary),
        "releases": parts.releases_of(details, name, window), "answers": parts.answers(mine),
        "dynos": parts.dynos(mine),
        "behind": parts.pairs(mine, "behind", summary), "before": parts.pairs(mine, "before", summary),
        "examples": examples, "curl": requests.reproduction(spoken.values()),
    }  # fmt: skip
    return render(request, "incidents/endpoint.html", context)
