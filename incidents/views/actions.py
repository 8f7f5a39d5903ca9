"""Small changes that people make: names, states, the archive, how pages look. Every one is a POST of a plain form."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from incidents import audit, tasks
from incidents.access import get_incident_for, get_team_for
from incidents.collaboration import change_state, note, signed_in
from incidents.display import THEMES, remember
from incidents.example import open_for
from incidents.models import ActivityKind, Incident, IncidentState, Role
from incidents.views.removal import undo


def own_path(request: HttpRequest, path: str, otherwise: str) -> str:
    """The path if it lies on this site."""
    if url_has_allowed_host_and_scheme(path, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return path
    return otherwise


@require_POST
@login_not_required
def display(request: HttpRequest) -> HttpResponse:
    """The theme, for browsers without scripts; with them the page changes at once."""
    response = redirect(own_path(request, request.POST.get("next", ""), "/"))
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        remember(response, "theme", theme, secure=request.is_secure())
    return response


@require_POST
def open_example(request: HttpRequest) -> HttpResponse:
    """The example incident: a new one, or the one that the team has already."""
    team = get_team_for(request.user, role=Role.MEMBER)
    incident, source = open_for(team, request.user)
    if source is not None:
        tasks.ring(tasks.split_source, source.pk)
    return redirect(incident)


@require_POST
def rename(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Title and app name."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    way_back = undo("incident-rename", incident, title=incident.title, app_name=incident.app_name)
    incident.title = request.POST.get("title", "").replace("\x00", "").strip()[:200]
    incident.app_name = request.POST.get("app_name", "").replace("\x00", "").strip()[:100]
    with transaction.atomic():
        incident.save(update_fields=["title", "app_name"])
        audit.record("incident.renamed", request=request, target=incident)
    messages.success(request, "The name is saved.", extra_tags=way_back)
    return redirect(incident)


@require_POST
def set_state(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Open, mitigated or resolved, as people see it."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    state = request.POST.get("state", "")
    before = change_state(incident, state, request)
    if before is not None:
        text = f"{IncidentState(before).label} → {IncidentState(state).label}"
        messages.success(request, text, extra_tags=undo("incident-state", incident, state=before))
    return redirect(incident)


@require_POST
def archive(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the incident out of the list; the message offers to undo it."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    with transaction.atomic():
        if Incident.objects.filter(pk=incident.pk, archived_at=None).update(archived_at=timezone.now()):
            note(incident, ActivityKind.ARCHIVED, signed_in(request))
            audit.record("incident.archived", request=request, target=incident)
    messages.success(request, f"“{incident.heading}” is archived.", extra_tags=undo("incident-restore", incident))
    return redirect("incident-list")


@require_POST
def restore(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put an archived incident back into the list."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    with transaction.atomic():
        if Incident.objects.filter(pk=incident.pk).exclude(archived_at=None).update(archived_at=None):
            note(incident, ActivityKind.RESTORED, signed_in(request))
            audit.record("incident.restored", request=request, target=incident)
    messages.success(request, f"“{incident.heading}” is back in the list.")
    return redirect("incident-list")
