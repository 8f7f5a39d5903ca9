"""Which incidents a list shows, in which order; and what a list says when nobody works."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from incidents.models import Incident, LogSource
from incidents.views.listing import Listing, listing_of
from incidents.views.progress import progress_of
from tests.incidents import builders

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def several(db: None) -> None:
    for title, fields in (
        ("Alpha", {"app_name": "shop", "verdict_status": "likely", "created_at": NOW - timedelta(days=3)}),
        ("Beta", {"app_name": "blog", "state": "resolved", "verdict_status": "healthy", "onset_at": NOW}),
        ("Gamma", {"app_name": "shop", "archived_at": NOW}),
    ):
        Incident.objects.filter(pk=builders.incident(title).pk).update(**fields)


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["Beta", "Alpha"]), ("sort=old", ["Alpha", "Beta"]), ("sort=began", ["Beta", "Alpha"]),
        ("sort=name", ["Alpha", "Beta"]), ("app=shop", ["Alpha"]), ("state=resolved", ["Beta"]),
        ("verdict=likely", ["Alpha"]), ("q=bet", ["Beta"]), ("show=archived", ["Gamma"]), ("q=gamma", []),
        ("state=nonsense&verdict=nonsense&sort=nonsense", ["Beta", "Alpha"]), ("q=%00", ["Beta", "Alpha"]),
    ],
)  # fmt: skip
def test_the_query_string_narrows_and_orders(several: None, query: str, titles: list[str]) -> None:
    assert [one.title for one in listing_of(QueryDict(query)).narrow(Incident.objects.all())] == titles


def test_only_what_narrows_counts_as_a_filter() -> None:
    assert not Listing(sort="old", archived=True).is_filtered
    assert Listing(app="shop").is_filtered


def test_the_page_offers_the_apps_there_are(several: None, alice: User, browser_of: Callable[[User], Client]) -> None:
    page = browser_of(alice).get("/?app=blog").content.decode()
    assert '<option value="blog" selected>' in page
    assert '<option value="shop">' in page


# -- nobody works -----------------------------------------------------------------------------------------------------
def waiting_for(seconds: int) -> Incident:
    incident = builders.incident()
    builders.upload(incident, builders.log(50))
    LogSource.objects.update(touched_at=timezone.now() - timedelta(seconds=seconds))
    return incident


def test_work_that_rests_is_said_to_rest_and_a_worker_ends_that(
    alice: User, browser_of: Callable[[User], Client]
) -> None:
    incident = waiting_for(60)
    client = browser_of(alice)
    for address in ("/", incident.get_absolute_url()):
        assert "No worker is running" in client.get(address).content.decode()
    builders.work()
    for address in ("/", incident.get_absolute_url()):
        assert "No worker is running" not in client.get(address).content.decode()


def test_what_has_just_arrived_does_not_rest() -> None:
    incident = waiting_for(2)
    assert not progress_of([incident])[incident.pk].is_stalled


def test_while_a_worker_holds_anything_nothing_rests() -> None:
    incident = waiting_for(60)
    LogSource.objects.update(lease_until=timezone.now() + timedelta(seconds=30))
    assert not progress_of([incident])[incident.pk].is_stalled


def test_the_steps_tell_how_far_it_is() -> None:
    incident = waiting_for(60)
    steps = progress_of([incident])[incident.pk].steps
    assert [(name, done) for name, _, done in steps] == [
        ("Receiving", True), ("Unpacking", False), ("Reading", False), ("Drawing conclusions", False),
    ]  # fmt: skip
    builders.work()
    incident.refresh_from_db()
    assert all(done for _, _, done in progress_of([incident])[incident.pk].steps)
