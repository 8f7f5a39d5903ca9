"""Keys for programs: pipes send logs with them, the API answers to them. Only their SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from .teams import Membership, Team

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_CHARS = 43  # more than 256 bits
_CHECK_CHARS = 6
USED_EVERY = timedelta(minutes=1)
"""`last_used_at` is no more exact than this: a busy token would else write with every request."""


def make_token(prefix: str) -> str:
    """A new secret: ``<prefix>_``, 43 random characters, and 6 of a checksum, which tell it from noise."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARS))
    return f"{prefix}_{body}{_check(body)}"


def is_wellformed(text: str, prefix: str) -> bool:
    """Whether the checksum fits: what does not was never made here, and needs no look-up."""
    start = f"{prefix}_"
    body, check = text[len(start) : -_CHECK_CHARS], text[-_CHECK_CHARS:]
    return text.startswith(start) and len(body) == _RANDOM_CHARS and _check(body) == check


def digest_of(text: str) -> str:
    """SHA-256 in hex; what is stored in place of a token."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _check(body: str) -> str:
    number, found = zlib.crc32(body.encode("utf-8", "replace")), ""
    for _ in range(_CHECK_CHARS):
        number, digit = divmod(number, len(_ALPHABET))
        found = _ALPHABET[digit] + found
    return found


class Scope(models.TextChoices):
    """What a token may do. Each stands alone but for ``admin``, which may do everything."""

    INGEST = "ingest", "Send logs"
    READ = "read", "Read incidents"
    WRITE = "write", "Change incidents"
    ADMIN = "admin", "Manage the team"


class ApiTokenManager(models.Manager["ApiToken"]):
    def issue(
        self, *, team: Team, user: User | None, name: str, scopes: Iterable[str], expires_at: datetime | None = None
    ) -> tuple[ApiToken, str]:
        """Make a token. Returns its row and its text, which is stored nowhere."""
        text = make_token(ApiToken.PREFIX)
        row = self.create(
            team=team, user=user, name=name.strip()[:100], prefix=text[:12], digest=digest_of(text),
            scopes=sorted(set(scopes)), expires_at=expires_at,
        )  # fmt: skip
        return row, text

    def find(self, text: str, *, scope: str = "") -> ApiToken | None:
        """The token with this text, if it is valid and may do this (``scope``); None for any other.

        It ends with its maker: when the person is deactivated or leaves the team.
        """
        if not is_wellformed(text, ApiToken.PREFIX):
            return None
        valid = Q(expires_at=None) | Q(expires_at__gt=Now())
        row = self.filter(valid, digest=digest_of(text), revoked_at=None).select_related("team", "user").first()
        if row is None or (scope and not row.allows(scope)):
            return None
        if row.user is not None and not (
            row.user.is_active and Membership.objects.filter(team=row.team_id, user=row.user_id).exists()
        ):
            return None
        if row.last_used_at is None or row.last_used_at < timezone.now() - USED_EVERY:
            self.filter(pk=row.pk).update(last_used_at=Now())
        return row


class ApiToken(models.Model):
    """A key of a team. ``prefix`` is what people recognise it by; ``scopes`` are of `Scope`."""

    PREFIX: ClassVar[str] = "tri"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="api_tokens")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="api_tokens")
    name = models.CharField(max_length=100, blank=True)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    objects: ClassVar[ApiTokenManager] = ApiTokenManager()

    def __str__(self) -> str:
        return f"{self.name or 'token'} ({self.prefix}…)"

    def allows(self, scope: str) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes
