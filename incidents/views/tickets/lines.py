"""Which lines of the log a ticket quotes, and what is masked in them."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from incidents.access import get_incident_for
from incidents.analysis import ticket as tickets
from incidents.analysis.redact import PERSONAL_KINDS, Scrubber
from incidents.analysis.ticket.quotes import MOST_QUOTES, MOST_ROWS, added, key_of, mask, removed
from incidents.digest import quoting
from incidents.digest.drafts import Fields
from incidents.digest.lines import BadPattern, search
from incidents.digest.quoting import Place
from incidents.http import wants
from incidents.models import Incident, LogSource, Role, TicketChange, TicketDraft
from incidents.views.tickets.drafting import fields_of
from incidents.views.tickets.form import ticket_context
from incidents.views.tickets.pages import BUSY, change_fields, draft_of, stored

FOUND_SHOWN = 20
SHOWN_CHARACTERS = 600
LARGEST_NUMBER = 2**53
_REFERENCE = re.compile(r"(?:(?P<name>\S{1,120}?)[:.])?(?P<first>\d{1,15})(?:\s?[-–]\s?(?P<last>\d{1,15}))?", re.ASCII)


class NotALine(ValueError):
    """What was typed names no line. The message says what was wrong and what to write."""


@require_POST
def change_lines(request: HttpRequest, pk: UUID) -> HttpResponse:
    """``add`` a line (``0.812``, ``812``, ``app.log:812-830``), ``remove`` one, ``show`` or ``hide`` a kind of data."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    draft = draft_of(incident)
    try:
        said, changed = _act(request, incident, draft)
    except NotALine as problem:
        return _answer(request, incident, draft, problem=str(problem), status=422)
    if changed is None:
        return _answer(request, incident, draft, problem=BUSY, status=409)
    return _answer(request, incident, changed, said=said)


def _act(request: HttpRequest, incident: Incident, draft: TicketDraft) -> tuple[str, TicketDraft | None]:
    post = request.POST
    if "remove" in post:
        key = post["remove"]
        return "Taken out.", _with(
            request, incident, draft, lambda fields: fields | {"lines": removed(tickets.quotes_in(fields), key)}
        )
    if post.get("show") in PERSONAL_KINDS or post.get("hide") in PERSONAL_KINDS:
        return _masked(request, incident, draft)
    place = _place(incident, post.get("add", "").replace("\x00", "").strip())
    show = tuple(fields_of(draft).get("show") or ())
    quote = quoting.quote(incident, place, show=show, why=f"added by {request.user.get_username()}")
    if quote is None:
        raise NotALine(f"There is no line {place.first:,} in this log.")

    def add(fields: Fields) -> Fields:
        quotes = added(tickets.quotes_in(fields), quote)
        if len(quotes) > MOST_QUOTES:
            raise NotALine(
                f"A ticket holds at most {MOST_QUOTES} lines. Take some out, or attach the excerpt of the .zip."
            )
        return fields | {"lines": quotes}

    return f"Added as {key_of(quote)}.", _with(request, incident, draft, add)


def _masked(request: HttpRequest, incident: Incident, draft: TicketDraft) -> tuple[str, TicketDraft | None]:
    """Another choice of what may be seen: rows are read again from the log, or masked where it is gone."""

    def apply(fields: Fields) -> Fields:
        show = (set(fields.get("show") or ()) | {request.POST.get("show", "")}) - {request.POST.get("hide", ""), ""}
        chosen = tuple(sorted(show & PERSONAL_KINDS))
        quotes = [_read_again(incident, quote, chosen) for quote in tickets.quotes_in(fields)]
        return fields | {"show": list(chosen), "lines": quotes}

    said = "Masked again." if "hide" in request.POST else "Shown in the ticket from now on."
    return said, _with(request, incident, draft, apply)


def _read_again(incident: Incident, quote: tickets.Quote, show: tuple[str, ...]) -> tickets.Quote:
    numbers = [row[0] for row in quote["rows"] if row[0]]
    texts: dict[int, str] = {}
    if show and numbers and numbers[-1] - numbers[0] < 10 * MOST_ROWS:
        fresh = quoting.quote(incident, Place(quote["source"], numbers[0], numbers[-1]), show=show)
        texts = {row[0]: row[1] for row in fresh["rows"]} if fresh else {}
    return quote | {"rows": [[number, texts.get(number, mask(text, show))] for number, text in quote["rows"]]}


def _with(request: HttpRequest, incident: Incident, draft: TicketDraft, apply: Any) -> TicketDraft | None:
    return change_fields(request, draft, "lines", lambda now: (stored(apply(fields_of(now)), incident), None))


def _place(incident: Incident, text: str) -> Place:
    """The line that somebody means. Raises `NotALine`."""
    match = _REFERENCE.fullmatch(text)
    if not match:
        raise NotALine("Name a line by its number, as 812, or several as 812-830; with the file in front: app.log:812.")
    first = int(match["first"])
    last = int(match["last"] or first)
    if not 0 < first <= last <= LARGEST_NUMBER:
        raise NotALine(f"There is no line {match['first']}." if first < 1 else "The range ends before it begins.")
    if last - first >= MOST_ROWS:
        raise NotALine(f"A quote has at most {MOST_ROWS} lines; this would be {last - first + 1:,}.")
    return Place(_source(incident, match["name"]), first, last)


def _source(incident: Incident, name: str | None) -> int:
    names = [(row.position or 0, row.name) for row in LogSource.objects.filter(incident=incident).shown()]
    if name is None:
        return names[0][0] if names else 0
    if name.isdecimal() and len(name) < 10:
        return int(name)
    wanted = "_".join(name.split())
    for position, known in names:
        if "_".join(known.split())[-60:] == wanted[-60:]:
            return position
    raise NotALine(f"No log of this incident is called “{name[:60]}”.")


def _answer(
    request: HttpRequest,
    incident: Incident,
    draft: TicketDraft,
    *,
    said: str = "",
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    if request.accepts("application/json") and not request.accepts("text/html"):
        return JsonResponse({"said": said, "problem": problem}, status=status)
    if wants(request, "ticket-lines"):
        last = TicketChange.objects.filter(draft=draft, version=draft.version).order_by("-pk").first()
        context = ticket_context(request, incident, draft) | {
            "said": said, "lines_problem": problem, "undo": last if said else None, "with_side": True,
        }  # fmt: skip
        return render(request, "incidents/_ticket_lines.html", context)
    if problem:
        messages.error(request, problem)
    else:
        messages.success(request, said)
    return redirect(f"{reverse('incident-ticket', args=[incident.pk])}#ticket-lines")


@require_safe
def find_lines(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Lines of the log that contain ``q``, each with a button that adds it."""
    incident = get_incident_for(request.user, pk)
    draft = draft_of(incident)
    text = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    context: dict[str, Any] = {"incident": incident, "asked": text, "rows": [], "chosen": _chosen(draft)}
    if text:
        try:
            found = search(incident, text, limit=FOUND_SHOWN)
        except BadPattern as problem:
            context["find_problem"] = str(problem)
        else:
            scrubber = Scrubber(personal=True)
            texts = [(line, scrubber.feed(line.text)[:SHOWN_CHARACTERS]) for line in found.lines]
            context["rows"] = [
                {"key": f"{line.source}.{line.number}", "line": line, "text": text} for line, text in texts
            ]
            context["is_partial"] = found.cursor is not None
    if wants(request, "found-lines"):
        return render(request, "incidents/_ticket_found.html", context)
    return render(request, "incidents/ticket.html", ticket_context(request, incident, draft) | context)


def _chosen(draft: TicketDraft) -> set[str]:
    return {key_of(quote) for quote in tickets.quotes_in(fields_of(draft))}
