"""Charts as plain SVG, for pages without scripts and for paper: the same series, drawn by the server.

A picture is 1000 wide and 100 high, stretched to its place, so it has no text: scale and times stand beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from incidents.views.summary import Document
from incidents.views.window import Window

WIDTH, HEIGHT = 1000.0, 100.0
MOST_COLUMNS = 240
MOST_LINES = 8
LEVELS_MS = (500, 5_000, 30_000)
LOWEST_MS, HIGHEST_MS = 10.0, 60_000.0
Point = tuple[float, float]


@dataclass(slots=True)
class Picture:
    """Shapes with their coordinates. ``low`` and ``high`` are the ends of the scale in words."""

    top: str
    bottom: str = "0"
    bars: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, str]] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    start_utc: str = ""
    end_utc: str = ""


@dataclass(frozen=True, slots=True)
class _Span:
    """The stretch of time that a picture shows, in seconds since 1970."""

    low_s: float
    high_s: float

    def x(self, at_s: float) -> float:
        share = (at_s - self.low_s) / max(self.high_s - self.low_s, 1e-6)
        return round(min(max(share, 0.0), 1.0) * WIDTH, 1)

    def holds(self, at_s: float) -> bool:
        return self.low_s <= at_s <= self.high_s


def draw(
    name: str, series: Document, marks: list[dict[str, Any]], gaps: list[dict[str, Any]], window: Window
) -> Picture | None:
    """The picture of one chart, or None where the log has no figures for it."""
    steps = window.steps(series["start_s"], series["step_s"], series["steps"])
    start_s, step_s = series["start_s"], series["step_s"]
    whole = _Span(start_s, start_s + series["steps"] * step_s)
    span = whole if window.is_whole else _Span(start_s + steps.start * step_s, start_s + steps.stop * step_s)
    picture = {
        "requests": _requests, "latency": _latency, "waits": _waits, "memory": _memory, "load": _load,
    }[name](series, steps, span)  # fmt: skip
    if picture is None:
        return None
    picture.marks = [{"x": span.x(one["at_s"]), "kind": one["kind"]} for one in marks if span.holds(one["at_s"])]
    picture.gaps = [
        {"x": (left := span.x(one["from_s"])), "width": max(2.0, round(span.x(one["to_s"]) - left, 1))}
        for one in gaps
        if one["to_s"] >= span.low_s and one["from_s"] <= span.high_s
    ]
    ends = (datetime.fromtimestamp(at, UTC).isoformat() for at in (span.low_s, span.high_s))
    picture.start_utc, picture.end_utc = ends
    return picture


def _requests(series: Document, steps: range, span: _Span) -> Picture | None:
    requests = series.get("requests")
    if not requests:
        return None
    return _stacked([("failed", requests["failed"]), ("refused", requests["refused"]), ("ok", requests["ok"])], steps)


def _waits(series: Document, steps: range, span: _Span) -> Picture | None:
    waits = series.get("waits")
    if not waits:
        return None
    columns = [("own", waits["own_ms"]), ("waited", waits["waited_ms"])]
    return _stacked(columns, steps, mean=True)


def _stacked(columns: Sequence[tuple[str, Sequence[float | None]]], steps: range, *, mean: bool = False) -> Picture:
    """Bars upon each other: sums of a number of steps, or their means."""
    fold = max(1, -(-len(steps) // MOST_COLUMNS))
    stacks = []
    for at in range(steps.start, steps.stop, fold):
        part = slice(at, min(at + fold, steps.stop))
        known = [[value for value in values[part] if value is not None] for _, values in columns]
        stacks.append([(sum(row) / (len(row) or 1)) if mean else sum(row) for row in known])
    top = max((sum(stack) for stack in stacks), default=0) or 1
    width = WIDTH / max(1, len(stacks))
    bars = []
    for place, stack in enumerate(stacks):
        base = 0.0
        for (name, _), value in zip(columns, stack, strict=True):
            if value:
                height = value / top * HEIGHT
                bars.append({
                    "x": round(place * width, 1), "width": round(width * 0.86, 1), "height": round(height, 1),
                    "y": round(HEIGHT - base - height, 1), "kind": name,
                })  # fmt: skip
                base += height
    return Picture(f"{top / 1000:,.1f} s" if mean else f"{top:,.0f}", bars=bars)


def _latency(series: Document, steps: range, span: _Span) -> Picture | None:
    latency = series.get("latency")
    if not latency:
        return None

    def y(ms: float) -> float:
        share = math.log(max(ms, LOWEST_MS) / LOWEST_MS) / math.log(HIGHEST_MS / LOWEST_MS)
        return round(HEIGHT * (1 - min(share, 1.0)), 1)

    lines = []
    for name, values in latency.items():
        points = ((span.x(series["start_s"] + (at + 0.5) * series["step_s"]), values[at]) for at in steps)
        lines.append({"kind": name, "d": _path((x, None if value is None else y(value)) for x, value in points)})
    return Picture("60 s", "10 ms", lines=lines, levels=[y(level) for level in LEVELS_MS])


def _memory(series: Document, steps: range, span: _Span) -> Picture | None:
    quotas = sorted({dyno["quota_mb"] for dyno in series.get("dynos") or [] if dyno.get("quota_mb")})
    return _gauges(series, span, "memory_mb", quotas, "{:,.0f} MB")


def _load(series: Document, steps: range, span: _Span) -> Picture | None:
    return _gauges(series, span, "load_1m", [], "{:.1f}")


def _gauges(series: Document, span: _Span, metric: str, levels: list[float], form: str) -> Picture | None:
    dynos = [dyno for dyno in series.get("dynos") or [] if any(value is not None for value in dyno[metric])]
    if not dynos:
        return None
    shown = [
        [(at, value) for at, value in zip(dyno["at_s"], dyno[metric], strict=True) if span.holds(at)] for dyno in dynos
    ]
    top = max((value for points in shown for _, value in points if value is not None), default=0.0)
    top = max([top * 1.05, *(level * 1.05 for level in levels), 0.5])

    def y(value: float) -> float:
        return round(HEIGHT * (1 - value / top), 1)

    lines = [
        {"kind": f"g{place % 6}", "d": _path((span.x(at), None if value is None else y(value)) for at, value in points)}
        for place, points in enumerate(shown[:MOST_LINES])
    ]
    return Picture(form.format(top), lines=lines, levels=[y(level) for level in levels])


def _path(points: Iterable[tuple[float, float | None]]) -> str:
    """A line through the points, broken where one is unknown; a lone point is a short dash."""
    parts: list[list[Point]] = [[]]
    for x, y in points:
        if y is None:
            parts.append([])
        else:
            parts[-1].append((x, y))
    drawn = []
    for part in filter(None, parts):
        first, *rest = part
        drawn.append(f"M{first[0]:g} {first[1]:g}" + ("".join(f"L{x:g} {y:g}" for x, y in rest) if rest else "h2"))
    return "".join(drawn)
