"""Incidents: make, list, change, send logs to, and read what they say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Router, Status
from ninja.errors import HttpError
from ninja.params.functions import Query as query

from incidents import audit, tasks
from incidents.access import get_incident_of_team
from incidents.analysis.redact import redact
from incidents.collaboration import change_state
from incidents.ingest import accept
from incidents.ingest.accept import Rejected
from incidents.models import Incident, LogSource, Scope, SourceState
from incidents.views.tickets.drafting import draft_or_none, fields_of, state_of
from incidents.views.tickets.pages import markdown_of

from .keys import allowed
from .schemas import (
    IncidentChange,
    IncidentRow,
    Incidents,
    NewIncident,
    Problem,
    Sent,
    SourceRow,
    Ticket,
)

router = Router(tags=["incidents"])
MOST = 100
_STEP = 1024 * 1024
_REFUSALS = {400: Problem, 401: Problem, 403: Problem, 404: Problem}
_BYTES: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}
}
_MARKDOWN: dict[str, Any] = {
    "responses": {200: {"description": "The ticket", "content": {"text/markdown": {"schema": {"type": "string"}}}}}
}
_SENDING = _REFUSALS | {409: Problem, 410: Problem, 411: Problem, 413: Problem, 422: Problem, 507: Problem}


@router.get(
    "", response={200: Incidents, 400: Problem, 401: Problem, 403: Problem, 422: Problem}, summary="Newest first"
)
def listed(
    request: HttpRequest,
    limit: Annotated[int, query(ge=1, le=MOST)] = 20,
    before: datetime | None = None,
    state: Annotated[str, query(max_length=20)] = "",
    app_name: Annotated[str, query(max_length=100)] = "",
) -> Any:
    token = allowed(request, Scope.READ)
    rows = Incident.objects.filter(team=token.team, deleted_at=None).listed()
    if before is not None:
        if before.tzinfo is None:
            raise HttpError(400, "before needs a zone: 2026-03-14T09:00:00Z.")
        rows = rows.filter(created_at__lt=before)
    if state:
        rows = rows.filter(state=state)
    if app_name:
        rows = rows.filter(app_name=app_name)
    found = list(rows[: limit + 1])
    more = found[limit - 1].created_at.isoformat() if len(found) > limit else None
    return {"incidents": [row_of(request, one) for one in found[:limit]], "next": more}


@router.post("", response={201: IncidentRow, 401: Problem, 403: Problem, 422: Problem}, summary="A new incident")
def create(request: HttpRequest, given: NewIncident) -> Any:
    token = allowed(request, Scope.WRITE)
    with transaction.atomic():
        incident = accept.new_incident(
            team=token.team, user=token.user, title=_clean(given.title), app_name=_clean(given.app_name)
        )
        audit.record("incident.created", request=request, team=token.team, target=incident)
    return Status(201, row_of(request, incident))


@router.get("/{uuid:pk}", response={200: IncidentRow} | _REFUSALS, summary="One incident")
def read(request: HttpRequest, pk: UUID) -> Any:
    return row_of(request, get_incident_of_team(allowed(request, Scope.READ).team, pk))


@router.patch("/{uuid:pk}", response={200: IncidentRow, 422: Problem} | _REFUSALS, summary="Name and state")
def change(request: HttpRequest, pk: UUID, given: IncidentChange) -> Any:
    incident = get_incident_of_team(allowed(request, Scope.WRITE).team, pk)
    with transaction.atomic():
        if given.title is not None or given.app_name is not None:
            incident.title = _clean(given.title) if given.title is not None else incident.title
            incident.app_name = _clean(given.app_name) if given.app_name is not None else incident.app_name
            incident.save(update_fields=["title", "app_name"])
            audit.record("incident.renamed", request=request, target=incident)
        if given.state is not None:
            change_state(incident, given.state, request)
    incident.refresh_from_db()
    return row_of(request, incident)


@router.delete("/{uuid:pk}", response={204: None} | _REFUSALS, summary="Delete with all logs")
def delete(request: HttpRequest, pk: UUID) -> Any:
    incident = get_incident_of_team(allowed(request, Scope.ADMIN).team, pk)
    with transaction.atomic():
        incident.delete_later()
        audit.record("incident.deleted", request=request, target=incident)
    return Status(204, None)


@router.post("/{uuid:pk}/logs", response={201: Sent} | _SENDING, summary="Send a log", openapi_extra=_BYTES)
def send(request: HttpRequest, pk: UUID, name: Annotated[str, query(min_length=1, max_length=200)] = "log") -> Any:
    """The body is the log as it is: plain, gz, zip or zst. Reading begins at once."""
    incident = get_incident_of_team(allowed(request, Scope.INGEST).team, pk)
    if not (request.META.get("CONTENT_LENGTH") or "").isdigit():
        raise HttpError(411, "Send Content-Length; for a stream without one there is /pipe/.")
    known = set(LogSource.objects.filter(incident=incident).values_list("pk", flat=True))
    try:
        source = accept.accept_upload(incident=incident, name=_clean(name) or "log", blocks=_blocks(request))
    except Rejected as rejected:
        raise HttpError(rejected.status, str(rejected)) from None
    if source.state == SourceState.SPLITTING:
        tasks.ring(tasks.split_source, source.pk)
    incident.refresh_from_db()
    sent = {"log": log_of(source), "is_duplicate": source.pk in known}
    return Status(201, sent | {"incident": row_of(request, incident)})


@router.get("/{uuid:pk}/logs", response={200: list[SourceRow]} | _REFUSALS, summary="Its logs")
def logs(request: HttpRequest, pk: UUID) -> Any:
    incident = get_incident_of_team(allowed(request, Scope.READ).team, pk)
    return [log_of(source) for source in LogSource.objects.filter(incident=incident).order_by("position", "created_at")]


@router.get("/{uuid:pk}/analysis", response={200: dict[str, Any], 202: IncidentRow} | _REFUSALS, summary="The analysis")
def analysis(request: HttpRequest, pk: UUID) -> Any:
    """The document of schema ``triage/analysis@1``; 202 with the incident until some of a log has been read."""
    incident = get_incident_of_team(allowed(request, Scope.READ).team, pk)
    document = incident.analysis
    if not document:
        return Status(202, row_of(request, incident))
    return masked(document)


@router.get("/{uuid:pk}/ticket", response={200: Ticket, 202: IncidentRow} | _REFUSALS, summary="The ticket draft")
def ticket(request: HttpRequest, pk: UUID) -> Any:
    incident = get_incident_of_team(allowed(request, Scope.READ).team, pk)
    draft, state = draft_or_none(incident), state_of(incident)
    if draft is None or state is None:
        return Status(202, row_of(request, incident))
    with transaction.atomic():
        audit.record("ticket.exported", request=request, target=incident)
    shown = {key: state[key] for key in ("priority", "score", "missing")}
    title = redact(str(fields_of(draft).get("title") or incident.heading), personal=True)
    return shown | {"title": title, "markdown": markdown_of(incident, draft)}


@router.get("/{uuid:pk}/ticket.md", response=_REFUSALS, summary="The ticket as Markdown", openapi_extra=_MARKDOWN)
def ticket_markdown(request: HttpRequest, pk: UUID) -> Any:
    incident = get_incident_of_team(allowed(request, Scope.READ).team, pk)
    draft = draft_or_none(incident)
    if draft is None:
        raise HttpError(404, "There is no ticket yet: no part of a log has been read.")
    with transaction.atomic():
        audit.record("ticket.exported", request=request, target=incident)
    return HttpResponse(markdown_of(incident, draft), content_type="text/markdown; charset=utf-8")


def row_of(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    """An `IncidentRow`."""
    names = IncidentRow.model_fields.keys() - {"url", "is_reading"}
    row = {name: getattr(incident, name) for name in names}
    row["verdict_sentence"] = redact(incident.verdict_sentence)
    unread = LogSource.objects.filter(incident=incident).unfinished().exists()
    row["is_reading"] = unread or incident.revision > incident.analysed_revision
    return row | {"url": request.build_absolute_uri(incident.get_absolute_url())}


def log_of(source: LogSource) -> dict[str, Any]:
    """A `SourceRow`."""
    return {name: getattr(source, name) for name in SourceRow.model_fields}


def masked(value: Any) -> Any:
    """The same document without credentials, by the rules of today: it was written by those of its own day."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: masked(one) for key, one in value.items()}
    return [masked(one) for one in value] if isinstance(value, list) else value


def _blocks(request: HttpRequest) -> Iterator[bytes]:
    while block := request.read(_STEP):
        yield block


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()
