"""Where an incident's lines come from, and the bytes that are still arriving."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from .incidents import Incident
from .teams import Team


class SourceKind(models.TextChoices):
    UPLOAD = "upload", "Upload"
    PASTE = "paste", "Paste"
    PIPE = "pipe", "Pipe"
    DRAIN = "drain", "Drain"


class SourceState(models.TextChoices):
    """receiving → splitting → digesting → done; or refused, failed, duplicate."""

    RECEIVING = "receiving", "Receiving"
    SPLITTING = "splitting", "Unpacking"
    DIGESTING = "digesting", "Reading"
    DONE = "done", "Done"
    REFUSED = "refused", "Not a log"
    FAILED = "failed", "Failed"
    DUPLICATE = "duplicate", "Already here"


UNFINISHED = (SourceState.RECEIVING, SourceState.SPLITTING, SourceState.DIGESTING)


class SourceQuerySet(models.QuerySet["LogSource"]):
    def shown(self) -> Self:
        """Sources with a place in the incident, in its order: index i of the analysis is position i."""
        return self.filter(position__isnull=False).order_by("position")

    def unfinished(self) -> Self:
        return self.filter(state__in=UNFINISHED)


class LogSource(models.Model):
    """One log of an incident: a file, a member of an archive, a paste.

    ``position`` is its number in the incident, from 0, and the ``source`` of the analysis and of permalinks. It is
    given when the last byte has arrived, and never changes. ``lines``, ``parsed`` and ``unparsed`` are sums over
    chunks, final once ``done``.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="sources")
    kind = models.CharField(max_length=10, default=SourceKind.UPLOAD)  # of SourceKind
    name = models.CharField(max_length=255)  # a label, never a path; members of archives: "logs.zip: web.log"
    position = models.BigIntegerField(null=True)
    archive = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="members")
    member = models.BigIntegerField(default=0)  # number in the archive; its first log is the archive's own row
    state = models.CharField(max_length=10, default=SourceState.RECEIVING)  # of SourceState
    problem = models.TextField(blank=True)  # one sentence: why it was refused or failed
    notes = models.JSONField(default=list)  # sentences about what was cut, skipped or set aside
    duplicate_of = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="duplicates")

    bytes = models.BigIntegerField(default=0)  # received so far, as sent
    expected_bytes = models.BigIntegerField(null=True)  # as announced by the sender
    text_bytes = models.BigIntegerField(default=0)  # cut into chunks so far, unpacked
    sha256 = models.CharField(max_length=64, blank=True)  # of the bytes as sent; set when the last has arrived
    idempotency_key = models.CharField(max_length=64, blank=True)
    settings = models.JSONField(null=True)  # analysis.SourceSettings: encoding, format, year …; null until known
    lines = models.BigIntegerField(default=0)
    parsed = models.BigIntegerField(default=0)
    unparsed = models.BigIntegerField(default=0)

    created_at = models.DateTimeField(default=timezone.now)
    touched_at = models.DateTimeField(default=timezone.now)  # when the last part arrived
    finished_at = models.DateTimeField(null=True)
    attempts = models.BigIntegerField(default=0)  # of splitting
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)

    objects = SourceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "position"], name="one_source_per_position"),
            models.UniqueConstraint(fields=["archive", "member"], name="one_source_per_member"),
            models.UniqueConstraint(
                fields=["team", "idempotency_key"], name="one_source_per_key", condition=~Q(idempotency_key="")
            ),
        ]
        indexes = [
            models.Index(
                fields=["state", "rung_at"],
                name="source_unfinished",
                condition=Q(state__in=["receiving", "splitting", "digesting"]),
            ),
            models.Index(fields=["incident", "sha256"], name="source_by_content"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_finished(self) -> bool:
        return self.state not in UNFINISHED


class UploadPart(models.Model):
    """A piece of an upload, numbered from 0, at most PART_BYTES long; deleted once the source is cut into chunks."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(LogSource, on_delete=models.CASCADE, related_name="parts")
    number = models.BigIntegerField()
    bytes = models.BigIntegerField()  # as sent
    sha256 = models.CharField(max_length=64)  # of the bytes as sent
    is_compressed = models.BooleanField()  # `data` is a zstd frame
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="one_part_per_number")]

    def __str__(self) -> str:
        return f"part {self.number} of {self.source_id}"
