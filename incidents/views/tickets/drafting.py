"""The ticket draft as pages need it: its fields, how complete it is, and what is offered beside people's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.http import HttpRequest

from incidents.access import has_role
from incidents.analysis import ticket as tickets
from incidents.analysis.ticket import markdown
from incidents.analysis.ticket.quotes import added, key_of
from incidents.analysis.wording import stamp
from incidents.digest.drafts import Fields, digest_of
from incidents.models import Incident, LogSource, Role, TicketDraft, TimelineNote, notes_of

NOTES = "notes:"
"""Begins the name under which the draft remembers which of the team's notes were offered for a field."""
TEAM = "team:"
_CHECKS = frozenset(item.key for item in tickets.ITEMS if item.input == "check")


class Offer(NamedTuple):
    """Something that could stand in a field. ``seen``: what to remember as seen once it is taken or dismissed."""

    key: str
    label: str
    value: Any  # what the field would hold
    text: str  # what is new, for reading
    origin: str  # analysis, timeline or team
    seen_key: str
    seen: Any


def draft_or_none(incident: Incident) -> TicketDraft | None:
    """None until an analysis has suggested a ticket."""
    return TicketDraft.objects.select_related("edited_by", "incident").filter(incident=incident).first()


def fields_of(draft: TicketDraft) -> Fields:
    """The items, with the app that people named for the incident where the log does not tell it."""
    fields = _upgraded(draft, draft.fields)
    if not fields.get("app"):
        fields["app"] = draft.incident.app_name
    return fields


def suggested_fields(draft: TicketDraft) -> Fields:
    """What the newest analysis would write."""
    return _upgraded(draft, draft.suggestion)


def _upgraded(draft: TicketDraft, ticket: Mapping[str, Any]) -> Fields:
    fields: Fields = dict(ticket.get("fields") or {})
    if fields and "lines" not in fields:  # written by an earlier version
        names = {row.position or 0: row.name for row in LogSource.objects.filter(incident=draft.incident_id).shown()}
        fields = tickets.upgraded(fields, [names.get(position, "") for position in range(max(names, default=-1) + 1)])
    return fields


def state_of(incident: Incident) -> dict[str, Any] | None:
    """Score, what is missing, and priority, as the header and the overview tell them."""
    draft = draft_or_none(incident)
    if draft is None or not draft.fields.get("fields"):
        return None
    fields = fields_of(draft)
    found = tickets.complete(fields)
    return {
        "score": found.score,
        "missing": [gap.text for gap in found.gaps],
        "priority": fields.get("priority") or "normal",
        "is_edited": draft.edited_at is not None,
    }


def may_edit(request: HttpRequest, incident: Incident) -> bool:
    """Whether the person may change things here, or only look."""
    return has_role(request.user, incident.team_id, Role.MEMBER)


# -- what is offered beside people's words ----------------------------------------------------------------------------
def offers_of(draft: TicketDraft, fields: Fields) -> list[Offer]:
    """Field by field: what the analysis has learnt since an edit, and what people wrote elsewhere."""
    found = _of_analysis(draft, fields) if draft.edited_at is not None else []
    return [*found, *_of_timeline(draft, fields), *_of_team(draft, fields)]


def _of_analysis(draft: TicketDraft, fields: Fields) -> list[Offer]:
    found = []
    suggested = suggested_fields(draft)
    for item in tickets.ITEMS:
        value = suggested.get(item.key)
        is_new = digest_of(value) != digest_of(draft.seen.get(item.key, ""))
        if value in ("", False, None) or not is_new or digest_of(value) == digest_of(fields.get(item.key, "")):
            continue
        found.append(Offer(item.key, item.label, value, str(value), "analysis", item.key, value))
    quotes = tickets.quotes_in(fields)
    known = {key_of(quote) for quote in (*quotes, *tickets.quotes_in(draft.seen))}
    fresh = [quote for quote in tickets.quotes_in(suggested) if key_of(quote) not in known]
    if fresh and "lines" in draft.seen:
        lines = quotes
        for quote in fresh:
            lines = added(lines, quote)
        text = tickets.excerpt_text({"lines": fresh}) or tickets.trace_text({"lines": fresh})
        found.append(Offer("lines", "Log lines", lines, text, "analysis", "lines", suggested["lines"]))
    return found


def _of_timeline(draft: TicketDraft, fields: Fields) -> list[Offer]:
    """The team's notes: what was done before it began may have changed something, the rest was tried."""
    notes = [note for note in notes_of(draft.incident) if not note.is_pin]
    onset_at = draft.incident.onset_at
    split = {
        "changed": [note for note in notes if onset_at is not None and note.at <= onset_at],
        "tried": [note for note in notes if onset_at is None or note.at > onset_at],
    }
    found = []
    for key, chosen in split.items():
        now = str(fields.get(key) or "")
        lines = [line for note in chosen if (line := _bullet(note)) not in now]
        seen = draft.seen.get(f"{NOTES}{key}") or []
        fresh = [line for line in lines if line not in seen]
        if fresh:
            value = "\n".join([now, *fresh] if now else fresh)
            label = tickets.BY_KEY[key].label
            found.append(Offer(key, label, value, "\n".join(fresh), "timeline", f"{NOTES}{key}", [*seen, *fresh]))
    return found


def _bullet(note: TimelineNote) -> str:
    return f"- {stamp(int(note.at.timestamp() * 1_000_000))}: {markdown.prose(note.title)}"


def _of_team(draft: TicketDraft, fields: Fields) -> list[Offer]:
    """What the team has set for all its tickets, where the field is empty."""
    team = draft.incident.team
    usual = dict(team.ticket_defaults or {})
    if team.services:
        usual.setdefault("services", "\n".join(f"- {name}" for name in team.services))
    found = []
    for key, text in usual.items():
        item = tickets.BY_KEY.get(key)
        if item is None or item.input == "check" or not isinstance(text, str) or not text.strip() or fields.get(key):
            continue
        if draft.seen.get(f"{TEAM}{key}") != text:
            found.append(Offer(key, item.label, text, text, "team", f"{TEAM}{key}", text))
    return found


# -- the form ---------------------------------------------------------------------------------------------------------
STATES = {
    "missing": "missing",
    "you": "by you",
    "log": "from the log",
    "empty": "not needed",
}


def state_of_item(key: str, fields: Fields, suggested: Fields, gaps: Mapping[str, Any]) -> str:
    """missing, you, log or empty: where the words of an item come from."""
    if key in gaps:
        return "missing"
    value = fields.get(key)
    if value in ("", False, None):
        return "empty"
    return "log" if digest_of(value) == digest_of(suggested.get(key, "")) else "you"


def posted_value(item: tickets.Item, given: str | None) -> Any:
    """A field of the form as the draft holds it; None where the form does not have it."""
    if item.input == "check":
        return given == "on"
    return None if given is None else given.replace("\x00", "").replace("\r\n", "\n").strip()
