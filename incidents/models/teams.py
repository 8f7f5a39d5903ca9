"""Who owns incidents, and how people get in."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class Role(models.TextChoices):
    """What a member may do; each role may also do what stands above it."""

    VIEWER = "viewer", "Viewer"
    MEMBER = "member", "Member"
    ADMIN = "admin", "Admin"
    OWNER = "owner", "Owner"


class TeamManager(models.Manager["Team"]):
    def get_default(self) -> Team:
        """The one team of an installation that has not made others."""
        return self.get_or_create(slug="default", defaults={"name": "My team"})[0]


class Team(models.Model):
    """Owns apps and incidents."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="teams")

    # What the team's admins have set (incidents.forms_teams).
    time_zone = models.CharField(max_length=64, default="UTC")  # IANA name; for people who chose none themselves
    redaction_words: models.JSONField[Any, Any] = models.JSONField(default=list)  # masked as they stand
    redaction_patterns: models.JSONField[Any, Any] = models.JSONField(default=list)  # RE2
    retention_days = models.PositiveIntegerField(null=True)  # of incidents, from their creation; null: for ever
    services: models.JSONField[Any, Any] = models.JSONField(default=list)  # names of third parties that the apps use
    support_plan = models.CharField(max_length=40, blank=True)
    ticket_defaults: models.JSONField[Any, Any] = models.JSONField(default=dict)  # ticket item key → text

    objects: ClassVar[TeamManager] = TeamManager()

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person in a team, with a role of `Role`."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, default=Role.MEMBER)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id}: {self.role}"


class SigninTokenManager(models.Manager["SigninToken"]):
    def issue(self, user: User, *, next_path: str = "/", valid: timedelta = timedelta(hours=24)) -> str:
        """Make a token and return its text, which is stored nowhere."""
        text = secrets.token_urlsafe(32)
        self.create(user=user, digest=self.digest_of(text), next_path=next_path, expires_at=timezone.now() + valid)
        return text

    def redeem(self, text: str) -> SigninToken | None:
        """Use a token up. None if it is unknown, expired or used; two at once can't both win."""
        fresh = self.filter(digest=self.digest_of(text), used_at=None, expires_at__gt=Now())
        if not fresh.update(used_at=Now()):
            return None
        token = self.select_related("user").get(digest=self.digest_of(text))
        return token if token.user.is_active else None

    @staticmethod
    def digest_of(text: str) -> str:
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


class SigninToken(models.Model):
    """A sign-in link: works once, until it expires. Only the SHA-256 of its text is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="signin_tokens")
    digest = models.CharField(max_length=64, unique=True)
    next_path = models.CharField(max_length=500, default="/")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects: ClassVar[SigninTokenManager] = SigninTokenManager()

    def __str__(self) -> str:
        return f"sign-in token of {self.user_id}"
