"""Attribution against a simulator that knows the truth: few seeds here, the wide grid in `bin/accuracy`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.analysis import SourceInput, SourceSettings, merge, queueing, scan_chunk, utc
from incidents.analysis.rules import worker_timeout
from incidents.analysis.types import Facts
from tests import simulator
from tests.simulator import Endpoint, Scenario, Truth

FAST = (
    Endpoint("/home", 10, 60),
    Endpoint("/search", 5, 180),
    Endpoint("/cart", 4, 120),
    Endpoint("/login", 2, 250),
)
EXPORT = Endpoint("/export", 0.25, 12_000)
REPORT = Endpoint("/report", 0.3, 7_000)


def facts_of(text: str) -> Facts:
    settings = SourceSettings()
    return merge([SourceInput("app.log", settings, [scan_chunk(text.encode(), settings, first_line=1)])])


def attribute(scenario: Scenario) -> tuple[Facts, queueing.Attribution, list[Truth]]:
    done = simulator.simulate(scenario)
    facts = facts_of(simulator.write_log(scenario, done))
    found = queueing.attribute(facts)
    assert found is not None
    return facts, found, done


def at_us(seconds: float) -> int:
    return utc.to_us(simulator.START + timedelta(seconds=seconds))


def paths(facts: Facts, shares: list[queueing.Share]) -> set[str]:
    return {facts.names["endpoint"][share.endpoint].split()[1] for share in shares}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("dynos", "workers"), [(2, 1), (3, 2), (5, 3)])
def test_one_slow_endpoint_is_the_only_culprit(dynos: int, workers: int, seed: int) -> None:
    facts, found, _ = attribute(Scenario((*FAST, EXPORT), seed, dynos, workers, load=0.5, seconds=400))
    assert found.fits
    assert paths(facts, found.named("culprit")) == {"/export"}
    assert found.workers == workers


@pytest.mark.parametrize("seed", range(4))
def test_two_slow_endpoints_are_both_culprits(seed: int) -> None:
    facts, found, _ = attribute(Scenario((*FAST, EXPORT, REPORT), seed, 4, 2, load=0.55, seconds=500))
    assert paths(facts, found.named("culprit")) == {"/export", "/report"}


@pytest.mark.parametrize("router2", [True, False])
def test_victims_are_told_request_by_request(router2: bool) -> None:
    facts, found, done = attribute(Scenario((*FAST, EXPORT), 7, 3, 2, load=0.55, seconds=600, router2=router2))
    truth = {(f"web.{t.dyno}", at_us(t.answered)): t.waited >= 1 for t in done}
    right = wrong = missed = 0
    for dyno, lane in found.runs.items():
        for run in lane:
            waited = truth[facts.names["dyno"][dyno], int(facts.requests.at_us[run.job.row])]
            said = run.wait_ms >= queueing.WAITED_MS
            right, wrong, missed = (
                right + (waited and said),
                wrong + (said and not waited),
                missed + (waited and not said),
            )
    assert right > 100
    assert right / (right + wrong) >= 0.99
    assert right / (right + missed) >= 0.97


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("load", [0.3, 1.15])
def test_healthy_and_overloaded_apps_have_no_culprit(load: float, seed: int) -> None:
    _, found, _ = attribute(Scenario(FAST, seed, 2, 2, load=load, seconds=60))
    assert found.named("culprit") == []


def test_nobody_is_named_where_requests_are_not_served_in_order() -> None:
    misfits = [
        attribute(Scenario((*FAST, EXPORT), seed, 3, 2, load=0.6, seconds=500, discipline="random"))[1]
        for seed in range(4)
    ]
    assert sum(not found.fits for found in misfits) >= 3


@pytest.mark.parametrize("seed", range(3))
def test_a_sick_dyno_is_told_from_a_slow_endpoint(seed: int) -> None:
    facts, found, _ = attribute(Scenario(FAST, seed, 4, 2, load=0.15, seconds=400, sick={2: 8.0}))
    assert {facts.names["dyno"][dyno] for dyno in found.sick} == {"web.2"}


def test_the_book_s_four_requests_come_out_exactly() -> None:
    """A on web.1; B, C and D at the same instant on web.2 with one process: D is cut at 30 s after 1 s of work."""
    a, b, c, d = (Endpoint(f"/{name}", 1, 1) for name in "abcd")
    done = [Truth(a, 1, 0, 0, 2), Truth(b, 2, 0, 0, 20), Truth(c, 2, 0.0005, 20, 29), Truth(d, 2, 0.001, 29, 31)]
    facts = facts_of(simulator.write_log(Scenario((a, b, c, d)), done))
    found = queueing.attribute(facts)
    assert found is not None
    by_path = {facts.names["endpoint"][share.endpoint].split()[1]: share for share in found.shares.values()}
    assert {path: share.role for path, share in by_path.items()} == {
        "/a": "normal", "/b": "culprit", "/c": "culprit", "/d": "victim",
    }  # fmt: skip
    assert by_path["/b"].own_p50_ms == pytest.approx(20_000, abs=2)
    assert by_path["/c"].own_p50_ms == pytest.approx(9_000, abs=2)
    assert by_path["/c"].waited_p50_ms == pytest.approx(20_000, abs=2)
    assert by_path["/d"].waited_p50_ms == pytest.approx(29_000, abs=2)
    assert by_path["/b"].blame_ms == pytest.approx(40_000, abs=10)
    assert by_path["/c"].blame_ms == pytest.approx(9_000, abs=10)


def test_a_finished_request_after_a_zombie_dates_the_zombie_s_end() -> None:
    """The router let go of /slow after 30 s; the next request's end shows that the worker was held for 40 s."""
    slow, quick = Endpoint("/slow", 1, 1), Endpoint("/quick", 1, 1)
    calm = [Truth(quick, 1, at, at, at + 0.2) for at in (0, 1, 2, 3)]
    done = [*calm, Truth(slow, 1, 5, 5, 45), Truth(quick, 1, 20, 45, 45.2)]
    facts = facts_of(simulator.write_log(Scenario((slow, quick)), done))
    found = queueing.attribute(facts, workers=1)
    assert found is not None
    zombie = next(run for run in found.runs[facts.names["dyno"].index("web.1")] if run.job.timed_out)
    assert zombie.own_ms == pytest.approx(40_000, abs=5)


@pytest.mark.parametrize(
    "printed",
    [
        "source=rack-timeout id=7f1c wait=29345ms timeout=655ms service=656ms state=timed_out at=error",
        "source=rack-timeout id=7f1c age=29345ms timeout=655ms duration=656ms state=timed_out",
    ],
)
def test_what_rack_timeout_prints_tells_a_victim(printed: str) -> None:
    (finding,) = worker_timeout.check(facts_of(f"{simulator.stamp(1)} app[web.1]: {printed}\n"))
    assert "1 request had waited in the queue before (up to 29 s)" in finding.summary


def test_a_request_that_ran_long_is_no_victim_of_the_queue() -> None:
    printed = "source=rack-timeout id=7f1c wait=329ms timeout=15000ms service=15009ms state=timed_out at=error"
    (finding,) = worker_timeout.check(facts_of(f"{simulator.stamp(1)} app[web.1]: {printed}\n"))
    assert "waited" not in finding.summary
