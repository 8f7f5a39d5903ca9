"""Invitations: for one team and one address, used once, for a while."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from .teams import Role, Team

VALID = timedelta(days=7)


def digest_of(token: str) -> str:
    """What is kept of a token: its SHA-256."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> Self:
        """Neither used, nor revoked, nor too old."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=Now())

    def by_token(self, token: str) -> Invitation | None:
        """The open invitation with this token, by link or by mail."""
        digest = digest_of(token)
        return self.open().filter(models.Q(digest=digest) | models.Q(mail_digest=digest)).select_related("team").first()


class InvitationManager(models.Manager["Invitation"].from_queryset(InvitationQuerySet)):  # type: ignore[misc]
    def issue(self, *, team: Team, email: str, role: str, by: User) -> tuple[Invitation, str, str]:
        """An invitation with the tokens of its link and of its mail, whose texts are stored nowhere.

        They differ because only who reads the mail has shown that the address is theirs. An earlier open invitation of
        the same address to the team is revoked.
        """
        link, mail = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.open().filter(team=team, email=email.lower()).update(revoked_at=Now())
        invitation = self.create(
            team=team, email=email.lower(), role=role, invited_by=by, expires_at=timezone.now() + VALID,
            digest=digest_of(link), mail_digest=digest_of(mail),
        )  # fmt: skip
        return invitation, link, mail


class Invitation(models.Model):
    """An address may join a team with a role. Only hashes of its tokens are kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)  # lower case
    role = models.CharField(max_length=10, default=Role.MEMBER)  # of Role
    digest = models.CharField(max_length=64, unique=True)
    mail_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[InvitationManager] = InvitationManager()

    class Meta:
        indexes = [models.Index(fields=["team", "email"], name="invitation_by_address")]

    def __str__(self) -> str:
        return f"{self.email} to {self.team_id} as {self.role}"
