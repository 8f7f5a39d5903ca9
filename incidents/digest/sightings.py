"""Note which codes and causes an incident shows."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime

from incidents.models import Incident, Sighting
from incidents.models.sightings import MOST_PER_INCIDENT


def note(incident: Incident, document: dict[str, Any]) -> None:
    """Replace the incident's sightings by those of this document, in the caller's transaction."""
    found: dict[str, dict[str, Any]] = dict(document["codes"])
    for finding in document["findings"]:
        found.setdefault(finding["slug"], finding)
    frequent = sorted(found.items(), key=lambda item: (-(item[1]["count"] or 1), item[0]))[:MOST_PER_INCIDENT]
    Sighting.objects.filter(incident=incident).delete()
    Sighting.objects.bulk_create(
        Sighting(
            incident=incident, team_id=incident.team_id, name=name[:60], count=seen["count"] or 1,
            first_at=parse_datetime(seen["first_utc"] or ""), last_at=parse_datetime(seen["last_utc"] or ""),
        )
        for name, seen in frequent
    )  # fmt: skip
