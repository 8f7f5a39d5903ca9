"""The activity of an incident: what people said and did."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from incidents import audit
from incidents.access import get_incident_for, has_role
from incidents.collaboration import MOST_COMMENT, comment_on, display_name, mention
from incidents.http import PageRequest
from incidents.markup import render_markdown
from incidents.models import (
    Activity,
    ActivityKind,
    Comment,
    Incident,
    IncidentState,
    Membership,
    Mention,
    Merge,
    Role,
    TimelineNote,
)
from incidents.views.pages import incident_context

PAGE_SIZE = 100
MOST_PINS = 50
MOST_MERGE_CHOICES = 30


@require_safe
def activity(request: PageRequest, pk: UUID) -> HttpResponse:
    """The feed, oldest first, the newest 100 entries; ``before`` (a time) pages backwards."""
    incident = get_incident_for(request.user, pk)
    entries = Activity.objects.filter(incident=incident).select_related("actor", "comment", "comment__author")
    before = _time(request.GET.get("before", ""))
    if before is not None:
        entries = entries.filter(at__lt=before)
    newest = list(entries.order_by("-at", "-id")[: PAGE_SIZE + 1])
    older = newest[PAGE_SIZE - 1].at if len(newest) > PAGE_SIZE else None
    shown = newest[:PAGE_SIZE][::-1]
    may_change = has_role(request.user, incident.team_id, Role.MEMBER)
    context = incident_context(request, incident, "activity") | {
        "entries": [_entry(entry, request) for entry in shown],
        "older": older.isoformat() if older else "",
        "may_change": may_change,
        "mentioned": _unseen(incident, request),
        "pins": TimelineNote.objects.live()
        .filter(incident=incident, line__isnull=False)
        .order_by("at", "pk")[:MOST_PINS],
        "merges": Merge.objects.filter(into=incident, undone_at=None).select_related("merged"),
        "merge_choices": _merge_choices(incident) if may_change else [],
        "members": [one.user for one in _members(incident)],
    }
    return render(request, "incidents/activity.html", context)


@require_POST
def add(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say something."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    body = _body(request)
    if not body:
        messages.error(request, "An empty comment says nothing; write something first.")
        return redirect("incident-activity", pk=pk)
    comment = comment_on(incident, body, request)
    return redirect(f"{reverse('incident-activity', args=[pk])}#c-{comment.pk}")


@require_POST
def edit(request: HttpRequest, pk: UUID, comment: UUID) -> HttpResponse:
    """Change one's own words."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    found = _comment(incident, comment)
    if found.author_id != request.user.pk:
        raise PermissionDenied("Only who wrote a comment can change it.")
    body = _body(request)
    if body and body != found.body:
        with transaction.atomic():
            found.body, found.edited_at = body, timezone.now()
            found.save(update_fields=["body", "edited_at"])
            mention(found)
    return redirect(f"{reverse('incident-activity', args=[pk])}#c-{found.pk}")


@require_POST
def delete(request: HttpRequest, pk: UUID, comment: UUID) -> HttpResponse:
    """Take words back: one's own, or as an admin anybody's. That there was a comment stays in the feed."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    found = _comment(incident, comment)
    if found.author_id != request.user.pk and not has_role(request.user, incident.team_id, Role.ADMIN):
        raise PermissionDenied("Only who wrote a comment, or an admin, can delete it.")
    with transaction.atomic():
        Comment.objects.filter(pk=found.pk).update(body="", deleted_at=Now())
        Mention.objects.filter(comment=found).delete()
        audit.record("comment.deleted", request=request, target=incident, details={"comment": str(found.pk)})
    messages.success(request, "The comment is deleted.")
    return redirect("incident-activity", pk=pk)


def _entry(entry: Activity, request: HttpRequest) -> dict[str, Any]:
    comment = entry.comment
    details = dict(entry.details)
    for name in ("from", "to"):
        if entry.kind == ActivityKind.STATE and details.get(name) in IncidentState.values:
            details[name] = IncidentState(details[name]).label
    return {
        "entry": entry,
        "who": display_name(entry.actor),
        "details": details,
        "did": ActivityKind(entry.kind).label if entry.kind in ActivityKind.values else entry.kind,
        "was": details.get("from", ""),  # a template can't ask for `from`
        "comment": comment,
        "html": render_markdown(comment.body) if comment is not None and comment.deleted_at is None else "",
        "is_mine": comment is not None and comment.author_id == request.user.pk,
    }


def _unseen(incident: Incident, request: HttpRequest) -> set[UUID]:
    """Comments of this incident that name the person, who is about to read them."""
    mine = Mention.objects.filter(user=request.user.pk, comment__incident=incident, seen_at=None)
    return set(mine.values_list("comment_id", flat=True))


def _members(incident: Incident) -> Any:
    return Membership.objects.filter(team=incident.team_id, user__is_active=True).select_related("user").order_by("id")


def _merge_choices(incident: Incident) -> Any:
    others = Incident.objects.filter(team=incident.team_id, deleted_at=None).listed().exclude(pk=incident.pk)
    return others.filter(is_example=False)[:MOST_MERGE_CHOICES]


def _comment(incident: Incident, pk: UUID) -> Comment:
    found: Comment = get_object_or_404(Comment, incident=incident, pk=pk, deleted_at=None)
    return found


def _body(request: HttpRequest) -> str:
    return request.POST.get("body", "").replace("\x00", "").replace("\r\n", "\n").strip()[:MOST_COMMENT]


def _time(text: str) -> datetime | None:
    try:
        at = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        return None
    return at if at is not None and at.tzinfo else None
