"""The graphs of an endpoint's page: how its times are spread, and how they moved. Places are percentages."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from incidents.analysis import Details, slices
from incidents.analysis.endpoints import bucket_value
from incidents.analysis.slices import Step
from incidents.templatetags.triage import ms
from incidents.views.summary import Summary
from incidents.views.window import Window

LIMITS = ((500, "500 ms"), (5_000, "5 s"), (30_000, "30 s"))
"""Ideal; beyond it belongs into the background; cut off by the router."""
DECADES = 5
"""The axis of times ends at 100 s."""
PER_DECADE = 8
MOST_ROWS = 48
MOST_MARKS = 12


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars over a logarithmic axis of ``ticks`` that are evenly apart; ``summary`` says it in words."""

    title: str
    count: int
    bars: list[dict[str, Any]]
    ticks: list[str]
    limits: list[dict[str, Any]]
    summary: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Percentiles over time. ``paths`` are drawn in a box of 1000 × 100."""

    paths: list[dict[str, str]]
    bars: list[dict[str, float]]
    ticks: list[str]  # of times, from the top
    limits: list[dict[str, Any]]
    marks: list[dict[str, Any]]
    times: list[str]
    time_style: str
    rows: list[dict[str, Any]]
    step_minutes: int
    summary: str


# -- how times are spread ---------------------------------------------------------------------------------------------
def spread(details: Details, name: str, window: Window) -> list[Histogram]:
    """Service times in the window; and, of the requests whose queues were replayed, own work and waiting."""
    every: dict[str, tuple[dict[int, int], int]] = {}
    if name in details.names:
        found = slices.histogram_of(details.rollup, details.names.index(name), *_ends(window))
        every["As the router saw it"] = _bins(found, 0)
    mine = details.endpoints.get(name, {})
    for title, key in (("Own work alone", "own"), ("Waiting behind others", "waited")):
        if key in mine:
            every[title] = _bins(dict(map(tuple, mine[key])), 1 if key == "waited" else 0)
    # One axis for all three, so that they can be compared by eye.
    first = min((min(bins) // PER_DECADE for bins, _ in every.values() if bins), default=0)
    return [_histogram(title, bins, none, first) for title, (bins, none) in every.items() if bins]


def _bins(histogram: dict[int, int], at_least: int) -> tuple[dict[int, int], int]:
    """Requests by eighth of a decade, and how many took less than ``at_least``."""
    bins: dict[int, int] = {}
    none = 0
    for index, number in histogram.items():
        value = bucket_value(index)
        if value < at_least:
            none += number
        else:
            place = min(int(math.log10(max(value, 1)) * PER_DECADE + 1e-9), DECADES * PER_DECADE - 1)
            bins[place] = bins.get(place, 0) + number
    return bins, none


def _histogram(title: str, bins: dict[int, int], none: int, first: int) -> Histogram:
    count = sum(bins.values())
    width = 100 / ((DECADES - first) * PER_DECADE)
    top = max(bins.values())
    bars = [
        {"x": round((place - first * PER_DECADE) * width + width * 0.06, 2), "width": round(width * 0.88, 2),
         "y": round(100 - number / top * 92, 2), "height": round(number / top * 92, 2), "count": number,
         "from_ms": 10 ** (place / PER_DECADE), "to_ms": 10 ** ((place + 1) / PER_DECADE)}
        for place, number in sorted(bins.items())
    ]  # fmt: skip
    return Histogram(title, count, bars, _ticks(first), _limits(first, flip=False), _words(bars, count, none))


def _words(bars: list[dict[str, Any]], count: int, none: int) -> str:
    most = max(bars, key=lambda bar: (bar["count"], -bar["x"]))
    text = f"Most of these took {ms(most['from_ms'])} to {ms(most['to_ms'])}: {most['count']:,} of {count:,}."
    return text + (f" {none:,} more did not wait at all." if none else "")


def _ticks(first: int) -> list[str]:
    return ["1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s"][first:]


def _limits(first: int, *, flip: bool) -> list[dict[str, Any]]:
    """The lines of 500 ms, 5 s and 30 s, from the left or from the top."""
    found = []
    for limit_ms, label in LIMITS:
        share = (math.log10(limit_ms) - first) / (DECADES - first) * 100
        if share >= 0:
            at = round(100 - share if flip else share, 2)
            found.append({"at": at, "label": label, "is_last": limit_ms == LIMITS[-1][0]})
    return found


# -- over time --------------------------------------------------------------------------------------------------------
def over_time(details: Details, name: str, window: Window, summary: Summary) -> Graph | None:
    """p50, p95 and p99 per step; None where the endpoint has no rows of its own."""
    if name not in details.names:
        return None
    low_s, high_s = _ends(window)
    found = slices.steps(details.rollup, details.names.index(name), low_s, high_s)
    if not found:
        return None
    step_s = details.rollup.step * 60
    first_at, last_at = (window.low_at, window.high_at) if not window.is_whole else summary.window
    begin = min(found[0].at_s, int(first_at.timestamp()) if first_at and not window.is_whole else found[0].at_s)
    end = max(found[-1].at_s + step_s, int(last_at.timestamp()) if last_at else 0)
    length = max(step_s, end - begin)
    known = [value for step in found for value in (step.p50_ms, step.p99_ms) if value]
    first = min(int(math.log10(max(1, min(known, default=1)))), 2)

    def x_of(at_s: float) -> float:
        return min(max((at_s - begin) / length, 0.0), 1.0)

    top = max(step.count for step in found)
    width = step_s / length * 100
    bars = [
        {"x": round(x_of(step.at_s) * 100, 2), "width": round(max(width * 0.86, 0.1), 2),
         "all": round(step.count / top * 100, 1), "failed": round(step.errors / top * 100, 1),
         "y": round(100 - step.count / top * 100, 1), "y_failed": round(100 - step.errors / top * 100, 1)}
        for step in found
    ]  # fmt: skip
    paths = [
        {"name": key.removesuffix("_ms"), "d": _path(found, key, step_s, first, x_of)}
        for key in ("p99_ms", "p95_ms", "p50_ms")
    ]
    marks = [
        {"x": round(x_of(at_s) * 100, 2), "title": release["title"], "utc": release["utc"]}
        for release in details.releases
        if begin <= (at_s := _seconds(release["utc"])) <= end
    ]
    times = [_iso(begin + length * share) for share in (0, 0.5, 1)]
    return Graph(
        paths, bars, _ticks(first)[::-1], _limits(first, flip=True), marks[-MOST_MARKS:], times,
        "time" if length < 86_400 else "short", _table(found, step_s),
        details.rollup.step, _graph_words(found),
    )  # fmt: skip


def _path(found: list[Step], key: str, step_s: int, first: int, x_of: Callable[[float], float]) -> str:
    """Neighbouring steps are joined; a gap of requests is a gap of the line."""
    parts: list[str] = []
    before: int | None = None
    for step in found:
        value = getattr(step, key)
        if value is None:
            before = None
            continue
        share = (math.log10(max(value, 1)) - first) / (DECADES - first)
        place = f"{x_of(step.at_s + step_s / 2) * 1000:.1f} {100 - min(max(share, 0.0), 1.0) * 100:.2f}"
        parts.append(f"L{place}" if before == step.at_s - step_s else f"M{place}l.1 0")
        before = step.at_s
    return "".join(parts)


def _table(found: list[Step], step_s: int) -> list[dict[str, Any]]:
    """At most `MOST_ROWS` rows: the worst of those that are folded into one."""
    fold = -(-len(found) // MOST_ROWS)
    rows = []
    for start in range(0, len(found), fold):
        part = found[start : start + fold]
        row: dict[str, Any] = {"utc": _iso(part[0].at_s), "count": sum(step.count for step in part)}
        row["errors"] = sum(step.errors for step in part)
        for key in ("p50_ms", "p95_ms", "p99_ms"):
            row[key] = max((value for step in part if (value := getattr(step, key)) is not None), default=None)
        rows.append(row)
    return rows


def _graph_words(found: list[Step]) -> str:
    measured = [step for step in found if step.p95_ms is not None]
    if not measured:
        return "None of its requests reached a dyno."
    worst = max(measured, key=lambda step: step.p95_ms or 0)
    best = min(measured, key=lambda step: step.p95_ms or 0)
    if worst.p95_ms == best.p95_ms:
        return f"p95 was {ms(worst.p95_ms)} throughout."
    return (
        f"p95 was highest at {_iso(worst.at_s)[11:16]} UTC with {ms(worst.p95_ms)}, "
        f"and lowest at {_iso(best.at_s)[11:16]} UTC with {ms(best.p95_ms)}."
    )


def _ends(window: Window) -> tuple[float | None, float | None]:
    return (None, None) if window.is_whole else (window.low_s, window.high_s)


def _seconds(utc: str) -> float:
    return datetime.fromisoformat(utc).timestamp()


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat()
