"""Notes as people type them: ``/t 12:04 text``, ``12:04 text``, ``now text``; several lines are several notes.

Times are in the zone that the page shows. A time without a date lies on the day on which the log has it; a list may go
on past midnight. Lines that begin with blanks go on with the note above.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

MOST_LINES = 100
MOST_CHARACTERS = 2_000
PAST_MIDNIGHT = timedelta(hours=6)
"""A time that would lie so much before the line above it is one of the next day; less is a list out of order."""
_COMMAND = re.compile(r"/(?:t|note)\b\s*", re.IGNORECASE)
_CLOCK = r"(?P<clock>\d{1,2}[:.]\d\d(?:[:.]\d\d)?)"
_ZONE = r"(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?"
_TIMED = re.compile(
    rf"(?:(?P<day>\d{{4}}-\d\d-\d\d)[T ]\s?)?{_CLOCK}(?:\.\d{{1,6}})?\s?{_ZONE}(?=\s|$|[:,]\s)\s*", re.ASCII
)
_AGO = re.compile(r"-(?P<number>\d{1,4})\s?(?P<unit>s|min|m|h)(?=\s|$)\s*", re.ASCII)
_NOW = re.compile(r"now(?=\s|[:,-]|$)\s*", re.IGNORECASE)
_MARK = re.compile(r"[-–—:,]\s+")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600}
_HOW = "Begin it with a time, as 12:04, or with now."


class EntryProblem(ValueError):
    """What was typed is no note. The message says which line, what was wrong and what to write."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One note to be added; ``at`` is aware UTC."""

    at: datetime
    text: str


def parse_entries(
    text: str, *, zone: tzinfo, now: datetime, first_at: datetime | None = None, last_at: datetime | None = None
) -> list[Entry]:
    """The notes of a text. ``first_at`` and ``last_at`` are those of the log. Raises `EntryProblem`."""
    found: list[Entry] = []
    before: datetime | None = None
    blocks = list(_blocks(text))
    if not blocks:
        raise EntryProblem(f"There is nothing to add. {_HOW}")
    if len(blocks) > MOST_LINES:
        raise EntryProblem(f"These are {len(blocks):,} notes; add at most {MOST_LINES} at once.")
    for number, block in blocks:
        where = f"Line {number}: " if len(blocks) > 1 else ""
        try:
            at, words = _entry(block, zone=zone, now=now, span=(first_at, last_at), before=before)
        except ValueError as problem:
            raise EntryProblem(f"{where}{problem}") from None
        if not words:
            raise EntryProblem(f"{where}There are no words behind the time.")
        if len(words) > MOST_CHARACTERS:
            raise EntryProblem(f"{where}This is longer than {MOST_CHARACTERS:,} characters.")
        found.append(Entry(at, words))
        before = at
    return found


def parse_moment(
    text: str, *, zone: tzinfo, now: datetime, first_at: datetime | None = None, last_at: datetime | None = None
) -> datetime:
    """One time alone, as a field for it holds. Raises `EntryProblem`."""
    try:
        at, rest = _entry(text.strip(), zone=zone, now=now, span=(first_at, last_at), before=None)
    except ValueError as problem:
        raise EntryProblem(str(problem)) from None
    if rest:
        raise EntryProblem(f"“{text.strip()[:40]}” is no time. Write 12:04, 12:04:30 or 2026-03-14 12:04:30.")
    return at


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """(number of the line, text) of each note: a line, and those below it that begin with blanks."""
    number, lines = 0, list[str]()
    for position, raw in enumerate(text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if not raw.strip():
            continue
        if lines and raw[:1].isspace():
            lines.append(raw.strip())
            continue
        if lines:
            yield number, "\n".join(lines)
        number, lines = position, [raw.strip()]
    if lines:
        yield number, "\n".join(lines)


def _entry(
    block: str,
    *,
    zone: tzinfo,
    now: datetime,
    span: tuple[datetime | None, datetime | None],
    before: datetime | None,
) -> tuple[datetime, str]:
    block = _COMMAND.sub("", block, count=1) if block.startswith("/") else block
    if match := _NOW.match(block):
        at = now
    elif match := _AGO.match(block):
        at = now - timedelta(seconds=int(match["number"]) * _UNITS[match["unit"]])
    elif match := _TIMED.match(block):
        at = _moment(match, zone=zone, now=now, span=span, before=before)
    else:
        raise ValueError(f"“{block[:40]}” has no time. {_HOW}")
    rest = block[match.end() :]
    mark = _MARK.match(rest)
    return at, (rest[mark.end() :] if mark else rest).strip()


def _moment(
    match: re.Match[str],
    *,
    zone: tzinfo,
    now: datetime,
    span: tuple[datetime | None, datetime | None],
    before: datetime | None,
) -> datetime:
    named = _zone(match["zone"]) if match["zone"] else zone
    hour, minute, *second = (int(part) for part in re.split(r"[:.]", match["clock"]))
    try:
        clock = time(hour, minute, second[0] if second else 0)
    except ValueError:
        raise ValueError(f"{match['clock']} is no time of day.") from None
    if match["day"]:
        try:
            return _local(date.fromisoformat(match["day"]), clock, named)
        except (ValueError, OverflowError) as problem:
            told = str(problem) if "clocks" in str(problem) else f"{match['day']} is no date."
            raise ValueError(told) from None
    return _on_its_day(clock, named, now=now, span=span, before=before)


def _on_its_day(
    clock: time, zone: tzinfo, *, now: datetime, span: tuple[datetime | None, datetime | None], before: datetime | None
) -> datetime:
    """The clock's time where the log has it, else as near to the log as can be."""
    first, last = span[0] or now, span[1] or now
    days = min((last.astimezone(zone).date() - first.astimezone(zone).date()).days, 400)
    start = first.astimezone(zone).date() - timedelta(days=1)
    every = [at for day in range(days + 3) if (at := _try(start + timedelta(days=day), clock, zone)) is not None]
    if not every:
        raise ValueError(f"{clock:%H:%M} does not exist on that day: the clocks are put forward then.")

    def preference(at: datetime) -> tuple[bool, timedelta, datetime]:
        return before is not None and before - at > PAST_MIDNIGHT, max(first - at, at - last, timedelta()), at

    return min(every, key=preference)


def _try(day: date, clock: time, zone: tzinfo) -> datetime | None:
    try:
        return _local(day, clock, zone)
    except (ValueError, OverflowError):
        return None


def _local(day: date, clock: time, zone: tzinfo) -> datetime:
    at = datetime.combine(day, clock, zone).astimezone(UTC)
    if at.astimezone(zone).time() != clock:
        raise ValueError(f"{clock:%H:%M} does not exist on {day}: the clocks are put forward then.")
    return at


def _zone(text: str) -> tzinfo:
    if text in ("Z", "UTC"):
        return UTC
    parsed = datetime.strptime(text.replace(":", ""), "%z").tzinfo
    assert parsed is not None  # the expression lets only offsets through
    return parsed
