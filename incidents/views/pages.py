"""The list of incidents, the page that makes a new one, and the overview."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for, get_team_for, memberships_of
from incidents.http import wants
from incidents.models import Incident, IncidentState
from incidents.views.chain import chain_of
from incidents.views.charts.series import charts_of
from incidents.views.checks import checks_of, counted
from incidents.views.listing import SORTS, VERDICTS, apps_in, listing_of
from incidents.views.progress import progress_of
from incidents.views.summary import Summary
from incidents.views.tickets.drafting import state_of
from incidents.views.window import window_of
from incidents.views.windowed import windowed
from incidents.views.wording import wordings_of

PAGE_SIZE = 30


@require_safe
def incident_list(request: HttpRequest) -> HttpResponse:
    """Incidents of the team looked at, narrowed and ordered by the query string (`listing`)."""
    if not memberships_of(request.user).exists():
        return redirect("team-list")
    mine = Incident.objects.visible_to(request.user).filter(team=get_team_for(request.user), merged_into=None)
    listing = listing_of(request.GET)
    page = Paginator(listing.narrow(mine), PAGE_SIZE).get_page(request.GET.get("page"))
    progress = progress_of(page.object_list)
    context = {
        "page": page,
        "rows": [(incident, progress[incident.pk]) for incident in page.object_list],
        "is_live": any(one.is_live or one.is_watched for one in progress.values()),
        "is_stalled": any(one.is_stalled for one in progress.values()),
        "listing": listing,
        "states": IncidentState.choices,
        "verdicts": VERDICTS,
        "sorts": [(key, words) for key, (words, _order) in SORTS.items()],
        "apps": apps_in(mine),
        "has_archived": not page.object_list and mine.exclude(archived_at=None).exists(),
        "is_empty_home": not page.object_list and not listing.is_filtered and not listing.archived,
    }
    fragment = "incidents/_rows.html" if wants(request, "rows") else "incidents/list.html"
    return render(request, fragment, context | upload_limits())


@require_safe
def incident_new(request: HttpRequest) -> HttpResponse:
    """Drop, choose or paste logs; ``?incident=`` adds to an existing one."""
    get_team_for(request.user)
    incident = None
    if request.GET.get("incident"):
        incident = get_incident_for(request.user, _uuid_or_404(request.GET["incident"]))
    return render(request, "incidents/new.html", {"into": incident} | upload_limits())


@require_safe
def incident_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The overview. While logs are being read, HTMX asks for ``status`` with the revision that the page shows."""
    incident = get_incident_for(request.user, pk)
    if incident.merged_into_id:
        return redirect("incident-detail", pk=incident.merged_into_id)
    context = incident_context(request, incident, "overview")
    context |= _overview(request, incident, context["summary"])
    if wants(request, "status"):
        context["is_stale"] = request.GET.get("seen") != str(incident.analysed_revision)
        return render(request, "incidents/_live.html", context)
    return render(request, "incidents/overview.html", context)


def incident_context(request: HttpRequest, incident: Incident, tab: str) -> dict[str, Any]:
    """What the header of every page of an incident shows."""
    progress = progress_of([incident])[incident.pk]
    summary = Summary(incident.analysis)
    return {
        "incident": incident,
        "progress": progress,
        "summary": summary,
        "window": window_of(request, summary.window),
        "tab": tab,
        "incident_states": IncidentState.choices,
        "can_undo": settings.UNDO_SECONDS >= 60,
        "ticket": state_of(incident),
        "favicon": favicon(summary, progress.is_live),
    }


def _overview(request: HttpRequest, incident: Incident, summary: Summary) -> dict[str, Any]:
    """What only the overview shows."""
    checks = checks_of(summary)
    window = window_of(request, summary.window)
    in_window = windowed(summary, window, incident.pk)
    return {
        "chart": charts_of(summary.document, window),
        "in_window": in_window,
        "top_endpoints": in_window.endpoints if in_window else summary.top_endpoints,
        "chain": chain_of(summary),
        "checks": checks,
        "checks_counted": counted(checks),
        "wordings": wordings_of(incident, summary, request.build_absolute_uri(incident.get_absolute_url())),
    }


def favicon(summary: Summary, is_live: bool) -> str:
    """The icon of the browser's tab tells the state."""
    if is_live and not summary.verdict["status"]:
        return "img/favicon-busy.svg"
    return {
        "urgent": "img/favicon-bad.svg", "high": "img/favicon-bad.svg", "normal": "img/favicon-warn.svg",
        "ok": "img/favicon-ok.svg",
    }.get(summary.tone, "img/favicon.svg")  # fmt: skip


def upload_limits() -> dict[str, Any]:
    return {
        "part_bytes": settings.PART_BYTES,
        "max_upload_bytes": settings.MAX_UPLOAD_BYTES,
        "max_paste_bytes": settings.MAX_PASTE_BYTES,
        "max_files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
    }


def _uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
