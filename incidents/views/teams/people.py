"""The person's own page, who works on an incident, and who is looking at it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models.functions import Now
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from incidents.access import get_incident_for, memberships_of
from incidents.collaboration import change_owner, display_name, look
from incidents.forms_teams import ProfileForm
from incidents.http import PageRequest
from incidents.models import Membership, Mention, Role
from incidents.views.actions import own_path


@require_http_methods(["GET", "HEAD", "POST"])
def me(request: PageRequest) -> HttpResponse:
    """Name, and where one was mentioned. POST saves the name, or (``seen``) marks the mentions as read."""
    user = request.user
    teams = [membership.team_id for membership in memberships_of(user)]
    mentions = Mention.objects.filter(user=user, team__in=teams, comment__deleted_at=None).filter(
        comment__incident__deleted_at=None
    )
    form = ProfileForm(request.POST if request.method == "POST" else None, initial={"name": user.first_name})
    if request.method == "POST" and "seen" in request.POST:
        mentions.filter(seen_at=None).update(seen_at=Now())
        return redirect("people-me")
    if request.method == "POST" and form.is_valid():
        user.first_name, user.last_name = form.cleaned_data["name"][:150], ""
        user.save(update_fields=["first_name", "last_name"])
        messages.success(request, "Your name is saved.")
        return redirect("people-me")
    newest = mentions.select_related("comment", "comment__incident", "comment__author").order_by("-comment__created_at")
    rows = [(one, display_name(one.comment.author)) for one in newest[:50]]
    return render(request, "people/me.html", {"form": form, "mentions": rows}, status=400 if form.errors else 200)


@require_POST
def take(request: PageRequest, pk: UUID) -> HttpResponse:
    """``user``: "me", the id of a member, or nobody."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    chosen = request.POST.get("user", "me")
    owner = None
    if chosen:
        if chosen != "me" and not (chosen.isdecimal() and len(chosen) < 16):
            raise Http404
        members = Membership.objects.filter(team=incident.team_id, user__is_active=True).select_related("user")
        owner = get_object_or_404(members, user=request.user.pk if chosen == "me" else int(chosen)).user
    change_owner(incident, owner, request)
    messages.success(request, f"{display_name(owner)} is on it." if owner else "Nobody is on it now.")
    return redirect(own_path(request, request.POST.get("next", ""), reverse("incident-activity", args=[pk])))


@require_POST
def presence(request: PageRequest, pk: UUID) -> HttpResponse:
    """Say that one looks at the incident; answers who else does. Opening its activity also counts as having read it."""
    incident = get_incident_for(request.user, pk)
    if request.POST.get("page") == "activity":
        Mention.objects.filter(user=request.user, comment__incident=incident, seen_at=None).update(seen_at=Now())
    return render(request, "incidents/_presence.html", {"incident": incident, "looking": look(incident, request.user)})
