"""Times as people type them, within a log."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from incidents.analysis.utc import to_us

from .known import Known

_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,6}))?)?[zZ]?\Z")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T_ ](\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,6})?)?))?\s?(Z|z|[+-]\d\d:?\d\d)?\Z")
_MOST_DAYS = 400


def moment(text: str, known: Known) -> int | None:
    """``12:04``, ``12:04:30.5`` or ``2026-03-14T12:04Z`` in microseconds since 1970; None if it is no time.

    A clock's time means the first day on which the log has it; without a zone it is UTC.
    """
    try:
        if clock := _CLOCK.match(text):
            return to_us(_on_its_day(_time(clock), known))
        if stamp := _STAMP.match(text):
            return to_us(_dated(stamp))
    except (ValueError, OverflowError):
        return None
    return None


def _time(clock: re.Match[str]) -> time:
    return time(int(clock[1]), int(clock[2]), int(clock[3] or 0), int((clock[4] or "0").ljust(6, "0")))


def _dated(stamp: re.Match[str]) -> datetime:
    clock = _CLOCK.match(stamp[2] or "0:00")
    assert clock is not None  # the one expression contains the other
    at = datetime.combine(date.fromisoformat(stamp[1]), _time(clock), UTC)
    zone = stamp[3] or "Z"
    if zone in "Zz":
        return at
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return at + offset if zone[0] == "-" else at - offset


def _on_its_day(clock: time, known: Known) -> datetime:
    first = known.first_at or datetime.now(UTC)
    last = known.last_at or first
    days = min((last.date() - first.date()).days, _MOST_DAYS)
    every = [datetime.combine(first.date() + timedelta(days=day), clock, UTC) for day in range(days + 1)]
    return min(every, key=lambda at: (max(first - at, at - last, timedelta()), at))
