"""Releases by own time: what is slower is found, what only looks slower is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from incidents.analysis import releases
from incidents.analysis.releases import Release
from incidents.analysis.types import Facts
from tests import simulator
from tests.analysis.logs import facts_of, log
from tests.analysis.test_queueing import FAST
from tests.simulator import Endpoint, Scenario, stamp


def around(seconds: float, seed: int, endpoints: tuple[Endpoint, ...], *, workers: int = 4) -> tuple[Facts, Release]:
    scenario = Scenario(endpoints, seed, dynos=3, workers=workers, load=0.15, seconds=900)
    line = f"{stamp(seconds)} app[api]: Release v42 created by user ana@example.com\n"
    facts = facts_of(line + simulator.write_log(scenario, simulator.simulate(scenario)))
    (release,) = releases.compare(facts)
    return facts, release


def sure(facts: Facts, release: Release) -> set[str]:
    return {facts.names["endpoint"][one.endpoint] for one in release.endpoints if one.sure}


def test_the_endpoint_that_became_slower_is_found_with_its_shift() -> None:
    report = Endpoint("/report", 2, 200, slow_ms=900, slow_from_s=450)
    facts, release = around(450, 3, (*FAST, report))
    found = {facts.names["endpoint"][one.endpoint]: one for one in release.endpoints}
    moved = found["GET /report"]
    assert moved.sure
    assert moved.low_ms <= 700 <= moved.high_ms
    assert release.whole is not None
    assert release.whole.low_ms > 0
    assert "GET /report" in sure(facts, release)


def test_where_nothing_changed_hardly_anything_is_called_sure() -> None:
    flagged = compared = 0
    for seed in range(12):
        facts, release = around(450, seed, FAST)
        flagged += len(sure(facts, release))
        compared += len(release.endpoints)
        assert release.whole is not None
    assert compared >= 40
    assert flagged <= 0.05 * compared + 1


def test_a_change_of_the_mix_is_no_change_of_speed() -> None:
    """The release takes away most of the quick requests: the mean rises, and no endpoint is slower."""
    rows = [f"{stamp(600)} app[api]: Release v7 created by user ana@example.com"]
    for second in range(1_200):
        quick = 10 if second < 600 else 1
        rows += [_request(second + part / 20, "/quick", 20 + (second * 7 + part) % 9) for part in range(quick)]
        rows.append(_request(second + 0.9, "/heavy", 800 + second * 13 % 40))
    facts = facts_of(log(*rows))
    (release,) = releases.compare(facts)
    whole = release.whole
    assert whole is not None
    assert whole.mean_after_ms - whole.mean_before_ms > 250
    assert abs(whole.adjusted_ms) < 3
    assert whole.low_ms <= 0 <= whole.high_ms
    assert sure(facts, release) == set()


def test_a_neighbouring_release_bounds_what_is_compared() -> None:
    rows = [f"{stamp(at)} app[api]: Release v{at} created by user ana@example.com" for at in (300, 600)]
    for second in range(900):
        rows.append(_request(second, "/page", (20 if second < 300 else 120 if second < 600 else 20) + second % 5))
    first, second = releases.compare(facts_of(log(*rows)))
    assert [one.shift_ms for one in first.endpoints] == [pytest.approx(100, abs=3)]
    assert [one.shift_ms for one in second.endpoints] == [pytest.approx(-100, abs=3)]
    assert first.whole is not None
    assert first.whole.after <= 241


def test_two_lines_of_one_release_are_one_and_too_few_requests_are_not_compared() -> None:
    rows = [f"{stamp(100 + part / 100)} app[api]: Release v8 created by user ana@example.com" for part in range(2)]
    rows += [_request(second, "/page", 20) for second in range(0, 300, 60)]
    (release,) = releases.compare(facts_of(log(*rows)))
    assert release.whole is None
    assert release.endpoints == []


def test_a_victim_is_not_called_slower_than_it_is() -> None:
    """One worker per dyno; the export slows down and the others wait: by their own time they did not change."""
    export = Endpoint("/export", 0.25, 300, slow_ms=9_000, slow_from_s=450)
    quick = tuple(replace(endpoint) for endpoint in FAST)
    facts, release = around(450, 5, (*quick, export), workers=1)
    worse = {facts.names["endpoint"][one.endpoint] for one in release.endpoints if one.sure and one.shift_ms > 1_000}
    assert worse <= {"GET /export"}


def _request(second: float, path: str, service_ms: int) -> str:
    return (
        f'{stamp(second)} heroku[router]: at=info method=GET path="{path}" host=shop.example.com '
        f'request_id=0b6f2d6e-8a55-4f0e-9b1d-5c7a1e2f3a4b fwd="203.0.113.7" dyno=web.1 connect=0ms '
        f"service={service_ms}ms status=200 bytes=567 protocol=http1.1"
    )
