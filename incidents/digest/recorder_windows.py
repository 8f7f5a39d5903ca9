"""A stretch of an app's recorder becomes an incident: its lines are copied, so that they stay."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User

from incidents.models import App, Incident, RecordedWindow


def open_window(app: App, from_at: datetime, to_at: datetime, user: User | None = None, *, title: str = "") -> Incident:
    """A new incident with the app's lines between two times (both included). A worker copies them within seconds.

    ``user`` is None where a burst was detected and nobody asked. Ring afterwards: `tasks.copy_window`.
    """
    raise NotImplementedError


def extend_window(incident: Incident, to_at: datetime) -> RecordedWindow | None:
    """Add what the app has sent since the incident's last window, up to ``to_at``. None if that is nothing new."""
    raise NotImplementedError
