"""Who may see and do what. Every object is looked up through its parents; what is not visible does not exist (404)."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from incidents import audit
from incidents.analysis.redact import use_words
from incidents.masking import words_of
from incidents.models import ApiToken, App, Drain, Incident, LogSource, Membership, Role, ShareLink, SigninToken, Team
from incidents.sessions import end_sessions

TEAM = "team"
"""In the session: id of the team that the person looks at."""
_RANK = {role: rank for rank, role in enumerate(Role.values)}


def memberships_of(user: User | AnonymousUser) -> QuerySet[Membership]:
    """The person's places in teams, the oldest first; none for who has been deactivated."""
    if not user.is_authenticated:
        return Membership.objects.none()
    return (
        Membership.objects.filter(user=user, user__is_active=True).select_related("team").order_by("created_at", "id")
    )


def get_team_for(user: User | AnonymousUser, *, role: str = Role.VIEWER) -> Team:
    """The team that the person has switched to, else their first. 404 for someone without one, 403 below the role."""
    found = list(memberships_of(user))
    if not found:
        raise Http404
    current = getattr(user, "current_team_id", None)
    membership = next((one for one in found if str(one.team_id) == str(current)), found[0])
    _require(membership, role)
    return membership.team


def get_membership_for(user: User | AnonymousUser, slug: str, *, role: str = Role.VIEWER) -> Membership:
    """The person's own place in the team with this slug."""
    membership: Membership = get_object_or_404(memberships_of(user), team__slug=slug)
    _require(membership, role)
    return membership


def get_incident_for(user: User | AnonymousUser, pk: UUID | str, *, role: str = Role.VIEWER) -> Incident:
    """An incident of one of the person's teams, in which the person has at least this role."""
    incident: Incident = get_object_or_404(Incident.objects.visible_to(user).select_related("team"), pk=pk)
    use_words(words_of(incident.team))  # whatever this request masks, it masks by the team's rules, too
    if role != Role.VIEWER:
        _require(memberships_of(user).get(team=incident.team_id), role)
    return incident


def get_deleted_incident_for(user: User | AnonymousUser, pk: UUID | str, *, role: str = Role.VIEWER) -> Incident:
    """An incident that was deleted a moment ago, so that its rows still stand."""
    mine = memberships_of(user)
    incident: Incident = get_object_or_404(
        Incident.objects.exclude(deleted_at=None), pk=pk, team__in=mine.values("team")
    )
    _require(mine.get(team=incident.team_id), role)
    return incident


def get_source_for(user: User | AnonymousUser, pk: UUID | str, *, role: str = Role.VIEWER) -> LogSource:
    """A source of an incident that the person may see."""
    source = get_object_or_404(LogSource.objects.select_related("incident"), pk=pk)
    source.incident = get_incident_for(user, source.incident_id, role=role)
    return source


def get_app_for(user: User | AnonymousUser, pk: UUID | str, *, role: str = Role.VIEWER) -> App:
    """An app of one of the person's teams, in which the person has at least this role."""
    app: App = get_object_or_404(App.objects.visible_to(user).select_related("recorder", "team"), pk=pk)
    use_words(words_of(app.team))
    if role != Role.VIEWER:
        _require(memberships_of(user).get(team=app.team_id), role)
    return app


def get_incident_of_team(team: Team, pk: UUID | str) -> Incident:
    """An incident of this team, for a caller whom the team has let in by a token."""
    shown = Incident.objects.filter(team=team, deleted_at=None, is_recorder=False).select_related("team")
    incident: Incident = get_object_or_404(shown, pk=pk)
    use_words(words_of(team))
    return incident


def get_app_of_team(team: Team, pk: UUID | str) -> App:
    """An app of this team, for a caller whom the team has let in by a token."""
    app: App = get_object_or_404(App.objects.select_related("recorder"), pk=pk, team=team)
    use_words(words_of(team))
    return app


def get_drain_of_app(app: App, pk: int) -> Drain:
    """A drain of this app."""
    drain: Drain = get_object_or_404(Drain, pk=pk, app=app)
    return drain


def has_role(user: User | AnonymousUser, team: Team | UUID, role: str) -> bool:
    """Whether the person has at least this role in the team: for what a page offers, never instead of a guard."""
    membership = memberships_of(user).filter(team=team).first()
    return membership is not None and rank_of(membership.role) >= rank_of(role)


def rank_of(role: str) -> int:
    """Higher for more rights; -1 for what is no role."""
    return _RANK.get(role, -1)


def revoke_everything(
    user: User, team: Team | None, *, request: HttpRequest | None = None, keep_session: str = ""
) -> None:
    """End at once whatever lets the person in, in ``team``, or everywhere if None: sessions, sign-in links, API tokens,
    and the links that they shared.

    Sessions end everywhere in any case: they are bound to the person, who may sign in again as far as they still may.
    Call it in the transaction that changes the membership.
    """
    with transaction.atomic():
        counts = {"sessions": end_sessions(user, keep=keep_session)}
        tokens = ApiToken.objects.filter(user=user, revoked_at=None)
        counts["tokens"] = (tokens if team is None else tokens.filter(team=team)).update(revoked_at=Now())
        counts["signin_links"] = SigninToken.objects.filter(user=user, used_at=None).update(used_at=Now())
        links = ShareLink.objects.filter(created_by=user, revoked_at=None)
        counts["links"] = (links if team is None else links.filter(team=team)).update(revoked_at=Now())
        owned = Incident.objects.filter(owner=user)
        (owned if team is None else owned.filter(team=team)).update(owner=None)
        audit.record("access.revoked", request=request, team=team, target=user, details=counts)


def _require(membership: Membership, role: str) -> None:
    if rank_of(membership.role) < rank_of(role):
        raise PermissionDenied(f"This needs the role {role}; yours is {membership.role}.")
