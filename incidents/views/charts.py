"""Series of an incident as JSON for the browser, and as tables and pictures for everyone else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for
from incidents.models import Incident
from incidents.views.summary import Document, Summary

MOST_ROWS = 48
MOST_SLOTS = 16
ROW_HEIGHT = 10
WIDTH = 1000.0
MARKED = frozenset({"release", "deploy", "config", "scale", "restart", "crash", "onset"})
MOST_MARKS = 60


@require_safe
def charts_json(request: HttpRequest, pk: UUID) -> JsonResponse:
    """Everything that the charts of an incident draw; times in seconds since 1970."""
    incident = get_incident_for(request.user, pk)
    document = incident.analysis
    series = {key: value for key, value in (document.get("charts") or {}).items() if key != "lanes"}
    return JsonResponse(series | {"marks": marks(document), "gaps": gaps(document)})


def marks(document: Document) -> list[dict[str, Any]]:
    """Releases, restarts and the like, as lines on all charts."""
    entries = [entry for entry in document.get("timeline") or [] if entry["kind"] in MARKED and entry.get("utc")]
    return [
        {"at_s": datetime.fromisoformat(entry["utc"]).timestamp(), "kind": entry["kind"], "title": entry["title"]}
        for entry in entries[:MOST_MARKS]
    ]


def gaps(document: Document) -> list[list[float]]:
    """Stretches of which lines are missing."""
    found = [(gap.get("from_utc"), gap.get("to_utc")) for gap in document.get("gaps") or []]
    return [[datetime.fromisoformat(one).timestamp() for one in pair] for pair in found if all(pair)][:MOST_MARKS]


@dataclass(frozen=True, slots=True)
class Overview:
    """The charts in words and as a table: what they say without a picture."""

    summary: str
    rows: list[dict[str, Any]]
    columns: list[dict[str, Any]]
    has_latency: bool


def overview_of(document: Document) -> Overview | None:
    """None where the log has no requests."""
    series = document.get("charts") or {}
    requests = series.get("requests") or {}
    if not requests:
        return None
    steps, step_s = series["steps"], series["step_minutes"] * 60
    fold = -(-steps // MOST_ROWS)
    rows = []
    for at in range(0, steps, fold):
        row: dict[str, Any] = {"utc": _iso(series["start_s"] + at * step_s)}
        row |= {name: sum(values[at : at + fold]) for name, values in requests.items()}
        row["total"] = row["ok"] + row["refused"] + row["failed"]
        row["codes"] = [
            (code, number) for code, values in series["codes"].items() if (number := sum(values[at : at + fold]))
        ]
        p95 = [value for value in (series.get("latency") or {}).get("p95", [])[at : at + fold] if value is not None]
        row["p95_ms"] = max(p95, default=None)
        rows.append(row)
    return Overview(_in_words(rows), rows, _columns(rows), bool(series.get("latency")))


def _in_words(rows: list[dict[str, Any]]) -> str:
    worst = max(rows, key=lambda row: row["failed"])
    busiest = max(rows, key=lambda row: row["total"])
    if not worst["failed"]:
        return f"No request failed. The busiest stretch, from {worst_time(busiest)}, had {busiest['total']:,} requests."
    return (
        f"The worst stretch begins at {worst_time(worst)}: {worst['failed']:,} of {worst['total']:,} requests failed. "
        f"The busiest, from {worst_time(busiest)}, had {busiest['total']:,}."
    )


def worst_time(row: dict[str, Any]) -> str:
    return f"{row['utc'][11:16]} UTC"


def _columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bars of the picture without scripts: heights from 0 to 100."""
    top = max((row["total"] for row in rows), default=0) or 1
    width = WIDTH / max(1, len(rows))
    return [
        {
            "x": round(index * width, 2), "width": round(width * 0.86, 2),
            "total": round(row["total"] / top * 100, 2), "failed": round(row["failed"] / top * 100, 2),
            "y_total": round(100 - row["total"] / top * 100, 2), "y_failed": round(100 - row["failed"] / top * 100, 2),
        }
        for index, row in enumerate(rows)
    ]  # fmt: skip


def lanes_of(incident: Incident, summary: Summary) -> dict[str, Any] | None:
    """Swimlanes: per dyno the requests of the worst minutes, each in a row of its own while it lasts."""
    found = (summary.document.get("charts") or {}).get("lanes") or {}
    if not found.get("requests"):
        return None
    length = found["length_ms"]
    culprits = {f"{row['method']} {row['path']}" for row in summary.endpoints if row.get("role") == "culprit"}
    by_dyno: dict[str, list[dict[str, Any]]] = {}
    for request in found["requests"]:
        by_dyno.setdefault(request["dyno"], []).append(request)
    dynos = [_lane(name, requests, length, incident, culprits) for name, requests in sorted(by_dyno.items())]
    start_s = found["start_us"] / 1e6
    ticks = [
        {"x": round(at / length * WIDTH, 1), "utc": _iso(start_s + at / 1000)} for at in range(0, length + 1, 60_000)
    ]
    return {"dynos": dynos, "ticks": ticks, "workers": found["workers"], "left_out": found["left_out"],
            "start": _iso(start_s),
            "minutes": length // 60_000}  # fmt: skip


def _lane(
    name: str, requests: list[dict[str, Any]], length: int, incident: Incident, culprits: set[str]
) -> dict[str, Any]:
    free: list[int] = []  # when each row is free again
    bars = []
    hidden = 0
    for request in sorted(requests, key=lambda one: one["arrival_ms"]):
        slot = next((index for index, at in enumerate(free) if at <= request["arrival_ms"]), len(free))
        if slot >= MOST_SLOTS:
            hidden += 1
            continue
        free[slot : slot + 1] = [max(request["finish_ms"], request["end_ms"])]
        bars.append(_bar(request, slot, length, incident, culprits))
    return {"name": name, "bars": bars, "height": max(1, len(free)) * ROW_HEIGHT, "hidden": hidden}


def _bar(request: dict[str, Any], slot: int, length: int, incident: Incident, culprits: set[str]) -> dict[str, Any]:
    def x(ms: float) -> float:
        return round(min(max(ms, 0), length) / length * WIDTH, 2)

    arrival, start, end, finish = (x(request[f"{name}_ms"]) for name in ("arrival", "start", "end", "finish"))
    waited, took = max(0, request["start_ms"] - request["arrival_ms"]), request["end_ms"] - request["arrival_ms"]
    own_until = min(finish, end) if request["timed_out"] else finish
    words = [request["endpoint"], f"took {took / 1000:.1f} s"]
    if waited >= 100:
        words.append(f"waited {waited / 1000:.1f} s of it")
    if request["timed_out"]:
        words.append("H12")
    return {
        "y": slot * ROW_HEIGHT + 1, "wait_x": arrival, "wait_w": round(max(0.0, min(start, end) - arrival), 2),
        "own_x": start, "own_w": round(max(0.6, own_until - start), 2) if start < max(own_until, end) else 0,
        "tail_x": end, "tail_w": round(max(0.0, finish - max(end, start)), 2) if request["timed_out"] else 0,
        "edge_x": end if request["timed_out"] and 0 < end < WIDTH else None, "title": ", ".join(words),
        "is_culprit": request["endpoint"] in culprits,
        "href": reverse("incident-line", args=[incident.pk, request["source"], request["line"]]),
    }  # fmt: skip


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
