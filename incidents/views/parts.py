"""The parts of an incident that its document tells: timeline, dynos. All state is in the query string."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for
from incidents.http import render_page_or_fragment
from incidents.views.pages import incident_context
from incidents.views.summary import Summary

ENTRIES_SHOWN = 300


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
