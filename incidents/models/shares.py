"""Links that show one incident to outsiders, for a while."""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta
from functools import cache
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import User
from django.db import models
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from .incidents import Incident
from .teams import Team
from .tokens import digest_of, is_wellformed, make_token


@cache
def _nobodys() -> str:
    """A hash that no passphrase fits."""
    return make_password(secrets.token_urlsafe(16))


class SharePart(models.TextChoices):
    """How much of the incident the link shows."""

    INCIDENT = "incident", "The incident"
    FINDING = "finding", "One finding"
    CHARTS = "charts", "The charts"


class ShareLinkQuerySet(models.QuerySet["ShareLink"]):
    def open(self) -> Self:
        """Neither revoked nor too old, of an incident that is still there, made by somebody who may still share it."""
        return self.filter(revoked_at=None, expires_at__gt=Now(), incident__deleted_at=None)


class ShareLinkManager(models.Manager["ShareLink"].from_queryset(ShareLinkQuerySet)):  # type: ignore[misc]
    def issue(
        self, *, incident: Incident, by: User, valid: timedelta, part: str = SharePart.INCIDENT, subject: str = "",
        passphrase: str = "", label: str = "",
    ) -> tuple[ShareLink, str]:  # fmt: skip
        """A new link. Returns its row and its token, which is stored nowhere."""
        text = make_token(ShareLink.PREFIX)
        row = self.create(
            team_id=incident.team_id, incident=incident, created_by=by, part=part, subject=subject[:200],
            label=label.strip()[:100], digest=digest_of(text), expires_at=timezone.now() + valid,
            passphrase=make_password(passphrase) if passphrase else "",
        )  # fmt: skip
        return row, text

    def redeem(self, text: str, passphrase: str) -> ShareLink | None:
        """The open link of this token, if the passphrase fits. None for all else, after the same work."""
        row: ShareLink | None = None
        if is_wellformed(text, ShareLink.PREFIX):
            row = self.open().filter(digest=digest_of(text)).select_related("incident", "team").first()
        # A password is checked in any case, so that the time of the answer tells nothing.
        fits = check_password(passphrase, row.passphrase if row and row.passphrase else _nobodys())
        if row is None or (row.passphrase and not fits):
            return None
        self.filter(pk=row.pk).update(opens=F("opens") + 1, opened_at=Now())
        return row


class ShareLink(models.Model):
    """A read-only view of an incident for whoever has its token. Only the token's SHA-256 is kept."""

    PREFIX: ClassVar[str] = "trs"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="shares")
    part = models.CharField(max_length=10, default=SharePart.INCIDENT)  # of SharePart
    subject = models.CharField(max_length=200, blank=True)  # slug and subject of the one finding
    label = models.CharField(max_length=100, blank=True)  # for whom
    digest = models.CharField(max_length=64, unique=True)
    passphrase = models.CharField(max_length=200, blank=True)  # hashed as passwords are
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="shares"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    opens = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)  # the last time

    objects: ClassVar[ShareLinkManager] = ShareLinkManager()

    class Meta:
        indexes = [models.Index(fields=["incident", "-created_at"], name="share_list")]

    def __str__(self) -> str:
        return self.label or f"link of {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_open(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()
