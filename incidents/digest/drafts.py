"""The ticket draft: what the analysis suggests, and what a person has written."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from incidents.models import Incident, TicketDraft


def suggest(incident: Incident, ticket: dict[str, Any]) -> None:
    """Offer a ticket. A draft that nobody has edited becomes it; an edited one keeps its words, with this beside it."""
    draft = TicketDraft.objects.filter(incident=incident).first()
    if draft is None:
        TicketDraft.objects.create(incident=incident, team_id=incident.team_id, fields=ticket, suggestion=ticket)
        return
    if draft.suggestion == ticket:
        return
    version = draft.suggestion_version + 1
    rows = TicketDraft.objects.filter(incident=incident)
    # One statement decides whether a person has edited meanwhile.
    untouched = rows.filter(edited_at=None)
    if not untouched.update(fields=ticket, suggestion=ticket, suggestion_version=version, based_on=version):
        rows.update(suggestion=ticket, suggestion_version=version)


class EditConflict(Exception):
    """Someone else has saved meanwhile; ``current`` is the draft as it now stands."""

    def __init__(self, current: TicketDraft) -> None:
        super().__init__("This ticket was changed by someone else meanwhile.")
        self.current = current


def edit(
    draft: TicketDraft, *, fields: dict[str, Any], version: int, user_id: int, rebase: bool = False
) -> TicketDraft:
    """Save what a person wrote over the version that they saw. ``rebase``: they have looked at the newest suggestion.

    Raises `EditConflict` if that version is no longer the current one; nothing is lost then.
    """
    changes: dict[str, Any] = {"fields": fields, "version": F("version") + 1, "edited_at": Now(), "edited_by": user_id}
    if rebase:
        changes["based_on"] = F("suggestion_version")
    with transaction.atomic():
        saved = TicketDraft.objects.filter(pk=draft.pk, version=version).update(**changes)
    draft.refresh_from_db()
    if not saved:
        raise EditConflict(draft)
    return draft
