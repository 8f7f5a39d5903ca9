"""What a team is investigating, and what the analysis says about it."""

from __future__ import annotations

import json
import uuid
from functools import cached_property
from typing import Any, Self

import zstandard
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Now
from django.urls import reverse
from django.utils import timezone

from incidents.shelf import Shelf

from .teams import Team

_OPENED: Shelf[dict[str, Any]] = Shelf(most_bytes=4 * 1024 * 1024)
"""Texts of documents; as objects they are some six times as large."""


class IncidentState(models.TextChoices):
    OPEN = "open", "Open"
    MITIGATED = "mitigated", "Mitigated"
    RESOLVED = "resolved", "Resolved"


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Incidents of the person's teams that nobody has deleted."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(deleted_at=None, team__memberships__user=user, team__memberships__user__is_active=True)

    def listed(self) -> Self:
        """Newest first, without those put away or merged, and without the apps' recorders."""
        return self.filter(archived_at=None, merged_into=None, is_recorder=False).order_by("-created_at", "id")

    def dirty(self) -> Self:
        """Whose logs have changed since they were analysed."""
        return self.filter(deleted_at=None, revision__gt=F("analysed_revision"))


class Incident(models.Model):
    """Something that broke, and the logs that tell about it.

    ``verdict_*``, ``onset_at``, ``first_at`` and ``last_at`` repeat the document of `Analysis`, so that lists need not
    open it. ``revision`` rises with every chunk that is done; the analysis is behind while
    ``analysed_revision`` is smaller.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="incidents")
    title = models.CharField(max_length=200, blank=True)  # as people wrote it, else the name of the first log
    app_name = models.CharField(max_length=100, blank=True)  # Heroku app, where a person named it
    state = models.CharField(max_length=10, default=IncidentState.OPEN)  # of IncidentState; set by people
    mitigated_at = models.DateTimeField(null=True)  # when people set that state; null again once it is reopened
    resolved_at = models.DateTimeField(null=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    merged_into = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    is_example = models.BooleanField(default=False)
    is_recorder = models.BooleanField(default=False)  # of an app (see `App`): in no list, never analysed as a whole
    archived_at = models.DateTimeField(null=True)  # put away by a person: no longer in the list
    deleted_at = models.DateTimeField(null=True)  # gone from every page at once; the reaper removes the rows

    # confirmed, likely, inconclusive or healthy; empty until the first chunk has been read
    verdict_status = models.CharField(max_length=20, blank=True)
    verdict_slug = models.CharField(max_length=60, blank=True)
    verdict_sentence = models.TextField(blank=True)
    onset_at = models.DateTimeField(null=True)
    first_at = models.DateTimeField(null=True)  # time of the first and the last line
    last_at = models.DateTimeField(null=True)

    revision = models.BigIntegerField(default=0)
    analysed_revision = models.BigIntegerField(default=0)
    analysed_at = models.DateTimeField(null=True)
    analysis_ms = models.BigIntegerField(default=0)  # what the last analysis took; the next one waits accordingly
    analysis_attempts = models.BigIntegerField(default=0)  # since the last success
    analysis_error = models.TextField(blank=True)  # why the last attempt failed; "" after a success
    analysis_lease = models.UUIDField(null=True)
    analysis_lease_until = models.DateTimeField(null=True)
    analysis_rung_at = models.DateTimeField(null=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["team", "-created_at"], name="incident_list"),
            # What the reaper looks for, every few seconds.
            models.Index(
                fields=["analysed_at"], name="incident_dirty", condition=Q(revision__gt=F("analysed_revision"))
            ),
            models.Index(fields=["deleted_at"], name="incident_deleted", condition=Q(deleted_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.heading

    def get_absolute_url(self) -> str:
        return reverse("incident-detail", args=[self.pk])

    @property
    def heading(self) -> str:
        """The title, or something that stands for it."""
        return self.title or self.app_name or f"Incident {str(self.id)[:8]}"

    @cached_property
    def analysis(self) -> dict[str, Any]:
        """The newest JSON document (schema ``triage/analysis@1``); empty until the first chunk has been read.

        Pages share it with others of this process: it must not be changed.
        """
        return Analysis.newest(self.pk)

    def delete_later(self) -> None:
        """Take the incident from every page now. Its rows are removed by the reaper (`incidents.digest.purge`)."""
        Incident.objects.filter(pk=self.pk, deleted_at=None).update(deleted_at=Now())


class Analysis(models.Model):
    """The document of an incident, as compressed canonical JSON: the same logs give the same bytes."""

    incident = models.OneToOneField(
        Incident, on_delete=models.CASCADE, primary_key=True, related_name="stored_analysis"
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    document = models.BinaryField()
    version = models.BigIntegerField()  # analysis.DOCUMENT_VERSION that made it
    revision = models.BigIntegerField()  # of the incident
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"analysis of {self.incident_id}"

    @classmethod
    def newest(cls, incident_id: uuid.UUID) -> dict[str, Any]:
        """The document of an incident, unpacked at most once per revision in each process; {} if there is none."""
        rows = cls.objects.filter(incident=incident_id)
        # The blob stays where it is unless it is needed.
        named = rows.values_list("revision", "version", Length("document")).first()
        if named is None:
            return {}

        def opened() -> tuple[dict[str, Any], int]:
            packed = rows.values_list("document", flat=True).first()
            text = zstandard.ZstdDecompressor().decompress(bytes(packed)) if packed else b"{}"
            return json.loads(text), len(text)

        return _OPENED.get((incident_id, *named), opened)

    @staticmethod
    def dump(document: dict[str, Any]) -> bytes:
        text = json.dumps(document, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
        return zstandard.ZstdCompressor(level=6, write_content_size=True).compress(text.encode())

    def load(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(zstandard.ZstdDecompressor().decompress(bytes(self.document)))
        return loaded
