"""The reference of codes and causes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import strip_tags

from incidents.analysis.catalogue import CAUSES, CODES
from incidents.models import Incident, Sighting
from incidents.views.codes import related
from tests.incidents import builders


@pytest.fixture
def visitor(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def timeouts(incident: Incident) -> Incident:
    builders.upload(incident, builders.log(300))
    builders.work()
    return Incident.objects.get(pk=incident.pk)


def words(response: Any) -> str:
    return re.sub(r"\s+", " ", strip_tags(response.content.decode()))


def listed(response: Any) -> list[str]:
    return [code.code for entry in response.context["groups"] for code, _ in entry["entries"]]


def test_every_code_and_every_cause_has_a_page_with_its_neighbours(visitor: Client) -> None:
    for names in (list(CODES), list(CAUSES)):
        for place, name in enumerate(names):
            html = visitor.get(f"/codes/{name}/").content.decode()
            assert ('rel="prev"' in html, 'rel="next"' in html) == (place > 0, place + 1 < len(names)), name
            assert "{dyno}" not in html, name


def test_a_code_is_found_whatever_its_case_and_an_unknown_one_is_said_to_be(visitor: Client) -> None:
    assert "Request timeout" in words(visitor.get("/codes/h12/"))
    assert "Unknown code" in words(visitor.get("/codes/H57/"))
    assert visitor.get("/codes/nonsense/").status_code == 404


def test_the_list_is_searched_by_words_statuses_and_codes(visitor: Client) -> None:
    assert listed(visitor.get("/codes/")) == list(CODES)
    found = visitor.get("/codes/", {"q": "memory quota"})
    assert "R14" in listed(found)
    assert "H12" not in listed(found)
    assert listed(visitor.get("/codes/", {"q": "h27"}))[0] == "H27"
    assert "H27" in listed(visitor.get("/codes/", {"q": "499"}))
    assert [cause.slug for cause, _ in visitor.get("/codes/", {"q": "slow endpoint"}).context["causes"]]
    assert "Nothing matches" in words(visitor.get("/codes/", {"q": "zzzz"}))


def test_the_kind_filters_and_the_fragment_is_only_the_results(visitor: Client) -> None:
    assert {code[0] for code in listed(visitor.get("/codes/", {"group": "R"}))} == {"R"}
    causes = visitor.get("/codes/", {"group": "causes"})
    assert listed(causes) == []
    assert len(causes.context["causes"]) == len(CAUSES)
    fragment = visitor.get("/codes/", {"q": "L10"}, headers={"HX-Request": "true", "HX-Target": "codes"})
    assert fragment.content.decode().lstrip().startswith('<div id="codes"')


def test_a_code_tells_in_which_incidents_it_stands(visitor: Client, timeouts: Incident) -> None:
    counted = timeouts.analysis["codes"]["H12"]
    response = visitor.get("/codes/H12/")
    (seen,) = response.context["sightings"]
    assert (seen.incident, seen.count) == (timeouts, counted["count"])
    assert seen.first_at == datetime.fromisoformat(counted["first_utc"])
    assert timeouts.title in words(response)
    assert timeouts.title in words(visitor.get(f"/codes/{timeouts.verdict_slug}/"))
    assert "Not in any of them" in words(visitor.get("/codes/L10/"))
    assert "1 incident of yours" in words(visitor.get("/codes/"))


def test_sightings_follow_the_newest_analysis(timeouts: Incident) -> None:
    before = Sighting.objects.get(incident=timeouts, name="H12").count
    more = builders.router_line(900, "/reports/7/export", service_ms=30_000, status=503, code="H12")
    builders.upload(timeouts, f"{more}\n".encode(), "more.log")
    builders.work()
    assert Sighting.objects.get(incident=timeouts, name="H12").count == before + 1


def test_incidents_of_other_teams_deleted_ones_and_recorders_are_not_told(
    timeouts: Incident, alice: User, charlie: User, browser_of: Callable[[User], Client]
) -> None:
    assert timeouts.title not in words(browser_of(charlie).get("/codes/H12/"))
    assert "of yours" not in words(browser_of(charlie).get("/codes/"))
    Incident.objects.filter(pk=timeouts.pk).update(is_recorder=True)
    assert timeouts.title not in words(browser_of(alice).get("/codes/H12/"))
    Incident.objects.filter(pk=timeouts.pk).update(is_recorder=False)
    timeouts.delete_later()
    assert timeouts.title not in words(browser_of(alice).get("/codes/H12/"))


def test_related_codes_are_those_named_and_those_of_the_same_causes() -> None:
    assert "R14" in [code.code for code in related(CODES["R15"])]
    for code in CODES.values():
        assert code not in related(code)
        assert len(related(code)) <= 6


def test_a_command_that_changes_the_app_says_so(visitor: Client) -> None:
    html = visitor.get("/codes/H10/").content.decode()
    assert html.index("heroku rollback") > html.index("changes the app")
    checks = html[html.index('id="checks"') : html.index('id="causes"')]
    assert "changes the app" not in checks
