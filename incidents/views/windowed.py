"""What the overview says about a stretch of the incident: what the series can tell. The verdict is about the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from incidents.analysis import slices
from incidents.models import EndpointDetails
from incidents.views.charts.series import iso, series_of
from incidents.views.summary import Document, Summary
from incidents.views.window import Window

MOST_ENTRIES = 8
MOST_ENDPOINTS = 6


@dataclass(frozen=True, slots=True)
class Windowed:
    """Figures of the window. Counts are of whole steps, from ``counted_from`` to ``counted_to``; None is unknown."""

    requests: int | None
    failed: int
    refused: int
    codes: list[tuple[str, int]]
    p95_ms: float | None  # of all requests of the window
    slowest: tuple[str, float] | None  # the step with the highest p95: its start, and that
    waited_ms: float | None  # mean of the step in which requests waited the longest
    memory: tuple[str, float, float] | None  # dyno, MB, share of the quota or 0
    entries: list[Document]
    more_entries: int
    endpoints: list[Document]
    counted_from: str
    counted_to: str
    is_rounded: bool

    @property
    def failed_share(self) -> float | None:
        return self.failed / self.requests if self.requests else None


def windowed(summary: Summary, window: Window, incident: UUID) -> Windowed | None:
    """None where no window was chosen, or nothing has a time."""
    series = series_of(summary.document)
    if window.is_whole or not series:
        return None
    start_s, step_s = series["start_s"], series["step_s"]
    steps = window.steps(start_s, step_s, series["steps"])
    low_s, high_s = start_s + steps.start * step_s, start_s + steps.stop * step_s
    sums = {name: sum(values[steps.start : steps.stop]) for name, values in (series.get("requests") or {}).items()}
    codes = [(code, sum(values[steps.start : steps.stop])) for code, values in (series.get("codes") or {}).items()]
    p95 = _peak((series.get("latency") or {}).get("p95"), steps)
    waited = _peak((series.get("waits") or {}).get("waited_ms"), steps)
    entries = [entry for entry in summary.timeline if window.holds(entry.get("utc"))]
    endpoints, all_p95_ms = _endpoints(summary, incident, low_s, high_s)
    return Windowed(
        requests=sum(sums.values()) if sums else None, failed=sums.get("failed", 0), refused=sums.get("refused", 0),
        codes=[(code, total) for code, total in codes if total],
        p95_ms=all_p95_ms, slowest=(iso(start_s + p95[1] * step_s), p95[0]) if p95 else None,
        waited_ms=waited[0] if waited else None, memory=_memory(series, window),
        entries=entries[:MOST_ENTRIES], more_entries=max(0, len(entries) - MOST_ENTRIES), endpoints=endpoints,
        counted_from=iso(low_s), counted_to=iso(high_s),
        is_rounded=low_s != window.low_s or high_s != window.high_s,
    )  # fmt: skip


def _endpoints(summary: Summary, incident: UUID, low_s: float, high_s: float) -> tuple[list[Document], float | None]:
    """Endpoints of these steps as the overview lists them, with their roles in the whole incident; the p95 of all."""
    details = EndpointDetails.newest(incident)
    last_s = high_s - 1  # the step that begins at the end is not meant
    found = slices.figures(details.names, details.rollup, low_s, last_s)
    rows = [row | found[name] for row in summary.endpoints if (name := f"{row['method']} {row['path']}") in found]
    rows.sort(key=lambda row: (row.get("role") != "culprit", -row["total_ms"], row["path"], row["method"]))
    together = slices.together(details.rollup, list(range(len(details.names))), low_s, last_s)
    return rows[:MOST_ENDPOINTS], together.get("p95_ms")


def _peak(values: list[Any] | None, steps: range) -> tuple[float, int] | None:
    known = [(values[at], -at) for at in steps if values and values[at] is not None]
    value, at = max(known, default=(None, 0))
    return None if value is None else (value, -at)


def _memory(series: Document, window: Window) -> tuple[str, float, float] | None:
    """The dyno that used the most memory in the window."""
    low, high = window.low_s or 0, window.high_s or float("inf")
    found = [
        (value, dyno["name"], value / dyno["quota_mb"] if dyno["quota_mb"] else 0.0)
        for dyno in series.get("dynos") or []
        for at, value in zip(dyno["at_s"], dyno["memory_mb"], strict=True)
        if value is not None and low <= at <= high
    ]
    value, name, share = max(found, default=(0.0, "", 0.0))
    return (name, value, share) if name else None
