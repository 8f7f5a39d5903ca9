"""Who did what to which object, from where. Rows are written once: neither this code nor the database changes them."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from .teams import Team


class AppendOnlyError(RuntimeError):
    """Somebody tried to change or remove what was recorded."""

    def __init__(self) -> None:
        super().__init__("The audit log is append-only: its rows are neither changed nor removed.")


class AuditQuerySet(models.QuerySet["AuditEvent"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError

    def delete(self) -> NoReturn:
        raise AppendOnlyError

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError

    def newest(self) -> Self:
        return self.order_by("-at", "-id")


class AuditEvent(models.Model):
    """One act. ``actor_label`` and ``object_label`` repeat names, so that the row can be read when both are gone.

    ``team`` is null for what concerns a person alone, such as signing in. Neither ``team`` nor ``actor`` is a foreign
    key of the database: removing a person must not change what they did.
    """

    team = models.ForeignKey(Team, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    actor_label = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=40)  # noun.verb, such as member.removed
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    object_label = models.CharField(max_length=200, blank=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)  # never a secret: names, roles, counts
    at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[Any] = AuditQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["team", "-at"], name="audit_of_team"),
            models.Index(fields=["actor", "-at"], name="audit_of_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor_label or 'nobody'}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError
