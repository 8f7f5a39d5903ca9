"""Series for charts agree with the log, stay small, and claim nothing that the log does not say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from incidents import analysis
from incidents.analysis.charts import MOST_STEPS

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


def facts_of(text: str) -> analysis.Facts:
    data = text.encode()
    settings = analysis.inspect(data, name="app.log", received_at=START)
    chunks = [
        analysis.scan_chunk(cut.data, settings, first_line=cut.first_line) for cut in analysis.cut([data], settings)
    ]
    return analysis.merge([analysis.SourceInput("app.log", settings, chunks)])


def charts_of(text: str) -> dict[str, Any]:
    found = analysis.charts(facts_of(text))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found


def request(second: float, *, service_ms: int = 40, status: int = 200, code: str = "") -> str:
    at = (START + timedelta(seconds=second)).isoformat(timespec="microseconds")
    head = f'at=error code={code} desc="Request timeout"' if code else "at=info"
    return (
        f'{at} heroku[router]: {head} method=GET path="/x" host=shop.example.com fwd="192.0.2.7" dyno=web.1 connect=1ms '
        f"service={service_ms}ms status={status} bytes=1 protocol=https"
    )


def memory(second: float, total: float, load: float) -> str:
    at = START + timedelta(seconds=second)
    source = "source=web.1 dyno=heroku.1.00000000-0000-4000-8000-000000000001"
    first, second_at = (moment.isoformat(timespec="microseconds") for moment in (at, at + timedelta(milliseconds=20)))
    return (
        f"{first} heroku[web.1]: {source} sample#load_avg_1m={load:.2f}\n"
        f"{second_at} heroku[web.1]: {source} sample#memory_total={total:.2f}MB sample#memory_quota=512.00MB"
    )


def test_requests_are_counted_by_outcome_and_minute() -> None:
    rows = [request(5), request(6, status=404), request(65, status=503, code="H12"), request(185)]
    found = charts_of("\n".join(rows))
    assert found["start_s"] == START.timestamp()
    assert found["steps"] == 4
    assert found["requests"] == {"ok": [1, 0, 0, 1], "refused": [1, 0, 0, 0], "failed": [0, 1, 0, 0]}
    assert found["codes"] == {"H12": [0, 1, 0, 0]}


def test_percentiles_are_near_the_truth_and_unknown_where_nothing_was_served() -> None:
    rows = [request(second / 10, service_ms=100 + second) for second in range(500)] + [request(185, service_ms=7)]
    latency = charts_of("\n".join(rows))["latency"]
    assert abs(latency["p50"][0] - 349) <= 7
    assert abs(latency["p95"][0] - 574) <= 12
    assert latency["p50"][1:3] == [None, None]
    assert latency["p50"][3] == 7


def test_sums_of_several_minutes_leave_no_holes_between_them() -> None:
    facts = facts_of("\n".join(request(second, service_ms=50) for second in range(0, 600, 5)))
    facts.rollup.minute = facts.rollup.minute // 2 * 2
    facts.rollup.step = 2
    assert set(analysis.charts(facts)["latency"]["p50"]) == {50}


def test_memory_and_load_of_a_dyno_share_their_points() -> None:
    rows = [memory(20 * step, 300 + step, 0.5) for step in range(30)]
    dyno = charts_of("\n".join(rows))["dynos"][0]
    assert dyno["name"] == "web.1"
    assert dyno["quota_mb"] == 512
    assert len(dyno["at_s"]) == 30
    assert dyno["memory_mb"][-1] == 329
    assert set(dyno["load_1m"]) == {0.5}


def test_long_logs_are_drawn_in_steps_of_several_minutes() -> None:
    found = charts_of("\n".join(request(minute * 60) for minute in range(0, 5_000, 5)))
    assert found["steps"] <= MOST_STEPS
    assert found["step_s"] == 240
    assert sum(found["requests"]["ok"]) == 1_000


def test_a_stray_line_of_another_year_does_not_flatten_the_chart() -> None:
    stray = request(0).replace("2026-03-14", "2099-01-01")
    found = charts_of("\n".join([*(request(second) for second in range(0, 1_200)), stray]))
    assert found["steps"] * found["step_s"] == 1_200


def test_a_log_without_requests_or_times_has_empty_charts() -> None:
    assert charts_of("2026-03-14T09:00:00.000000+00:00 app[web.1]: hello")["requests"] == {}
    assert charts_of("no time here\nnor here")["start_s"] is None


def test_a_short_busy_log_is_drawn_in_seconds() -> None:
    rows = [request(second / 10, status=404 if second == 7 else 200) for second in range(1_800)]
    failed = request(61, status=503, code="H12", service_ms=30_000)
    found = charts_of("\n".join([*rows, failed]))
    assert found["step_s"] == 5
    assert found["steps"] == 36
    assert sum(found["requests"]["ok"]) == 1_799
    assert found["requests"]["refused"][0] == 1
    assert found["requests"]["failed"].index(1) == found["codes"]["H12"].index(1) == 12
    assert len(found["latency"]["p50"]) == 36
    assert None not in found["latency"]["p50"]


def test_a_short_quiet_log_keeps_its_minutes() -> None:
    assert charts_of("\n".join(request(second) for second in range(0, 240, 20)))["step_s"] == 60


def test_memory_at_r14_is_known_without_runtime_metrics() -> None:
    rows = []
    for second in range(0, 120, 20):
        at = (START + timedelta(seconds=second)).isoformat(timespec="microseconds")
        rows += [
            f"{at} heroku[web.1]: Process running mem=533M(104.1%)",
            f"{at} heroku[web.1]: Error R14 (Memory quota exceeded)",
        ]
    dyno = charts_of("\n".join(rows))["dynos"][0]
    assert (dyno["name"], dyno["quota_mb"], dyno["measured"]) == ("web.1", 512, False)
    assert set(dyno["memory_mb"]) == {533}
    assert len(dyno["codes"]["R14"]) == 6


def test_a_restarted_dyno_has_a_hole_in_its_line() -> None:
    second_life = memory(300, 90, 0.1).replace("000000000001", "000000000002")
    dyno = charts_of("\n".join([*(memory(20 * step, 300, 0.5) for step in range(10)), second_life]))["dynos"][0]
    assert dyno["memory_mb"] == [*[300.0] * 10, None, 90.0]
    assert "swap_mb" not in dyno


def test_a_calm_log_has_no_lanes() -> None:
    assert charts_of("\n".join(request(second) for second in range(300)))["lanes"] == {}
