"""Apps and their drains: made, renewed, taken away."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from incidents.analysis import SourceSettings
from incidents.models import App, Drain, DrainKind, Incident, LogSource, SourceKind, SourceState, Team

from .accept import Rejected, next_position


def create_app(*, team: Team, name: str, user: User | None) -> App:
    """A new app with an empty recorder. Raises `Rejected` if the team has one of this name."""
    name = name.strip()[:100]
    if not name:
        raise Rejected("An app needs a name: best the one it has at Heroku.")
    try:
        with transaction.atomic():
            recorder = Incident.objects.create(
                team=team, created_by=user, title=f"Recorder of {name}", app_name=name, is_recorder=True
            )
            return App.objects.create(team=team, name=name, recorder=recorder, created_by=user)
    except IntegrityError:
        raise Rejected(f"There is an app called {name} already.", 409) from None


def add_drain(*, app: App, user: User | None, name: str = "main", kind: str = DrainKind.LOGPLEX) -> tuple[Drain, str]:
    """A new drain of an app, and its token, which is stored nowhere. Raises `Rejected` if the name is taken."""
    name = name.strip()[:100] or "main"
    how = SourceSettings(format="heroku-cli", encoding="utf-8")
    drain = Drain(team_id=app.team_id, app=app, name=name, kind=kind, created_by=user)
    token = drain.set_token()
    try:
        with transaction.atomic():
            Incident.objects.select_for_update().get(pk=app.recorder_id)
            drain.source = LogSource.objects.create(
                team_id=app.team_id,
                incident_id=app.recorder_id,
                kind=SourceKind.DRAIN,
                name=f"{app.name}, {name}"[:255],
                position=next_position(app.recorder_id),
                state=SourceState.DONE,
                settings=how.to_json(),
            )
            drain.save()
    except IntegrityError:
        raise Rejected(f"This app has a drain called {name} already.", 409) from None
    return drain, token


def remove_app(app: App) -> None:
    """Take an app away with all that it recorded. Incidents opened from it stay; the reaper removes the rows."""
    with transaction.atomic():
        Incident.objects.filter(pk=app.recorder_id).update(deleted_at=Now())
        app.delete()


def remove_drain(drain: Drain) -> None:
    """Refuse a drain from now on and forget its token. What it has sent stays until it is old."""
    drain.revoke()
