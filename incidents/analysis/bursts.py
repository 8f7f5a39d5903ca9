"""When something went wrong on a live stream: bursts of codes, failing requests, crashes and silence.

    find_bursts(minutes, now=29_000_000) -> [Burst(cause="H12", began=28_999_987, …), …]

A function of the counts per minute alone (see `minutes`): the same counts give the same bursts, however often and by
whom they are looked at. Four things keep it calm:

* a *bar* asks for a number within some minutes, and for a share of the requests in them;
* the bar lies well above what is usual: the rate of the last three hours, and that around this time yesterday;
* a burst that is open stays open while counts are above two fifths of the bar, and ends after some calm minutes;
* what begins again within half an hour is the same burst.

What lasts for six hours is the new usual: the burst is over (``became_usual``), and worse than that is a new one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NamedTuple

from .minutes import Cell, Minutes
from .silence import COOL_DOWN, DAY, find_gaps

LONGEST_LOOK = 2 * DAY
"""Minutes of history that are looked at."""
USUAL_AFTER = 360
_RECENT, _AROUND, _GUARD, _LEAST_KNOWN = 180, 30, 15, 20
_TIMES, _DEVIATIONS, _STAY = 3.0, 4.0, 0.4
_AFTER_DEPLOY, _DEPLOY_FACTOR = 3, 3.0
"""For some minutes after a release or a restart, requests that get cut off are no news."""


class Bar(NamedTuple):
    """So many within so many minutes, and at least this share of the requests in them."""

    minutes: int
    least: int
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that is watched. ``family`` names causes that are one trouble to the reader."""

    key: str
    bars: tuple[Bar, ...]
    family: str = ""
    calm: int = 10
    by_request: bool = True
    is_soft: bool = False  # expected in small numbers after a deploy

    def with_count(self, count: int) -> Cause:
        """With another number in the first bar; the others move in proportion."""
        factor = count / self.bars[0].least
        return replace(self, bars=tuple(bar._replace(least=max(1, round(bar.least * factor))) for bar in self.bars))


def _code(key: str, *bars: Bar, soft: bool = False, family: str = "") -> Cause:
    return Cause(key, bars, family or key, is_soft=soft)


SILENCE = "silence"
SILENT_MINUTES = 10
CAUSES: dict[str, Cause] = {
    cause.key: cause
    for cause in (
        _code("H12", Bar(3, 5, 0.005), Bar(15, 8, 0.02)),
        _code("H10", Bar(3, 3, 0.01), soft=True, family="crash"),
        _code("H14", Bar(3, 3, 0.01)),
        _code("H20", Bar(3, 3, 0.01), soft=True, family="crash"),
        _code("H99", Bar(3, 3, 0.005)),
        Cause("R14", (Bar(10, 6),), "R14", calm=15, by_request=False),
        Cause("R15", (Bar(10, 1),), "R15", calm=15, by_request=False),
        Cause("5xx", (Bar(3, 10, 0.05), Bar(15, 6, 0.5)), "5xx", is_soft=True),
        Cause("crash-loop", (Bar(30, 3),), "crash", calm=40, by_request=False),
    )
}
"""What is watched by name; other H codes get `_OTHER`."""
_OTHER = (Bar(3, 10, 0.01),)
_HARMLESS = frozenset({"H16", "H25", "H26", "H27", "H28", "H31", "H32", "H80", "H81", "H82"})
"""Clients that gave up or spoke nonsense, maintenance, apps without code."""


@dataclass(frozen=True, slots=True)
class Burst:
    """A stretch of trouble. Minutes since 1970; ``last`` is the last bad one, ``noticed`` when the bar was reached.

    ``usual`` is what a minute would have had. ``is_open`` means that it goes on, as far as one can tell at ``now``.
    """

    cause: str
    family: str
    began: int
    noticed: int
    last: int
    peak: int  # minute
    peak_count: int
    count: int
    requests: int
    usual: float
    is_open: bool
    became_usual: bool = False


def cause_of(key: str) -> Cause:
    """The cause with this key."""
    return CAUSES.get(key) or _code(key, *_OTHER, soft=True)


def find_bursts(
    minutes: Minutes, *, now: int, counts: Mapping[str, int] | None = None, watched_since: int | None = None
) -> list[Burst]:
    """All bursts of the last two days, by their beginning.

    ``now`` is the present minute, of which only a part has passed. ``counts`` are other numbers for the first bar by
    cause (for silence: minutes), as somebody set them. Silence before ``watched_since`` is not judged: nobody listened.
    """
    counts = counts or {}
    known = [minute for minute in minutes if now - LONGEST_LOOK <= minute <= now]
    if not known:
        return []
    first = min(known)
    cells: list[Cell] = [minutes.get(minute, {}) for minute in range(first, now + 1)]
    found: list[Burst] = []
    for key in sorted(_occurring(cells)):
        cause = cause_of(key)
        if counts.get(key):
            cause = cause.with_count(counts[key])
        found += _Scan(cause, cells, first).run()
    heard = [bool(cell.get("lines", 0)) for cell in cells]
    for gap in find_gaps(heard, counts.get(SILENCE) or SILENT_MINUTES, (watched_since or first) - first):
        began, noticed, last = (first + index for index in gap[:3])
        found.append(Burst(SILENCE, SILENCE, began, noticed, last, last, 0, 0, 0, 0.0, gap.is_open))
    return sorted(found, key=lambda burst: (burst.began, burst.cause))


def _occurring(cells: list[Cell]) -> set[str]:
    names = {name for cell in cells for name in cell}
    found = {name for name in names if name[:1] == "H" and name not in _HARMLESS} | (names & {"R14", "R15"})
    if "crash" in names:
        found.add("crash-loop")
    if "status_5xx" in names:
        found.add("5xx")
    return found


def _value(key: str) -> Callable[[Cell], int]:
    if key == "crash-loop":
        return lambda cell: cell.get("crash", 0)
    if key == "5xx":  # the application's own: what the router answered in its place has a code
        return lambda cell: max(0, cell.get("status_5xx", 0) - sum(n for name, n in cell.items() if name[:1] == "H"))
    return lambda cell: cell.get(key, 0)


def _sums(values: list[int]) -> list[int]:
    return [0, *accumulate(values)]


@dataclass(slots=True)
class _Usual:
    """What calm minutes were like. Sums over minutes 0 to i of those that belong to no burst."""

    count: list[int] = field(default_factory=lambda: [0])
    requests: list[int] = field(default_factory=lambda: [0])
    minutes: list[int] = field(default_factory=lambda: [0])

    def extend(self, count: int, requests: int, is_calm: bool) -> None:
        self.count.append(self.count[-1] + (count if is_calm else 0))
        self.requests.append(self.requests[-1] + (requests if is_calm else 0))
        self.minutes.append(self.minutes[-1] + is_calm)

    def forget(self, start: int) -> None:
        for sums in (self.count, self.requests, self.minutes):
            del sums[start + 1 :]

    def rate(self, start: int, end: int, by_request: bool) -> float:
        """Per request, or per minute; 0 where too little is known."""
        end = min(end, len(self.count) - 1)
        start = max(0, start)
        if end <= start or self.minutes[end] - self.minutes[start] < _LEAST_KNOWN:
            return 0.0
        divisor = self.requests if by_request else self.minutes
        whole = divisor[end] - divisor[start]
        return (self.count[end] - self.count[start]) / whole if whole else 0.0


class _Scan:
    """One pass over the minutes for one cause."""

    def __init__(self, cause: Cause, cells: list[Cell], first: int) -> None:
        value = _value(cause.key)
        self.cause, self.first = cause, first
        self.values = [value(cell) for cell in cells]
        self.requests = [cell.get("requests", 0) for cell in cells]
        self.deploys = _sums([cell.get("deploy", 0) for cell in cells])
        self.count_sums, self.request_sums = _sums(self.values), _sums(self.requests)
        self.calm = [True] * len(cells)
        self.usual = _Usual()
        self.found: list[Burst] = []

    def run(self) -> list[Burst]:
        began = noticed = last = -1
        usual = 0.0
        for at in range(len(self.values)):
            self._learn(at - _GUARD)
            per_request, per_minute = self._expected(at)
            if began < 0:
                if self.values[at] and (bar := self._reached(at, per_request, per_minute)):
                    start = max(0, at + 1 - bar.minutes)
                    began = next(index for index in range(start, at + 1) if self.values[index])
                    began = began if not last > began else last + 1
                    noticed = last = at
                    usual = per_request * self.requests[at] if self.cause.by_request else per_minute
                    self._set_calm(began, at, False)
                continue
            self.calm[at] = False
            if self.values[at] and self._reached(at, per_request, per_minute, stay=True):
                last = at
            if at - began >= USUAL_AFTER:
                self._close(began, noticed, last, usual, is_open=False, became_usual=True)
                self._set_calm(max(began, at - _RECENT), at, True)
                began = -1
            elif at - last >= self.cause.calm:
                self._close(began, noticed, last, usual, is_open=False)
                self._set_calm(last + 1, at, True)
                began = -1
        if began >= 0:
            self._close(began, noticed, last, usual, is_open=True)
        return self.found

    def _learn(self, at: int) -> None:
        """Take in the minutes up to ``at``; later ones may yet turn out to be the beginning of a burst."""
        for index in range(len(self.usual.count) - 1, at + 1):
            self.usual.extend(self.values[index], self.requests[index], self.calm[index])

    def _set_calm(self, start: int, end: int, is_calm: bool) -> None:
        self.calm[start : end + 1] = [is_calm] * (end + 1 - start)
        self.usual.forget(start)

    def _expected(self, at: int) -> tuple[float, float]:
        spans = ((at - _GUARD - _RECENT, at - _GUARD), (at - DAY - _AROUND, at - DAY + _AROUND))
        rate = max(self.usual.rate(start, end, self.cause.by_request) for start, end in spans)
        return (rate, 0.0) if self.cause.by_request else (0.0, rate)

    def _reached(self, at: int, per_request: float, per_minute: float, *, stay: bool = False) -> Bar | None:
        """The first bar that the minutes up to here reach. To ``stay`` open needs less, of the latest minutes alone."""
        deployed = self.deploys[at + 1] - self.deploys[max(0, at - _AFTER_DEPLOY)]
        higher = _DEPLOY_FACTOR if deployed and self.cause.is_soft else 1.0
        for bar in self.cause.bars:
            span = max(3, bar.minutes // 3) if stay else bar.minutes
            factor = _STAY if stay else 1.0
            start = max(0, at + 1 - span)
            count = self.count_sums[at + 1] - self.count_sums[start]
            requests = self.request_sums[at + 1] - self.request_sums[start]
            expected = per_request * requests + per_minute * (at + 1 - start)
            least = bar.least * higher * span / bar.minutes
            needed = factor * max(least, _TIMES * expected + _DEVIATIONS * math.sqrt(expected))
            if count >= max(1.0, needed) and count >= factor * bar.share * requests:
                return bar
        return None

    def _close(
        self, began: int, noticed: int, last: int, usual: float, *, is_open: bool, became_usual: bool = False
    ) -> None:
        before = self.found[-1] if self.found else None
        if before and not before.became_usual and began + self.first - before.last <= COOL_DOWN:
            began, noticed, usual = before.began - self.first, before.noticed - self.first, before.usual
            self.found.pop()
        inside = self.values[began : last + 1]
        peak = max(range(len(inside)), key=lambda index: (inside[index], -index))
        self.found.append(
            Burst(
                self.cause.key, self.cause.family, self.first + began, self.first + noticed, self.first + last,
                self.first + began + peak, inside[peak], sum(inside), sum(self.requests[began : last + 1]),
                round(usual, 2), is_open, became_usual,
            )
        )  # fmt: skip
