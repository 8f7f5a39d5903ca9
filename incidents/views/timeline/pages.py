"""The timeline: what happened, in lanes, with what people noted. All state is in the query string."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for
from incidents.http import wants
from incidents.models import Incident
from incidents.views.pages import incident_context
from incidents.views.tickets.drafting import may_edit
from incidents.views.timeline.entries import Entry, entries_of, picture_of
from incidents.views.window import Window

ENTRIES_SHOWN = 300


@require_safe
def timeline(request: HttpRequest, pk: UUID) -> HttpResponse:
    """``hide=code`` leaves kinds out, ``kind=release`` shows only these, ``entry=`` leads to one, ``after`` goes on."""
    incident = get_incident_for(request.user, pk)
    context = timeline_context(request, incident)
    part = "incidents/_timeline.html" if wants(request, "timeline") else "incidents/timeline.html"
    return render(request, part, context)


def timeline_context(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    """What the page shows; also where a note could not be saved."""
    context = incident_context(request, incident, "timeline")
    window: Window = context["window"]
    everything = entries_of(incident, context["summary"].document)
    wanted = next((entry for entry in everything if entry.anchor == request.GET.get("entry")), None)
    inside = [entry for entry in everything if window.holds(entry.at) or entry is wanted]
    kinds: dict[str, int] = {}
    for entry in inside:
        kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
    hidden = hidden_kinds(request, list(kinds), wanted)
    shown = [entry for entry in inside if entry.kind not in hidden]
    start = int(request.GET["after"]) if request.GET.get("after", "").isdecimal() else 0
    if wanted is not None:
        start = shown.index(wanted) // ENTRIES_SHOWN * ENTRIES_SHOWN
    return context | {
        "entries": shown[start : start + ENTRIES_SHOWN],
        "picture": picture_of(shown, window.low_at, window.high_at),
        "wanted": wanted, "total": len(inside), "matching": len(shown),
        "next_start": start + ENTRIES_SHOWN if len(shown) > start + ENTRIES_SHOWN else None,
        "previous_start": max(0, start - ENTRIES_SHOWN) if start else None,
        "hidden": hidden, "all_query": window.query,
        "kinds": [_switch(kind, number, hidden, window) for kind, number in sorted(kinds.items())],
        "may_edit": may_edit(request, incident), "keep": request.GET.urlencode(),
    }  # fmt: skip


def hidden_kinds(request: HttpRequest, kinds: list[str], wanted: Entry | None = None) -> list[str]:
    """Kinds that the query string leaves out. The entry that a link leads to is never hidden."""
    only = [kind for kind in request.GET.getlist("kind") if kind in kinds]
    hidden = [kind for kind in kinds if only and kind not in only]
    hidden += [kind for kind in request.GET.getlist("hide") if kind in kinds and kind not in hidden]
    return [kind for kind in hidden if wanted is None or kind != wanted.kind]


def _switch(kind: str, number: int, hidden: list[str], window: Window) -> dict[str, Any]:
    """Following it shows or hides this kind."""
    after = [other for other in hidden if other != kind] if kind in hidden else [*hidden, kind]
    query = urlencode([*(("hide", other) for other in sorted(after)), *window.fields.items()], safe=":")
    return {"kind": kind, "number": number, "is_on": kind not in hidden, "query": query}
