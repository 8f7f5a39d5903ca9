"""Merge two incidents, and take it back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from incidents import merging, tasks
from incidents.access import get_incident_for
from incidents.membership import Refused
from incidents.models import Merge, Role
from incidents.views.teams.pages import uuid_or_404


@require_POST
def merge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """``other``: the incident whose logs move into this one."""
    into = get_incident_for(request.user, pk, role=Role.MEMBER)
    other = get_incident_for(request.user, uuid_or_404(request.POST.get("other", "")), role=Role.MEMBER)
    try:
        made = merging.merge(into, other, request)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("incident-activity", pk=pk)
    tasks.ring(tasks.analyse_incident, into.pk)
    # The tag of such a message is the address that undoes it.
    undo_at = reverse("incident-merge-undo", args=[into.pk, made.pk])
    messages.success(request, f"“{other.heading}” is merged into this incident.", extra_tags=undo_at)
    return redirect(into)


@require_POST
def undo(request: HttpRequest, pk: UUID, merge: UUID) -> HttpResponse:
    """Give the logs back to the incident that they came from."""
    into = get_incident_for(request.user, pk, role=Role.MEMBER)
    made = get_object_or_404(Merge.objects.select_related("into", "merged"), into=into, pk=merge)
    try:
        other = merging.unmerge(made, request)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("incident-activity", pk=pk)
    for incident in (into, other):
        tasks.ring(tasks.analyse_incident, incident.pk)
    messages.success(request, f"“{other.heading}” is an incident of its own again.")
    return redirect("incident-activity", pk=pk)
