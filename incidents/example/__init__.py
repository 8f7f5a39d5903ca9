"""The example incident: one click shows what Triage does, with nobody's own log."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User

from incidents.ingest.accept import accept_upload, new_incident
from incidents.models import Incident, LogSource, Team

from .story import APP, build

TITLE = "Example: a shop whose export holds all dynos"


def open_for(team: Team, user: User | AnonymousUser) -> tuple[Incident, LogSource | None]:
    """The team's example incident. The source is given if it is new: the caller rings for it."""
    known = Incident.objects.filter(team=team, is_example=True, deleted_at=None).order_by("created_at").first()
    if known:
        Incident.objects.filter(pk=known.pk).update(archived_at=None)
        return known, None
    person = user if isinstance(user, User) else None
    incident = new_incident(team=team, user=person, title=TITLE, app_name=APP)
    Incident.objects.filter(pk=incident.pk).update(is_example=True)
    return incident, accept_upload(incident=incident, name=f"{APP}.log", blocks=[build()])
