"""What was noticed on an app's live stream, whom it was told, and what people want to hear of."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from incidents.analysis.bursts import SILENCE

from .apps import App
from .chunks import Chunk
from .incidents import Incident
from .sources import LogSource
from .teams import Team


class ChunkMinutes(models.Model):
    """Counts per minute of one chunk of a recorder (`analysis.minutes`): all that detection reads.

    ``cells`` is ``{"29000000": {"lines": 12, "H12": 1}}``. Written by replacement with the chunk's result.
    """

    chunk = models.OneToOneField(Chunk, on_delete=models.CASCADE, primary_key=True, related_name="minutes")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    source = models.ForeignKey(LogSource, on_delete=models.CASCADE, related_name="+", db_index=False)
    first_minute = models.BigIntegerField()
    last_minute = models.BigIntegerField()
    cells = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["source", "last_minute"], name="minutes_of_source")]

    def __str__(self) -> str:
        return f"minutes of chunk {self.chunk_id}"


def _new_key() -> str:
    return secrets.token_hex(16)


class AlertPolicy(models.Model):
    """What an app's team wants to hear of, when, and where. One row per app, made when the app is first watched.

    ``counts`` are other thresholds by cause (`analysis.bursts.CAUSES`; for silence: minutes). ``watched_since`` is the
    time from which detection has run without a pause: silence before it means that we were away. ``origin`` is the
    address of this site as people reached it, for links in messages.
    """

    app = models.OneToOneField(App, on_delete=models.CASCADE, primary_key=True, related_name="alert_policy")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    is_on = models.BooleanField(default=True)
    webhook_url = models.CharField(max_length=500, blank=True)
    webhook_key = models.CharField(max_length=64, default=_new_key)
    emails = models.JSONField(default=list)
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    quiet_zone = models.CharField(max_length=64, default="UTC")
    counts = models.JSONField(default=dict)
    origin = models.CharField(max_length=200, blank=True)
    watched_since = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["checked_at"], name="policy_by_check")]

    def __str__(self) -> str:
        return f"alerts of {self.app_id}"

    @property
    def webhook_secret(self) -> str:
        """The key of signatures. It is made from the installation's own key, and stored nowhere."""
        return salted_hmac("incidents.webhook", self.webhook_key, algorithm="sha256").hexdigest()


class CauseMute(models.Model):
    """A cause of an app that nobody wants to be told of, until some time or for ever."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="mutes")
    cause = models.CharField(max_length=40)
    until = models.DateTimeField(null=True)  # null: for ever
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["app", "cause"], name="one_mute_per_cause")]

    def __str__(self) -> str:
        return f"{self.cause} of {self.app_id} is muted"


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> Self:
        return self.filter(ended_at=None)


class Withheld(models.TextChoices):
    """Why nobody was told (yet)."""

    MUTED = "muted", "Muted"
    QUIET = "quiet", "Quiet hours"
    FOLDED = "folded", "Part of another alert"
    OFF = "off", "Alerts are off"
    LATE = "late", "Over before it was seen"


class Alert(models.Model):
    """One stretch of one trouble of an app. While it lasts there is one row, which grows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="alerts")
    incident = models.ForeignKey(Incident, on_delete=models.SET_NULL, null=True, related_name="alerts")
    cause = models.CharField(max_length=40)  # of analysis.bursts
    family = models.CharField(max_length=40)
    sentence = models.CharField(max_length=300)
    began_at = models.DateTimeField()
    noticed_at = models.DateTimeField()
    last_at = models.DateTimeField()  # last bad minute so far
    ended_at = models.DateTimeField(null=True)
    became_usual = models.BooleanField(default=False)
    peak_at = models.DateTimeField()
    peak_count = models.BigIntegerField(default=0)
    count = models.BigIntegerField(default=0)
    requests = models.BigIntegerField(default=0)
    usual = models.FloatField(default=0.0)
    proof_source = models.BigIntegerField(null=True)  # a line of the recorder that proves it
    proof_line = models.BigIntegerField(null=True)
    proof_text = models.TextField(blank=True)  # redacted
    withheld = models.CharField(max_length=10, blank=True)  # of Withheld; "" once told
    told_at = models.DateTimeField(null=True)  # deliveries were made then
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["app", "cause"], name="one_open_alert_per_cause", condition=Q(ended_at__isnull=True)
            ),
            models.UniqueConstraint(fields=["app", "cause", "began_at"], name="one_alert_per_beginning"),
        ]
        indexes = [models.Index(fields=["app", "-began_at"], name="alert_history")]

    def __str__(self) -> str:
        return self.sentence

    def get_absolute_url(self) -> str:
        return reverse("app-alert", args=[self.app_id, self.pk])

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def is_silence(self) -> bool:
        return self.cause == SILENCE

    @property
    def until_at(self) -> datetime:
        """End of the last bad minute."""
        return self.last_at + timedelta(minutes=1)

    def get_withheld_display(self) -> str:
        return Withheld(self.withheld).label if self.withheld in Withheld.values else self.withheld


class DeliveryState(models.TextChoices):
    PENDING = "pending", "Waiting"
    SENT = "sent", "Delivered"
    FAILED = "failed", "Failed"


class Delivery(models.Model):
    """One message to one place: a unit of work, sent once however often its bell rings (as far as the far end tells).

    ``alert`` is null for a test. ``content`` is what is sent: the JSON of a webhook, or subject and text of a mail.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="deliveries")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, null=True, related_name="deliveries")
    kind = models.CharField(max_length=10)  # webhook or email
    target = models.CharField(max_length=500)
    content: Any = models.JSONField(default=dict)
    state = models.CharField(max_length=10, default=DeliveryState.PENDING)  # of DeliveryState
    status_code = models.BigIntegerField(null=True)
    problem = models.CharField(max_length=300, blank=True)  # of the last attempt, one sentence
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    attempts = models.BigIntegerField(default=0)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alert", "kind", "target"], name="one_delivery_per_alert_and_target")
        ]
        indexes = [
            models.Index(fields=["due_at"], name="delivery_waiting", condition=Q(state="pending")),
            models.Index(fields=["app", "-created_at"], name="delivery_log"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.target}"
