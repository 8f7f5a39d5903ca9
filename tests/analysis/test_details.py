"""Details of endpoints: exact sums, bounded space, slices that agree with the whole, bytes that can be trusted."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from incidents.analysis import (
    Details,
    SourceInput,
    SourceSettings,
    answers,
    cut,
    details,
    merge,
    queueing,
    scan_chunk,
    slices,
)
from incidents.analysis.endpoints import exact_percentile, statistics
from incidents.analysis.types import Facts
from tests import simulator
from tests.analysis.test_queueing import EXPORT, FAST, attribute, facts_of
from tests.simulator import Scenario, stamp


def shop(seconds: int = 600, seed: int = 1) -> str:
    """A log of three endpoints on three dynos, with errors."""
    random = Random(seed)
    rows = []
    for number in range(seconds * 3):
        path = random.choice(("/orders/7", "/search", "/export"))
        service_ms = int(random.lognormvariate(4, 1.2))
        code = ' code=H13 desc="Connection closed without response"' if random.random() < 0.01 else ""
        status = 503 if code else random.choice((200, 200, 200, 404, 499, 500))
        rows.append(
            f'{stamp(number / 3)} heroku[router]: at={"error" if code else "info"}{code} method=GET path="{path}" '
            f'host=shop.example.com request_id=0b6f2d6e-8a55-4f0e-9b1d-{number:012} fwd="203.0.113.7" '
            f"dyno=web.{random.randint(1, 3)} connect=0ms service={service_ms}ms status={status} bytes=9 protocol=https"
        )
    return "\n".join(rows) + "\n"


def in_chunks(text: str, size: int) -> Facts:
    settings = SourceSettings()
    chunks = [scan_chunk(part.data, settings, first_line=part.first_line)
              for part in cut([text.encode()], settings, most=size)]  # fmt: skip
    assert len(chunks) > 3
    return merge([SourceInput("app.log", settings, chunks)])


def test_answers_and_dynos_add_up_to_the_endpoint() -> None:
    facts = facts_of(shop())
    found = details(facts)
    for name, count in facts.endpoints.items():
        mine = found.endpoints[name]
        assert sum(number for *_, number in mine["answers"]) == count.count
        assert sum(number for status, _, number in mine["answers"] if (status or 0) >= 500) == count.errors
        assert sum(number for _, number, *_ in mine["dynos"]) == count.count
        assert sum(errors for *_, errors in mine["dynos"]) == count.errors


def test_a_log_in_many_chunks_gives_the_same_details() -> None:
    text = shop()
    assert details(in_chunks(text, 60_000)).dump() == details(facts_of(text)).dump()


def test_more_answers_than_fit_are_counted_and_the_frequent_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_ROWS", 6)
    facts = facts_of(shop())
    assert facts.answers is not None
    table = facts.answers.answers
    assert len(table) == 3
    requests = sum(count.count for count in facts.endpoints.values())
    assert int(table.count.sum()) < requests <= int(table.count.sum()) + facts.answers.left_out
    assert details(facts).left_out == facts.answers.left_out > 0
    assert {status - 1 for _, status, *_ in table.rows()} == {200}


def test_stored_details_come_back_as_they_were() -> None:
    found = details(facts_of(shop()))
    again = Details.load(found.dump())
    assert again.dump() == found.dump()
    assert again.endpoints == found.endpoints
    for name in ("minute", "endpoint", "count", "hist_row", "hist_bucket", "hist_count"):
        assert np.array_equal(getattr(again.rollup, name), getattr(found.rollup, name)), name


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:40], lambda data: b"x" + data])
def test_bytes_that_are_no_details_are_refused(damage) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="details of endpoints"):
        Details.load(damage(details(facts_of(shop(60))).dump()))


def test_the_whole_as_a_slice_agrees_with_the_statistics() -> None:
    facts = facts_of(shop())
    found = details(facts)
    figures = slices.figures(found.names, found.rollup, None, None)
    for name, exact in statistics(facts).items():
        mine = figures[name]
        for field in ("count", "errors", "timeouts", "total_ms", "max_ms"):
            assert mine[field] == getattr(exact, field), (name, field)
        for field in ("p50_ms", "p95_ms", "p99_ms", "sd_ms", "mean_ms", "apdex", "total_share", "dissatisfied_share"):
            assert mine[field] == pytest.approx(getattr(exact, field), rel=0.012), (name, field)


def test_slices_of_time_add_up_and_their_percentiles_are_right() -> None:
    facts = facts_of(shop())
    found = details(facts)
    begin = int(facts.rollup.minute.min()) * 60
    parts = [slices.figures(found.names, found.rollup, begin + at, begin + at + 119) for at in range(0, 600, 120)]
    name = "GET /search"
    assert sum(part[name]["count"] for part in parts) == facts.endpoints[name].count
    table = facts.requests
    mine = table.endpoint == facts.names["endpoint"].index(name)
    early = np.sort(table.service_ms[mine & (table.at_us < (begin + 120) * 1_000_000)])
    for share, field in ((0.5, "p50_ms"), (0.95, "p95_ms"), (0.99, "p99_ms")):
        assert parts[0][name][field] == pytest.approx(exact_percentile(early, share), rel=0.012)


def test_steps_are_the_minutes_of_one_endpoint() -> None:
    facts = facts_of(shop())
    found = details(facts)
    number = found.names.index("GET /export")
    steps = slices.steps(found.rollup, number, None, None)
    assert len(steps) == 10
    assert sum(step.count for step in steps) == facts.endpoints["GET /export"].count
    assert sum(slices.histogram_of(found.rollup, number, None, None).values()) == facts.endpoints["GET /export"].count
    for step in steps:
        assert step.p50_ms is not None
        assert step.p95_ms is not None
        assert step.p50_ms <= step.p95_ms
    assert slices.steps(found.rollup, number, 0.0, 60.0) == []


def test_nothing_asked_for_gives_nothing() -> None:
    found = details(facts_of(f"{stamp(1)} app[web.1]: hello\n"))
    assert found.endpoints == {}
    assert slices.figures(found.names, found.rollup, None, None) == {}
    assert slices.together(found.rollup, [], None, None) == {}


def test_pairs_share_out_exactly_the_blame_and_name_the_culprit() -> None:
    facts, found, _ = attribute(Scenario((*FAST, EXPORT), 2, 3, 1, load=0.5, seconds=400))
    shared = queueing.pairs(found.runs)
    for endpoint, share in found.shares.items():
        blamed = sum(ms for (_, holds), ms in shared.items() if holds == endpoint)
        assert blamed == pytest.approx(share.blame_ms, rel=1e-6, abs=1e-3)
    home = facts.names["endpoint"].index("GET /home")
    behind = max((holds for waits, holds in shared if waits == home), key=lambda holds: shared[home, holds])
    assert facts.names["endpoint"][behind] == "GET /export"


def test_examples_are_the_slowest_and_name_their_lines() -> None:
    text = simulator.write_log(scenario := Scenario((*FAST, EXPORT), 2, 3, 1, load=0.5, seconds=300),
                               simulator.simulate(scenario))  # fmt: skip
    lines = text.split("\n")
    mine = details(facts_of(text)).endpoints["GET /export"]["slowest"]
    assert [one["service_ms"] for one in mine] == sorted((one["service_ms"] for one in mine), reverse=True)
    for one in mine:
        assert f"service={one['service_ms']}ms" in lines[one["line"] - 1]
        assert "/export" in lines[one["line"] - 1]
