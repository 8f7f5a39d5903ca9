"""Charts in words, tables and plain SVG agree with the document; a window shows what its steps hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from incidents.models import Incident
from incidents.views.charts.dynos import rows_of
from incidents.views.charts.series import charts_of, gaps, marks, onset
from incidents.views.window import Window, parse_window
from tests.incidents import builders

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
START_S = int(START.timestamp())
LAST = START + timedelta(minutes=10)


@pytest.fixture
def client(alice: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(alice)


@pytest.fixture
def read_incident(incident: Incident) -> Incident:
    """An incident whose log has been read, with a slow endpoint in it."""
    builders.upload(incident, builders.log(400))
    builders.work()
    incident.refresh_from_db()
    return incident


def utc(minute: float) -> str:
    return (START + timedelta(minutes=minute)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def document(**changes: Any) -> dict[str, Any]:
    """Ten minutes of ten requests each; in minute 5 seven of them fail, and web.1 is over its quota."""
    dyno = {
        "name": "web.1", "quota_mb": 512, "measured": True, "at_s": [START_S + 60 * minute for minute in range(10)],
        "memory_mb": [400.0, 410.0, 420.0, None, 500.0, 600.0, 590.0, 500.0, 480.0, 470.0],
        "load_1m": [0.5] * 10, "codes": {"R14": [START_S + 300]},
    }  # fmt: skip
    failed = [0] * 5 + [7] + [0] * 4
    series = {
        "start_s": START_S, "step_s": 60, "steps": 10,
        "requests": {"ok": [10 - bad for bad in failed], "refused": [0] * 10, "failed": failed},
        "codes": {"H12": failed}, "latency": {name: [100] * 5 + [30_000] + [100] * 4 for name in ("p50", "p95", "p99")},
        "waits": {}, "dynos": [dyno], "lanes": {},
    }  # fmt: skip
    found = {"charts": series, "window": {"first_utc": utc(0), "last_utc": utc(10)}, "timeline": [], "gaps": []}
    return found | changes


def window(low: str = "", high: str = "") -> Window:
    return parse_window(low, high, START, LAST)


def test_the_worst_stretch_is_told_in_words() -> None:
    found = charts_of(document(), window())
    assert found is not None
    summaries = {strip.name: strip.summary for strip in found.first + found.more}
    assert summaries["requests"].startswith("The worst stretch begins at 09:05 UTC: 7 of 10 requests failed.")
    assert summaries["latency"] == "The slowest stretch begins at 09:05 UTC: 5 of 100 requests took more than 30.0 s."
    assert summaries["memory"] == "Highest on web.1 at 09:05 UTC: 600 MB, 117% of its quota of 512 MB."


def test_memory_over_quota_is_shown_at_once_and_load_on_demand() -> None:
    found = charts_of(document(), window())
    assert found is not None
    assert [strip.name for strip in found.first] == ["requests", "latency", "memory"]
    assert [strip.name for strip in found.more] == ["load"]


def test_a_window_narrows_words_and_tables() -> None:
    found = charts_of(document(), window("09:01", "09:04"))
    assert found is not None
    assert [row["utc"][11:16] for row in found.rows] == ["09:01", "09:02", "09:03"]
    assert found.codes == []
    memory = next(strip for strip in found.first if strip.name == "memory")
    assert "500 MB" in memory.summary
    assert {cell for row in memory.rows for cell in row["cells"]} == {"410 MB", "420 MB", "500 MB"}


def test_pictures_break_lines_and_stack_bars_within_their_frame() -> None:
    found = charts_of(
        document(gaps=[{"from_utc": utc(2), "to_utc": utc(3), "lost_lines": 500, "reason": "L10"}]), window()
    )
    assert found is not None
    pictures = {strip.name: strip.picture for strip in found.first + found.more}
    assert pictures["memory"].lines[0]["d"].count("M") == 2
    assert len(pictures["requests"].bars) == 11
    assert all(bar["y"] >= 0 and bar["y"] + bar["height"] <= 100.2 for bar in pictures["requests"].bars)
    assert pictures["requests"].gaps == [{"x": 200.0, "width": 100.0}]
    assert pictures["latency"].levels == sorted(pictures["latency"].levels, reverse=True)


def test_gaps_say_what_was_lost() -> None:
    found = gaps({"gaps": [{"from_utc": None, "to_utc": utc(3), "lost_lines": 500, "reason": "L10"}]})
    assert found == [{"from_s": START_S + 180, "to_s": START_S + 180, "title": "L10: 500 lines lost"}]


def test_marks_and_the_onset_stand_where_the_document_has_them() -> None:
    release = {"utc": utc(1), "kind": "release", "title": "v2", "line": 0}
    note = {"utc": utc(2), "kind": "note", "title": "The log begins", "line": 0}
    found = document(timeline=[release, note], onset={"utc": utc(5), "low_utc": None, "high_utc": utc(6)})
    assert [(mark["kind"], mark["at_s"]) for mark in marks(found)] == [("release", START_S + 60)]
    assert onset(found) == {"at_s": START_S + 300, "low_s": START_S + 300, "high_s": START_S + 360}


@pytest.mark.parametrize("found", [{}, {"charts": {}}, {"charts": {"start_s": None, "step_s": 60, "steps": 0}}])
def test_a_log_without_series_has_no_charts(found: dict[str, Any]) -> None:
    assert charts_of(found, window()) is None


def dyno(**changes: Any) -> dict[str, Any]:
    return {
        "name": "web.1", "memory_max_mb": 400, "memory_quota_mb": 512, "memory_shape": "leak", "crashes": 0, "restarts": 0,
        "memory_slope_mb_per_hour": 100.0, "hours_to_quota": [1.0, 1.4], "load_max": 1.0, "r14": 0, "r15": 0,
    } | changes  # fmt: skip


def grown(values: list[float | None]) -> dict[str, Any]:
    found = document(dynos=[dyno()])
    found["charts"]["dynos"][0]["memory_mb"] = values
    return rows_of(found)[0]


def test_a_growing_dyno_has_a_forecast() -> None:
    row = grown([300.0, 400.0])
    assert row["hours_to_quota"] == [1.0, 1.4]
    assert row["hours_to_kill"] == pytest.approx((1024 - 400) / 100)


def test_a_dyno_that_began_anew_has_none() -> None:
    row = grown([300.0, 400.0, None, 120.0])
    assert not row["is_growing"]
    assert row["hours_to_quota"] is None


def test_dynos_come_in_the_order_of_their_numbers() -> None:
    names = ["worker.1", "web.10", "web.2"]
    assert [row["name"] for row in rows_of({"dynos": [dyno(name=name) for name in names]})] == [
        "web.2",
        "web.10",
        "worker.1",
    ]


@pytest.mark.django_db
def test_a_window_of_the_overview_counts_its_minutes(client: Client, read_incident: Incident) -> None:
    first, last = (datetime.fromisoformat(read_incident.analysis["window"][f"{end}_utc"]) for end in ("first", "last"))
    middle = (first + (last - first) / 2).replace(second=0)
    page = client.get(f"{read_incident.get_absolute_url()}?from={middle:%H:%M}")
    figures = page.context["in_window"]
    assert 0 < figures.requests <= sum(row["count"] + row["unreached"] for row in read_incident.analysis["endpoints"])
    assert "about the whole incident" in page.content.decode()
    assert f"/endpoints/?from={middle:%H:%M}" in page.content.decode()
    assert sum(row["count"] + row["unreached"] for row in figures.endpoints) == figures.requests


@pytest.mark.django_db
def test_bars_of_the_lanes_know_their_request(client: Client, read_incident: Incident) -> None:
    lanes = client.get(reverse("incident-dynos", args=[read_incident.pk])).context["lanes"]
    bars = [bar for dyno in lanes["dynos"] for bar in dyno["bars"]]
    lines = dict(enumerate(builders.log(400).decode().splitlines(), start=1))
    assert bars
    for bar in bars:
        assert f'path="{bar["name"].partition(" ")[2]}"' in lines[bar["line"]]
        assert f"request_id={bar['request_id']}" in lines[bar["line"]]


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["detail", "dynos"])
def test_a_wrong_window_is_named_on_the_page(client: Client, read_incident: Incident, part: str) -> None:
    page = client.get(reverse(f"incident-{part}", args=[read_incident.pk]), {"from": "<b>soon</b>"})
    assert page.status_code == 200
    assert "is no time" in page.content.decode()
    assert "<b>soon" not in page.content.decode()
