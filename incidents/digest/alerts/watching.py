"""Watch an app's recorder: bursts become alerts, alerts open or extend an incident, and people are told once.

Idempotent: what is written follows from the counts per minute. A burst finds its row by cause and time, and the
database allows one open row per cause, so that doubled bells and two workers at once change nothing.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from incidents.analysis.bursts import SILENCE, Burst, find_bursts
from incidents.analysis.silence import COOL_DOWN
from incidents.models import Alert, AlertPolicy, App, Delivery, Drain, Incident, IncidentState
from incidents.notify import deliver

from ..leases import from_now
from ..recorder.windows import extend_window, open_window
from .minutes import load, minute_of
from .proof import find_proof
from .words import name_of, sentence_of

logger = logging.getLogger(__name__)
EVERY_SECONDS = 2
"""An app is not looked at more often than this, however fast its chunks come."""
IDLE_SECONDS = 30
KEPT_DAYS = 90
_AWAY = timedelta(minutes=3)
_BEFORE, _AFTER = timedelta(minutes=15), timedelta(minutes=5)
_GROW, _GROW_FIRST = timedelta(seconds=60), timedelta(seconds=8)
_FIRST = timedelta(minutes=10)
"""At first somebody looks: then an incident grows quickly, later once a minute."""
_SAME_INCIDENT = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


class Watched(NamedTuple):
    """What to ring for: messages to send, and incidents whose windows wait to be copied."""

    deliveries: list[UUID]
    incidents: list[UUID]


def due(batch: int) -> list[UUID]:
    """Apps that somebody should look at: lines came since the last time, or it was a while ago. Never silent ones."""
    fresh = Exists(Drain.objects.filter(app=OuterRef("pk"), last_frame_at__gt=OuterRef("alert_policy__checked_at")))
    heard = Exists(Drain.objects.filter(app=OuterRef("pk"), last_frame_at__isnull=False))
    checked = "alert_policy__checked_at"
    waiting = Q(alert_policy=None) | Q(**{f"{checked}": None}) | Q(**{f"{checked}__lt": from_now(-IDLE_SECONDS)})
    rows = App.objects.filter(heard).filter(waiting | (Q(**{f"{checked}__lt": from_now(-EVERY_SECONDS)}) & fresh))
    return list(rows.order_by(F(checked).asc(nulls_first=True)).values_list("pk", flat=True)[:batch])


def watch(app_id: UUID, *, now: datetime | None = None) -> Watched:
    """Look at one app, unless somebody just did. ``now`` is the present, but in tests."""
    app = App.objects.filter(pk=app_id, recorder__deleted_at=None).select_related("recorder").first()
    if app is None:
        return Watched([], [])
    policy = policy_of(app)
    if not _claim(policy, now):
        return Watched([], [])
    at = now or timezone.now()
    _note_pause(policy, at)
    minutes = load(app, at)
    since = minute_of(policy.watched_since) if policy.watched_since else None
    bursts = find_bursts(minutes, now=minute_of(at), counts=policy.counts, watched_since=since)
    alerts = [alert for burst in bursts if (alert := _save(app, burst, at)) is not None]
    _end_others(app, bursts, heard_at=_last_heard(minutes))
    deliveries: list[UUID] = []
    incidents: list[UUID] = []
    for alert in alerts:
        if alert.is_open or alert.told_at is None:
            incidents += _into_incident(app, alert, at)
            deliveries += deliver.tell(alert, policy, at)
    return Watched(deliveries, incidents)


def app_recorded_by(incident_id: UUID) -> UUID | None:
    """The app whose recorder this is; None for an incident of people."""
    return App.objects.filter(recorder=incident_id).values_list("pk", flat=True).first()


def policy_of(app: App) -> AlertPolicy:
    """The app's policy, made on first use."""
    return AlertPolicy.objects.get_or_create(app=app, defaults={"team_id": app.team_id})[0]


def _claim(policy: AlertPolicy, now: datetime | None) -> bool:
    rows = AlertPolicy.objects.filter(pk=policy.pk)
    if now is None:
        rows = rows.filter(Q(checked_at=None) | Q(checked_at__lt=from_now(-EVERY_SECONDS)))
    return bool(rows.update(checked_at=now or Now()))


def _note_pause(policy: AlertPolicy, at: datetime) -> None:
    """Silence is judged only while we listen: after a pause of ours, listening begins anew."""
    if policy.watched_since is None or policy.checked_at is None or at - policy.checked_at > _AWAY:
        policy.watched_since = at
        policy.save(update_fields=["watched_since"])


def _last_heard(minutes: dict[int, dict[str, int]]) -> int:
    return max((minute for minute, cell in minutes.items() if cell.get("lines")), default=0)


def _time(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def _save(app: App, burst: Burst, at: datetime) -> Alert | None:
    """The row of a burst, brought up to date; None if another worker is about to write it."""
    alert = _find(app, burst)
    columns: dict[str, Any] = {
        "sentence": sentence_of(burst)[:300], "last_at": _time(burst.last), "peak_at": _time(burst.peak),
        "peak_count": burst.peak_count, "count": burst.count, "requests": burst.requests, "usual": burst.usual,
        "ended_at": None if burst.is_open else _time(burst.last) + _MINUTE, "became_usual": burst.became_usual,
    }  # fmt: skip
    try:
        with transaction.atomic():
            if alert is None:
                alert = Alert.objects.create(
                    team_id=app.team_id, app=app, cause=burst.cause, family=burst.family, began_at=_time(burst.began),
                    noticed_at=max(at, _time(burst.noticed)), **columns,
                )  # fmt: skip
            elif any(getattr(alert, name) != value for name, value in columns.items()):
                Alert.objects.filter(pk=alert.pk).update(**columns)
                for name, value in columns.items():
                    setattr(alert, name, value)
    except IntegrityError:
        return None
    if not alert.proof_text and (proof := find_proof(app, burst)):
        alert.proof_source, alert.proof_line, alert.proof_text = proof
        alert.save(update_fields=["proof_source", "proof_line", "proof_text"])
    return alert


def _find(app: App, burst: Burst) -> Alert | None:
    """The alert that this burst is part of: of the same cause, and not further away than the cool-down."""
    near = timedelta(minutes=COOL_DOWN)
    rows = Alert.objects.filter(
        app=app, cause=burst.cause, last_at__gte=_time(burst.began) - near, began_at__lte=_time(burst.last) + near
    )
    if not burst.became_usual:  # what comes after is another matter
        rows = rows.filter(became_usual=False) | rows.filter(became_usual=True, began_at=_time(burst.began))
    return rows.order_by("-began_at").select_related("incident", "app").first()


def _end_others(app: App, bursts: list[Burst], *, heard_at: int) -> None:
    """End what is open and no longer seen. A silence ends with a line alone, even when all before it has left."""
    going_on = [burst.cause for burst in bursts if burst.is_open]
    still_silent = Q(cause=SILENCE, began_at__gt=_time(heard_at))
    gone = Alert.objects.open().filter(app=app).exclude(cause__in=going_on).exclude(still_silent)
    gone.update(ended_at=F("last_at") + _MINUTE)


def forget_old() -> int:
    """Remove what ended long ago, and its messages; tests of messages as well. Returns how many rows went."""
    old = timezone.now() - timedelta(days=KEPT_DAYS)
    tests = Delivery.objects.filter(alert=None, created_at__lt=old)
    return Alert.objects.filter(ended_at__lt=old).delete()[0] + tests.delete()[0]


def _into_incident(app: App, alert: Alert, at: datetime) -> list[UUID]:
    """Give an alert its incident: the one that alerts of this app opened lately, else a new one. Returns what grew."""
    incident = alert.incident
    if incident is None and (alert.is_open or alert.until_at > at - _SAME_INCIDENT):
        incident = _lately(app, alert)
        if incident is None:
            end = min(at, alert.until_at + _AFTER)
            incident = open_window(app, alert.began_at - _BEFORE, end, title=f"{name_of(alert.cause)} in {app.name}")
            if not Alert.objects.filter(pk=alert.pk, incident=None).update(incident=incident):
                incident.delete_later()  # another worker was faster
                return []
            alert.incident = incident
            return [incident.pk]
        Alert.objects.filter(pk=alert.pk, incident=None).update(incident=incident)
        alert.incident = incident
    return [incident.pk] if incident is not None and _grow(incident, alert, at) else []


def _lately(app: App, alert: Alert) -> Incident | None:
    rows = Incident.objects.filter(alerts__app=app, deleted_at=None, archived_at=None)
    near = rows.exclude(state=IncidentState.RESOLVED).filter(alerts__last_at__gte=alert.began_at - _SAME_INCIDENT)
    return near.order_by("-created_at").first()


def _grow(incident: Incident, alert: Alert, at: datetime) -> bool:
    """Copy what came since into the incident while the burst goes on, now and then."""
    if incident.deleted_at or incident.state == IncidentState.RESOLVED:
        return False
    newest = incident.windows.order_by("-to_at").first()
    end = min(at, alert.until_at + _AFTER)
    pause = _GROW_FIRST if at - alert.noticed_at < _FIRST else _GROW
    if newest is None or end - newest.to_at < pause:
        return False
    return extend_window(incident, end) is not None
