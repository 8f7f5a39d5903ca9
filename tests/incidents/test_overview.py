"""What the overview tells in sixty seconds: steps with their way back, the chain, the checks, what people paste."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.models import Incident
from incidents.views.chain import chain_of
from incidents.views.checks import checks_of
from incidents.views.steps import step, steps_of
from incidents.views.summary import Summary
from incidents.views.wording import wordings_of
from tests.incidents.test_summary import document

RELEASE = {"kind": "release", "title": "Release v142: deploy of 4f1c2ab7", "before_seconds": 60}
ENDED = {"ended_utc": "2026-03-14T09:20:00.000000Z"}


# -- steps ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("command", "changes", "words", "back"),
    [
        ("heroku ps", False, "Only reads.", ""),
        ("heroku maintenance:on", True, "Undo with", "heroku maintenance:off"),
        ("heroku labs:enable log-runtime-metrics", True, "Undo with", "heroku labs:disable log-runtime-metrics"),
        ("heroku config:set WEB_CONCURRENCY=1", True, "Note the present value first. Undo with",
         "heroku config:unset WEB_CONCURRENCY"),
        ("heroku ps:scale web=4", True, "Note the number that heroku ps shows first, and scale back to it.", ""),
        ("git push heroku main", True, "Runs on your own machine.", ""),
    ],
)  # fmt: skip
def test_every_step_says_how_to_go_back(command: str, changes: bool, words: str, back: str) -> None:
    made = step("Do it.", command)
    assert (made.changes, made.undo, made.undo_command) == (changes, words, back)


def test_a_release_just_before_trouble_that_goes_on_is_offered_to_be_taken_back_first() -> None:
    first = steps_of([], [RELEASE], is_ongoing=True, was_undone=False)[0]
    assert (first.command, first.undo_command) == ("heroku rollback", "heroku rollback v142")


@pytest.mark.parametrize(
    ("change", "is_ongoing", "was_undone"),
    [
        (RELEASE, False, False), (RELEASE, True, True), (RELEASE | {"before_seconds": 7200}, True, False),
        (RELEASE | {"kind": "config"}, True, False),
    ],
)  # fmt: skip
def test_no_rollback_is_offered_where_it_would_not_help(
    change: dict[str, Any], is_ongoing: bool, was_undone: bool
) -> None:
    assert steps_of([], [change], is_ongoing=is_ongoing, was_undone=was_undone) == []


def test_there_are_never_more_than_three_steps() -> None:
    causes = [{"remedies": [{"text": "x", "command": f"heroku pg:{name}"} for name in ("info", "ps", "locks", "kill")]}]
    assert len(steps_of(causes, [], is_ongoing=True, was_undone=False)) == 3


# -- the chain ----------------------------------------------------------------------------------------------------------
def consequence(**changes: Any) -> dict[str, Any]:
    return document()["findings"][0] | {
        "slug": "worker-timeout", "title": "Workers were killed", "folded_into": "slow-endpoint",
        "first_utc": "2026-03-14T09:11:00.000000Z",
    } | changes  # fmt: skip


def test_the_chain_goes_from_the_change_to_what_users_saw() -> None:
    found = document(onset=document()["onset"] | ENDED)
    found["findings"].append(consequence())
    found["codes"]["H12"] |= {"first_utc": "2026-03-14T09:10:30.000000Z", "last_utc": "2026-03-14T09:19:00.000000Z"}
    chain = chain_of(Summary(found))
    assert chain is not None
    assert [link.role for link in chain.links] == ["change", "cause", "harm", "consequence", "end"]
    assert [link.is_proven for link in chain.links[1:]] == [False, True, True, False]
    assert [link.how for link in chain.links[2:4]] == ["30 s later", "1 min later"]
    assert all(0 <= link.x <= link.x + link.width <= 1000 for link in chain.links)


def test_what_shows_before_its_cause_is_said_to_be_earlier_and_not_proven() -> None:
    found = document()
    found["findings"].append(consequence(first_utc="2026-03-14T09:09:48.000000Z"))
    chain = chain_of(Summary(found))
    assert chain is not None
    [link] = [link for link in chain.links if link.role == "consequence"]
    assert (link.how, link.is_proven) == ("12 s earlier", False)


def test_a_consequence_of_another_cause_is_not_in_the_chain() -> None:
    found = document()
    found["findings"].append(consequence(folded_into="memory-leak"))
    chain = chain_of(Summary(found))
    assert chain is not None
    assert "consequence" not in [link.role for link in chain.links]


@pytest.mark.parametrize("status", ["healthy", ""])
def test_where_nothing_is_wrong_there_is_no_chain(status: str) -> None:
    assert chain_of(Summary(document(verdict={"status": status, "slug": "", "sentence": ""}, findings=[]))) is None


# -- checks -------------------------------------------------------------------------------------------------------------
def states(found: dict[str, Any]) -> dict[str, str]:
    return {check.name: check.state for check in checks_of(Summary(found))}


def test_what_the_log_cannot_tell_is_grey_and_says_what_to_turn_on() -> None:
    checks = {check.name: check for check in checks_of(Summary(document(codes={}, dynos=[])))}
    assert checks["Memory"].state == checks["Failed requests"].state == "grey"
    assert checks["Memory"].command == "heroku labs:enable log-runtime-metrics"


def test_codes_and_failures_are_red_and_come_first() -> None:
    row = {"method": "GET", "path": "/x", "count": 100, "errors": 20, "p95_ms": 30_000, "unreached": 0}
    found = document(endpoints=[row])
    assert list(states(found).values())[:3] == ["red", "red", "red"]
    assert states(found)["Timeouts (H12)"] == "red"
    assert states(found)["Memory"] == "red"  # R14 stands in the log, measured or not


def test_a_quiet_log_is_green_where_it_tells_something() -> None:
    row = {"method": "GET", "path": "/x", "count": 100, "errors": 0, "p95_ms": 90, "unreached": 0}
    dyno = {
        "name": "web.1",
        "memory_max_mb": 100.0,
        "memory_quota_mb": 512.0,
        "restarts": 0,
        "crashes": 0,
        "load_max": 0.4,
    }
    quiet = {"status": "healthy", "slug": "", "sentence": ""}
    assert set(states(document(codes={}, endpoints=[row], dynos=[dyno], verdict=quiet, findings=[])).values()) == {
        "green"
    }


def test_nothing_is_checked_before_anything_was_read() -> None:
    assert checks_of(Summary({})) == []


# -- what people paste ----------------------------------------------------------------------------------------------------
def test_the_three_wordings_say_the_same_and_end_in_the_address() -> None:
    incident = Incident(title="Checkout down")
    texts = {one.key: one.text for one in wordings_of(incident, Summary(document()), "https://triage.example.com/i/1/")}
    for text in texts.values():
        assert "GET /x holds the workers." in text
        assert "https://triage.example.com/i/1/" in text
        assert "Began 2026-03-14 09:10:00 UTC" in text
    assert texts["slack"].startswith("*Checkout down*")
    assert texts["markdown"].startswith("**[Checkout down](https://triage.example.com/i/1/)**")


def test_log_text_cannot_leave_its_fence() -> None:
    found = document()
    found["findings"][0]["evidence"] = [{"text": "x ``` [click](https://evil.example.com)"}]
    markdown = wordings_of(Incident(title="A [b]"), Summary(found), "https://triage.example.com/")[1].text
    assert markdown.count("```") == 2
    assert "[A (b)]" in markdown
