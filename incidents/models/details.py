"""What the pages of endpoints show beyond the document of `Analysis`: kept apart, so that no other page opens it."""

from __future__ import annotations

from django.db import models

from .incidents import Incident
from .teams import Team


class EndpointDetails(models.Model):
    """``analysis.Details.dump()`` of an incident, written with its `Analysis`: the same logs give the same bytes."""

    incident = models.OneToOneField(
        Incident, on_delete=models.CASCADE, primary_key=True, related_name="endpoint_details"
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    data = models.BinaryField()
    revision = models.BigIntegerField()  # of the incident, as in `Analysis`

    def __str__(self) -> str:
        return f"endpoint details of {self.incident_id}"
