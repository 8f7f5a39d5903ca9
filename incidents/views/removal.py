"""Putting incidents away and deleting them, one or several; everything here can be undone for a while."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from incidents import audit
from incidents.access import get_deleted_incident_for, get_incident_for
from incidents.http import as_uuid
from incidents.models import Incident, Role

MOST_AT_ONCE = 100


def undo(name: str, incident: Incident | None = None, **fields: str | list[str]) -> str:
    """The tag of a message that can be undone: the address to POST to, with its fields as a query string."""
    address = reverse(name, args=[incident.pk] if incident else [])
    return f"{address}?{urlencode(fields, doseq=True)}" if fields else address


@require_POST
def archive_many(request: HttpRequest) -> HttpResponse:
    """Take several out of the list, or put them back (``do=restore``); ids that are not the person's do nothing."""
    keys = [key for text in request.POST.getlist("pk")[:MOST_AT_ONCE] if (key := as_uuid(text))]
    restoring = request.POST.get("do") == "restore"
    rows = Incident.objects.visible_to(request.user).filter(pk__in=keys, archived_at__isnull=not restoring)
    chosen = [get_incident_for(request.user, pk, role=Role.MEMBER) for pk in rows.values_list("pk", flat=True)]
    with transaction.atomic():
        for incident in chosen:
            Incident.objects.filter(pk=incident.pk).update(archived_at=None if restoring else timezone.now())
            audit.record("incident.restored" if restoring else "incident.archived", request=request, target=incident)
    if not chosen:
        messages.info(request, "No incident was chosen.")
        return redirect("incident-list")
    words = f"{len(chosen)} {'incident' if len(chosen) == 1 else 'incidents'}"
    other = undo("incident-archive-many", pk=[str(one.pk) for one in chosen], do="archive" if restoring else "restore")
    messages.success(request, f"{words} {'back in the list' if restoring else 'archived'}.", extra_tags=other)
    return redirect("incident-list")


@require_POST
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the incident from every page. For a while the message brings it back; then its rows are removed."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    minutes = settings.UNDO_SECONDS // 60
    if not minutes and request.POST.get("name", "").strip() != incident.heading:
        messages.error(request, "Not deleted: type the incident's name, since it could not be brought back.")
        return redirect(incident)
    with transaction.atomic():
        incident.delete_later()
        audit.record("incident.deleted", request=request, target=incident)
    if minutes:
        text = f"“{incident.heading}” is deleted. It can be brought back for {minutes} minutes."
        messages.success(request, text, extra_tags=undo("incident-undelete", incident))
    else:
        messages.success(request, f"“{incident.heading}” is deleted.")
    return redirect("incident-list")


@require_POST
def undelete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Bring back an incident that has been deleted and not removed yet."""
    incident = get_deleted_incident_for(request.user, pk, role=Role.MEMBER)
    with transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(deleted_at=None)
        audit.record("incident.restored", request=request, target=incident)
    messages.success(request, f"“{incident.heading}” is back.")
    return redirect(incident)
