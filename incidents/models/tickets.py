"""The ticket that a person edits, and the suggestion beside it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from .incidents import Incident
from .teams import Team


class TicketDraft(models.Model):
    """The support ticket of an incident.

    ``fields`` and ``suggestion`` are the ``ticket`` of the analysis: priority, title, markdown, completeness.
    Until a person edits it (``edited_at``), the draft follows the suggestion. Afterwards only people write ``fields``,
    and a newer suggestion (``has_newer_suggestion``) is offered beside them. ``version`` rises with each edit of
    ``fields``, so that two people can't overwrite each other; ``based_on`` is the ``suggestion_version`` that
    ``fields`` began with or was last compared to.
    """

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, primary_key=True, related_name="draft")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    fields = models.JSONField(default=dict)
    version = models.BigIntegerField(default=1)
    based_on = models.BigIntegerField(default=1)
    edited_at = models.DateTimeField(null=True)
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    suggestion = models.JSONField(default=dict)
    suggestion_version = models.BigIntegerField(default=1)
    seen = models.JSONField(default=dict)  # field → the suggestion for it that a person has seen, taken or dismissed

    def __str__(self) -> str:
        return f"ticket of {self.incident_id}"

    @property
    def has_newer_suggestion(self) -> bool:
        return self.edited_at is not None and self.suggestion_version > self.based_on


class TicketChange(models.Model):
    """One edit of a ticket: what the fields that it touched held before and after. So every edit can be undone."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    draft = models.ForeignKey(TicketDraft, on_delete=models.CASCADE, related_name="changes")
    version = models.BigIntegerField()  # of the draft, once this edit was in
    how = models.CharField(max_length=10, default="edit")  # edit, take, reset, lines, undo
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["draft", "-version"], name="changes_of_draft")]

    def __str__(self) -> str:
        return f"change {self.version} of {self.draft_id}"
