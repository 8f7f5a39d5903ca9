"""Swimlanes of the dynos page: per dyno a row per worker and, below, the queue of those who waited.

Coordinates are those of an SVG 1000 wide, stretched to its place. Times are ms after the lanes' start.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from incidents.analysis.swimlanes import LANE_SECONDS, request_in
from incidents.digest.lines import read_lines
from incidents.models import Incident
from incidents.views.charts.bars import MOST_WORKERS, WAITED_MS, WIDTH, Request, Scale, holders, requests_of, seconds
from incidents.views.summary import Summary
from incidents.views.window import Window, parse_window

LONGEST_S = 600
"""A longer window of the page is shown by its worst minutes: bars would be thinner than a line."""
MOST_BARS = 600
MOST_DYNOS = 16
TOLD_MS = 1_000
"""A shorter wait is drawn, but no row of the table."""
MOST_ROWS = 20
MOST_HOLDERS = 8
MOST_LINES_READ = 4_000
"""Between the first and the last drawn request: more are not read, and the bars are called by their endpoints."""
TICKS_S = (10, 30, 60, 120)
STRIP_PARTS = 60


def lanes_of(request: HttpRequest, incident: Incident, summary: Summary, window: Window) -> dict[str, Any] | None:
    """What the template draws; None where the log does not show who waited. ``?lane=09:12:30`` begins there."""
    found = (summary.document.get("charts") or {}).get("lanes") or {}
    if not found.get("rows"):
        return None
    zero_s = found["start_us"] / 1e6
    low, length, problem = _stretch(request, found, window, zero_s)
    every = requests_of(found)
    culprits = {f"{row['method']} {row['path']}" for row in summary.endpoints if row.get("role") == "culprit"}
    shown = [one for one in every if one.arrival_ms < low + length and max(one.finish_ms, one.end_ms) > low]
    _blame(shown)
    drawn = _fitting(shown)
    _name(drawn, incident)
    lines = _line_address(incident)
    dynos, hidden_dynos = _dynos(drawn, found, low, length, lines, culprits)
    not_kept = sum(count for at, count, _ in found["left_out"] if at + 60_000 > low and at < low + length)
    waited = sorted((one for one in shown if one.waited_ms >= TOLD_MS), key=lambda one: (-one.waited_ms, one.number))
    tick_s = next((tick for tick in TICKS_S if length / 1000 / tick <= 8), TICKS_S[-1])
    return {
        "dynos": dynos, "hidden_dynos": hidden_dynos, "unqueued": sum(dyno["hidden"] for dyno in dynos),
        "workers": found["workers"], "workers_known": found["workers_from"] == "boot line", "problem": problem,
        "start": iso(zero_s + low / 1000), "end": iso(zero_s + (low + length) / 1000), "length_s": length / 1000,
        "ticks": [
            {"x": round(at / length * WIDTH, 1), "utc": iso(zero_s + (low + at) / 1000)}
            for at in range(0, int(length) + 1, tick_s * 1000)
        ],
        "rows": [_row(one, lines, culprits, zero_s) for one in waited[:MOST_ROWS]], "waited": len(waited),
        "left_out": not_kept + len(shown) - len(drawn), "summary": _in_words(shown, waited),
        "strip": _strip(every, found, zero_s, low, length, window), "is_worst": abs(low - found["worst_ms"]) < 1_000,
        "links": _links(found, window, zero_s, low, length),
        "field": f"{datetime.fromtimestamp(zero_s + low / 1000, UTC):%H:%M:%S}",
    }  # fmt: skip


def _stretch(request: HttpRequest, found: dict[str, Any], window: Window, zero_s: float) -> tuple[float, float, str]:
    """From where, for how long (in ms), and what was wrong with the wish."""
    length, worst = LANE_SECONDS * 1000.0, float(found["worst_ms"])
    wish = parse_window(request.GET.get("lane", ""), "", window.first_at, window.last_at)
    if wish.start_at and not wish.problem:
        return (wish.start_at.timestamp() - zero_s) * 1000, length, ""
    problem = wish.problem
    if not window.is_whole and window.low_s is not None and window.seconds:
        low = (window.low_s - zero_s) * 1000
        if window.seconds <= LONGEST_S:
            return low, max(1_000.0, window.seconds * 1000), problem
        return min(max(worst, low), low + window.seconds * 1000 - length), length, problem
    return worst, length, problem


def _blame(shown: list[Request]) -> None:
    """Give each request that waited those that held the workers meanwhile, the longest overlap first."""
    by_dyno: dict[str, list[Request]] = defaultdict(list)
    for one in shown:
        if one.own_ms >= WAITED_MS:
            by_dyno[one.dyno].append(one)
    for one in shown:
        if one.waited_ms < TOLD_MS:
            continue
        begin, until = one.arrival_ms, one.arrival_ms + one.waited_ms
        overlaps = [
            (min(other.finish_ms, until) - max(other.start_ms, begin), -other.number, other)
            for other in by_dyno[one.dyno]
            if other.start_ms < until and other.finish_ms > begin and other is not one
        ]
        longest = heapq.nlargest(MOST_HOLDERS, overlaps)
        one.behind = [(overlap, other) for overlap, _, other in longest if overlap >= WAITED_MS]


def _name(drawn: list[Request], incident: Incident) -> None:
    """Give requests the path and id that stand in their lines, where these lie close enough together to be read."""
    by_source: dict[int, dict[int, Request]] = defaultdict(dict)
    for one in drawn:
        if not one.path:
            by_source[one.source][one.line] = one
    for source, nameless in by_source.items():
        first, last = min(nameless), max(nameless)
        if last - first > MOST_LINES_READ:
            continue
        for line in read_lines(incident, source, first, last):
            if line.number in nameless:
                nameless[line.number].path, nameless[line.number].request_id = request_in(line.text)


def _fitting(shown: list[Request]) -> list[Request]:
    """The longest `MOST_BARS`: what is left out would be the thinnest."""
    longest = sorted(shown, key=lambda one: (one.arrival_ms - max(one.finish_ms, one.end_ms), one.number))[:MOST_BARS]
    return sorted(longest, key=lambda one: one.number)


def _dynos(
    drawn: list[Request], found: dict[str, Any], low: float, length: float, lines: str, culprits: set[str]
) -> tuple[list[dict[str, Any]], int]:
    by_dyno: dict[str, list[Request]] = defaultdict(list)
    for one in drawn:
        by_dyno[one.dyno].append(one)
    worst = sorted(by_dyno, key=lambda name: (-sum(one.waited_ms for one in by_dyno[name]), name))[:MOST_DYNOS]
    lanes = []
    for name in sorted(worst, key=natural):
        scale = Scale(low, length, min(found["workers"], MOST_WORKERS))
        bars = [scale.bar(one, f"{lines}{one.source}.{one.line}/", one.endpoint in culprits) for one in by_dyno[name]]
        lanes.append({
            "name": name, "bars": bars, "height": scale.height, "rules": scale.rules, "queue_y": scale.queue_y,
            "workers": scale.workers, "hidden": scale.hidden, "queued": len(scale.free),
        })  # fmt: skip
    return lanes, len(by_dyno) - len(lanes)


def _row(one: Request, lines: str, culprits: set[str], zero_s: float) -> dict[str, Any]:
    return {
        "one": one, "utc": iso(zero_s + one.arrival_ms / 1000), "is_culprit": one.endpoint in culprits,
        "behind": holders(one) if one.behind else "", "never_started": one.timed_out and one.start_ms >= one.end_ms,
        "href": f"{lines}{one.source}.{one.line}/",
    }  # fmt: skip


def _line_address(incident: Incident) -> str:
    """What stands before ``<source>.<line>/`` in the address of a line; reversed once, not for every bar."""
    return reverse("incident-line", args=[incident.pk, 0, 1]).removesuffix("0.1/")


def _in_words(shown: list[Request], waited: list[Request]) -> str:
    if not shown:
        return "No request is known of this stretch."
    if not waited:
        return f"None of {len(shown):,} requests waited for a second or longer."
    total = sum(one.waited_ms for one in waited)
    cut = [one for one in shown if one.timed_out]
    never = sum(one.start_ms >= one.end_ms for one in cut)
    held: dict[str, int] = {}
    for one in waited:
        for overlap_ms, other in one.behind:
            held[other.endpoint] = held.get(other.endpoint, 0) + overlap_ms
    said = f"{_count(len(waited), 'request')} waited behind others for {seconds(total)} in all."
    if cut:
        said += f" {_count(len(cut), 'request')} {'was' if len(cut) == 1 else 'were'} cut off at 30 s"
        said += f", {never:,} of them before any worker had taken them." if never else "."
    if held:
        most = max(held, key=lambda name: (held[name], name))
        said += f" For {held[most] / sum(held.values()):.0%} of the waiting, {most} held the workers."
    return said


def _strip(
    every: list[Request], found: dict[str, Any], zero_s: float, low: float, length: float, window: Window
) -> dict[str, Any]:
    """The whole replayed stretch in parts, each with the waiting of its requests: where to look next."""
    end = max(1.0, float(found["end_ms"]))
    part_ms = max(end / STRIP_PARTS, 1_000.0)
    sums: dict[int, float] = defaultdict(float)
    for one in every:
        sums[int(one.arrival_ms // part_ms)] += one.waited_ms + 10 + 30_000 * one.timed_out
    top = max(sums.values(), default=1.0)
    width = WIDTH * part_ms / end
    bars = []
    for place, value in sorted(sums.items()):
        height = max(2.0, value / top * 100)
        at_s = zero_s + place * part_ms / 1000
        bars.append({
            "x": round(place * width, 1), "width": round(width * 0.86, 1), "y": round(100 - height, 1),
            "height": round(height, 1), "utc": iso(at_s), "query": _query(window, at_s),
        })  # fmt: skip
    left, right = (min(max(at / end, 0.0), 1.0) * WIDTH for at in (low, low + length))
    return {"bars": bars, "x": round(left, 1), "width": round(max(right - left, 2.0), 1)}


def _links(found: dict[str, Any], window: Window, zero_s: float, low: float, length: float) -> dict[str, str]:
    """Query strings that lead to the stretch before, behind, and to the worst one. Empty where nothing is there."""

    def at(ms: float) -> str:
        return _query(window, zero_s + ms / 1000)

    return {
        "previous": at(max(low - length, -1_000.0)) if low > 0 else "",
        "next": at(low + length) if low + length < found["end_ms"] else "",
        "worst": _query(window, None),
    }


def _query(window: Window, at_s: float | None) -> str:
    """The page's window, and where the lanes begin."""
    if at_s is None:
        return urlencode(window.fields, safe=":")
    moment = datetime.fromtimestamp(at_s, UTC)
    text = f"{moment:%H:%M:%S}" if window.is_one_day else f"{moment:%Y-%m-%dT%H:%M:%S}Z"
    return urlencode(window.fields | {"lane": text}, safe=":")


def natural(name: str) -> tuple[str, int, str]:
    """web.2 before web.10."""
    kind, _, number = name.partition(".")
    return kind, int(number) if number.isdecimal() else 0, name


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="microseconds")
