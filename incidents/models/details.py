"""What the pages of endpoints show beyond the document of `Analysis`: kept apart, so that no other page opens it."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import models
from django.db.models.functions import Length

from incidents.analysis import Details
from incidents.shelf import Shelf

from .incidents import Incident
from .teams import Team

logger = logging.getLogger(__name__)
_GROWS = 20
"""In memory, for a byte that is stored."""
_OPENED: Shelf[Details] = Shelf(most_bytes=24 * 1024 * 1024)


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

    @classmethod
    def newest(cls, incident_id: UUID) -> Details:
        """The details of an incident, opened at most once per revision in each process; empty ones if there are none.

        Pages share them: they must not be changed.
        """
        rows = cls.objects.filter(incident=incident_id)
        named = rows.values_list("revision", Length("data")).first()
        if named is None:
            return Details()

        def opened() -> tuple[Details, int]:
            data = bytes(rows.values_list("data", flat=True).first() or b"")
            try:
                return Details.load(data) if data else Details(), len(data) * _GROWS
            except ValueError:  # of an older version, or damaged: the pages say what they lack
                logger.exception("the endpoint details of incident %s can't be read", incident_id)
                return Details(), 1

        return _OPENED.get((incident_id, *named), opened)
