"""Who may see and do what. Every object is looked up through its parents; what is not visible does not exist (404)."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404

from incidents.models import Incident, LogSource, Membership, Role, Team

_RANK = {role: rank for rank, role in enumerate(Role.values)}


def get_team_for(user: User | AnonymousUser, *, role: str = Role.VIEWER) -> Team:
    """The person's first team. 404 for someone without one, 403 if the role is too low."""
    if not user.is_authenticated:
        raise Http404
    membership = Membership.objects.filter(user=user).select_related("team").order_by("created_at", "id").first()
    if membership is None:
        raise Http404
    _require(membership, role)
    return membership.team


def get_incident_for(user: User | AnonymousUser, pk: UUID | str, *, role: str = Role.VIEWER) -> Incident:
    """An incident of one of the person's teams, in which the person has at least this role."""
    incident: Incident = get_object_or_404(Incident.objects.visible_to(user), pk=pk)
    if role != Role.VIEWER:
        _require(Membership.objects.get(user=user.pk, team=incident.team_id), role)
    return incident


def get_source_for(user: User | AnonymousUser, pk: UUID | str, *, role: str = Role.VIEWER) -> LogSource:
    """A source of an incident that the person may see."""
    source = get_object_or_404(LogSource.objects.select_related("incident"), pk=pk)
    source.incident = get_incident_for(user, source.incident_id, role=role)
    return source


def _require(membership: Membership, role: str) -> None:
    if _RANK.get(membership.role, -1) < _RANK[role]:
        raise PermissionDenied(f"This needs the role {role}; yours is {membership.role}.")
