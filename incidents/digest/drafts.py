"""The ticket draft: what the analysis suggests, what people write, and how the two and several people get along.

Nobody's words are lost: a form says for each field what it held when the form was made (`digest_of`). `merge` takes
what was changed, keeps what others changed, and names the fields that both changed. Every edit is kept
(`TicketChange`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from incidents.analysis.ticket.quotes import ordered
from incidents.models import Incident, TicketChange, TicketDraft

Fields = dict[str, Any]

ONE_EDIT_SECONDS = 120
"""What a person goes on typing within this time is one edit to undo."""
MOST_TRIES = 50
"""So often an edit is tried again after others were quicker; each try means that somebody else has saved."""


def suggest(incident: Incident, ticket: dict[str, Any]) -> None:
    """Offer a ticket. A draft that nobody has edited becomes it; an edited one keeps its words, with this beside it."""
    seen = ticket.get("fields") or {}
    draft = TicketDraft.objects.filter(incident=incident).first()
    if draft is None:
        TicketDraft.objects.create(
            incident=incident, team_id=incident.team_id, fields=ticket, suggestion=ticket, seen=seen
        )
        return
    if draft.suggestion == ticket:
        return
    version = draft.suggestion_version + 1
    rows = TicketDraft.objects.filter(incident=incident)
    # One statement decides whether a person has edited meanwhile.
    untouched = rows.filter(edited_at=None)
    follow = {"fields": ticket, "seen": seen, "version": F("version") + 1, "based_on": version}
    if not untouched.update(suggestion=ticket, suggestion_version=version, **follow):
        rows.update(suggestion=ticket, suggestion_version=version)


class EditConflict(Exception):
    """Someone else has saved meanwhile; ``current`` is the draft as it now stands."""

    def __init__(self, current: TicketDraft) -> None:
        super().__init__("This ticket was changed by someone else meanwhile.")
        self.current = current


def edit(
    draft: TicketDraft,
    *,
    fields: dict[str, Any],
    version: int,
    user_id: int,
    rebase: bool = False,
    seen: Fields | None = None,
    how: str = "edit",
) -> TicketDraft:
    """Save a whole ticket over the version that was read. ``rebase``: they have looked at the newest suggestion.

    Raises `EditConflict` if that version is no longer the current one; nothing is lost then.
    """
    before = draft.fields.get("fields") or {}
    changes: dict[str, Any] = {"fields": fields, "version": F("version") + 1, "edited_at": Now(), "edited_by": user_id}
    if rebase:
        changes["based_on"] = F("suggestion_version")
    if seen is not None:
        changes["seen"] = seen
    with transaction.atomic():
        saved = TicketDraft.objects.filter(pk=draft.pk, version=version).update(**changes)
        if saved and draft.version == version:
            _remember(draft, before, fields.get("fields") or {}, user_id, how)
    draft.refresh_from_db()
    if not saved:
        raise EditConflict(draft)
    return draft


def change(
    draft: TicketDraft,
    *,
    user_id: int,
    how: str,
    apply: Callable[[TicketDraft], tuple[dict[str, Any], Fields | None] | None],
) -> TicketDraft:
    """Apply a change to whatever the draft holds by then.

    ``apply`` gives the ticket and what counts as seen, or None for no change. It is called again when somebody else was
    quicker. Raises `EditConflict` if that never ends.
    """
    for _ in range(MOST_TRIES):
        made = apply(draft)
        if made is None:
            return draft
        try:
            return edit(draft, fields=made[0], seen=made[1], version=draft.version, user_id=user_id, how=how)
        except EditConflict as conflict:
            draft = conflict.current
    raise EditConflict(draft)


# -- two people, one form ---------------------------------------------------------------------------------------------
def digest_of(value: Any) -> str:
    """A short name for the value of a field: the same for the same text, whatever its line ends and outer blanks."""
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").strip()
    value = value or ""  # what was never filled, emptied or not ticked is the same
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:20]


@dataclass(slots=True)
class Merged:
    """``fields`` with what could be taken. ``conflicts``: field → (mine, theirs)."""

    fields: Fields
    conflicts: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)  # by me
    others: list[str] = field(default_factory=list)  # by others, and left as they are


def merge(current: Fields, mine: Mapping[str, Any], was: Mapping[str, str]) -> Merged:
    """What a form holds (``mine``) into what the draft holds. ``was``: `digest_of` each field when the form was made.

    A field of which the form does not say what it was counts as changed by both.
    """
    merged = Merged(dict(current))
    for key, value in mine.items():
        now = current.get(key, "")
        theirs, own, base = digest_of(now), digest_of(value), was.get(key)
        if own == theirs:
            continue
        if own == base:
            merged.others.append(key)
        elif theirs == base:
            merged.fields[key] = value
            merged.changed.append(key)
        else:
            merged.conflicts[key] = (value, now)
    return merged


# -- undo -------------------------------------------------------------------------------------------------------------
def undone(current: Fields, made: TicketChange) -> tuple[Fields, list[str]]:
    """The fields without an edit, and those that stay because somebody has changed them since."""
    fields, kept = dict(current), []
    for key, after in made.after.items():
        before = made.before.get(key)
        if key == "lines":
            fields[key] = _lines_undone(current.get(key) or [], before or [], after or [])
        elif digest_of(current.get(key)) == digest_of(after):
            fields[key] = before if before is not None else ""
        else:
            kept.append(key)
    return fields, kept


def _lines_undone(now: list[Any], before: list[Any], after: list[Any]) -> list[Any]:
    """Take away what the edit added and put back what it took away; lines that came later stay."""
    kept = [line for line in now if line not in after]
    return ordered([*kept, *(line for line in before if line not in kept)])


def _remember(draft: TicketDraft, before: Fields, after: Fields, user_id: int, how: str) -> None:
    """Keep what an edit changed; one that goes on with the last one joins it. Runs in the transaction of the edit."""
    keys = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    if not keys:
        return
    old, new = {key: before.get(key) for key in keys}, {key: after.get(key) for key in keys}
    if "lines" in keys:  # only the lines that went and came: others may come and go before this is undone
        was, now = before.get("lines") or [], after.get("lines") or []
        old["lines"] = [line for line in was if line not in now]
        new["lines"] = [line for line in now if line not in was]
    last = TicketChange.objects.filter(draft=draft, version=draft.version, how="edit", made_by=user_id).first()
    is_same = last is not None and how == "edit" and sorted(last.after) == keys
    if last is not None and is_same and last.made_at > timezone.now() - timedelta(seconds=ONE_EDIT_SECONDS):
        last.after, last.version = new, draft.version + 1
        last.save(update_fields=["after", "version"])
        return
    TicketChange.objects.create(
        team_id=draft.team_id, draft=draft, version=draft.version + 1, how=how, made_by_id=user_id,
        before=old, after=new,
    )  # fmt: skip
