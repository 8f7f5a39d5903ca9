"""What the log can be narrowed by, with counts: from the stored document, never by looking at the lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import zip_longest
from typing import Any, NamedTuple

from incidents.analysis.utc import iso, to_us
from incidents.models import LogSource
from incidents.search import Known, Query
from incidents.search.fields import FIELDS
from incidents.templatetags.triage import parse_time
from incidents.views.summary import Document, Summary

SHOWN = 8
MOST_VALUES = 40
MARKED = frozenset({"release", "deploy", "config", "scale", "restart", "crash", "onset"})
MOST_MARKS = 2_000
_RELEASE = re.compile(r"\bv\d{1,7}\b")
_NOT_DYNOS = frozenset({"router", "api", "logplex"})


class Value(NamedTuple):
    """One value of a facet, and the queries that include or exclude it (or no longer do)."""

    label: str
    lines: int | None
    include: str
    exclude: str
    is_in: bool
    is_out: bool


class Facet(NamedTuple):
    """The first values stand open, the others behind a click."""

    title: str
    name: str
    values: list[Value]

    @property
    def first(self) -> list[Value]:
        return self.values[:SHOWN]

    @property
    def others(self) -> list[Value]:
        return self.values[SHOWN:]


Counted = tuple[str, str, int | None]
"""A value as the query names it, as people read it, and how many lines have it."""


def known_of(summary: Summary, sources: Iterable[LogSource]) -> Known:
    """What a query may refer to in this incident."""
    first_at, last_at = summary.window
    proofs: dict[str, list[tuple[int, int]]] = {}
    for finding in summary.findings:
        lines = [(proof.get("source", 0), proof["line"]) for proof in finding.get("evidence") or [] if proof["line"]]
        proofs.setdefault(finding["slug"], []).extend(lines)
    files = {source.position: source.name for source in sources if source.position is not None}
    return Known(first_at, last_at, _releases(summary.timeline), proofs, files)


def _releases(timeline: list[Document]) -> dict[str, tuple[datetime | None, datetime | None]]:
    """When each release was live: up to the next one."""
    seen: dict[str, datetime] = {}
    for entry in timeline:
        name, at = _RELEASE.search(entry["title"]), parse_time(entry.get("utc"))
        if entry["kind"] in ("release", "deploy") and name and at:
            seen.setdefault(name[0], at)
    ordered = sorted(seen.items(), key=lambda item: item[1])
    ends = [at for _, at in ordered[1:]]
    return {name: (at, end) for (name, at), end in zip_longest(ordered, ends)}


def values_of(summary: Summary, known: Known, sources: list[LogSource]) -> dict[str, list[Counted]]:
    """Values by the name of their field, the most frequent first."""
    counted = summary.document.get("facets") or {}
    processes, origins = Counter[str](), Counter[str]()
    for writer, count in (counted.get("writers") or {}).items():
        origin, _, process = writer.partition("[")
        origins[origin] += count
        processes[process.rstrip("]")] += count
    strip = counted.get("strip") or {}
    named = {
        "level": {"error": sum(strip.get("bad") or [])} if strip else {},
        "code": {code: entry["count"] for code, entry in summary.codes},
        "status": counted.get("statuses") or {},
        "dyno": {name: count for name, count in processes.items() if name},
        "source": origins,
        "kind": counted.get("kinds") or {},
        "endpoint": {f"{row['method']} {row['path']}": row["count"] + row.get("unreached", 0)
                     for row in summary.endpoints},
        "method": counted.get("methods") or {},
        "exception": counted.get("exceptions") or {},
    }  # fmt: skip
    found: dict[str, list[Counted]] = {
        name: [(value, value, count) for value, count in Counter(counts).most_common(MOST_VALUES) if count]
        for name, counts in named.items()
    }
    found["status"].sort()
    found["finding"] = [
        (slug, next(one["title"] for one in summary.findings if one["slug"] == slug), len(set(lines)) or None)
        for slug, lines in known.proofs.items()
    ]
    found["release"] = [(name, name, None) for name in list(known.releases)[-MOST_VALUES:]]
    if len(sources) > 1:
        found["file"] = [(str((one.position or 0) + 1), one.name, one.lines or None) for one in sources][:MOST_VALUES]
    return found


TITLES = {
    "file": "File", "level": "Level", "code": "Code", "finding": "Finding", "exception": "Exception",
    "status": "Status", "dyno": "Dyno or process", "endpoint": "Endpoint", "method": "Method", "kind": "Kind",
    "source": "Source", "release": "Release",
}  # fmt: skip


def facets(values: dict[str, list[Counted]], query: Query) -> list[Facet]:
    """Facets with the queries that each value leads to."""
    found = []
    for name, title in TITLES.items():
        shown = [
            Value(
                label, count, query.toggled(name, value), query.toggled(name, value, negated=True),
                query.has(name, value), query.has(name, value, negated=True),
            )
            for value, label, count in values.get(name) or []
        ]  # fmt: skip
        if len(shown) > 1 or (name in ("level", "code", "finding", "exception", "release") and shown):
            found.append(Facet(title, name, shown))
    return found


def completions(values: dict[str, list[Counted]]) -> dict[str, Any]:
    """The fields of the query language and the values that this incident has, for the browser."""
    return {
        "fields": [
            {
                "name": kind.name, "means": kind.means, "example": kind.example, "aliases": kind.aliases,
                "values": [
                    {"value": value, "label": "" if label == value else label, "count": count}
                    for value, label, count in values.get(kind.values or "") or []
                ],
            }
            for kind in FIELDS
        ]
    }  # fmt: skip


# -- time -------------------------------------------------------------------------------------------------------------
def marks(document: Document) -> list[dict[str, Any]]:
    """What happened between the lines: releases, restarts, the onset, lines that were lost. In order."""
    found = []
    for entry in (document.get("timeline") or [])[:MOST_MARKS]:
        at = parse_time(entry.get("utc"))
        if at and entry["kind"] in MARKED:
            found.append({"at_us": to_us(at), "at": at, "kind": entry["kind"], "title": entry["title"]})
    for gap in (document.get("gaps") or [])[:MOST_MARKS]:
        at = parse_time(gap.get("from_utc")) or parse_time(gap.get("to_utc"))
        if at:
            lost = gap.get("lost_lines")
            title = f"{lost:,} lines lost" if lost else "lines lost"
            found.append(
                {"at_us": to_us(at), "at": at, "kind": "gap", "title": f"{title} ({gap.get('reason') or 'gap'})"}
            )
    return sorted(found, key=lambda mark: mark["at_us"])


def histogram(document: Document, shown_us: tuple[int, int] | None) -> dict[str, Any] | None:
    """The strip above the lines: lines and bad lines per step, as heights from 0 to 100; None without times.

    ``shown_us``: first and last time of the lines on the page.
    """
    strip = (document.get("facets") or {}).get("strip")
    if not strip or len(strip["lines"]) < 2:
        return None
    size, top = len(strip["lines"]), max(strip["lines"])
    bars = []
    for at, (lines, bad) in enumerate(zip(strip["lines"], strip["bad"], strict=True)):
        if not lines:
            continue
        start_s = strip["start_s"] + at * strip["step_s"]
        height = round(max(lines / top * 100, 2), 2)
        red = round(max(bad / top * 100, 4), 2) if bad else 0
        bars.append({
            "x": round(at * 1000 / size, 2), "height": height, "y": round(100 - height, 2), "bad_height": red,
            "bad_y": round(100 - red, 2), "lines": lines, "bad": bad, "at": _moment(start_s),
            "start": f"{start_s * 1_000_000}.-1.0",
        })  # fmt: skip
    window = None
    if shown_us and size:
        scale = 1000 / (size * strip["step_s"])
        low, high = ((at / 1e6 - strip["start_s"]) * scale for at in shown_us)
        window = {"x": round(max(0.0, min(low, 998)), 2), "width": round(max(2.0, min(high, 1000) - max(0.0, low)), 2)}
    return {
        "bars": bars, "width": round(1000 / size * 0.9, 2), "window": window, "step_s": strip["step_s"],
        "first": _moment(strip["start_s"]), "last": _moment(strip["start_s"] + size * strip["step_s"]),
        "lines": sum(strip["lines"]), "bad": sum(strip["bad"]),
    }  # fmt: skip


def _moment(seconds: int) -> datetime | None:
    return parse_time(iso(seconds * 1_000_000))
