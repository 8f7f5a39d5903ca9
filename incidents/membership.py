"""Joining, leaving and changing teams. Each act is one transaction with its entry in the audit log."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.crypto import get_random_string
from django.utils.text import slugify

from incidents import audit
from incidents.access import rank_of, revoke_everything
from incidents.models import Invitation, Membership, Role, Team


class Refused(ValueError):
    """This can't be done; the message is a sentence for the person who tried."""


def create_team(name: str, user: User, request: HttpRequest | None = None) -> Team:
    """A new team that belongs to this person."""
    with transaction.atomic():
        team = Team.objects.create(name=name, slug=_free_slug(name))
        Membership.objects.create(team=team, user=user, role=Role.OWNER)
        audit.record("team.created", request=request, team=team, target=team, actor=user)
    return team


def _free_slug(name: str) -> str:
    stem = slugify(name)[:40] or "team"
    if stem in ("new", "switch") or Team.objects.filter(slug=stem).exists():
        return f"{stem}-{get_random_string(5, 'abcdefghijkmnpqrstuvwxyz23456789')}"
    return stem


def grantable(membership: Membership) -> list[tuple[str, str]]:
    """The roles that this member may give: nobody gives more than they have."""
    return [(value, str(label)) for value, label in Role.choices if rank_of(value) <= rank_of(membership.role)]


def change_role(of: Membership, role: str, *, by: Membership, request: HttpRequest) -> None:
    """Raises `Refused` where the acting member may not, or where the team would be left without an owner."""
    with transaction.atomic():
        of = _locked(of)
        _must_rank(of, by)
        if role not in dict(grantable(by)):
            raise Refused("You can give the roles up to your own.")
        if role == of.role:
            return
        if of.role == Role.OWNER:
            _must_not_be_last(of)
        before, of.role = of.role, role
        of.save(update_fields=["role"])
        details = {"from": before, "to": role}
        audit.record("member.role", request=request, team=of.team, target=of.user, details=details)
        if rank_of(role) < rank_of(before):
            keep = request.session.session_key if of.user_id == request.user.pk else ""
            revoke_everything(of.user, of.team, request=request, keep_session=keep or "")


def remove(of: Membership, *, by: Membership, request: HttpRequest) -> None:
    """Take somebody out of the team, or leave it; whatever lets them in ends at once."""
    is_leaving = of.pk == by.pk
    with transaction.atomic():
        of = _locked(of)
        if not is_leaving:
            _must_rank(of, by)
        if of.role == Role.OWNER:
            _must_not_be_last(of)
        team, user = of.team, of.user
        of.delete()
        audit.record("member.left" if is_leaving else "member.removed", request=request, team=team, target=user)
        keep = request.session.session_key if is_leaving else ""
        revoke_everything(user, team, request=request, keep_session=keep or "")
        Invitation.objects.open().filter(team=team, email=user.email.lower()).update(revoked_at=Now())


def accept(invitation: Invitation, user: User, request: HttpRequest) -> Membership:
    """Use an invitation up. Raises `Refused` if it is not for this person, or another click was first."""
    try:
        with transaction.atomic():
            if not Invitation.objects.open().filter(pk=invitation.pk).update(accepted_at=Now(), accepted_by=user):
                raise Refused("This invitation has been used, revoked, or is too old.")
            known = Membership.objects.filter(team=invitation.team, user=user).first()
            if known is not None:
                return known  # a member keeps the role that they have
            membership = Membership.objects.create(team=invitation.team, user=user, role=invitation.role)
            details = {"role": invitation.role}
            audit.record("member.joined", request=request, team=invitation.team, target=user, details=details)
            return membership
    except IntegrityError:
        return Membership.objects.get(team=invitation.team, user=user)


def deactivate(user: User, *, request: HttpRequest | None = None, active: bool = False) -> None:
    """Switch an account off, everywhere and at once (or on again)."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_active=active)
        audit.record("account.reactivated" if active else "account.deactivated", request=request, target=user)
        if not active:
            revoke_everything(user, None, request=request)


def _locked(membership: Membership) -> Membership:
    """The row as it is now; the team's row is locked, so that two owners can't both leave at once."""
    Team.objects.select_for_update().get(pk=membership.team_id)
    found = Membership.objects.select_related("team", "user").filter(pk=membership.pk).first()
    if found is None:
        raise Refused("This person is no longer in the team.")
    return found


def _must_rank(of: Membership, by: Membership) -> None:
    if rank_of(of.role) > rank_of(by.role):
        raise Refused("Only an owner can change another owner.")


def _must_not_be_last(of: Membership) -> None:
    others = Membership.objects.filter(team=of.team, role=Role.OWNER, user__is_active=True).exclude(pk=of.pk)
    if not others.exists():
        raise Refused("A team needs an owner: make somebody else one first.")
