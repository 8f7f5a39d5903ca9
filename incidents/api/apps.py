"""Apps that drain, and their drains."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from ninja import Router, Status
from ninja.errors import HttpError

from incidents import audit
from incidents.access import get_app_of_team, get_drain_of_app
from incidents.ingest.accept import Rejected
from incidents.ingest.apps import add_drain, create_app, remove_drain
from incidents.models import App, Drain, Scope

from .keys import allowed
from .schemas import AppRow, DrainRow, DrainWithToken, NewApp, NewDrain, Problem

router = Router(tags=["apps"])
_REFUSALS = {401: Problem, 403: Problem, 404: Problem}
_CHANGES = {400: Problem, 401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem}


@router.get("", response={200: list[AppRow], 401: Problem, 403: Problem}, summary="All apps")
def listed(request: HttpRequest) -> Any:
    token = allowed(request, Scope.READ)
    return [app_row(request, app) for app in App.objects.filter(team=token.team).order_by("name")]


@router.post("", response={201: AppRow} | _CHANGES, summary="A new app")
def create(request: HttpRequest, given: NewApp) -> Any:
    token = allowed(request, Scope.ADMIN)
    with transaction.atomic():
        try:
            app = create_app(team=token.team, name=given.name.replace("\x00", ""), user=token.user)
        except Rejected as rejected:
            raise HttpError(rejected.status, str(rejected)) from None
        audit.record("app.changed", request=request, target=app)
    return Status(201, app_row(request, app))


@router.get("/{uuid:pk}", response={200: AppRow} | _REFUSALS, summary="One app")
def read(request: HttpRequest, pk: UUID) -> Any:
    return app_row(request, get_app_of_team(allowed(request, Scope.READ).team, pk))


@router.post("/{uuid:pk}/drains", response={201: DrainWithToken} | _CHANGES, summary="A new drain")
def add(request: HttpRequest, pk: UUID, given: NewDrain) -> Any:
    token = allowed(request, Scope.ADMIN)
    app = get_app_of_team(token.team, pk)
    with transaction.atomic():
        try:
            drain, text = add_drain(app=app, user=token.user, name=given.name.replace("\x00", ""), kind=given.kind)
        except Rejected as rejected:
            raise HttpError(rejected.status, str(rejected)) from None
        audit.record("drain.created", request=request, target=drain)
    return Status(201, with_token(request, drain, text))


@router.post("/{uuid:pk}/drains/{int:drain}/rotate", response={200: DrainWithToken} | _REFUSALS, summary="A new token")
def rotate(request: HttpRequest, pk: UUID, drain: int) -> Any:
    """The old token stays valid for a day, so that the drain can be changed at Heroku without a gap."""
    row = get_drain_of_app(get_app_of_team(allowed(request, Scope.ADMIN).team, pk), drain)
    with transaction.atomic():
        text = row.rotate()
        audit.record("drain.rotated", request=request, target=row)
    return with_token(request, row, text)


@router.delete("/{uuid:pk}/drains/{int:drain}", response={204: None} | _REFUSALS, summary="Refuse a drain")
def remove(request: HttpRequest, pk: UUID, drain: int) -> Any:
    row = get_drain_of_app(get_app_of_team(allowed(request, Scope.ADMIN).team, pk), drain)
    with transaction.atomic():
        remove_drain(row)
        audit.record("drain.deleted", request=request, target=row)
    return Status(204, None)


def app_row(request: HttpRequest, app: App) -> dict[str, Any]:
    """An `AppRow`."""
    return {
        "id": app.pk, "name": app.name, "retention_hours": app.retention_hours,
        "url": request.build_absolute_uri(reverse("app-detail", args=[app.pk])),
        "drains": [drain_row(drain) for drain in app.drains.order_by("pk")],
    }  # fmt: skip


def drain_row(drain: Drain) -> dict[str, Any]:
    """A `DrainRow`."""
    row = {name: getattr(drain, name) for name in DrainRow.model_fields.keys() - {"is_revoked"}}
    return row | {"is_revoked": drain.revoked_at is not None}


def with_token(request: HttpRequest, drain: Drain, text: str) -> dict[str, Any]:
    """A `DrainWithToken`."""
    scheme = "https" if request.is_secure() else "http"
    return drain_row(drain) | {"token": text, "url": f"{scheme}://drain:{text}@{request.get_host()}/drain/"}
