"""The ticket: the form of its items beside the text that will be filed. Nobody's words are ever overwritten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from incidents.access import get_incident_for
from incidents.analysis import ticket as tickets
from incidents.analysis.ticket.quotes import added
from incidents.digest import drafts
from incidents.digest.drafts import EditConflict, Fields, Merged, digest_of, merge
from incidents.http import wants
from incidents.models import Incident, Role, TicketChange, TicketDraft
from incidents.views.tickets.drafting import draft_or_none, fields_of, offers_of, posted_value, suggested_fields
from incidents.views.tickets.form import ticket_context

MOST_CHARACTERS = 20_000
BUSY = "Too many people save this ticket at the same moment. Nothing is lost: save once more."


@require_http_methods(["GET", "HEAD", "POST"])
def ticket(request: HttpRequest, pk: UUID) -> HttpResponse:
    """GET shows the draft. POST saves each field that was changed, or answers 409 with both texts of a field."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER if request.method == "POST" else Role.VIEWER)
    draft = draft_of(incident)
    if request.method == "POST":
        return _save(request, incident, draft)
    return render(request, "incidents/ticket.html", ticket_context(request, incident, draft))


@require_POST
def take_suggestion(request: HttpRequest, pk: UUID) -> HttpResponse:
    """``how=take`` or ``keep`` what is offered under the names ``key``; without a name, all that the analysis says.

    A key for which nothing is offered goes back to what the log says.
    """
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    draft = draft_of(incident)
    keys, takes = request.POST.getlist("key"), request.POST.get("how") == "take"
    if version_of(request) != draft.version and not _is_as_seen(request, draft, keys):
        messages.error(request, "Somebody has edited the ticket meanwhile; look at it before you take the suggestion.")
        return redirect("incident-ticket", pk=incident.pk)

    def apply(now: TicketDraft) -> tuple[dict[str, Any], Fields]:
        fields, seen = _offered(now, keys, takes)
        return stored(fields, incident), seen

    changed = change_fields(request, draft, "take", apply)
    if changed is None:
        messages.error(request, BUSY)
        return redirect("incident-ticket", pk=incident.pk)
    if not any(offer.origin == "analysis" for offer in offers_of(changed, fields_of(changed))):
        TicketDraft.objects.filter(pk=draft.pk).update(based_on=changed.suggestion_version)
    if takes:
        _say(request, incident, changed, "Taken." if keys else "The newer suggestion is in.")
    else:
        messages.success(request, "The suggestion is dismissed.")
    return redirect("incident-ticket", pk=incident.pk)


def _is_as_seen(request: HttpRequest, draft: TicketDraft, keys: list[str]) -> bool:
    """The one field that is asked for still holds what the person saw, whatever happened to the others."""
    held = fields_of(draft).get(keys[0].rpartition(":")[2], "") if len(keys) == 1 else None
    return held is not None and request.POST.get("was") == digest_of(held)


def _offered(draft: TicketDraft, keys: list[str], takes: bool) -> tuple[Fields, Fields]:
    """The fields with what is offered, or without it, and what counts as seen from now on."""
    fields, seen, suggested = fields_of(draft), dict(draft.seen), suggested_fields(draft)
    values = list(suggested.items())
    if keys:
        offers = {offer.seen_key: offer for offer in offers_of(draft, fields) if offer.seen_key in keys}
        seen |= {name: offer.seen for name, offer in offers.items()}
        values = [(offer.key, offer.value) for offer in offers.values()]
        values += [(key, suggested.get(key)) for key in keys if key not in offers]
    else:
        seen |= suggested
    for key, value in values if takes else []:
        if value in ("", False, None) or (key not in tickets.BY_KEY and key != "lines"):
            continue
        fields[key] = _with_lines(fields, value) if key == "lines" else value
        if value == suggested.get(key):
            fields["cited"] = {**(fields.get("cited") or {}), key: (suggested.get("cited") or {}).get(key, [])}
        if key == "priority":
            fields["priority_reason"] = suggested.get("priority_reason", "")
    return fields, seen


def _with_lines(fields: Fields, suggested: list[tickets.Quote]) -> list[tickets.Quote]:
    quotes = tickets.quotes_in(fields)
    for quote in suggested:
        quotes = added(quotes, quote)
    return quotes


@require_POST
def undo(request: HttpRequest, pk: UUID, change: int) -> HttpResponse:
    """Take one edit back. What somebody has changed since stays, and is told."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    draft = draft_of(incident)
    made = get_object_or_404(TicketChange, draft=draft, pk=change)
    kept: list[str] = []

    def apply(now: TicketDraft) -> tuple[dict[str, Any], Fields]:
        fields, kept[:] = drafts.undone(fields_of(now), made)
        return stored(fields, incident), now.seen

    if change_fields(request, draft, "undo", apply) is None:
        messages.error(request, BUSY)
    elif kept:
        names = ", ".join(tickets.BY_KEY[key].label for key in kept if key in tickets.BY_KEY)
        messages.warning(request, f"Taken back, but for what was changed since: {names or 'details'}.")
    else:
        messages.success(request, "Taken back.")
    return redirect("incident-ticket", pk=incident.pk)


def change_fields(
    request: HttpRequest,
    draft: TicketDraft,
    how: str,
    apply: Callable[[TicketDraft], tuple[dict[str, Any], Fields | None] | None],
) -> TicketDraft | None:
    """Apply a change to the newest draft, in the person's name; None if others never stop saving."""
    try:
        return drafts.change(draft, user_id=user_id(request), how=how, apply=apply)
    except EditConflict:
        return None


def draft_of(incident: Incident) -> TicketDraft:
    """The draft; 404 as long as no analysis has suggested one."""
    draft = draft_or_none(incident)
    if draft is None:
        if not incident.analysis:
            raise Http404("There is no ticket yet: the log is still being read.")
        drafts.suggest(incident, incident.analysis.get("ticket") or {})
        draft = TicketDraft.objects.get(incident=incident)
    return draft


def markdown_of(incident: Incident, draft: TicketDraft) -> str:
    """The text to be filed, as of now."""
    return tickets.render(fields_of(draft), incident.analysis)


def _save(request: HttpRequest, incident: Incident, draft: TicketDraft) -> HttpResponse:
    mine, problem = _posted(request, fields_of(draft))
    if problem:
        context = ticket_context(request, incident, draft, fields_of(draft) | mine) | {"problem": problem}
        return render(request, _page(request), context)
    merged = Merged({})

    def apply(now: TicketDraft) -> tuple[dict[str, Any], Fields | None] | None:
        nonlocal merged
        merged = merge(fields_of(now), mine, _was(request, now))
        if not merged.changed:
            return None
        if "priority" in merged.changed:
            same = merged.fields["priority"] == now.suggestion.get("priority")
            merged.fields["priority_reason"] = suggested_fields(now).get("priority_reason", "") if same else ""
        return stored(merged.fields, incident), None

    changed = change_fields(request, draft, "edit", apply)
    if changed is None:
        context = ticket_context(request, incident, draft, fields_of(draft) | mine) | {"problem": BUSY}
        return render(request, _page(request), context, status=409)
    return _answer(request, incident, changed, merged, mine)


def _answer(request: HttpRequest, incident: Incident, draft: TicketDraft, merged: Merged, mine: Fields) -> HttpResponse:
    """The preview as it is now, with what others wrote meanwhile; 409 where two texts of one field need a choice."""
    is_part = wants(request, "ticket-side")
    if merged.conflicts:
        differences = [
            {"item": tickets.BY_KEY[key], "mine": own, "theirs": theirs, "was": digest_of(theirs)}
            for key, (own, theirs) in merged.conflicts.items()
        ]
        others = TicketChange.objects.filter(draft=draft, after__has_any_keys=[*merged.conflicts])
        other = others.exclude(made_by=request.user.pk).select_related("made_by").order_by("-version", "-pk").first()
        shown = None if is_part else fields_of(draft) | mine
        context = ticket_context(request, incident, draft, shown)
        context |= {"conflict": True, "other": other, "differences": differences}
        context |= {"saved": is_part, "updates": _updates(context, merged)}
        if not is_part:  # saving the page again means: mine, after having seen theirs
            for difference in differences:
                context["items"][difference["item"].key]["was"] = difference["was"]
        return render(request, _page(request), context, status=409)
    if is_part:
        context = ticket_context(request, incident, draft) | {"saved": True}
        return render(request, _page(request), context | {"updates": _updates(context, merged)})
    messages.success(request, "The ticket is saved.")
    return redirect("incident-ticket", pk=incident.pk)


def _updates(context: dict[str, Any], merged: Merged) -> dict[str, Any]:
    """What the form must learn: what it holds now counts as read, and what others wrote."""
    was = [(key, context["items"][key]["was"]) for key in merged.changed]
    marked = [context["items"][key] for key in merged.changed if key != "priority" and key in context["items"]]
    return {
        "was": was,
        "changed": [item for item in marked if item["input"] != "check" and not item["is_alone"]],
        "others": [context["items"][key] for key in merged.others],
    }


def _page(request: HttpRequest) -> str:
    return "incidents/_ticket_saved.html" if wants(request, "ticket-side") else "incidents/ticket.html"


def _was(request: HttpRequest, now: TicketDraft) -> dict[str, str]:
    """What the form says that each field held. A form that says nothing was made of the version that it names."""
    was = {item.key: request.POST[f"was.{item.key}"] for item in tickets.ITEMS if f"was.{item.key}" in request.POST}
    if not was and version_of(request) == now.version:
        fields = fields_of(now)
        was = {item.key: digest_of(fields.get(item.key, "")) for item in tickets.ITEMS}
    return was


def _posted(request: HttpRequest, before: Fields) -> tuple[Fields, str]:
    """The fields as the form has them, and what is wrong with them, in one sentence."""
    fields: Fields = {}
    for item in tickets.ITEMS:
        value = posted_value(item, request.POST.get(item.key))
        if value is None:
            continue
        fields[item.key] = value
        if isinstance(value, str) and len(value) > MOST_CHARACTERS:
            return fields, f"“{item.label}” is longer than {MOST_CHARACTERS:,} characters. Attach it as a file instead."
        if item.choices and value not in ("", *item.choices):
            return fields, f"“{item.label}” has no choice “{value[:40]}”."
    is_urgent = fields.get("priority") == "urgent" and before.get("priority") != "urgent"
    if is_urgent and request.POST.get("urgent_confirmed") != "on":
        fields["priority"] = before.get("priority", "normal")
        return (
            fields,
            "Urgent pages an on-call engineer, so confirm it: tick the box under the priorities and save again.",
        )
    return fields, ""


def stored(fields: Fields, incident: Incident) -> dict[str, Any]:
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


def _say(request: HttpRequest, incident: Incident, draft: TicketDraft, text: str) -> None:
    """A toast with the way back: the tag of such a message is the address that undoes it."""
    last = TicketChange.objects.filter(draft=draft, version=draft.version).order_by("-pk").first()
    tag = reverse("incident-ticket-undo", args=[incident.pk, last.pk]) if last else ""
    messages.success(request, text, extra_tags=tag)


def version_of(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 16 else 0


def user_id(request: HttpRequest) -> int:
    assert request.user.pk is not None  # the sign-in middleware lets nobody else through
    return int(request.user.pk)
