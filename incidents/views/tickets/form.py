"""The ticket page as data: sections, items with their state and sources, gaps, and what is masked."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from incidents.analysis import ticket as tickets
from incidents.analysis.catalogue import PRIORITIES, SUPPORT_NOTES
from incidents.analysis.redact import KINDS, PERSONAL_KINDS
from incidents.analysis.ticket.quotes import MOST_QUOTES, key_of
from incidents.digest.drafts import Fields, digest_of
from incidents.markup import render_markdown, render_plain
from incidents.models import Incident, TicketChange, TicketDraft
from incidents.views.pages import incident_context
from incidents.views.tickets.drafting import STATES, fields_of, may_edit, offers_of, state_of_item, suggested_fields

HEAD = ("title", "app", "environment", "priority")
BESIDES = ("changed", "workaround", "tried", "status_page", "code_access", "ticket_url")
_NUMBERS = [item.number for item in tickets.ITEMS]
_ALONE = {number for number in _NUMBERS if number and _NUMBERS.count(number) == 1}
"""Sections of one item, whose heading is its label."""
FILING = ("status", "account", "times", "share", "self-contained", "architecture", "mail")
CHANGES_SHOWN = 8
HOW = {"edit": "edited", "take": "took the suggestion for", "lines": "chose lines for", "undo": "took back a change of"}


def ticket_context(
    request: HttpRequest, incident: Incident, draft: TicketDraft, fields: Fields | None = None
) -> dict[str, Any]:
    """What the page and its parts show. ``fields``: instead of the draft's, as somebody has just typed them."""
    fields = fields_of(draft) if fields is None else fields
    found = tickets.complete(fields)
    gaps = {gap.key: gap for gap in found.gaps}
    text = tickets.render(fields, incident.analysis)
    suggested = suggested_fields(draft)
    offers = offers_of(draft, fields)
    items = {item.key: _item(item, fields, suggested, gaps, incident) for item in tickets.ITEMS}
    for offer in offers:
        if offer.key in items:
            items[offer.key]["offers"].append(offer)
    return incident_context(request, incident, "ticket") | {
        "draft": draft, "fields": fields, "items": items, "may_edit": may_edit(request, incident),
        "head": [items[key] for key in HEAD],
        "nine": [_section(nine, items, fields, gaps) for nine in tickets.NINE],
        "besides": [items[key] for key in BESIDES],
        "score": found.score, "gaps": found.gaps, "markdown": text, "plain": render_plain(text),
        "preview": render_markdown(text),
        "secrets": {KINDS.get(kind, kind): number for kind, number in tickets.secrets(fields).items()},
        "gate": draft.fields.get("gate") or "",
        "suggested_priority": draft.suggestion.get("priority", ""),
        "suggested_reason": suggested.get("priority_reason", ""),
        "of_plan": tickets.of_plan(incident.team.support_plan),
        "offers": offers, "line_offers": [offer for offer in offers if offer.key == "lines"],
        "notes": SUPPORT_NOTES, "filing": [SUPPORT_NOTES[key] for key in FILING],
        "changes": _changes(draft),
    } | lines_context(fields)  # fmt: skip


def lines_context(fields: Fields) -> dict[str, Any]:
    """The chosen lines, how much they are, and what is masked in them."""
    quotes = tickets.quotes_in(fields)
    text = "\n".join(part for part in (tickets.excerpt_text(fields), tickets.trace_text(fields)) if part)
    counts = tickets.masked_kinds(fields)
    show = fields.get("show") or []
    return {
        "quotes": [{"key": key_of(quote), "quote": quote, "first": quote["rows"][0][0]} for quote in quotes],
        "quote_count": len(quotes), "quote_bytes": len(text.encode()), "most_quotes": MOST_QUOTES,
        "sides": {side: sum(quote["side"] == side for quote in quotes) for side in ("app", "platform")},
        "masked": [
            {"kind": kind, "number": number, "name": _kind_name(kind, number), "is_personal": kind in PERSONAL_KINDS,
             "is_shown": kind in show and kind in PERSONAL_KINDS}
            for kind, number in sorted(counts.items(), key=lambda one: (one[0] in PERSONAL_KINDS, -one[1], one[0]))
        ],
    }  # fmt: skip


def _kind_name(kind: str, number: int) -> str:
    name = KINDS.get(kind, kind)
    if number != 1:
        return name
    return {"email": "e-mail address", "ip": "IP address"}.get(kind, name[:-1] if name.endswith("s") else name)


def _item(
    item: tickets.Item, fields: Fields, suggested: Fields, gaps: dict[str, tickets.Gap], incident: Incident
) -> dict[str, Any]:
    value = fields.get(item.key, "")
    state = state_of_item(item.key, fields, suggested, gaps)
    cited = (fields.get("cited") or {}).get(item.key) or []
    return {
        "key": item.key, "label": item.label, "help": item.help, "input": item.input, "number": item.number,
        "value": value, "choices": [(choice, _definition(item.key, choice)) for choice in item.choices],
        "gap": gaps.get(item.key), "was": digest_of(value), "offers": [], "state": state,
        "is_alone": item.number in _ALONE,
        "can_reset": state == "you" and suggested.get(item.key) not in ("", False, None),
        "cited": [
            (line, reverse("incident-line", args=[incident.pk, source, line])) for source, line in cited
        ] if state == "log" else [],
    }  # fmt: skip


def _definition(key: str, choice: str) -> str:
    if key != "priority":
        return ""
    known = PRIORITIES[choice]
    return f"{known.definition} {known.remark}".strip()


def _section(
    nine: tickets.Nine, items: dict[str, dict[str, Any]], fields: Fields, gaps: dict[str, tickets.Gap]
) -> dict[str, Any]:
    """One of the nine: its items, and one state for all of them."""
    own = [items[item.key] for item in tickets.ITEMS if item.number == nine.number]
    states = {item["state"] for item in own}
    if nine.number == 7 and "missing" not in states and tickets.quotes_in(fields):
        states.add("log")
    state = next(name for name in ("missing", "you", "log", "empty") if name in states)
    return {"key": f"nine-{nine.number}", "nine": nine, "items": own, "state": state, "state_word": STATES[state]}


def _changes(draft: TicketDraft) -> list[dict[str, Any]]:
    """The last edits, the newest first, in words."""
    rows = TicketChange.objects.filter(draft=draft).select_related("made_by").order_by("-version", "-pk")
    found = []
    for row in rows[:CHANGES_SHOWN]:
        names = [tickets.BY_KEY[key].label for key in row.after if key in tickets.BY_KEY]
        names += ["the log lines"] if "lines" in row.after else []
        names += ["the masking"] if "show" in row.after else []
        found.append({"row": row, "how": HOW.get(row.how, row.how), "names": ", ".join(names[:4]) or "details"})
    return found
