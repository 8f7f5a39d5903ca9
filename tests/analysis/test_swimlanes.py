"""Swimlanes tell who waited for whom, agree with the log, and stay bounded however busy it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from incidents.analysis import swimlanes
from incidents.analysis.swimlanes import COLUMNS, LANE_SECONDS, TIMED_OUT
from tests.analysis.test_charts import charts_of, request
from tests.simulator import Endpoint, Scenario, simulate, write_log

SLOW = Endpoint("/export", 0.06, 400, slow_ms=35_000, slow_from_s=120)
SCENARIO = Scenario(endpoints=(Endpoint("/", 1.0, 60), SLOW), seed=3, rate=4, seconds=600)


def lanes_of(scenario: Scenario = SCENARIO) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    found = charts_of(write_log(scenario, simulate(scenario)))["lanes"]
    return found, [dict(zip(COLUMNS, row, strict=True)) for row in found["rows"]]


def test_requests_wait_then_are_worked_on() -> None:
    found, rows = lanes_of()
    assert all(row["arrival_ms"] <= row["start_ms"] <= row["finish_ms"] for row in rows)
    assert [row["arrival_ms"] for row in rows] == sorted(row["arrival_ms"] for row in rows)
    assert any(row["start_ms"] - row["arrival_ms"] > 5_000 for row in rows)
    assert {found["dynos"][row["dyno"]] for row in rows} == {"web.1", "web.2", "web.3"}
    assert found["end_ms"] == max(row["finish_ms"] for row in rows)


def test_cut_requests_were_answered_after_thirty_seconds() -> None:
    _, rows = lanes_of()
    cut = [row for row in rows if row["flags"] & TIMED_OUT]
    assert cut
    assert all(abs(row["end_ms"] - row["arrival_ms"] - 30_000) < 50 for row in cut)


def test_a_worker_has_one_request_at_a_time() -> None:
    found, rows = lanes_of()
    taken: dict[tuple[int, int], int] = {}
    wrong = 0
    for row in sorted(rows, key=lambda row: row["start_ms"]):
        slot = (row["dyno"], row["worker"])
        wrong += row["start_ms"] < taken.get(slot, 0) - 1_000  # ends that nobody saw are estimates
        taken[slot] = row["finish_ms"]
    assert {row["worker"] for row in rows} == set(range(found["workers"]))
    assert wrong <= 0.02 * len(rows)


def test_the_worst_stretch_is_where_requests_suffered() -> None:
    found, rows = lanes_of()

    def harm(low: float) -> float:
        inside = [row for row in rows if low <= row["end_ms"] <= low + LANE_SECONDS * 1000]
        return sum(min(row["start_ms"], row["end_ms"]) - row["arrival_ms"] for row in inside)

    assert harm(found["worst_ms"]) >= 0.9 * max(harm(low) for low in range(0, found["end_ms"], 5_000))


def test_kept_lines_tell_their_request() -> None:
    found, rows = lanes_of()
    place, (path, request_id) = next(iter(found["details"].items()))
    assert path.startswith("/")
    assert request_id
    assert rows[int(place)]["line"] > 0


def test_busy_minutes_keep_their_longest_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swimlanes, "MOST_IN_A_MINUTE", 20)
    monkeypatch.setattr(swimlanes, "MOST_ROWS", 90)
    whole = len(write_log(SCENARIO, simulate(SCENARIO)).splitlines())
    found, rows = lanes_of()
    assert len(rows) <= 90
    assert sum(count for _, count, _ in found["left_out"]) + len(rows) <= whole
    minute, _, longest = next(one for one in found["left_out"] if one[0] >= 0)
    drawn = [row for row in rows if minute <= row["arrival_ms"] < minute + 60_000]
    assert all(max(row["finish_ms"], row["end_ms"]) - row["arrival_ms"] >= longest - 1 for row in drawn)
    assert len(json.dumps(found)) < 20_000


def test_a_calm_log_has_no_lanes() -> None:
    assert charts_of("\n".join(request(second) for second in range(300)))["lanes"] == {}
