"""Showing what is masked: asked for by somebody who may, for a while, and written down.

A request that only reads never reveals, so that a link sent by somebody else does not either.
"""

from __future__ import annotations

import time
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from incidents import audit
from incidents.access import get_incident_for
from incidents.models import Incident, Role

SECONDS = 15 * 60
_REVEALED = "revealed"


@require_POST
def reveal(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show this incident's log as it is, to this person in this browser, or (``do=mask``) mask it again."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    revealed = {key: until for key, until in _of(request).items() if until > time.time()}
    if request.POST.get("do") == "mask":
        revealed.pop(str(incident.pk), None)
    else:
        revealed[str(incident.pk)] = int(time.time()) + SECONDS
        with transaction.atomic():
            audit.record("secret.revealed", request=request, target=incident, details={"minutes": SECONDS // 60})
    request.session[_REVEALED] = revealed
    back = request.POST.get("next", "")
    hosts = {request.get_host()}
    if url_has_allowed_host_and_scheme(back, allowed_hosts=hosts, require_https=request.is_secure()):
        return redirect(back)
    return redirect("incident-logs", pk=incident.pk)


def is_revealed(request: HttpRequest, incident: Incident) -> bool:
    """Whether this person has asked, a short while ago."""
    return _of(request).get(str(incident.pk), 0) > time.time()


def _of(request: HttpRequest) -> dict[str, int]:
    found = request.session.get(_REVEALED)
    return dict(found) if isinstance(found, dict) else {}
