"""The recommended priority, its reason, and the word before filing."""

from __future__ import annotations

import pytest

from incidents.analysis import catalogue
from incidents.analysis.ticket import Impact, gate, of_plan, recommend

DOWN = Impact(requests=400, failed=398, clients=50, down=True)
HALF = Impact(requests=400, failed=200)
FEW = Impact(requests=4000, failed=10)
NONE = Impact(requests=4000, failed=0)


def priority(slug, impact, *, codes=(), status="confirmed", environment="", workaround=""):
    return recommend(
        status=status, slug=slug, codes=frozenset(codes), impact=impact, environment=environment, workaround=workaround
    ).priority


@pytest.mark.parametrize(
    ("slug", "impact", "more", "expected"),
    [
        # Urgent needs both: everything down, and a person's word that it is production.
        ("no-web-dynos", DOWN, {"codes": ["H14"], "environment": "production"}, "urgent"),
        ("missing-dependency", DOWN, {"codes": ["H10"], "environment": "production"}, "urgent"),
        ("platform-incident", DOWN, {"codes": ["H99"], "environment": "production"}, "urgent"),
        ("no-web-dynos", DOWN, {"codes": ["H14"]}, "normal"),
        ("platform-incident", DOWN, {"codes": ["H99"]}, "high"),
        ("slow-endpoint", HALF, {"codes": ["H12"], "environment": "production"}, "normal"),
        # A workaround is what High is for.
        ("no-web-dynos", DOWN, {"environment": "production", "workaround": "roll back to v41"}, "high"),
        # Nothing but production is an emergency.
        ("no-web-dynos", DOWN, {"environment": "staging"}, "normal"),
        ("platform-incident", DOWN, {"codes": ["H99"], "environment": "review app"}, "normal"),
        # Questions about certificates and the like never are.
        ("ssl-or-dns", DOWN, {"environment": "production"}, "normal"),
        ("client-disconnect", NONE, {"codes": ["H27"]}, "low"),
        ("dyno-cycling", NONE, {}, "low"),
        # Where Heroku's side is involved, the share of failures decides.
        ("db-connection-failure", HALF, {}, "high"),
        ("db-connection-failure", FEW, {}, "normal"),
        ("platform-incident", FEW, {"codes": ["R99"]}, "normal"),
        # The app's own faults are Heroku's to read, not to debug.
        ("app-exception", HALF, {}, "normal"),
        ("unknown", HALF, {"codes": ["H12"]}, "normal"),
        ("no-such-slug", HALF, {}, "normal"),
    ],
)
def test_the_priority_follows_herokus_definitions(slug, impact, more, expected):
    assert priority(slug, impact, **more) == expected


def test_a_healthy_log_is_a_question():
    assert priority("", NONE, status="healthy") == "low"


@pytest.mark.parametrize("slug", catalogue.SLUGS)
def test_no_cause_is_urgent_unless_a_person_says_that_it_is_production(slug):
    assert priority(slug, DOWN, codes=["H99", "H14", "H10"]) != "urgent"


@pytest.mark.parametrize("slug", catalogue.SLUGS)
def test_every_recommendation_gives_its_reason(slug):
    for impact in (DOWN, HALF, FEW, NONE):
        reason = recommend(status="likely", slug=slug, codes=frozenset(), impact=impact).reason
        assert len(reason) > 20
        assert reason.endswith(".")


def test_the_four_priorities_are_defined_with_source_and_date():
    assert list(catalogue.PRIORITIES) == ["urgent", "high", "normal", "low"]
    for entry in catalogue.PRIORITIES.values():
        assert entry.definition
        assert entry.source
        assert entry.date


def test_before_filing_an_app_problem_a_kind_word_says_what_support_can_do():
    text = gate("missing-dependency", frozenset({"H10"}))
    assert "Heroku Support can debug the platform, not the app" in text
    assert "file it" in text


def test_where_heroku_says_it_is_its_own_fault_nothing_stands_in_the_way():
    assert gate("unknown", frozenset({"H12", "H99"})) == ""
    assert gate("platform-incident", frozenset()) == ""


def test_databases_and_other_services_get_their_own_word():
    assert "database" in gate("db-lock", frozenset())
    assert "outside Heroku" in gate("external-api-slow", frozenset())


def test_kinds_of_problems_know_what_support_asks_for():
    assert "SQLSTATE" in catalogue.support_kind("db-connection-limit").asks
    assert catalogue.support_kind("unknown") is None
    for kind in catalogue.SUPPORT_KINDS:
        assert set(kind.slugs) <= set(catalogue.SLUGS)
        for command in kind.commands:
            assert catalogue.command_of(command), command


@pytest.mark.parametrize(
    ("plan", "words"), [("Premier", "pages Heroku's engineer"), ("Standard", "pages nobody"), ("Other", ""), ("", "")]
)
def test_the_support_plan_says_what_a_priority_buys(plan: str, words: str) -> None:
    said = of_plan(plan)
    assert words in said
    assert bool(said) == bool(words)
