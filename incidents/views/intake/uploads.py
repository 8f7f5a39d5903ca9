"""Bytes come in here: whole forms, pastes, and parts of large files.

In parts, as the page's script and other programs do it: POST ``/uploads/`` announces a file; PUT each part of at most
PART_BYTES to ``parts/<n>/`` (any of them again, in any order); POST ``finish/``; GET the upload's address for progress.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents import tasks
from incidents.access import get_incident_for, get_source_for, get_team_for
from incidents.forms import IntoForm, PasteForm, StartForm, first_error
from incidents.ingest import accept
from incidents.ingest.accept import Rejected
from incidents.models import ChunkState, Incident, LogSource, Role, SourceState
from incidents.troubles import AWAY, FULL, is_full, is_passing

MIB = 1024 * 1024
View = Callable[..., HttpResponse]


def _answers_json(view: View) -> View:
    """What is wrong with an upload is answered as ``{"error": "one sentence"}``."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Rejected as rejected:
            return JsonResponse({"error": str(rejected)}, status=rejected.status)
        except (OSError, OperationalError, InterfaceError) as error:
            if is_full(error):
                return JsonResponse({"error": FULL}, status=507)
            if not is_passing(error):
                raise
            answer = JsonResponse({"error": AWAY}, status=503)
            answer["Retry-After"] = "5"
            return answer

    return answer


@require_POST
@_answers_json
def start(request: HttpRequest) -> HttpResponse:
    """Announce a file: JSON with ``name``; if known ``size``, ``key``, ``incident`` (or ``title``, ``app_name``)."""
    try:
        given = json.loads(request.body)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Rejected("Send a JSON object that names the file.")
    form = StartForm(given)
    if not form.is_valid():
        raise Rejected(first_error(form))
    data = form.cleaned_data
    incident = _existing(request, data)
    team = incident.team if incident else get_team_for(request.user, role=Role.MEMBER)
    with transaction.atomic():
        if incident is None and (data["title"] or data["app_name"]) and not _known(team, data["key"]):
            incident = _new(request, data)
        source = accept.begin_upload(
            team=team, user=_user(request), incident=incident, name=data["name"], size=data["size"], key=data["key"]
        )
    return JsonResponse(_status(source), status=201)


@require_http_methods(["PUT", "POST"])
@_answers_json
def part(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """One part, as the raw body. ``X-Part-SHA256`` guards it on its way."""
    source = get_source_for(request.user, pk, role=Role.MEMBER)
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Rejected("Send parts as they are, without Content-Encoding.", 415)
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > settings.PART_BYTES:
        raise Rejected(f"A part may hold {settings.PART_BYTES // MIB} MiB at most.", 413)
    if number * settings.PART_BYTES > settings.MAX_UPLOAD_BYTES * 8:
        raise Rejected("There is no part with this number in a file that would be taken.", 413)
    data = request.read(length)
    if len(data) != length:
        raise Rejected(f"Part {number} was cut off on its way. Send it again.")
    accept.add_part(source, number, data, sha256=request.headers.get("X-Part-SHA256", ""))
    return JsonResponse({"part": number, "bytes": len(data), "received": source.bytes})


@require_POST
@_answers_json
def finish(request: HttpRequest, pk: UUID) -> HttpResponse:
    """All parts are there; ``sha256`` of the whole, if given, is checked. Answers with the source that holds them."""
    source = get_source_for(request.user, pk, role=Role.MEMBER)
    kept = accept.finish_upload(source, sha256=request.POST.get("sha256", ""))
    _ring(kept)
    return JsonResponse(_status(kept) | {"is_duplicate": kept.pk != source.pk})


@require_safe
@never_cache
def status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far an upload has come, and which parts have arrived."""
    source = get_source_for(request.user, pk)
    found = _status(source)
    if source.state == SourceState.RECEIVING:
        found["parts"] = list(source.parts.order_by("number").values_list("number", flat=True))
    return JsonResponse(found)


@require_POST
@csrf_exempt
def form(request: HttpRequest) -> HttpResponse:
    """The plain form, for browsers without scripts: several files at once, streamed through a temporary file."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_UPLOAD_BYTES + MIB:
        # Before anything is read, and so before the form's CSRF token is known.
        return _sorry(
            request, f"This is too large: at most {settings.MAX_UPLOAD_BYTES // MIB:,} MiB at once are taken."
        )
    try:
        return _form(request)
    except OSError as error:
        if is_full(error):
            # A browser that is still sending when the connection ends shows that, and not our sentence.
            while request.read(MIB):
                pass
        raise


@csrf_protect
def _form(request: HttpRequest) -> HttpResponse:
    into = IntoForm(request.POST)
    files = request.FILES.getlist("files")
    if not into.is_valid():
        return _sorry(request, first_error(into))
    if not files:
        return _sorry(request, "No file was chosen. Choose one or several logs.")
    known = _existing(request, into.cleaned_data)
    incident = known or _new(request, into.cleaned_data)
    problems: list[str] = []
    try:
        for file in files:
            try:
                _take(request, incident, file)
            except Rejected as rejected:
                problems.append(f"{file.name}: {rejected}")
            except (OSError, OperationalError) as error:
                if not is_full(error) or not incident.sources.exists():
                    raise
                problems.append(f"{file.name}: {FULL}")
    except Exception:
        if not known:
            accept.drop_if_empty(incident)
        raise
    for problem in problems:
        messages.error(request, problem)
    return redirect(incident)


def _take(request: HttpRequest, incident: Incident, file: UploadedFile[Any]) -> None:
    source = accept.accept_upload(incident=incident, name=file.name or "unnamed", blocks=file.chunks(MIB))
    if source.state != SourceState.SPLITTING:
        messages.info(request, f"{file.name} is in this incident already, as {source.name}.")
    _ring(source)


@require_POST
def paste(request: HttpRequest) -> HttpResponse:
    """A log pasted into a box."""
    pasted = PasteForm(request.POST)
    if not pasted.is_valid():
        return _sorry(request, first_error(pasted))
    known = _existing(request, pasted.cleaned_data)
    incident = known or _new(request, pasted.cleaned_data)
    try:
        source = accept.accept_paste(incident=incident, text=pasted.cleaned_data["text"])
    except Exception:
        if not known:
            accept.drop_if_empty(incident)
        raise
    _ring(source)
    return redirect(incident)


def _existing(request: HttpRequest, data: dict[str, Any]) -> Incident | None:
    if not data.get("incident"):
        return None
    return get_incident_for(request.user, data["incident"], role=Role.MEMBER)


def _new(request: HttpRequest, data: dict[str, Any]) -> Incident:
    team = get_team_for(request.user, role=Role.MEMBER)
    return accept.new_incident(team=team, user=_user(request), title=data["title"], app_name=data["app_name"])


def _known(team: Any, key: str) -> bool:
    return bool(key) and LogSource.objects.filter(team=team, idempotency_key=key).exists()


def _user(request: HttpRequest) -> Any:
    return request.user if request.user.is_authenticated else None


def _ring(source: LogSource) -> None:
    if source.state == SourceState.SPLITTING:
        tasks.ring(tasks.split_source, source.pk)


def _sorry(request: HttpRequest, sentence: str) -> HttpResponse:
    """Back to the form, with the reason."""
    messages.error(request, sentence)
    return redirect("incident-new")


def _status(source: LogSource) -> dict[str, Any]:
    done, aside = Q(state=ChunkState.DONE), Q(state=ChunkState.QUARANTINED)
    counts = source.chunks.aggregate(
        total=Count("pk"),
        done=Count("pk", filter=done),
        aside=Count("pk", filter=aside),
        lines=Sum("lines", filter=done),
    )
    return {
        "id": str(source.pk), "incident": str(source.incident_id), "url": source.incident.get_absolute_url(),
        "name": source.name, "position": source.position, "state": source.state, "problem": source.problem,
        "notes": source.notes, "bytes": source.bytes, "expected_bytes": source.expected_bytes,
        "chunks_total": counts["total"], "chunks_done": counts["done"], "chunks_set_aside": counts["aside"],
        "lines_done": counts["lines"] or 0, "is_finished": source.is_finished,
        "duplicate_of": str(source.duplicate_of_id) if source.duplicate_of_id else None,
        "verdict": source.incident.verdict_sentence,
        "is_analysed": source.is_finished and source.incident.analysed_revision >= source.incident.revision,
    }  # fmt: skip
