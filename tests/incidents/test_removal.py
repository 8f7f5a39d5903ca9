"""What is put away or deleted can be brought back: by the toast, by those who may, and until it is purged."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from incidents.digest.purge import purge
from incidents.models import AuditEvent, Incident, Role
from tests.incidents import builders

pytestmark = pytest.mark.django_db
BrowserOf = Callable[[User], Client]


@pytest.fixture
def client(alice: User, browser_of: BrowserOf, settings: Settings) -> Client:
    settings.UNDO_SECONDS = 900
    return browser_of(alice)


def at(name: str, incident: Incident) -> str:
    return reverse(f"incident-{name}", args=[incident.pk])


def undo(client: Client, page: HttpResponse) -> HttpResponse:
    """Press the button of the toast."""
    toast = re.search(r'<div class="toast">.*?</form>', page.content.decode(), re.S)
    assert toast is not None
    action = re.search(r'action="([^"]+)"', toast[0])
    assert action is not None
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', toast[0]):
        fields.setdefault(name, []).append(html.unescape(value))
    answer: HttpResponse = client.post(html.unescape(action[1]), fields, follow=True)
    return answer


def test_a_deleted_incident_is_gone_at_once_and_comes_back_by_the_toast(client: Client, incident: Incident) -> None:
    page = client.post(at("delete", incident), follow=True)
    assert client.get(at("detail", incident)).status_code == 404
    purge()
    undo(client, page)
    assert client.get(at("detail", incident)).status_code == 200
    actions = AuditEvent.objects.filter(action__startswith="incident.").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "incident.deleted", "incident.restored",
    ]  # fmt: skip


def test_after_a_while_it_is_removed_for_good(client: Client, incident: Incident) -> None:
    client.post(at("delete", incident))
    Incident.objects.update(deleted_at=timezone.now() - timedelta(seconds=901))
    purge()
    assert not Incident.objects.exists()
    assert client.post(at("undelete", incident)).status_code == 404


def test_where_nothing_can_be_undone_the_name_must_be_typed(
    client: Client, incident: Incident, settings: Settings
) -> None:
    settings.UNDO_SECONDS = 0
    client.post(at("delete", incident), {"name": "something else"})
    assert Incident.objects.filter(deleted_at=None).count() == 1
    client.post(at("delete", incident), {"name": incident.heading})
    assert not Incident.objects.filter(deleted_at=None).exists()


@pytest.mark.parametrize("name", ["delete", "undelete"])
def test_neither_outsiders_nor_viewers_delete_or_bring_back(
    charlie: User, browser_of: BrowserOf, incident: Incident, name: str
) -> None:
    if name == "undelete":
        incident.delete_later()
    assert browser_of(charlie).post(at(name, incident)).status_code == 404
    assert browser_of(builders.person("vera", Role.VIEWER)).post(at(name, incident)).status_code == 403
    assert Incident.objects.filter(deleted_at=None).exists() is (name == "delete")


def test_a_name_and_a_state_can_be_taken_back(client: Client, incident: Incident) -> None:
    before = (incident.title, incident.app_name, incident.state)
    for name, fields in (("rename", {"title": "New & <b>", "app_name": "shop"}), ("state", {"state": "resolved"})):
        undo(client, client.post(at(name, incident), fields, follow=True))
    incident.refresh_from_db()
    assert (incident.title, incident.app_name, incident.state) == before


def test_several_are_archived_at_once_and_come_back_together(client: Client, charlie: User) -> None:
    mine = [builders.incident(f"One of {number}") for number in range(3)]
    theirs = builders.incident("theirs", charlie.memberships.get().team)
    keys = [str(one.pk) for one in (*mine, theirs)]
    page = client.post(reverse("incident-archive-many"), {"pk": [*keys, "no-uuid"]}, follow=True)
    assert Incident.objects.exclude(archived_at=None).count() == 3
    assert "3 incidents archived." in page.content.decode()
    undo(client, page)
    assert not Incident.objects.exclude(archived_at=None).exists()
