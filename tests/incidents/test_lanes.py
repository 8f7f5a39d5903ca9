"""Swimlanes: every bar stands where its request was, in the row of its worker or in the queue, and stays in the frame."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.analysis.swimlanes import TIMED_OUT
from incidents.models import Incident
from incidents.views.charts.bars import GAP, WORKER_HEIGHT, Request, Scale, words
from incidents.views.charts.swimlanes import MOST_BARS, lanes_of
from incidents.views.summary import Summary
from incidents.views.window import parse_window

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
LAST = START + timedelta(minutes=20)
SLOW, QUICK = "GET /export", "GET /"


def request(arrival: int, start: int, end: int, finish: int, *, worker: int = 0, timed_out: bool = False) -> Request:
    return Request(1, "web.1", QUICK, worker, arrival, start, end, finish, timed_out, False, 0, 7, "", "")


def shapes(one: Request, length: int = 100_000) -> dict[str, dict[str, Any]]:
    bar = Scale(0, length, 2).bar(one, "/l/", is_culprit=False)
    return {shape["kind"]: shape for shape in bar["shapes"]}


def test_waiting_stands_in_the_queue_and_work_in_the_row_of_its_worker() -> None:
    found = shapes(request(10_000, 30_000, 40_000, 40_000, worker=1))
    assert (found["wait"]["x"], found["wait"]["width"]) == (100, 200)
    assert (found["own"]["x"], found["own"]["width"]) == (300, 100)
    assert found["own"]["y"] == GAP + WORKER_HEIGHT + GAP
    assert found["wait"]["y"] >= 2 * (WORKER_HEIGHT + GAP)
    assert found.keys() == {"wait", "own"}


def test_work_after_the_cut_is_a_tail_behind_a_red_edge() -> None:
    found = shapes(request(0, 0, 30_000, 50_000, timed_out=True))
    assert (found["own"]["width"], found["tail"]["x"], found["tail"]["width"]) == (300, 300, 200)
    assert found["edge"]["x"] == 299


def test_a_request_cut_in_the_queue_is_nobodys_work() -> None:
    one = request(0, 35_000, 30_000, 36_000, timed_out=True)
    found = shapes(one)
    assert (found["wait"]["width"], found["edge"]["x"], found["tail"]["x"]) == (300, 299, 350)
    assert "own" not in found
    assert "before any worker had taken it" in ", ".join(words(one))


TIMES = st.lists(st.integers(-60_000, 400_000), min_size=4, max_size=4).map(sorted)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TIMES, st.booleans(), st.integers(0, 20))
def test_no_bar_leaves_its_frame(times: list[int], timed_out: bool, worker: int) -> None:
    arrival, start, end, finish = times
    if timed_out and worker % 2:
        start, end = end, start
    scale = Scale(0, 120_000, 3)
    for shape in scale.bar(request(arrival, start, end, finish, worker=worker, timed_out=timed_out), "/", False)[
        "shapes"
    ]:
        assert 0 <= shape["x"] <= 1000
        assert shape["x"] + shape["width"] <= 1002.5
        assert 0 <= shape["y"] <= scale.height


def document(rows: list[list[int]], **changes: Any) -> Summary:
    lanes = {
        "start_us": int(START.timestamp() * 1e6), "end_ms": max(row[6] for row in rows), "worst_ms": 60_000, "workers": 1,
        "workers_from": "boot line", "dynos": ["web.1", "web.2"], "endpoints": [SLOW, QUICK], "rows": rows,
        "details": {str(place): [f"/{place}", ""] for place in range(len(rows))} | {"0": ["/export?year=2025", "0000-1111"]},
        "left_out": [],
    }  # fmt: skip
    endpoints = [{"method": "GET", "path": "/export", "role": "culprit"}]
    return Summary({"charts": {"lanes": lanes | changes}, "endpoints": endpoints})


def lanes(summary: Summary, query: str = "", low: str = "", high: str = "") -> dict[str, Any]:
    found = lanes_of(RequestFactory().get(f"/?{query}"), Incident(), summary, parse_window(low, high, START, LAST))
    assert found is not None
    return found


# dyno, endpoint, worker, arrival, start, end, finish, flags, source, line
CULPRIT = [0, 0, 0, 61_000, 61_000, 91_000, 101_000, TIMED_OUT, 0, 10]
VICTIM = [0, 1, 0, 71_000, 101_000, 101_100, 101_100, 0, 0, 11]


def test_a_request_names_those_it_waited_for() -> None:
    found = lanes(document([CULPRIT, VICTIM]))
    held, waited = found["dynos"][0]["bars"]
    assert waited["behind"] == str(held["number"])
    assert "waited 30.0 s behind GET /export" in waited["title"]
    assert held["title"].startswith("GET /export?year=2025, own work 40.0 s, cut off at 30 s (H12)")
    assert held["is_culprit"]
    assert "request 0000-1111" in held["title"]
    assert found["summary"] == (
        "1 request waited behind others for 30.0 s in all. 1 request was cut off at 30 s. "
        "For 100% of the waiting, GET /export held the workers."
    )
    assert [row["one"].line for row in found["rows"]] == [11]


def test_requests_of_another_dyno_hold_nobody_up() -> None:
    found = lanes(document([[1, *CULPRIT[1:]], VICTIM]))
    assert all(not bar["behind"] for dyno in found["dynos"] for bar in dyno["bars"])


def test_lanes_begin_at_the_worst_the_window_or_the_wish() -> None:
    summary = document([CULPRIT, VICTIM])
    assert lanes(summary)["start"].startswith("2026-03-14T09:01:00")
    assert lanes(summary, low="09:00:30", high="09:02")["start"].startswith("2026-03-14T09:00:30")
    assert lanes(summary, low="09:00:30", high="09:02")["length_s"] == 90
    assert lanes(summary, low="09:00", high="09:19")["length_s"] == 120
    wished = lanes(summary, "lane=09:00:10")
    assert wished["start"].startswith("2026-03-14T09:00:10")
    assert wished["links"]["next"] == "lane=09:02:10" or wished["links"]["next"] == ""
    assert "is no time" in lanes(summary, "lane=never")["problem"]


def test_a_busy_stretch_draws_the_longest_and_counts_the_rest() -> None:
    rows = [
        [0, 1, 0, at, at, at + 50 + at % 7, at + 50 + at % 7, 0, 0, at] for at in range(60_000, 60_000 + 2 * MOST_BARS)
    ]
    found = lanes(document(rows, left_out=[[60_000, 40, 30]]))
    assert sum(len(dyno["bars"]) for dyno in found["dynos"]) == MOST_BARS
    assert found["left_out"] == MOST_BARS + 40
    assert found["summary"] == f"None of {2 * MOST_BARS:,} requests waited for a second or longer."


def test_a_calm_log_has_no_lanes() -> None:
    summary = Summary({"charts": {"lanes": {}}})
    assert lanes_of(RequestFactory().get("/"), Incident(), summary, parse_window("", "", START, LAST)) is None
