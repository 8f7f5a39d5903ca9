"""The only place that turns text into instants and instants into text. Everything is UTC.

Instants are whole microseconds since 1970-01-01T00:00:00Z. What is no time, or outside the years 1 to 9999, is None.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNDATED = b"----------T--:--:--.------+00:00"
"""What a canonical line carries where the log has no time. As wide as a time: 32 bytes."""

DAY_US = 86_400_000_000
MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}

ZONE = r"(?:[Zz]|\ ?(?:UTC|GMT)|\ ?[+-]\d\d(?::?\d\d)?(?:\ UTC)?)"
STAMP = rf"\d{{4}}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:[.,]\d{{1,12}})?{ZONE}?"
"""The text of an RFC 3339 stamp and its relatives, for use inside other expressions."""

_ISO = re.compile(
    rf"(\d{{4}}[-/]\d\d[-/]\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{{1,12}}))?({ZONE})?(?:\ m=[+-][\d.]{{1,20}})?$",
    re.ASCII,
)
_BSD = re.compile(
    r"([A-Z][a-z]{2}) {1,2}(\d{1,2})(?:,? (\d{4}))?,? (\d\d):(\d\d):(\d\d)"
    r"(?:[.,](\d{1,9}))?(?: ?(Z|UTC|[+-]\d\d:?\d\d))?$",
    re.ASCII,
)
_NUMBER = re.compile(r"(\d{9,19})(?:\.(\d{1,9}))?$", re.ASCII)
_MIN_US = -62_135_596_800_000_000  # 0001-01-01
_MAX_US = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999


def parse_iso(text: str, offset_minutes: int = 0) -> int | None:
    """Microseconds since the epoch of an RFC 3339 stamp, or None if it is none.

    A stamp without a zone is read at the given offset. A leap second or 24:00 is taken as the last microsecond before
    it, more than six digits are cut. Go's ``2026-11-20 09:13:57.035136457 +0000 UTC`` and blanks or slashes in the
    usual places are understood as well.
    """
    match = _ISO.match(text)
    if not match:
        return None
    date, clock, fraction, zone = match.groups()
    base = _second(date, clock)
    if base is None:
        return None
    at_us = base[0] + (base[1] or (int((fraction + "00000")[:6]) if fraction else 0))
    at_us -= (_offset(zone) if zone else offset_minutes) * 60_000_000
    return at_us if _MIN_US <= at_us <= _MAX_US else None


@lru_cache(maxsize=16_384)
def _second(date: str, clock: str) -> tuple[int, int] | None:
    """The instant of a date and a clock of whole seconds as if in UTC, and the fraction that a leap second is given."""
    hour, minute, second = clock.split(":")
    last_us = 0
    if second == "60":
        second, last_us = "59", 999_999
    elif clock == "24:00:00":
        hour, minute, second, last_us = "23", "59", "59", 999_999
    try:
        at = datetime(int(date[:4]), int(date[5:7]), int(date[8:]), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        return None
    return to_us(at), last_us


@lru_cache(maxsize=256)
def _offset(zone: str) -> int:
    """Minutes east of UTC that ``+05:30``, ``-0700``, ``+00``, ``Z`` or ``UTC`` stand for."""
    digits = "".join(char for char in zone if char.isdigit())
    if not digits:
        return 0
    minutes = int(digits[:2]) * 60 + int(digits[2:4] or 0)
    return -minutes if "-" in zone else minutes


@lru_cache(maxsize=8192)
def parse_bsd(text: str, *, year: int | None, latest_us: int | None = None, offset_minutes: int = 0) -> int | None:
    """Microseconds since the epoch of ``Nov 20 09:14:07``, with or without year, fraction and zone.

    A year that is not printed is the one that puts the time into the twelve months before ``latest_us``, so that a log
    runs on over New Year and never into the future; without ``latest_us`` it is ``year``.
    """
    match = _BSD.match(text)
    month = MONTHS.get(match[1]) if match else None
    if match is None or month is None:
        return None
    if match[8]:
        offset_minutes = _offset(match[8])
    years = [int(match[3])] if match[3] else _years(year, latest_us)
    clock = f"{match[4]}:{match[5]}:{match[6]}"
    micro = int(((match[7] or "") + "000000")[:6])
    for candidate in years:
        base = _second(f"{candidate:04d}-{month:02d}-{int(match[2]):02d}", clock)
        if base is None:
            continue  # 29 February: not in every year
        at_us = base[0] + (base[1] or micro) - offset_minutes * 60_000_000
        if match[3] or latest_us is None or at_us <= latest_us:
            return at_us
    return None


def _years(year: int | None, latest_us: int | None) -> list[int]:
    """The years to try for a time that names none, best first. A 29 February may have to go back eight years."""
    if latest_us is None:
        return [] if year is None else [year]
    newest = from_us(latest_us).year + 1  # the first hours of January, east of UTC
    return list(range(newest, newest - 10, -1))


def parse_epoch(text: str) -> int | None:
    """Microseconds since the epoch of a count of seconds, milli-, micro- or nanoseconds, told apart by their size."""
    match = _NUMBER.match(text)
    if not match:
        return None
    whole, fraction = match[1], match[2] or ""
    value = int(whole)
    if len(whole) <= 11:
        return value * 1_000_000 + int((fraction + "000000")[:6])
    if len(whole) <= 14:
        return value * 1_000 + int((fraction + "000")[:3])
    return value if len(whole) <= 16 else value // 1_000


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
    second, micro = divmod(at_us, 1_000_000)
    return f"{_printed(second)}.{micro:06d}Z"


def canonical(at_us: int | None) -> bytes:
    """The 32 bytes with which a canonical line begins."""
    if at_us is None:
        return UNDATED
    second, micro = divmod(at_us, 1_000_000)
    return b"%b.%06d+00:00" % (_printed(second).encode(), micro)


@lru_cache(maxsize=16_384)
def _printed(second: int) -> str:
    """``2026-03-14T09:00:00``; unlike strftime with four digits for the year on every platform."""
    return (EPOCH + timedelta(seconds=second)).replace(tzinfo=None).isoformat(timespec="seconds")
