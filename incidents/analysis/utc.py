"""The only place that turns text into instants and instants into text. Everything is UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNDATED = b"----------T--:--:--.------+00:00"
"""What a canonical line carries where the log has no time. As wide as a time: 32 bytes."""

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|UTC|[+-]\d\d:?\d\d)?$", re.ASCII
)


def parse_iso(text: str, offset_minutes: int = 0) -> int | None:
    """Microseconds since the epoch of an RFC 3339 stamp, or None if it is none. A stamp without a zone is read at the given offset.

    A leap second or 24:00 is taken as the last microsecond before it, more than six digits are cut.
    """
    match = _ISO.match(text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    micro = int(((fraction or "") + "000000")[:6])
    seconds = int(second)
    if seconds == 60:
        seconds, micro = 59, 999_999
    days, hours = (1, 0) if hour == "24" else (0, int(hour))
    if zone and zone not in ("Z", "UTC"):
        offset_minutes = (int(zone[1:3]) * 60 + int(zone[-2:])) * (-1 if zone[0] == "-" else 1)
    elif zone:
        offset_minutes = 0
    try:
        at = datetime(int(year), int(month), int(day), hours, int(minute), seconds, micro, tzinfo=UTC)
        return to_us(at + timedelta(days=days, minutes=-offset_minutes))
    except (ValueError, OverflowError):
        return None


def to_us(at: datetime) -> int:
    """Whole microseconds since the epoch of an aware datetime."""
    delta = at - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_us(at_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=at_us)


def iso(at_us: int | None) -> str | None:
    """``2026-03-14T09:00:00.123456Z``: six digits always, so that strings sort as times do."""
    if at_us is None:
        return None
    return from_us(at_us).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def canonical(at_us: int | None) -> bytes:
    """The 32 bytes with which a canonical line begins."""
    if at_us is None:
        return UNDATED
    return from_us(at_us).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00").encode()
