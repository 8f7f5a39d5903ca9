"""Heroku apps that drain into us. What they sent lately is their flight recorder: a hidden incident, kept as a ring."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.utils import timezone

from .incidents import Incident
from .teams import Team

RETENTION_HOURS = 48
RETENTION_BYTES = 512 * 1024 * 1024


class AppQuerySet(models.QuerySet["App"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Apps of the person's teams."""
        return self.filter(team__memberships__user=user) if user.is_authenticated else self.none()


class App(models.Model):
    """An app of a team. ``recorder`` holds one log source per drain; whole segments leave it when they are old.

    Digest, search and the log viewer work on the recorder as on any incident, but nobody sees it in a list, and it is
    never analysed as a whole.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="apps")
    name = models.CharField(max_length=100)
    recorder = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="recorded_app")
    retention_hours = models.BigIntegerField(default=RETENTION_HOURS)
    retention_bytes = models.BigIntegerField(default=RETENTION_BYTES)  # of text
    quota_bytes_per_s = models.BigIntegerField(null=True)  # null: the installation's
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = AppQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="one_app_per_name")]

    def __str__(self) -> str:
        return self.name


class RecordedWindow(models.Model):
    """The stretch of an app's recorder that an incident shows: its lines are copied, so that they stay with it.

    It is a unit of work: a worker copies its lines into the incident (see `incidents.digest.recorder.windows`).
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="windows")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="windows")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    copied_at = models.DateTimeField(null=True)
    # Number of the last line that was copied, by source of the recorder: where a copy that was cut short goes on.
    progress = models.JSONField(default=dict)
    attempts = models.BigIntegerField(default=0)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident"], name="one_window_per_incident")]
        indexes = [
            models.Index(fields=["rung_at"], name="window_waiting", condition=models.Q(copied_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.from_at.isoformat()} to {self.to_at.isoformat()} of {self.app_id}"
