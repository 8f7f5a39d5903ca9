"""What people add to an incident's timeline: what they saw and did, and lines that they pinned."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from .incidents import Incident
from .teams import Team


class NoteQuerySet(models.QuerySet["TimelineNote"]):
    def live(self) -> Self:
        """Without those that were taken away; in the order of the timeline."""
        return self.filter(deleted_at=None).order_by("at", "id")


class TimelineNote(models.Model):
    """A note at a moment of the timeline, as plain text. With ``source`` and ``line`` it is a pinned line of the log.

    ``version`` rises with each change, so that two people can't overwrite each other (see `save_over`). A note that was
    taken away keeps its row, so that this can be undone.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="notes")
    at = models.DateTimeField()  # what it tells about, not when it was written
    text = models.TextField(blank=True)  # may be empty for a pinned line, which speaks for itself
    source = models.BigIntegerField(null=True)  # position of the pinned line's source in the incident
    line = models.BigIntegerField(null=True)  # from 1
    quote = models.TextField(blank=True)  # the pinned line, credentials masked
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True)
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    deleted_at = models.DateTimeField(null=True)
    version = models.BigIntegerField(default=1)

    objects = NoteQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["incident", "at"], name="notes_of_incident")]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "source", "line"],
                condition=Q(deleted_at=None, line__isnull=False),
                name="one_note_per_pinned_line",
            )
        ]

    def __str__(self) -> str:
        return f"note {self.pk} of {self.incident_id}"

    @property
    def is_pin(self) -> bool:
        return self.line is not None

    @property
    def title(self) -> str:
        """On one line, as charts and tables show it."""
        return " ".join((self.text or self.quote).split())

    def save_over(self, version: int, **changes: Any) -> bool:
        """Write ``changes`` if nobody has changed the note since ``version``; the row is read again either way."""
        rows = TimelineNote.objects.filter(pk=self.pk, version=version)
        saved = rows.update(version=F("version") + 1, **changes)
        self.refresh_from_db()
        return bool(saved)

    def edit(self, *, version: int, at: datetime, text: str, user_id: int) -> bool:
        """Another text or moment. False, and nothing is changed, if somebody was quicker."""
        return self.save_over(version, at=at, text=text, edited_at=Now(), edited_by_id=user_id)


def notes_of(incident: Incident) -> models.QuerySet[TimelineNote]:
    """The notes that the timeline of an incident shows, in order, with their authors."""
    return TimelineNote.objects.live().filter(incident=incident).select_related("author", "edited_by")
