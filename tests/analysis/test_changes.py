from __future__ import annotations

from incidents.analysis import changes, utc
from tests import simulator
from tests.analysis.test_queueing import FAST, facts_of
from tests.simulator import Endpoint, Scenario, stamp

START_US = utc.to_us(simulator.START)


def released_at(seconds: float, *, slow_ms: float | None) -> str:
    """A log with a release in the middle, after which one endpoint may be slower."""
    report = Endpoint("/report", 2, 200, slow_ms=slow_ms, slow_from_s=seconds)
    scenario = Scenario((*FAST, report), 3, dynos=3, workers=4, load=0.15, seconds=900)
    line = f"{stamp(seconds)} app[api]: Release v42 created by user ana@example.com\n"
    return line + simulator.write_log(scenario, simulator.simulate(scenario))


def test_the_endpoint_that_a_release_slowed_is_named_with_its_shift() -> None:
    facts = facts_of(released_at(450, slow_ms=900))
    ((name, shift),) = changes.slower_since(facts, START_US + 450_000_000)
    assert name == "GET /report"
    assert shift.low_ms <= 700 <= shift.high_ms


def test_a_release_that_changed_nothing_slowed_nothing() -> None:
    facts = facts_of(released_at(450, slow_ms=None))
    assert changes.slower_since(facts, START_US + 450_000_000) == []


def test_a_log_without_requests_has_no_effect_to_measure() -> None:
    facts = facts_of(f"{stamp(1)} app[api]: Release v7 created by user ana@example.com\n")
    assert changes.effect(facts, START_US + 1_000_000) == []


def test_suspects_are_the_changes_before_the_onset_the_nearest_first() -> None:
    text = (
        f"{stamp(0)} app[api]: Set REDIS_URL config vars by user ana@example.com\n"
        f"{stamp(300)} app[api]: Release v8 created by user ana@example.com\n"
        f"{stamp(900)} app[api]: Scaled to web@2:Basic by user ana@example.com\n"
    )
    found = changes.suspects(facts_of(text), START_US + 360_000_000)
    assert [(change.title, change.before_s) for change in found] == [("Release v8", 60.0), ("Set REDIS_URL", 360.0)]
