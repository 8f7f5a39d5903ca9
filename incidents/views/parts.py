"""The parts of an incident that its document tells: timeline, endpoints. All state is in the query string."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for
from incidents.http import render_page_or_fragment
from incidents.views.pages import incident_context
from incidents.views.summary import Document, Summary

ENDPOINTS_SHOWN = 100
ENTRIES_SHOWN = 300

COLUMNS = {
    # name in the query string: (heading, what the heading means, value to sort by)
    "endpoint": ("Endpoint", "Method and path, with ids folded", lambda row: (row["path"], row["method"])),
    "count": ("Requests", "Requests that reached a dyno", lambda row: row["count"]),
    "total": ("Time", "Share of the time of all requests", lambda row: row["total_ms"]),
    "blame": (
        "Blame",
        "Share of other requests' waiting that this endpoint caused",
        lambda row: row.get("blame_share", 0),
    ),
    "apdex": ("Apdex", "Satisfaction from 0 to 1: full up to 500 ms, half up to 2 s", lambda row: row["apdex"]),
    "p50": ("p50", "Half of the requests were faster than this", lambda row: row["p50_ms"]),
    "p95": ("p95", "95 % of the requests were faster than this", lambda row: row["p95_ms"]),
    "p99": ("p99", "99 % of the requests were faster than this", lambda row: row["p99_ms"]),
    "max": ("Max", "The slowest request", lambda row: row["max_ms"]),
    "own": (
        "Own",
        "Median time of the endpoint itself, without waiting behind others",
        lambda row: row.get("own_p50_ms", 0),
    ),
    "waited": ("Waited", "Median time spent waiting behind other requests", lambda row: row.get("waited_p50_ms", 0)),
    "errors": ("Errors", "Status 500 and above, and errors of the router", lambda row: row["errors"]),
    "timeouts": ("H12", "Requests cut off by the router at 30 s", lambda row: row["timeouts"]),
}
ROLES = ("culprit", "victim", "normal")


@require_safe
def endpoints(request: HttpRequest, pk: UUID) -> HttpResponse:
    """``sort=-p95`` (minus: from the highest), ``q`` a part of the name, ``role``, ``all=1`` beyond the first 100."""
    incident = get_incident_for(request.user, pk)
    context = incident_context(request, incident, "endpoints")
    rows, sort, query, role = chosen_endpoints(request, context["summary"])
    shown = rows if request.GET.get("all") else rows[:ENDPOINTS_SHOWN]
    context |= {
        "rows": shown, "matching": len(rows), "query": query, "role": role, "sort": sort,
        "columns": [_column(name, sort) for name in COLUMNS],
        "roles": [(name, sum(row.get("role") == name for row in context["summary"].endpoints)) for name in ROLES],
    }  # fmt: skip
    return render_page_or_fragment(
        request, "incidents/endpoints.html", "incidents/_endpoints.html", context, target="endpoints"
    )


def chosen_endpoints(request: HttpRequest, summary: Summary) -> tuple[list[Document], str, str, str]:
    """Rows as filtered and sorted by the query string, and what it said."""
    sort = request.GET.get("sort", "")
    if sort.lstrip("-") not in COLUMNS:
        sort = "-total"
    query, role = request.GET.get("q", "").strip()[:200], request.GET.get("role", "")
    rows = summary.endpoints
    if query:
        rows = [row for row in rows if query.lower() in f"{row['method']} {row['path']}".lower()]
    if role in ROLES:
        rows = [row for row in rows if row.get("role") == role]
    else:
        role = ""
    key = COLUMNS[sort.lstrip("-")][2]
    rows = sorted(rows, key=lambda row: (row["path"], row["method"]))
    return sorted(rows, key=key, reverse=sort.startswith("-")), sort, query, role


def _column(name: str, sort: str) -> dict[str, Any]:
    """A heading; following its link sorts by it, and a second time the other way round."""
    heading, meaning, _ = COLUMNS[name]
    first = name if name in ("endpoint", "apdex") else f"-{name}"
    is_current = sort.lstrip("-") == name
    turned = (name if sort.startswith("-") else f"-{name}") if is_current else first
    order = ("descending" if sort.startswith("-") else "ascending") if is_current else ""
    return {"name": name, "heading": heading, "meaning": meaning, "sort": turned, "order": order}


@require_safe
def endpoint(request: HttpRequest, pk: UUID, key: str) -> HttpResponse:
    """One endpoint: its figures, who waited for whom, and the findings about it."""
    incident = get_incident_for(request.user, pk)
    context = incident_context(request, incident, "endpoints")
    summary: Summary = context["summary"]
    row = next((row for row in summary.endpoints if row["key"] == key), None)
    if row is None:
        raise Http404("No such endpoint in this incident.")
    name = f"{row['method']} {row['path']}"
    context |= {
        "row": row,
        "name": name,
        "about": [finding for finding in summary.findings if finding.get("subject") == name],
    }
    return render(request, "incidents/endpoint.html", context)


@require_safe
def timeline(request: HttpRequest, pk: UUID) -> HttpResponse:
    """``kind=release&kind=crash`` shows only these; ``after`` continues behind so many entries."""
    incident = get_incident_for(request.user, pk)
    context = incident_context(request, incident, "timeline")
    summary: Summary = context["summary"]
    numbered = list(enumerate(summary.timeline, start=1))
    kinds: dict[str, int] = {}
    for _, entry in numbered:
        kinds[entry["kind"]] = kinds.get(entry["kind"], 0) + 1
    chosen = [kind for kind in request.GET.getlist("kind") if kind in kinds]
    entries = [(number, entry) for number, entry in numbered if not chosen or entry["kind"] in chosen]
    start = int(request.GET["after"]) if request.GET.get("after", "").isdecimal() else 0
    context |= {
        "entries": entries[start : start + ENTRIES_SHOWN],
        "matching": len(entries),
        "next_start": start + ENTRIES_SHOWN if len(entries) > start + ENTRIES_SHOWN else None,
        "previous_start": max(0, start - ENTRIES_SHOWN) if start else None,
        "chosen": chosen,
        "kinds": [_kind_link(kind, number, chosen) for kind, number in sorted(kinds.items())],
    }
    return render_page_or_fragment(
        request, "incidents/timeline.html", "incidents/_timeline.html", context, target="timeline"
    )


def _kind_link(kind: str, number: int, chosen: list[str]) -> dict[str, Any]:
    """A switch: following it adds or removes this kind."""
    others = [other for other in chosen if other != kind]
    after = others if kind in chosen else [*others, kind]
    return {"kind": kind, "number": number, "on": kind in chosen, "query": "&".join(f"kind={other}" for other in after)}
