"""Two incidents that are one: the logs of one, and all that was said of it, move into the other, and back again."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Now
from django.http import HttpRequest

from incidents import audit
from incidents.collaboration import note, signed_in
from incidents.membership import Refused
from incidents.models import Activity, ActivityKind, Comment, Incident, LogSource, Merge, TimelineNote
from incidents.models.sources import UNFINISHED

_WORDS: dict[str, type[Comment] | type[Activity] | type[TimelineNote]] = {
    "comments": Comment, "activity": Activity, "notes": TimelineNote,
}  # fmt: skip


def merge(into: Incident, other: Incident, request: HttpRequest) -> Merge:
    """Move the logs of ``other`` behind those of ``into``. Raises `Refused` with a sentence."""
    user = signed_in(request)
    with transaction.atomic():
        into, other = _locked(into), _locked(other)
        if into.pk == other.pk:
            raise Refused("An incident can't be merged into itself.")
        if into.team_id != other.team_id:
            raise Refused("Only incidents of one team can be merged.")
        if into.is_recorder or other.is_recorder:
            raise Refused("The recorder of an app can't be merged; open an incident from it.")
        if into.merged_into_id or other.merged_into_id:
            raise Refused("One of them has been merged already.")
        _must_be_read(into, other)
        position = _next_position(into)
        moved: dict[str, int] = {}
        places: dict[int, int] = {}
        for source in LogSource.objects.filter(incident=other).shown():
            moved[str(source.pk)] = source.position or 0
            LogSource.objects.filter(pk=source.pk).update(incident=into, position=position)
            places[moved[str(source.pk)]] = position
            position += 1
        words = _say_in(into, other, places)
        Incident.objects.filter(pk=other.pk).update(merged_into=into, revision=F("revision") + 1)
        Incident.objects.filter(pk=into.pk).update(revision=F("revision") + 1, analysis_attempts=0)
        made = Merge.objects.create(
            team_id=into.team_id, into=into, merged=other, moved=moved, words=words, merged_by=user
        )
        note(into, ActivityKind.MERGED, user, name=other.heading)
        details = {"into": str(into.pk), "logs": len(moved)}
        audit.record("incident.merged", request=request, target=other, details=details)
    return made


def unmerge(made: Merge, request: HttpRequest) -> Incident:
    """Give the logs back. Raises `Refused` if others came behind them: their places must not change."""
    user = signed_in(request)
    with transaction.atomic():
        into, other = _locked(made.into), _locked(made.merged)
        if not Merge.objects.filter(pk=made.pk, undone_at=None).update(undone_at=Now()):
            raise Refused("This merge has been taken back already.")
        _must_be_read(into, other)
        sources = LogSource.objects.filter(incident=into, pk__in=made.moved)
        behind = LogSource.objects.filter(incident=into).exclude(pk__in=made.moved)
        first = sources.order_by("position").values_list("position", flat=True).first()
        if first is not None and behind.filter(position__gt=first).exists():
            raise Refused("Logs were added after the merge, so it can no longer be taken back.")
        places = {source.position or 0: int(made.moved[str(source.pk)]) for source in sources}
        pinned_since = TimelineNote.objects.filter(incident=into, source__in=places)
        words = made.words | {
            "notes": [*made.words.get("notes", []), *map(str, pinned_since.values_list("pk", flat=True))]
        }
        for name, model in _WORDS.items():
            model._default_manager.filter(incident=into, pk__in=words.get(name, [])).update(incident=other)
        _pins_follow(words, places)
        for source in sources:
            LogSource.objects.filter(pk=source.pk).update(incident=other, position=made.moved[str(source.pk)])
        Incident.objects.filter(pk=other.pk).update(merged_into=None, revision=F("revision") + 1, analysis_attempts=0)
        Incident.objects.filter(pk=into.pk).update(revision=F("revision") + 1, analysis_attempts=0)
        note(into, ActivityKind.SPLIT, user, name=other.heading)
        audit.record("incident.unmerged", request=request, target=other, details={"from": str(into.pk)})
    return Incident.objects.get(pk=other.pk)


def _say_in(into: Incident, other: Incident, places: dict[int, int]) -> dict[str, list[str]]:
    """Move what people said about ``other``; the ids of all that moved."""
    rows = {name: model._default_manager.filter(incident=other) for name, model in _WORDS.items()}
    words = {name: [str(pk) for pk in found.values_list("pk", flat=True)] for name, found in rows.items()}
    _pins_follow(words, places)
    for found in rows.values():
        found.update(incident=into)
    return words


def _pins_follow(words: dict[str, list[str]], places: dict[int, int]) -> None:
    """Pinned lines name the position of their log: from old ones to new ones, all at once."""
    pins = TimelineNote.objects.filter(pk__in=words.get("notes", []))
    for old, new in places.items():
        pins.filter(source=old).update(source=-1 - new)
    pins.filter(source__lt=0).update(source=-1 - F("source"))


def _locked(incident: Incident) -> Incident:
    found = Incident.objects.select_for_update().filter(pk=incident.pk, deleted_at=None).first()
    if found is None:
        raise Refused("One of them has been deleted.")
    return found


def _must_be_read(*incidents: Incident) -> None:
    if LogSource.objects.filter(incident__in=incidents, state__in=UNFINISHED).exists():
        raise Refused("Some logs are still arriving or being read. Wait until that is done.")


def _next_position(incident: Incident) -> int:
    highest = LogSource.objects.filter(incident=incident).aggregate(most=Max("position"))["most"]
    return 0 if highest is None else int(highest) + 1
