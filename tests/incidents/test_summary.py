"""From documents to answers: is it still happening, how bad, and what changed?"""

from __future__ import annotations

from typing import Any

import pytest

from incidents.views.summary import Summary


def document(**changes: Any) -> dict[str, Any]:
    """A document of schema triage/analysis@1 with one cause in it."""
    finding = {
        "slug": "slow-endpoint", "title": "One endpoint holds the workers", "severity": "high", "confidence": 0.8,
        "subject": "GET /x", "summary": "…", "count": 3, "first_utc": "2026-03-14T09:10:00.000000Z",
        "last_utc": "2026-03-14T09:20:00.000000Z", "evidence": [], "links": [], "folded_into": "",
        "remedies": [{"text": "Look", "command": "heroku ps"}, {"text": "Again", "command": "heroku ps"}],
    }  # fmt: skip
    return {
        "window": {"first_utc": "2026-03-14T09:00:00.000000Z", "last_utc": "2026-03-14T09:30:00.000000Z"},
        "verdict": {"status": "likely", "slug": "slow-endpoint", "sentence": "GET /x holds the workers."},
        "onset": {"utc": "2026-03-14T09:10:00.000000Z", "low_utc": None, "high_utc": None, "ended_utc": None},
        "findings": [finding], "codes": {"H12": {"count": 3}, "R14": {"count": 9}}, "endpoints": [], "sources": [],
        "timeline": [
            {"utc": "2026-03-14T09:05:00.000000Z", "kind": "release", "title": "Release v2", "line": 4},
            {"utc": "2026-03-14T09:08:00.000000Z", "kind": "restart", "title": "web.1 restarted", "line": 5},
            {"utc": "2026-03-14T09:09:00.000000Z", "kind": "config", "title": "FOO was set", "line": 6},
            {"utc": "2026-03-14T09:25:00.000000Z", "kind": "release", "title": "Release v3", "line": 9},
        ],
    } | changes  # fmt: skip


def test_an_empty_document_has_no_answers_and_no_errors() -> None:
    summary = Summary({})
    assert summary.first is None
    assert summary.tone == "none"
    assert summary.quiet_seconds is None
    assert not summary.is_ongoing
    assert (summary.changes, summary.steps, summary.top_endpoints, summary.codes) == ([], [], [], [])
    assert summary.headline == ("", "")


@pytest.mark.parametrize(
    ("ended", "ongoing"), [("2026-03-14T09:29:00.000000Z", True), ("2026-03-14T09:27:00.000000Z", False), (None, False)]
)
def test_trouble_near_the_end_of_the_log_counts_as_going_on(ended: str | None, ongoing: bool) -> None:
    onset = document()["onset"] | {"ended_utc": ended}
    assert Summary(document(onset=onset)).is_ongoing is ongoing


def test_changes_before_the_onset_come_nearest_first_and_later_ones_apart() -> None:
    summary = Summary(document())
    assert [change["title"] for change in summary.changes] == ["FOO was set", "Release v2"]
    assert summary.changes[0]["before_seconds"] == 60
    assert [change["title"] for change in summary.later_changes] == ["Release v3"]


def test_each_command_is_given_once_and_none_where_nothing_is_wrong() -> None:
    assert [step.command for step in Summary(document()).steps] == ["heroku ps"]
    healthy = document(verdict={"status": "healthy", "slug": "", "sentence": "Nothing is wrong."})
    assert Summary(healthy).steps == []
    assert Summary(healthy).tone == "ok"


def test_codes_come_by_number() -> None:
    assert [code for code, _ in Summary(document()).codes] == ["R14", "H12"]


def test_consequences_stand_apart_from_causes() -> None:
    cause = document()["findings"][0]
    folded = [cause | {"slug": slug, "folded_into": "slow-endpoint"} for slug in ("worker-timeout", "unknown")]
    summary = Summary(document(findings=[cause, *folded]))
    assert [finding["slug"] for finding in summary.causes] == ["slow-endpoint"]
    assert [finding["slug"] for finding in summary.consequences] == ["worker-timeout"]  # a cause is known


@pytest.mark.parametrize(
    ("sentence", "head", "rest"),
    [
        ("Short enough.", "Short enough.", ""),
        (
            "GET /x holds the workers; it takes 23 s by itself, and hundreds of requests to many others waited behind it all day.",
            "GET /x holds the workers.",
            "It takes 23 s by itself, and hundreds of requests to many others waited behind it all day.",
        ),
        ("x" * 150, "x" * 150, ""),
    ],
)  # fmt: skip
def test_a_long_verdict_begins_with_a_short_statement(sentence: str, head: str, rest: str) -> None:
    assert Summary(document(verdict={"status": "likely", "slug": "", "sentence": sentence})).headline == (head, rest)
