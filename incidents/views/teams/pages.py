"""Teams: the list, the switch, members and their roles."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents.access import TEAM, get_membership_for, memberships_of, rank_of
from incidents.forms import first_error
from incidents.forms_teams import InvitationForm, TeamNameForm
from incidents.http import PageRequest
from incidents.membership import Refused, change_role, create_team, grantable, remove
from incidents.models import Invitation, Membership, Role
from incidents.views.actions import own_path


@require_safe
def team_list(request: HttpRequest) -> HttpResponse:
    """The person's teams."""
    return render(request, "teams/list.html", {"memberships": memberships_of(request.user)})


@require_http_methods(["GET", "HEAD", "POST"])
def team_new(request: PageRequest) -> HttpResponse:
    """Make a team, and look at it from then on."""
    form = TeamNameForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        team = create_team(form.cleaned_data["name"], request.user, request)
        request.session[TEAM] = str(team.pk)
        messages.success(request, f"The team “{team.name}” is made. Invite people to it.")
        return redirect("team-detail", slug=team.slug)
    return render(request, "teams/new.html", {"form": form}, status=400 if form.errors else 200)


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Look at another of one's teams."""
    membership = get_membership_for(request.user, request.POST.get("team", ""))
    request.session[TEAM] = str(membership.team_id)
    return redirect(own_path(request, request.POST.get("next", ""), "/"))


@require_safe
def team_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Members; for admins also invitations and what can be changed."""
    mine = get_membership_for(request.user, slug)
    return render(request, "teams/detail.html", team_context(mine))


@require_POST
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Leave the team: refused to its last owner."""
    mine = get_membership_for(request.user, slug)
    try:
        remove(mine, by=mine, request=request)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("team-detail", slug=slug)
    request.session.pop(TEAM, None)
    messages.success(request, f"You have left “{mine.team.name}”.")
    return redirect("team-list")


@require_POST
def member_role(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Give a member another role."""
    mine, member = _member(request, slug, pk)
    try:
        change_role(member, request.POST.get("role", ""), by=mine, request=request)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The role of {name_of(member)} is changed.")
    return redirect("team-detail", slug=slug)


@require_POST
def member_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a member out of the team, and end whatever lets them in."""
    mine, member = _member(request, slug, pk)
    try:
        remove(member, by=mine, request=request)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{name_of(member)} is no longer in the team. Their sessions have ended.")
    return redirect("team-detail", slug=slug) if member.pk != mine.pk else redirect("team-list")


def team_context(mine: Membership, form: InvitationForm | None = None) -> dict[str, object]:
    """What the page of a team shows to this member."""
    may_manage = rank_of(mine.role) >= rank_of(Role.ADMIN)
    members = Membership.objects.filter(team=mine.team).select_related("user").order_by("created_at", "id")
    return {
        "mine": mine,
        "team": mine.team,
        "members": members,
        "may_manage": may_manage,
        "roles": grantable(mine),
        "invitations": Invitation.objects.open().filter(team=mine.team).order_by("created_at") if may_manage else [],
        "form": form or InvitationForm(roles=grantable(mine)),
        "problem": first_error(form) if form is not None and form.errors else "",
    }


def name_of(membership: Membership) -> str:
    return membership.user.get_full_name() or membership.user.get_username()


def _member(request: HttpRequest, slug: str, pk: int) -> tuple[Membership, Membership]:
    """The acting admin, and a member of the same team."""
    mine = get_membership_for(request.user, slug, role=Role.ADMIN)
    return mine, get_object_or_404(Membership.objects.select_related("team", "user"), team=mine.team, pk=pk)


def uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
