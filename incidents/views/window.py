"""The time window of an incident's pages: ``?from=09:12&to=09:13:30``, in UTC, kept on links from page to page.

    window = window_of(request, summary.window)
    shown = [entry for entry in entries if window.holds(entry["utc"])]
    href = f"{reverse('incident-logs', args=[pk])}{window.suffix}"      # '?from=09:12&to=09:13:30', or nothing

What can't be understood changes nothing: `problem` says why, and the page shows the whole incident.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

MOST_CHARACTERS = 40
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,6}))?)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]+(\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,6})?)?) ?(Z|z|[+\- ]\d\d:?\d\d)?", re.ASCII
)
_ZONE_WORD = re.compile(r" ?(?:UTC|GMT|Z)$", re.IGNORECASE)
_A_DAY = timedelta(days=1)
_EARLY, _LATE = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_MOST_DAYS = 400
"""A log that runs for longer needs dates with its times."""


class WindowProblem(ValueError):
    """What was typed is no window. The message says what was wrong and what to write."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of an incident, both ends included. An end that is None is the log's own. All times are aware UTC."""

    start_at: datetime | None = None
    end_at: datetime | None = None
    first_at: datetime | None = None  # of the log
    last_at: datetime | None = None
    problem: str = ""
    typed: tuple[str, str] = ("", "")

    @property
    def is_whole(self) -> bool:
        """Nothing was chosen: the page shows the whole incident."""
        return self.start_at is None and self.end_at is None

    @property
    def low_at(self) -> datetime | None:
        """Where the window begins inside the log; None where the log has no times."""
        return max((at for at in (self.start_at, self.first_at) if at), default=None)

    @property
    def high_at(self) -> datetime | None:
        return min((at for at in (self.end_at, self.last_at) if at), default=None)

    @property
    def low_s(self) -> float | None:
        """Seconds since 1970."""
        return self.low_at.timestamp() if self.low_at else None

    @property
    def high_s(self) -> float | None:
        return self.high_at.timestamp() if self.high_at else None

    @property
    def seconds(self) -> float | None:
        return max(0.0, (self.high_at - self.low_at).total_seconds()) if self.low_at and self.high_at else None

    def holds(self, at: datetime | str | None) -> bool:
        """Whether a moment (also as the document writes it) lies inside. What has no time is part of the whole only."""
        if self.is_whole:
            return True
        if isinstance(at, str):
            try:
                at = datetime.fromisoformat(at)
            except ValueError:
                return False
        if at is None or at.tzinfo is None:
            return False
        return (self.start_at or _EARLY) <= at <= (self.end_at or _LATE)

    def overlaps(self, from_at: datetime | None, to_at: datetime | None) -> bool:
        """Whether a stretch has a part inside; an end that is None is open."""
        return (from_at or _EARLY) <= (self.end_at or _LATE) and (to_at or _LATE) >= (self.start_at or _EARLY)

    def steps(self, start_s: int, step_s: int, count: int) -> range:
        """Which steps of a series have a part inside. Whole steps: a minute can't be split afterwards."""
        low, high = 0, count
        if self.start_at:
            low = int((self.start_at.timestamp() - start_s) // step_s)
        if self.end_at and not (self.last_at and self.end_at >= self.last_at):
            high = int(-((start_s - self.end_at.timestamp()) // step_s))
        low = min(max(0, low), count)
        return range(low, min(max(low, high), count))

    # -- as text -------------------------------------------------------------------------------------------------------
    @property
    def fields(self) -> dict[str, str]:
        """``from`` and ``to`` for the query string and the inputs, as short as they are unambiguous."""
        named = (("from", self.start_at), ("to", self.end_at))
        return {name: self._short(at) for name, at in named if at}

    @property
    def query(self) -> str:
        """``from=09:12&to=09:13:30``, or nothing."""
        return urlencode(self.fields, safe=":")

    @property
    def suffix(self) -> str:
        """To put behind an address without a query string."""
        return f"?{self.query}" if self.query else ""

    @property
    def more(self) -> str:
        """To put behind an address that has a query string."""
        return f"&{self.query}" if self.query else ""

    @property
    def label(self) -> str:
        """``09:12 to 09:13:30 UTC`` for people; ``the whole incident`` where nothing was chosen."""
        if self.is_whole:
            return "the whole incident"
        if self.end_at is None:
            return f"from {self._worded(self.start_at)} UTC"
        if self.start_at is None:
            return f"until {self._worded(self.end_at)} UTC"
        return f"{self._worded(self.start_at)} to {self._worded(self.end_at)} UTC"

    @property
    def from_text(self) -> str:
        """What stands in the field: the window, or what was typed when it is wrong."""
        return self.typed[0] if self.problem else self.fields.get("from", "")

    @property
    def to_text(self) -> str:
        return self.typed[1] if self.problem else self.fields.get("to", "")

    @property
    def is_one_day(self) -> bool:
        """A time without a date says enough."""
        return bool(self.first_at and self.last_at and self.first_at.date() == self.last_at.date())

    def _short(self, at: datetime) -> str:
        clock = at.strftime("%H:%M:%S") if at.second else at.strftime("%H:%M")
        if at.microsecond:
            clock = at.isoformat(timespec="milliseconds" if at.microsecond % 1000 == 0 else "microseconds")[11:-6]
        if self.is_one_day and self.first_at and at.date() == self.first_at.date():
            return clock
        return f"{at.date().isoformat()}T{clock}Z"

    def _worded(self, at: datetime | None) -> str:
        return self._short(at).replace("T", " ").removesuffix("Z") if at else ""


def window_of(request: HttpRequest, span: tuple[datetime | None, datetime | None]) -> Window:
    """The window in the request's query string. ``span``: first and last time of the log, None where it has none."""
    return parse_window(request.GET.get("from", ""), request.GET.get("to", ""), *span)


def parse_window(from_text: str, to_text: str, first_at: datetime | None, last_at: datetime | None) -> Window:
    """The window that two texts mean within a log; with a `problem` and nothing chosen where they mean none."""
    typed = (from_text.strip()[:MOST_CHARACTERS], to_text.strip()[:MOST_CHARACTERS])
    try:
        start_at = _moment(typed[0], "from", first_at, last_at)
        end_at = _moment(typed[1], "to", first_at, last_at, after=start_at)
        window = Window(start_at, end_at, first_at, last_at, typed=typed)
        _check(window)
    except WindowProblem as problem:
        return Window(None, None, first_at, last_at, str(problem), typed)
    return window


def _moment(
    text: str, name: str, first_at: datetime | None, last_at: datetime | None, after: datetime | None = None
) -> datetime | None:
    if not text:
        return None
    plain = _ZONE_WORD.sub("", text)
    clock = _CLOCK.fullmatch(plain)
    try:
        if clock:
            return _on_its_day(_time(clock), first_at, last_at, after)
        if _DATE.fullmatch(text):
            day = datetime.combine(date.fromisoformat(text), time(), UTC)
            return day if name == "from" else day + _A_DAY - timedelta(microseconds=1)
        stamp = _STAMP.fullmatch(text) or _STAMP.fullmatch(plain)
        if stamp:
            return _dated(stamp)
    except WindowProblem:
        raise
    except (ValueError, OverflowError):
        pass
    raise WindowProblem(
        f"“{text}” ({name}) is no time. Write 09:12, 09:12:30 or 2026-03-14T09:12:30Z; times without a zone are UTC."
    )


def _time(clock: re.Match[str]) -> time:
    hour, minute, second, fraction = clock.groups()
    return time(int(hour), int(minute), int(second or 0), int((fraction or "0").ljust(6, "0")))


def _dated(stamp: re.Match[str]) -> datetime:
    day, clock, zone = stamp.groups()
    found = _CLOCK.fullmatch(clock)
    if found is None:
        raise ValueError(clock)
    at = datetime.combine(date.fromisoformat(day), _time(found), UTC)
    if zone and zone not in "Zz":
        sign = -1 if zone[0] == "-" else 1  # a plus of the query string arrives as a blank
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        if minutes > 59:
            raise ValueError(zone)
        at -= sign * timedelta(hours=hours, minutes=minutes)
    return at


def _on_its_day(
    clock: time, first_at: datetime | None, last_at: datetime | None, after: datetime | None
) -> datetime | None:
    """The clock's time on the day on which the log has it; ``after``: the end of a window comes behind its start."""
    if first_at is None or last_at is None:
        raise WindowProblem("This log has no times, so there is no window to choose.")
    days = min((last_at.date() - first_at.date()).days, _MOST_DAYS)
    every = [datetime.combine(first_at.date() + timedelta(days=day), clock, UTC) for day in range(days + 1)]

    def preference(at: datetime) -> tuple[timedelta, bool, datetime]:
        return max(first_at - at, at - last_at, timedelta()), after is not None and at <= after, at

    return min(every, key=preference)


def _check(window: Window) -> None:
    start, end, first, last = window.start_at, window.end_at, window.first_at, window.last_at
    if start and end and end <= start:
        raise WindowProblem(
            f"The window ends ({window.typed[1]}) before it begins ({window.typed[0]}). Swap the two times."
        )
    if window.is_whole or first is None or last is None:
        return
    # A minute is what people type: 09:03 is inside a log whose last line stands at 09:02:58.
    if (start and start > last + timedelta(minutes=1)) or (end and end < first - timedelta(minutes=1)):
        form = "%H:%M:%S" if window.is_one_day else "%Y-%m-%d %H:%M:%S"
        raise WindowProblem(
            f"Nothing lies in this window: the log runs from {first.strftime(form)} to {last.strftime(form)} UTC"
            + (f" on {first.date().isoformat()}." if window.is_one_day else ".")
        )


def as_context(window: Window) -> dict[str, Any]:
    """What the browser needs to follow: seconds since 1970, and the fields."""
    return {"from_s": window.low_s, "to_s": window.high_s, "is_whole": window.is_whole, "fields": window.fields}
