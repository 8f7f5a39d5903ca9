"""The ticket: the form of its items beside the text that will be filed. Nobody's words are ever overwritten."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from incidents.access import get_incident_for
from incidents.analysis import ticket as tickets
from incidents.digest.drafts import EditConflict, edit
from incidents.http import wants
from incidents.markup import render_markdown
from incidents.models import Incident, Role, TicketDraft
from incidents.views.drafting import Fields, draft_or_none, fields_of
from incidents.views.pages import incident_context

MOST_CHARACTERS = 20_000
PRIORITIES = {
    "urgent": "Production is down or unusable for all or most users, and nothing helps. Pages an on-call engineer.",
    "high": "Production is badly impaired, or a workaround is hard to live with.",
    "normal": "Something is impaired, or it is not production.",
    "low": "A question, or advice.",
}
"""Heroku's definitions in short; the full text stands in Heroku's support policy."""


@require_http_methods(["GET", "HEAD", "POST"])
def ticket(request: HttpRequest, pk: UUID) -> HttpResponse:
    """GET shows the draft; POST saves the version that the person saw, or answers 409 with both texts."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER if request.method == "POST" else Role.VIEWER)
    draft = draft_of(incident)
    if request.method == "POST":
        return _save(request, incident, draft)
    return render(request, "incidents/ticket.html", _context(request, incident, draft))


@require_POST
def take_suggestion(request: HttpRequest, pk: UUID) -> HttpResponse:
    """``how=take``: the newest suggestion, and what only people know stays; ``how=keep`` dismisses it."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    draft = draft_of(incident)
    fields = fields_of(draft)
    if request.POST.get("how") == "take":
        suggested = draft.suggestion.get("fields") or {}
        fields = {**fields, **{key: value for key, value in suggested.items() if value not in ("", False)}}
    version = _version(request)
    try:
        edit(draft, fields=_stored(fields, incident), version=version, user_id=_user_id(request), rebase=True)
    except EditConflict:
        messages.error(request, "Somebody has edited the ticket meanwhile; look at it before you take the suggestion.")
    else:
        messages.success(
            request,
            "The suggestion is dismissed." if request.POST.get("how") != "take" else "The newer suggestion is in.",
        )
    return redirect("incident-ticket", pk=incident.pk)


def draft_of(incident: Incident) -> TicketDraft:
    """The draft; 404 as long as no analysis has suggested one."""
    draft = draft_or_none(incident)
    if draft is None:
        if not incident.analysis:
            raise Http404("There is no ticket yet: the log is still being read.")
        suggested = incident.analysis.get("ticket") or {}
        draft = TicketDraft.objects.create(
            incident=incident, team_id=incident.team_id, fields=suggested, suggestion=suggested
        )
    return draft


def markdown_of(incident: Incident, draft: TicketDraft) -> str:
    """The text to be filed, as of now."""
    return tickets.render(fields_of(draft), incident.analysis)


def _save(request: HttpRequest, incident: Incident, draft: TicketDraft) -> HttpResponse:
    fields, problem = _posted(request, fields_of(draft))
    if problem:
        context = _context(request, incident, draft, fields) | {"problem": problem}
        return render(
            request,
            "incidents/_ticket_side.html" if wants(request, "ticket-side") else "incidents/ticket.html",
            context,
        )
    try:
        draft = edit(draft, fields=_stored(fields, incident), version=_version(request), user_id=_user_id(request))
    except EditConflict as conflict:
        theirs = conflict.current
        context = _context(request, incident, theirs, fields) | {
            "conflict": theirs,
            "differences": _differences(fields, fields_of(theirs)),
        }
        page = "incidents/_ticket_side.html" if wants(request, "ticket-side") else "incidents/ticket.html"
        return render(request, page, context, status=409)
    if wants(request, "ticket-side"):
        return render(request, "incidents/_ticket_side.html", _context(request, incident, draft) | {"saved": True})
    messages.success(request, "The ticket is saved.")
    return redirect("incident-ticket", pk=incident.pk)


def _posted(request: HttpRequest, before: Fields) -> tuple[Fields, str]:
    """The fields as the form has them, and what is wrong with them, in one sentence."""
    fields = dict(before)
    for item in tickets.ITEMS:
        given = request.POST.get(item.key)
        if item.input == "check":
            fields[item.key] = given == "on"
        elif given is not None:
            text = given.replace("\x00", "").replace("\r\n", "\n").strip()
            if len(text) > MOST_CHARACTERS:
                return (
                    fields,
                    f"“{item.label}” is longer than {MOST_CHARACTERS:,} characters. Attach it as a file instead.",
                )
            if item.choices and text not in ("", *item.choices):
                return fields, f"“{item.label}” has no choice “{text[:40]}”."
            fields[item.key] = text
    if (
        fields.get("priority") == "urgent"
        and before.get("priority") != "urgent"
        and request.POST.get("urgent_confirmed") != "on"
    ):
        fields["priority"] = before.get("priority", "normal")
        return (
            fields,
            "Urgent pages an on-call engineer, so confirm it: tick the box under the priorities and save again.",
        )
    if fields.get("priority") != before.get("priority"):
        fields["priority_reason"] = ""
    return fields, ""


def _stored(fields: Fields, incident: Incident) -> Fields:
    """A ticket as the analysis writes it, from fields."""
    document = incident.analysis
    found = tickets.complete(fields)
    return {
        "priority": fields.get("priority", "normal"),
        "title": fields.get("title", ""),
        "markdown": tickets.render(fields, document),
        "completeness": {"score": found.score, "missing": [gap.text for gap in found.gaps]},
        "gate": (document.get("ticket") or {}).get("gate", ""),
        "fields": fields,
    }


def _context(
    request: HttpRequest, incident: Incident, draft: TicketDraft, fields: Fields | None = None
) -> dict[str, Any]:
    fields = fields_of(draft) if fields is None else fields
    found = tickets.complete(fields)
    gaps = {gap.key: gap for gap in found.gaps}
    markdown = tickets.render(fields, incident.analysis)
    return incident_context(request, incident, "ticket") | {
        "draft": draft,
        "fields": fields,
        "items": [_item(item, fields, gaps) for item in tickets.ITEMS],
        "score": found.score,
        "gaps": found.gaps,
        "markdown": markdown,
        "preview": render_markdown(markdown),
        "secrets": tickets.secrets(fields),
        "gate": draft.fields.get("gate") or "",
        "suggested_priority": draft.suggestion.get("priority", ""),
        "suggested_reason": (draft.suggestion.get("fields") or {}).get("priority_reason", ""),
    }


def _item(item: tickets.Item, fields: Fields, gaps: dict[str, tickets.Gap]) -> dict[str, Any]:
    value = fields.get(item.key, "")
    choices = [(choice, PRIORITIES.get(choice, "") if item.key == "priority" else "") for choice in item.choices]
    return {
        "key": item.key, "label": item.label, "help": item.help, "input": item.input, "number": item.number,
        "value": value, "choices": choices, "gap": gaps.get(item.key),
    }  # fmt: skip


def _differences(mine: Fields, theirs: Fields) -> list[dict[str, Any]]:
    """Items in which two versions differ, with both texts."""
    return [
        {"label": item.label, "mine": mine.get(item.key, ""), "theirs": theirs.get(item.key, "")}
        for item in tickets.ITEMS
        if mine.get(item.key) != theirs.get(item.key)
    ]


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 16 else 0


def _user_id(request: HttpRequest) -> int:
    assert request.user.pk is not None  # the sign-in middleware lets nobody else through
    return int(request.user.pk)
