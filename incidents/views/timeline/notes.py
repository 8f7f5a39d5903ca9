"""What people add to the timeline. Nobody's words are overwritten, and what was taken away can be put back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from incidents.access import get_incident_for
from incidents.digest import quoting
from incidents.digest.quoting import Place
from incidents.http import PageRequest
from incidents.models import Incident, Role, TimelineNote
from incidents.quick_entry import MOST_CHARACTERS, EntryProblem, parse_entries, parse_moment
from incidents.templatetags.triage import format_time
from incidents.views.timeline.pages import timeline_context

LARGEST_NUMBER = 2**53
MOST_NOTES = 2_000
"""Of one incident: a timeline is for reading."""


@require_POST
def add(request: HttpRequest, pk: UUID) -> HttpResponse:
    """``text``: one note or several, as `quick_entry` reads them. All are added, or none."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    typed = request.POST.get("text", "")
    try:
        entries = parse_entries(typed, **_reading(request, incident))
        if TimelineNote.objects.live().filter(incident=incident).count() + len(entries) > MOST_NOTES:
            raise EntryProblem(f"A timeline holds at most {MOST_NOTES:,} notes.")
    except EntryProblem as problem:
        return _page(request, incident, status=422, typed=typed, entry_problem=str(problem))
    with transaction.atomic():
        notes = [
            TimelineNote.objects.create(
                team_id=incident.team_id, incident=incident, at=entry.at, text=entry.text, author_id=request.user.pk
            )
            for entry in entries
        ]
    first = _stamp(request, notes[0].at)
    said = f"Added at {first}." if len(notes) == 1 else f"{len(notes)} notes added, the first at {first}."
    messages.success(request, said)
    return _to(request, incident, notes[0])


@require_POST
def edit(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Another text or moment, over the ``version`` that the person saw; 409 with both texts if somebody was quicker."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    note = _note(incident, number)
    text = request.POST.get("text", "").replace("\x00", "").replace("\r\n", "\n").strip()
    moment = request.POST.get("at", "")
    typed = {"note": note, "text": text, "at": moment}
    try:
        at = parse_moment(moment, **_reading(request, incident))
        if not text and not note.is_pin:
            raise EntryProblem("A note needs words. To take it away, delete it.")
        if len(text) > MOST_CHARACTERS:
            raise EntryProblem(f"This is longer than {MOST_CHARACTERS:,} characters.")
    except EntryProblem as problem:
        return _page(request, incident, status=422, editing=typed, edit_problem=str(problem))
    if _stamp(request, note.at) == moment.strip():
        at = note.at  # the field shows whole seconds; what was not changed stays exact
    if not note.edit(version=_version(request), at=at, text=text, user_id=int(request.user.pk or 0)):
        if note.deleted_at is None and note.text == text and note.at == at:
            return _to(request, incident, note)  # both wrote the same
        return _page(request, incident, status=409, editing=typed | {"note": note}, is_conflict=True)
    messages.success(request, "The note is saved.")
    return _to(request, incident, note)


@require_POST
def delete(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Take a note away; the message offers to undo it. Refused if somebody has changed it meanwhile."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    note = _note(incident, number)
    if note.deleted_at is None and not note.save_over(_version(request), deleted_at=Now()):
        messages.error(request, "Somebody has changed this note meanwhile. Read it again before you take it away.")
        return _to(request, incident, note)
    messages.success(
        request,
        f"“{note.title[:60]}” is taken away.",
        extra_tags=reverse("incident-note-restore", args=[incident.pk, note.pk]),
    )
    return _to(request, incident)


@require_POST
def restore(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Put back what was taken away."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    note = _note(incident, number)
    try:
        with transaction.atomic():
            note.save_over(note.version, deleted_at=None)
    except IntegrityError:
        messages.error(request, "This line has been pinned again meanwhile.")
    else:
        messages.success(request, "The note is back.")
    return _to(request, incident, note)


@require_POST
def pin(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A note at ``source`` and ``line`` that quotes this line, with ``text`` if any. A line is pinned once."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    source, line = _number(request, "source"), _number(request, "line")
    text = request.POST.get("text", "").replace("\x00", "").replace("\r\n", "\n").strip()[:MOST_CHARACTERS]
    found = quoting.find(incident, Place(source, line, line)) if line else None
    if found is None:
        return _answer(request, incident, None, "There is no such line in this log.", status=404)
    note = TimelineNote.objects.live().filter(incident=incident, source=source, line=line).first()
    if note is not None:
        return _answer(request, incident, note, "This line is pinned already.", status=200)
    at = datetime.fromtimestamp(found.at_us / 1_000_000, UTC) if found.at_us is not None else incident.first_at
    try:
        with transaction.atomic():
            note = TimelineNote.objects.create(
                team_id=incident.team_id, incident=incident, at=at or timezone.now(), text=text, source=source,
                line=line, quote=quoting.masked_line(found)[:MOST_CHARACTERS], author_id=request.user.pk,
            )  # fmt: skip
    except IntegrityError:  # somebody pinned the same line at the same moment
        note = TimelineNote.objects.live().get(incident=incident, source=source, line=line)
        return _answer(request, incident, note, "This line is pinned already.", status=200)
    return _answer(request, incident, note, f"Line {line:,} is pinned to the timeline.", status=201)


def _answer(
    request: HttpRequest, incident: Incident, note: TimelineNote | None, said: str, *, status: int
) -> HttpResponse:
    """JSON for scripts, else a redirect that says it."""
    if request.accepts("application/json") and not request.accepts("text/html"):
        told: dict[str, Any] = {"said": said, "already": status == 200}
        if note is not None:
            undo = reverse("incident-note-delete", args=[incident.pk, note.pk])
            told |= {"id": note.pk, "url": _address(incident, note), "title": note.title, "version": note.version}
            told["undo"] = undo
        return JsonResponse(told, status=status)
    (messages.success if note else messages.error)(request, said)
    return _to(request, incident, note)


def _note(incident: Incident, number: int) -> TimelineNote:
    return get_object_or_404(TimelineNote.objects.select_related("author", "edited_by"), incident=incident, pk=number)


def _reading(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    """How times are to be read: in the zone that the page shows, near the log."""
    zone = cast(PageRequest, request).display.zone
    return {"zone": zone, "now": timezone.now(), "first_at": incident.first_at, "last_at": incident.last_at}


def _stamp(request: HttpRequest, at: datetime) -> str:
    return format_time(at, cast(PageRequest, request).display, "full")


def _page(request: HttpRequest, incident: Incident, *, status: int, **context: Any) -> HttpResponse:
    """The timeline again, with what was typed and what was wrong with it."""
    return render(request, "incidents/timeline.html", timeline_context(request, incident) | context, status=status)


def _address(incident: Incident, note: TimelineNote | None) -> str:
    page = reverse("incident-timeline", args=[incident.pk])
    return f"{page}#note-{note.pk}" if note is not None and note.deleted_at is None else page


def _to(request: HttpRequest, incident: Incident, note: TimelineNote | None = None) -> HttpResponse:
    return redirect(_address(incident, note))


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return min(int(text), LARGEST_NUMBER) if text.isdecimal() and len(text) < 16 else 0


def _version(request: HttpRequest) -> int:
    return _number(request, "version")
