"""The ticket draft as pages need it: its fields, and how complete it is."""

from __future__ import annotations

from typing import Any

from incidents.analysis import ticket as tickets
from incidents.models import Incident, TicketDraft

Fields = dict[str, Any]


def draft_or_none(incident: Incident) -> TicketDraft | None:
    """None until an analysis has suggested a ticket."""
    return TicketDraft.objects.select_related("edited_by", "incident").filter(incident=incident).first()


def fields_of(draft: TicketDraft) -> Fields:
    """The items, with the app that people named for the incident where the log does not tell it."""
    fields: Fields = dict(draft.fields.get("fields") or {})
    if not fields.get("app"):
        fields["app"] = draft.incident.app_name
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
