"""The rows of the table of endpoints: which ones, in which order, with which columns. All state is in the query string.

``sort=-p95`` (minus: from the highest), ``q`` a part of the name, ``role``, ``method``, ``with=errors``,
``health=hide``, ``cols=mean&cols=sd`` columns besides the usual ones, ``from`` and ``to`` a stretch of the incident.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.http import HttpRequest

from incidents.analysis import Details, slices
from incidents.analysis.endpoints import bucket_value
from incidents.analysis.queueing import WAITED_MS
from incidents.models import EndpointDetails, Incident
from incidents.templatetags.triage import ms, percent
from incidents.views.summary import Document, Summary
from incidents.views.window import Window, window_of

ROLES = ("culprit", "victim", "normal")
SLOW_MS = 20_000
"""With many requests, an endpoint whose slowest took this long deserves a look whatever its percentiles say."""
MANY = 100
_HEALTH = re.compile(
    r"(?:^|/)(?:_?health(?:[_-]?checks?|z)?|healthz|readyz|livez|ready|alive|ping|up|heartbeat|lbcheck)(?:/|\.|$)",
    re.IGNORECASE,
)


class Column(NamedTuple):
    """``show`` says how a template writes the value: count, ms, percent, score or name."""

    heading: str
    meaning: str
    value: Callable[[Document], Any]
    show: str
    field: str
    usual: bool = True
    wide_only: bool = False


def _of(field: str) -> Callable[[Document], Any]:
    return lambda row: row.get(field) or 0


def _column(
    heading: str, meaning: str, field: str, show: str, *, usual: bool = True, wide_only: bool = False
) -> Column:
    return Column(heading, meaning, _of(field), show, field, usual, wide_only)


COLUMNS = {
    "endpoint": Column(
        "Endpoint", "Method and path, with ids folded", lambda row: (row["path"], row["method"]), "name", "path"
    ),
    "count": _column("Requests", "Requests that reached a dyno", "count", "count"),
    "total": _column("Time", "Share of the time of all requests", "total_share", "share"),
    "blame": _column("Blame", "Share of other requests' waiting that this endpoint caused", "blame_share", "blame"),
    "apdex": _column("Apdex", "Satisfaction from 0 to 1: full up to 500 ms, half up to 2 s", "apdex", "score"),
    "p50": _column("p50", "Half of the requests were faster than this", "p50_ms", "ms"),
    "p95": _column("p95", "95 % of the requests were faster than this", "p95_ms", "ms"),
    "p99": _column("p99", "99 % of the requests were faster than this", "p99_ms", "ms"),
    "max": _column("Max", "The slowest request", "max_ms", "ms"),
    "own": _column("Own", "Median time of its own work, without waiting behind others", "own_p50_ms", "ms",
                   wide_only=True),
    "waited": _column("Waited", "Median time spent waiting behind other requests", "waited_p50_ms", "ms",
                      wide_only=True),
    "errors": _column("Errors", "Status 500 and above, and errors of the router", "errors", "count"),
    "timeouts": _column("H12", "Requests cut off by the router at 30 s", "timeouts", "count"),
    "mean": _column("Mean", "Average time; moves with every outlier", "mean_ms", "ms", usual=False),
    "sd": _column("SD", "Standard deviation: how far times spread around the mean", "sd_ms", "ms", usual=False),
    "min": _column("Min", "The fastest request", "min_ms", "ms", usual=False),
    "spent": _column("Total time", "Time of all its requests together", "total_ms", "ms", usual=False),
    "unhappy": _column("Dissatisfied", "Share of all dissatisfaction (requests × (1 − Apdex))", "dissatisfied_share",
                       "percent", usual=False),
    "rate": _column("Per minute", "Requests per minute over the stretch shown", "per_minute", "rate", usual=False),
    "refused": _column("4xx", "Refused: status 400 to 498", "refused", "count", usual=False),
    "left": _column("499", "The client left before the answer", "left", "count", usual=False),
    "unreached": _column("Unreached", "Requests that never got to a dyno", "unreached", "count", usual=False),
}  # fmt: skip
FURTHER = [name for name, column in COLUMNS.items() if not column.usual]


@dataclass
class Table:
    """What the query string asks for. ``rows`` are all that match, in order; ``totals`` is these as one."""

    rows: list[Document]
    totals: Document
    sort: str
    query: str
    role: str
    method: str
    errors_only: bool
    health_hidden: bool
    further: list[str]
    window: Window
    methods: list[str]
    health: int  # endpoints that look like health checks
    step_minutes: int

    @property
    def is_filtered(self) -> bool:
        return bool(self.query or self.role or self.method or self.errors_only or self.health_hidden)

    @property
    def columns(self) -> list[str]:
        return [name for name, column in COLUMNS.items() if column.usual or name in self.further]


def table_of(request: HttpRequest, incident: Incident, summary: Summary) -> Table:
    """The table as the query string asks for it."""
    asked = request.GET
    window = window_of(request, summary.window)
    details = EndpointDetails.newest(incident.pk)
    rows = _rows(summary, details, window)
    sort = asked.get("sort", "")
    table = Table(
        rows, {}, sort if sort.lstrip("-") in COLUMNS else "-total", asked.get("q", "").strip()[:200],
        asked.get("role", "") if asked.get("role") in ROLES else "", asked.get("method", "").upper()[:16],
        asked.get("with") == "errors", asked.get("health") == "hide",
        [name for name in FURTHER if name in asked.getlist("cols")], window,
        sorted({row["method"] for row in rows}), sum(row["is_health"] for row in rows), details.rollup.step,
    )  # fmt: skip
    table.rows = [row for row in rows if _matches(row, table)]
    key = COLUMNS[table.sort.lstrip("-")].value
    table.rows.sort(key=lambda row: (row["path"], row["method"]))
    table.rows.sort(key=key, reverse=table.sort.startswith("-"))
    table.totals = _totals(table, details)
    return table


def why(row: Document) -> str:
    """The reason of a role, in a few words; empty for an endpoint without one."""
    if row.get("role") == "culprit":
        return f"caused {percent(row['blame_share'])} of all waiting" if row.get("blame_share") else "slow by itself"
    if row.get("role") == "victim":
        waited = row.get("waiters", 0)
        text = f"{ms(row['own_p50_ms'])} of own work"
        return f"{text}; {waited:,} of its requests waited behind others" if waited else f"{text}; waited behind others"
    return ""


def waiters(mine: Document) -> int:
    """How many requests of an endpoint waited for a second or longer."""
    return sum(number for index, number in mine.get("waited") or [] if bucket_value(index) >= WAITED_MS)


def _rows(summary: Summary, details: Details, window: Window) -> list[Document]:
    """The document's rows; inside a window with the figures of that stretch, without endpoints that were not asked."""
    seconds = window.seconds or summary.window_seconds or 0
    found = slices.figures(details.names, details.rollup, window.low_s, window.high_s) if not window.is_whole else None
    rows = []
    for row in summary.endpoints:
        name = f"{row['method']} {row['path']}"
        if found is not None:
            if name not in found:
                continue
            row = row | found[name]
        mine = details.endpoints.get(name, {})
        answers = mine.get("answers", [])
        row["waiters"] = waiters(mine)
        row["refused"] = sum(number for status, _, number in answers if status and 400 <= status < 499)
        row["left"] = sum(number for status, _, number in answers if status == 499)
        row["per_minute"] = round((row["count"] + row.get("unreached", 0)) * 60 / seconds, 2) if seconds else None
        row["is_health"] = bool(_HEALTH.search(row["path"]))
        row["is_odd"] = row["max_ms"] >= SLOW_MS and row["count"] >= MANY
        row["why"] = why(row)
        rows.append(row)
    return rows


def _matches(row: Document, table: Table) -> bool:
    return (
        (not table.query or table.query.lower() in f"{row['method']} {row['path']}".lower())
        and (not table.role or row.get("role") == table.role)
        and (not table.method or row["method"] == table.method)
        and (not table.errors_only or row["errors"] > 0)
        and not (table.health_hidden and row["is_health"])
    )


def _totals(table: Table, details: Details) -> Document:
    """All rows as one. Percentiles come from their histograms, and are None where one of them has none of its own."""
    rows = table.rows
    total: Document = {
        name: sum(row.get(name) or 0 for row in rows)
        for name in ("count", "total_ms", "errors", "timeouts", "unreached", "refused", "left", "total_share",
                     "blame_share", "dissatisfied_share")
    }  # fmt: skip
    count = total["count"]
    total["max_ms"] = max((row["max_ms"] for row in rows), default=0)
    total["min_ms"] = min((row["min_ms"] for row in rows if row["count"]), default=0)
    total["mean_ms"] = total["total_ms"] / count if count else 0.0
    total["apdex"] = sum(row["apdex"] * row["count"] for row in rows) / count if count else 1.0
    squares = sum(row["count"] * (row["sd_ms"] ** 2 + row["mean_ms"] ** 2) for row in rows)
    total["sd_ms"] = max(0.0, squares / count - total["mean_ms"] ** 2) ** 0.5 if count else 0.0
    rates = [row["per_minute"] for row in rows if row["per_minute"] is not None]
    total["per_minute"] = sum(rates) if rates else None
    total["own_p50_ms"] = total["waited_p50_ms"] = None
    number = {name: index for index, name in enumerate(details.names)}
    names = [f"{row['method']} {row['path']}" for row in rows]
    total |= {"p50_ms": None, "p95_ms": None, "p99_ms": None}
    if all(name in number for name in names):
        window = table.window
        low_s, high_s = (None, None) if window.is_whole else (window.low_s, window.high_s)
        total |= slices.together(details.rollup, [number[name] for name in names], low_s, high_s)
    return total
