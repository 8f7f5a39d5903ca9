"""Series of an incident as JSON for the browser, and in words and tables for everyone else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for
from incidents.models import Incident
from incidents.templatetags.triage import parse_time
from incidents.views.charts import pictures
from incidents.views.summary import Document
from incidents.views.window import Window

MOST_ROWS = 48
MOST_DYNO_ROWS = 24
MOST_DYNO_COLUMNS = 8
MARKED = frozenset({"release", "deploy", "config", "scale", "restart", "crash", "onset"})
MOST_MARKS = 60
HIGH_MEMORY = 0.9
"""From this share of the quota on, memory is worth a picture on the first page."""
STRIPS = {
    # name: (heading, what it shows)
    "requests": ("Requests", "by outcome, with the codes above them"),
    "latency": (
        "Service times",
        "half (p50), 95 and 99 of 100 requests were faster; dashed at 500 ms, 5 s and 30 s, where the router gives up",
    ),
    "waits": ("Waiting and own time", "mean of a request: waiting behind others, and being worked on"),
    "memory": ("Memory", "per dyno in MB; dashed: the quota, above which R14 begins"),
    "load": ("Load", "runnable tasks per dyno, averaged over one minute"),
}


@require_safe
def charts_json(request: HttpRequest, pk: UUID) -> JsonResponse:
    """Everything that the charts of an incident draw; times in seconds since 1970."""
    incident = get_incident_for(request.user, pk)
    document = incident.analysis
    series = {key: value for key, value in series_of(document).items() if key != "lanes"}
    window = [at and at.timestamp() for at in map(parse_time, _ends(document))]
    return JsonResponse(
        series | {"marks": marks(document, incident), "gaps": gaps(document), "onset": onset(document), "log": window}
    )


def series_of(document: Document) -> Document:
    """The document's series; nothing where they could not be drawn."""
    series: Document = document.get("charts") or {}
    return series if series.get("start_s") is not None and series.get("step_s") else {}


def _ends(document: Document) -> tuple[str | None, str | None]:
    window = document.get("window") or {}
    return window.get("first_utc"), window.get("last_utc")


def marks(document: Document, incident: Incident | None = None) -> list[dict[str, Any]]:
    """Releases, restarts and the like, as lines on all charts, each with the address of its line."""
    entries = [entry for entry in document.get("timeline") or [] if entry["kind"] in MARKED and entry.get("utc")]
    return [
        {
            "at_s": datetime.fromisoformat(entry["utc"]).timestamp(), "kind": entry["kind"], "title": entry["title"],
            "href": reverse("incident-line", args=[incident.pk, entry.get("source") or 0, entry["line"]])
            if incident and entry.get("line") else "",
        }
        for entry in entries[:MOST_MARKS]
    ]  # fmt: skip


def gaps(document: Document) -> list[dict[str, Any]]:
    """Stretches of which lines are missing; where only the end is known, they are a moment."""
    found = []
    for gap in document.get("gaps") or []:
        low, high = parse_time(gap.get("from_utc")), parse_time(gap.get("to_utc"))
        low, high = low or high, high or low
        if low and high:
            lost = f"{gap['lost_lines']:,} lines lost" if gap.get("lost_lines") else "lines lost"
            title = f"{gap['reason']}: {lost}"
            found.append({"from_s": low.timestamp(), "to_s": high.timestamp(), "title": title})
    return found[:MOST_MARKS]


def onset(document: Document) -> dict[str, float] | None:
    """When it began, and between which moments that may be."""
    found = {name: parse_time((document.get("onset") or {}).get(f"{name}_utc")) for name in ("low", "high")}
    at = parse_time((document.get("onset") or {}).get("utc"))
    if at is None:
        return None
    return {"at_s": at.timestamp()} | {f"{name}_s": (one or at).timestamp() for name, one in found.items()}


@dataclass(frozen=True, slots=True)
class Strip:
    """One chart without its picture: a heading, what it says in words, and its figures as a table."""

    name: str
    heading: str
    what: str
    summary: str
    picture: pictures.Picture
    head: Sequence[str] = ()
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Charts:
    """The charts of a page. ``first`` are shown at once, ``more`` on demand."""

    first: list[Strip]
    more: list[Strip]
    rows: list[dict[str, Any]]
    codes: list[tuple[str, int]]
    step_s: int
    has_waits: bool

    @property
    def strips(self) -> list[Strip]:
        return self.first + self.more

    @property
    def names(self) -> list[str]:
        return [strip.name for strip in self.strips]


def charts_of(document: Document, window: Window, wanted: Sequence[str] = ()) -> Charts | None:
    """The charts of a window; None without anything to draw. ``wanted``: names, else what the trouble calls for."""
    series = series_of(document)
    if not series:
        return None
    strips = {name: strip for name in STRIPS if (strip := _strip(name, series, document, window))}
    first = wanted or _called_for(series)
    if not strips:
        return None
    return Charts(
        [strips[name] for name in first if name in strips],
        [strip for name, strip in strips.items() if name not in first] if not wanted else [],
        _rows(series, window) if series.get("requests") else [],
        [(code, total) for code, values in series["codes"].items() if (total := _sum(values, _steps(series, window)))],
        series["step_s"],
        bool(series.get("waits")),
    )  # fmt: skip


def _called_for(series: Document) -> list[str]:
    high = any(_share(dyno) >= HIGH_MEMORY or dyno.get("codes") for dyno in series.get("dynos") or [])
    return ["requests", "latency", *(["waits"] if series.get("waits") else []), *(["memory"] if high else [])]


def _share(dyno: Document) -> float:
    known = [value for value in dyno["memory_mb"] if value is not None]
    return float(max(known, default=0) / dyno["quota_mb"]) if dyno.get("quota_mb") else 0.0


def _strip(name: str, series: Document, document: Document, window: Window) -> Strip | None:
    heading, what = STRIPS[name]
    picture = pictures.draw(name, series, marks(document), gaps(document), window)
    if picture is None:
        return None
    if name in ("memory", "load"):
        summary, head, rows = _dynos_in_words(name, series, window)
    else:
        summary, head, rows = _in_words(name, series, window), (), []
    return Strip(name, heading, what, summary, picture, head, rows)


def _steps(series: Document, window: Window) -> range:
    return window.steps(series["start_s"], series["step_s"], series["steps"])


def _sum(values: Sequence[float | None], steps: range) -> int:
    return int(sum(value or 0 for value in values[steps.start : steps.stop]))


def _rows(series: Document, window: Window) -> list[dict[str, Any]]:
    """The window in at most `MOST_ROWS` rows of whole steps."""
    steps = _steps(series, window)
    fold = max(1, -(-len(steps) // MOST_ROWS))
    rows = []
    for at in range(steps.start, steps.stop, fold):
        part = range(at, min(at + fold, steps.stop))
        row: dict[str, Any] = {"utc": iso(series["start_s"] + at * series["step_s"])}
        row |= {name: _sum(values, part) for name, values in series["requests"].items()}
        row["total"] = row["ok"] + row["refused"] + row["failed"]
        row["codes"] = [(code, found) for code, values in series["codes"].items() if (found := _sum(values, part))]
        for name, values in (series.get("latency") or {}).items():
            row[f"{name}_ms"] = _peak(values, part)
        for name, values in (series.get("waits") or {}).items():
            row[name] = _peak(values, part)
        rows.append(row)
    return rows


def _peak(values: Sequence[float | None], steps: range) -> float | None:
    return max((value for value in values[steps.start : steps.stop] if value is not None), default=None)


def _in_words(name: str, series: Document, window: Window) -> str:
    steps = _steps(series, window)
    if name == "requests":
        return _requests_in_words(series, steps)
    values = series["latency"]["p95"] if name == "latency" else series["waits"]["waited_ms"]
    known = [(value, at) for at in steps if (value := values[at]) is not None]
    if not known:
        return "Nothing is known of this stretch."
    worst, at = max(known, key=lambda pair: (pair[0], -pair[1]))
    when = clock(series["start_s"] + at * series["step_s"])
    if name == "latency":
        return f"The slowest stretch begins at {when}: 5 of 100 requests took more than {seconds(worst)}."
    if not worst:
        return "Nobody waited."
    return f"Requests waited the longest at {when}: {seconds(worst)} on average."


def _requests_in_words(series: Document, steps: range) -> str:
    requests = series["requests"]
    totals = [(sum(requests[name][at] for name in requests), at) for at in steps]
    if not any(total for total, _ in totals):
        return "No request in this stretch."
    busiest, busy_at = max(totals, key=lambda pair: (pair[0], -pair[1]))
    worst_at = max(steps, key=lambda at: (requests["failed"][at], -at))
    failed = requests["failed"][worst_at]
    when = {at: clock(series["start_s"] + at * series["step_s"]) for at in (busy_at, worst_at)}
    if not failed:
        return f"No request failed. The busiest stretch, from {when[busy_at]}, had {busiest:,} requests."
    total = sum(requests[name][worst_at] for name in requests)
    return (
        f"The worst stretch begins at {when[worst_at]}: {failed:,} of {total:,} requests failed. "
        f"The busiest, from {when[busy_at]}, had {busiest:,}."
    )


def _dynos_in_words(name: str, series: Document, window: Window) -> tuple[str, Sequence[str], list[dict[str, Any]]]:
    """What the gauges of the dynos say, and their peaks over equal stretches as a table."""
    metric = "memory_mb" if name == "memory" else "load_1m"
    low = window.low_s if window.low_s is not None else series["start_s"]
    high = window.high_s if window.high_s is not None else series["start_s"] + series["steps"] * series["step_s"]
    found: list[tuple[str, float, list[tuple[float, float]]]] = []
    for dyno in series["dynos"]:
        points = [(at, value) for at, value in zip(dyno["at_s"], dyno[metric], strict=True) if value is not None]
        points = [(at, value) for at, value in points if low <= at <= high]
        if points:
            found.append((dyno["name"], dyno["quota_mb"], points))
    if not found:
        return "Nothing is known of this stretch.", (), []
    (dyno_name, quota, points), peak, at = max(
        ((one, *max((value, -at) for at, value in one[2])) for one in found), key=lambda one: one[1]
    )
    words = f"Highest on {dyno_name} at {clock(-at)}: {_amount(name, peak)}"
    if name == "memory" and quota:
        words += f", {peak / quota:.0%} of its quota of {quota:,.0f} MB"
    shown = sorted(found, key=lambda one: -max(value for _, value in one[2]))[:MOST_DYNO_COLUMNS]
    width = max((high - low) / MOST_DYNO_ROWS, 1.0)
    table: dict[int, dict[str, float]] = {}
    for dyno_name, _, points in shown:
        for moment, value in points:
            row = table.setdefault(int((moment - low) // width), {})
            row[dyno_name] = max(value, row.get(dyno_name, 0.0))
    head = sorted(dyno_name for dyno_name, _, _ in shown)
    rows = [
        {"utc": iso(low + place * width),
         "cells": [_amount(name, row[one]) if one in row else "–" for one in head]}
        for place, row in sorted(table.items())
    ]  # fmt: skip
    return f"{words}.", head, rows


def _amount(name: str, value: float) -> str:
    return f"{value:,.0f} MB" if name == "memory" else f"{value:.2f}"


def seconds(ms: float) -> str:
    """``840 ms``, ``12.3 s``."""
    return f"{ms:,.0f} ms" if ms < 1000 else f"{ms / 1000:,.1f} s"


def clock(at_s: float) -> str:
    at = datetime.fromtimestamp(at_s, UTC)
    return f"{at:%H:%M:%S} UTC" if at.second else f"{at:%H:%M} UTC"


def iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="microseconds")
