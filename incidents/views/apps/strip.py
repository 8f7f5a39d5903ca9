"""Hours of an app as a strip: lines and failed requests per step, bursts marked, drawn by the server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from incidents.digest.alerts.minutes import load, minute_of
from incidents.models import Alert, App

HOURS = (1, 3, 12, 24, 48)
_STEP_MINUTES = {1: 1, 3: 1, 12: 5, 24: 10, 48: 20}
HEIGHT = 40


class Bar(NamedTuple):
    """One step: where it stands, and what it counted. ``height`` and ``bad`` are of `HEIGHT`."""

    x: int
    at: datetime
    lines: int
    errors: int
    height: float
    bad: float


class Mark(NamedTuple):
    """An alert on the strip, in steps."""

    alert: Alert
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Strip:
    hours: int
    step_minutes: int
    start_at: datetime
    end_at: datetime
    bars: list[Bar]
    marks: list[Mark]

    @property
    def width(self) -> int:
        return len(self.bars)

    @property
    def lines(self) -> int:
        return sum(bar.lines for bar in self.bars)

    @property
    def errors(self) -> int:
        return sum(bar.errors for bar in self.bars)

    @property
    def most(self) -> int:
        """Lines of the fullest step."""
        return max((bar.lines for bar in self.bars), default=0)


def strip_of(app: App, hours: int, alerts: Iterable[Alert], now: datetime) -> Strip:
    """The last ``hours``, which is one of `HOURS`, up to the present minute."""
    step = _STEP_MINUTES[hours]
    last = minute_of(now) // step * step
    first = last - hours * 60 + step
    count = (last - first) // step + 1
    lines, errors = [0] * count, [0] * count
    for minute, cell in load(app, now, minutes=hours * 60 + step).items():
        index = (minute - first) // step
        if 0 <= index < count:
            lines[index] += cell.get("lines", 0)
            errors[index] += cell.get("errors", 0)
    most = max(1, *lines)
    bars = [
        Bar(
            index, _time(first + index * step), lines[index], errors[index],
            round(max(0.6 if lines[index] else 0, HEIGHT * lines[index] / most), 2),
            round(max(1.2 if errors[index] else 0, HEIGHT * min(1, errors[index] / most)), 2),
        )
        for index in range(count)
    ]  # fmt: skip
    marks = [mark for alert in alerts if (mark := _mark(alert, first, step, count)) is not None]
    return Strip(hours, step, _time(first), _time(last + step), bars, marks)


def sparkline(values: list[int]) -> list[tuple[int, float]]:
    """``(x, height)`` of bars in a box 20 high."""
    most = max(1, *values) if values else 1
    return [(index, round(max(1 if value else 0, 20 * value / most), 1)) for index, value in enumerate(values)]


def _mark(alert: Alert, first: int, step: int, count: int) -> Mark | None:
    began, end = ((minute_of(at) - first) / step for at in (alert.began_at, alert.until_at))
    low, high = max(0.0, began), min(float(count), end)
    return Mark(alert, round(low, 2), round(max(0.6, high - low), 2)) if high > low else None


def _time(minute: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(minutes=minute)
