"""How times, spans and lists are said in text that people read: tickets, timeline, terminal."""

from __future__ import annotations

from collections.abc import Sequence

from .utc import from_us, iso, parse_iso


def stamp(at_us: int) -> str:
    """``2015-01-01 12:00:00 UTC``: the form that Heroku Support asks for. Fractions of a second are cut off."""
    at = from_us(at_us)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC".rjust(23, "0")


def stamp_of(text: str | None) -> str:
    """A document's ``…_utc`` in the same form; '' for none."""
    at_us = parse_iso(text) if text else None
    return "" if at_us is None else stamp(at_us)


def clock(at_us: int) -> str:
    """``12:00:00``, for a second time that stands beside a full one of the same day."""
    return f"{from_us(at_us):%H:%M:%S}"


def until(first_us: int, last_us: int) -> str:
    """The end of a span whose beginning is printed already: the clock alone on the same day, else the full stamp."""
    same_day = (iso(first_us) or "")[:10] == (iso(last_us) or "")[:10]
    return f"{clock(last_us)} UTC" if same_day else stamp(last_us)


def duration(microseconds: int) -> str:
    """``40 s``, ``12 min``, ``3 h 20 min``, ``2 d 4 h``; rounded down, never 0."""
    seconds = max(1, microseconds // 1_000_000)
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def count(number: int, one: str, many: str = "") -> str:
    """``1 request``, ``2,300 requests``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """``web.1, web.2 and web.3``; from the one after ``most`` on, ``… and 4 more``."""
    shown = list(names)
    if len(shown) > most:
        shown = [*shown[:most], f"{len(names) - most} more"]
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + f" and {shown[-1]}" if shown else ""
