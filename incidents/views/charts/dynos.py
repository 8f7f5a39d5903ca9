"""The page of the dynos: who waited for whom, memory and load, restarts and crashes, and what will happen next."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for
from incidents.views.charts.series import charts_of, series_of
from incidents.views.charts.swimlanes import lanes_of, natural
from incidents.views.pages import incident_context
from incidents.views.summary import Document

R15_FACTOR = 2.0
"""Most dynos are killed at twice their quota. devcenter.heroku.com/articles/error-codes (R15)"""
STILL_GROWN = 0.9
"""Of its peak: a dyno that holds less has begun anew."""
COUNTED = ("restarts", "crashes", "r14", "r15")


@require_safe
def dynos(request: HttpRequest, pk: UUID) -> HttpResponse:
    """``?from=&to=`` sets the window of charts and lanes, ``lane=09:12:30`` where the lanes begin."""
    incident = get_incident_for(request.user, pk)
    context = incident_context(request, incident, "dynos")
    document, window = context["summary"].document, context["window"]
    context |= {
        "rows": rows_of(document),
        "lanes": lanes_of(request, incident, context["summary"], window),
        "chart": charts_of(document, window, ("memory", "load", "requests", "waits")),
        "has_metrics": any(dyno["measured"] for dyno in series_of(document).get("dynos") or []),
    }
    return render(request, "incidents/dynos.html", context)


def rows_of(document: Document) -> list[Document]:
    """One row per name: a dyno that was restarted is the same to its readers. Shares are of the quota."""
    series = {dyno["name"]: dyno for dyno in series_of(document).get("dynos") or []}
    rows: dict[str, Document] = {}
    for dyno in document.get("dynos") or []:
        row = rows.setdefault(
            dyno["name"], {"name": dyno["name"], "memory_shape": "unknown"} | dict.fromkeys(COUNTED, 0)
        )
        for key in ("memory_max_mb", "memory_quota_mb", "load_max", *COUNTED):
            row[key] = max(row.get(key) or 0, dyno.get(key) or 0)
        if dyno.get("memory_shape") == "leak" or row["memory_shape"] == "unknown":
            for key in ("memory_shape", "memory_slope_mb_per_hour", "hours_to_quota"):
                row[key] = dyno.get(key)
    for name, row in rows.items():
        row |= _told(row, series.get(name) or {})
    return sorted(rows.values(), key=lambda row: ("web" not in row["name"], natural(row["name"])))


def _told(row: Document, series: Document) -> dict[str, Any]:
    """Shares, the forecast and what makes this dyno different."""
    quota = row["memory_quota_mb"]
    swap = max((value for value in series.get("swap_mb") or [] if value is not None), default=0)
    told = {
        "memory_share": row["memory_max_mb"] / quota if quota else None,
        "swap_max_mb": swap,
        "times_slower": series.get("times_slower"),
        "is_measured": bool(series.get("measured")),
        "is_growing": row["memory_shape"] == "leak" and not _has_begun_anew(row, series),
    }
    if not told["is_growing"]:
        return told | {"hours_to_quota": None, "hours_to_kill": None}
    return told | {"hours_to_kill": _hours_to_kill(row, series)}


def _has_begun_anew(row: Document, series: Document) -> bool:
    """The dyno was restarted since: what it holds now is far from its peak, and its slope is history."""
    values = series.get("memory_mb") or []
    return bool(values) and (values[-1] or 0) < STILL_GROWN * row["memory_max_mb"]


def _hours_to_kill(row: Document, series: Document) -> float | None:
    """Until R15 at the pace of now; None where that is unknown or has come."""
    slope, values = row.get("memory_slope_mb_per_hour") or 0, series.get("memory_mb") or []
    limit = row["memory_quota_mb"] * R15_FACTOR
    if slope <= 0 or not values or not limit or (values[-1] or 0) >= limit:
        return None
    return float((limit - (values[-1] or 0)) / slope)
