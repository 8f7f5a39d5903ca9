"""Which codes and causes stand in which incident, so that their pages need not open a document."""

from __future__ import annotations

from typing import Self

from django.contrib.auth.models import AnonymousUser, User
from django.db import models

from .incidents import Incident
from .teams import Team

MOST_PER_INCIDENT = 200


class SightingQuerySet(models.QuerySet["Sighting"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Of incidents that the person sees in lists."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            incident__deleted_at=None, incident__is_recorder=False, incident__team__memberships__user=user
        )


class Sighting(models.Model):
    """``name`` is a code (H12: how often it stands in the log) or the slug of a cause (how often it was found)."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="sightings")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    count = models.BigIntegerField()
    first_at = models.DateTimeField(null=True)  # in the log
    last_at = models.DateTimeField(null=True)

    objects = SightingQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "name"], name="one_sighting_per_name")]
        indexes = [models.Index(fields=["team", "name"], name="sighting_by_name")]

    def __str__(self) -> str:
        return f"{self.name} in {self.incident_id}"
