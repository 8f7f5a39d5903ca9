"""What people say and do about an incident: comments, mentions, the activity feed, merges."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from .incidents import Incident
from .teams import Team


class Comment(models.Model):
    """Markdown of a member. A deleted one keeps its place, without its words."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["incident", "created_at"], name="comments_of_incident")]

    def __str__(self) -> str:
        return f"comment on {self.incident_id}"


class Mention(models.Model):
    """A person was named in a comment."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "user"], name="one_mention_per_comment")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.comment_id}"


class ActivityKind(models.TextChoices):
    COMMENTED = "commented", "commented"
    TOOK = "took", "took it on"
    GAVE_UP = "gave-up", "no longer works on it"
    STATE = "state", "changed the state"
    RENAMED = "renamed", "renamed it"
    ARCHIVED = "archived", "archived it"
    RESTORED = "restored", "put it back into the list"
    MERGED = "merged", "merged another incident into it"
    SPLIT = "split", "took a merge back"


class Activity(models.Model):
    """One entry of an incident's feed. ``details`` holds plain texts for the sentence, such as from and to."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="activity")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=12)  # of ActivityKind
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, null=True, related_name="+")
    details: models.JSONField[Any, Any] = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["incident", "at"], name="activity_of_incident")]

    def __str__(self) -> str:
        return f"{self.kind} on {self.incident_id}"


class Merge(models.Model):
    """``merged`` went into ``into``: its sources moved there, and what people said about it.

    ``moved`` maps the sources' ids to the positions they had; ``words`` has the ids of comments, activity and notes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    into = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="merges")
    merged = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    moved: models.JSONField[Any, Any] = models.JSONField(default=dict)
    words: models.JSONField[Any, Any] = models.JSONField(default=dict)
    merged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    merged_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Merge]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.merged_id} into {self.into_id}"
