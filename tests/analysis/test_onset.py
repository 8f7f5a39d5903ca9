from __future__ import annotations

import pytest

from incidents.analysis import onset, utc
from incidents.analysis.rules import slow_endpoint
from incidents.analysis.types import Finding
from tests import simulator
from tests.analysis.test_queueing import FAST, facts_of
from tests.simulator import Endpoint, Scenario

START_US = utc.to_us(simulator.START)


@pytest.mark.parametrize("seed", range(6))
def test_the_interval_covers_the_first_slow_request(seed: int) -> None:
    begins = 120 + 40 * seed
    export = Endpoint("/export", 0.25, 300, slow_ms=12_000, slow_from_s=begins)
    scenario = Scenario((*FAST, export), seed, 3, 2, load=0.5, seconds=600)
    done = simulator.simulate(scenario)
    facts = facts_of(simulator.write_log(scenario, done))
    found = onset.find(facts, list(slow_endpoint.check(facts)))
    assert found is not None
    truth = min(t.arrival for t in done if t.endpoint is export and t.arrival >= begins)
    assert (found.low_us or START_US) - START_US <= truth * 1e6 + 2_000
    assert truth * 1e6 - 2_000 <= found.high_us - START_US


def failing_log(failures: set[int], count: int = 400) -> str:
    """One request every second, of which these seconds fail."""
    return "".join(
        f"{simulator.stamp(at)} heroku[router]: at=info method=GET path=\"/\" host=shop.example.com "
        f"request_id=00000000-0000-4000-8000-{at:012d} fwd=\"203.0.113.7\" dyno=web.1 connect=0ms service=40ms "
        f"status={500 if at in failures else 200} bytes=10 protocol=https\n"
        for at in range(count)
    )  # fmt: skip


def some_finding() -> Finding:
    return Finding("app-exception", "It raised.", 0.9, [])


def test_a_lone_earlier_failure_is_background_and_not_the_onset() -> None:
    found = onset.find(facts_of(failing_log({20, *range(200, 260)})), [some_finding()])
    assert found is not None
    assert (found.at_us - START_US) / 1e6 == pytest.approx(200, abs=1)
    assert found.ended_us is not None


def test_trouble_from_the_first_lines_on_may_be_older_than_the_log() -> None:
    found = onset.find(facts_of(failing_log(set(range(0, 400, 2)))), [some_finding()])
    assert found is not None
    assert found.low_us is None
    assert found.ended_us is None


def test_harmless_findings_have_no_onset() -> None:
    calm = some_finding()
    calm.harmless = True
    assert onset.find(facts_of(failing_log({5, 6, 7, 8, 9, 10})), [calm]) is None


def test_a_cause_without_requests_begins_with_its_first_line() -> None:
    text = f"{simulator.stamp(1)} app[web.1]: hello\n{simulator.stamp(5)} app[web.1]: boom\n"
    finding = some_finding()
    finding.first_us = START_US + 5_000_000
    found = onset.find(facts_of(text), [finding])
    assert found is not None
    assert (found.low_us, found.at_us) == (START_US + 1_000_000, START_US + 5_000_000)
