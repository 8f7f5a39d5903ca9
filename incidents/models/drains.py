"""What arrives while an app lives: drains, the requests that they deliver, and counts per minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .apps import App
from .sources import LogSource
from .teams import Team
from .tokens import digest_of, make_token


class DrainKind(models.TextChoices):
    LOGPLEX = "logplex", "HTTPS drain"
    OTLP = "otlp", "OpenTelemetry"


class Drain(models.Model):
    """One address to which an app sends its lines. Only the SHA-256 of its token is kept.

    After a rotation the token before is valid until ``previous_until``, so that the drain can be changed at Heroku
    without a gap. ``source`` is its part of the app's recorder.
    """

    PREFIX: ClassVar[str] = "trd"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="drains")
    source = models.OneToOneField(LogSource, on_delete=models.CASCADE, related_name="drain")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, default=DrainKind.LOGPLEX)  # of DrainKind
    prefix = models.CharField(max_length=16)  # how the token begins
    digest = models.CharField(max_length=64, unique=True)
    previous_digest = models.CharField(max_length=64, blank=True, db_index=True)
    previous_until = models.DateTimeField(null=True)
    logplex_token = models.CharField(max_length=60, blank=True)  # d.<uuid>, as the last request named it
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    rotated_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)  # answered with 401 from then on
    last_frame_at = models.DateTimeField(null=True)  # arrival of the last request that was recorded
    last_line_at = models.DateTimeField(null=True)  # time of the newest line that was recorded

    class Meta:
        constraints = [models.UniqueConstraint(fields=["app", "name"], name="one_drain_per_name")]

    def __str__(self) -> str:
        return self.name

    def set_token(self) -> str:
        """Give an unsaved drain its token; returns the text, which is stored nowhere."""
        text = make_token(self.PREFIX)
        self.prefix, self.digest = text[:12], digest_of(text)
        return text

    def rotate(self, *, overlap: timedelta = timedelta(hours=24)) -> str:
        """A new token; the old one stays valid for ``overlap``. Returns the text, which is stored nowhere."""
        self.previous_digest, self.previous_until = self.digest, timezone.now() + overlap
        text = self.set_token()
        self.rotated_at = timezone.now()
        self.save(update_fields=["previous_digest", "previous_until", "prefix", "digest", "rotated_at"])
        return text

    def revoke(self) -> None:
        """Refuse both tokens from now on (web processes forget them within seconds)."""
        self.revoked_at = timezone.now()
        self.save(update_fields=["revoked_at"])


class Form(models.TextChoices):
    """What the bytes of a frame are."""

    LOGPLEX = "logplex", "octet-counted syslog messages"
    OTLP_PROTOBUF = "otlp-pb", "ExportLogsServiceRequest"
    OTLP_JSON = "otlp-json", "the same as JSON"
    TEXT = "text", "whole lines"


class Frame(models.Model):
    """One delivery, as it came. Its bytes go when they stand in a chunk; its id stays, since it may be sent again."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    source = models.ForeignKey(LogSource, on_delete=models.CASCADE, related_name="frames", db_index=False)
    frame_id = models.CharField(max_length=80)  # as the sender named it, or our own
    form = models.CharField(max_length=10, default=Form.LOGPLEX)  # of Form
    received_at = models.DateTimeField()
    bytes = models.BigIntegerField()  # as sent
    is_compressed = models.BooleanField(default=False)  # ``body`` is a zstd frame
    body = models.BinaryField()
    msg_count = models.BigIntegerField(null=True)  # as announced
    dropped = models.BigIntegerField(default=0)  # log-shuttle's Logplex-Drop-Count
    lost = models.BigIntegerField(default=0)  # log-shuttle's Logplex-Lost-Count
    has_overflow = models.BooleanField(default=False)  # holds an L10 line
    chunked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "frame_id"], name="one_frame_per_id")]
        indexes = [
            models.Index(fields=["source", "id"], name="frame_waiting", condition=Q(chunked_at__isnull=True)),
            models.Index(fields=["received_at"], name="frame_by_arrival"),
        ]

    def __str__(self) -> str:
        return f"frame {self.frame_id} of {self.source_id}"


class DrainMinute(models.Model):
    """What a drain brought in one minute (by arrival). Written with the lines themselves, in one transaction."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    drain = models.ForeignKey(Drain, on_delete=models.CASCADE, related_name="minutes", db_index=False)
    minute_at = models.DateTimeField()
    frames = models.BigIntegerField(default=0)
    lines = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)  # frames that came again
    refused = models.BigIntegerField(default=0)  # requests answered with 429
    overflow_lines = models.BigIntegerField(default=0)  # lost on their way, as L10 lines say
    dropped = models.BigIntegerField(default=0)  # as log-shuttle says
    lost = models.BigIntegerField(default=0)  # as log-shuttle says
    damaged = models.BigIntegerField(default=0)  # frames whose lengths or counts did not fit; their bytes are kept
    lag_ms = models.BigIntegerField(default=0)  # most, from a line's time to its arrival
    record_ms = models.BigIntegerField(default=0)  # most, from arrival to the log

    class Meta:
        constraints = [models.UniqueConstraint(fields=["drain", "minute_at"], name="one_row_per_minute")]

    def __str__(self) -> str:
        return f"{self.minute_at.isoformat()} of {self.drain_id}"

    @staticmethod
    def minute_of(at: datetime) -> datetime:
        return at.replace(second=0, microsecond=0)
