"""What can be found by typing: the person's own, never what belongs to others."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from incidents.models import Incident
from tests.incidents import builders


def test_pages_incidents_and_codes_are_found_and_nothing_of_others(
    alice: User, charlie: User, browser_of: Callable[[User], Client], incident: Incident
) -> None:
    builders.incident("Not yours", charlie.memberships.get().team)
    places = {place["text"]: place for place in browser_of(alice).get(reverse("palette")).json()["places"]}
    assert places[incident.heading]["href"] == incident.get_absolute_url()
    assert places["New incident"]["href"] == "/new/"
    assert places["H12 Request timeout"]["quiet"] is True
    assert "Not yours" not in places
