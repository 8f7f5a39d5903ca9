"""Whether somebody should be told of an alert now: switches, mutes, quiet hours, what another alert has said."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from incidents.models import Alert, AlertPolicy, CauseMute, Withheld

LATE = timedelta(minutes=30)
"""What was over for so long when it was first seen is history; nobody is woken for it."""
_FOLD = timedelta(minutes=15)


def is_quiet(policy: AlertPolicy, now: datetime) -> bool:
    """Whether the clock of the policy's zone lies in the quiet hours, which may run over midnight."""
    begin, end = policy.quiet_from, policy.quiet_until
    if begin is None or end is None or begin == end:
        return False
    try:
        at = now.astimezone(ZoneInfo(policy.quiet_zone)).time()
    except (KeyError, OSError, ValueError):
        at = now.time()
    return begin <= at < end if begin < end else at >= begin or at < end


def is_muted(alert: Alert, now: datetime) -> bool:
    rows = CauseMute.objects.filter(Q(until=None) | Q(until__gt=now), app=alert.app_id, cause=alert.cause)
    return rows.exists()


def why_not(alert: Alert, policy: AlertPolicy, now: datetime) -> str:
    """Why nobody is told now, as a value of `Withheld`; "" if they are."""
    if not policy.is_on:
        return Withheld.OFF
    if is_muted(alert, now):
        return Withheld.MUTED
    if is_folded(alert):
        return Withheld.FOLDED
    if not alert.is_open and alert.until_at < now - LATE:
        return Withheld.LATE
    return Withheld.QUIET if is_quiet(policy, now) else ""


def is_folded(alert: Alert) -> bool:
    """Whether another alert of the same family, begun at about the same time, has been told."""
    same = Alert.objects.filter(app=alert.app_id, family=alert.family, told_at__isnull=False).exclude(pk=alert.pk)
    near = same.filter(began_at__lte=alert.last_at + _FOLD, last_at__gte=alert.began_at - _FOLD)
    return near.exclude(cause=alert.cause).exists()
