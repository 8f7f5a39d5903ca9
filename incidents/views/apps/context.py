"""What the header of every page of an app shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from incidents.access import has_role
from incidents.models import Alert, App, Role


def app_context(request: HttpRequest, app: App, tab: str) -> dict[str, Any]:
    """``can_change``: open incidents, acknowledge, mute; ``can_manage``: drains, recorder, alerts' targets."""
    alerts = list(Alert.objects.open().filter(app=app).select_related("incident").order_by("-began_at"))
    return {
        "app": app,
        "tab": tab,
        "open_alerts": alerts,
        "can_change": has_role(request.user, app.team_id, Role.MEMBER),
        "can_manage": has_role(request.user, app.team_id, Role.ADMIN),
        "favicon": "img/favicon-bad.svg" if alerts else "img/favicon.svg",
    }
