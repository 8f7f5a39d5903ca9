"""The audit log: written with the act or not at all, never changed, read by admins."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client, RequestFactory
from django.urls import reverse

from incidents import audit
from incidents.models import AppendOnlyError, AuditEvent, Membership, Team
from tests.incidents import builders

pytestmark = pytest.mark.django_db
BrowserOf = Callable[[User], Client]


@pytest.fixture
def team(alice: User) -> Team:
    return Membership.objects.get(user=alice).team


def test_rows_can_neither_be_changed_nor_removed(alice: User, team: Team) -> None:
    event = audit.record("team.changed", actor=alice, team=team, target=team)
    event.action = "member.left"
    for attempt in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(action="x"),
        lambda: AuditEvent.objects.filter(pk=event.pk).update(action="x"),
        lambda: AuditEvent.objects.bulk_update([event], ["action"]),
    ):
        with pytest.raises(AppendOnlyError):
            attempt()
    assert AuditEvent.objects.get(pk=event.pk).action == "team.changed"


def test_the_database_itself_refuses_changes(alice: User, team: Team) -> None:
    audit.record("team.changed", actor=alice, team=team, target=team)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE incidents_auditevent SET action = 'x'")
    assert AuditEvent.objects.get().action == "team.changed"


def test_what_is_rolled_back_was_not_done(alice: User, team: Team) -> None:
    with transaction.atomic():
        audit.record("team.changed", actor=alice, team=team, target=team)
        transaction.set_rollback(True)
    assert not AuditEvent.objects.exists()


def test_rows_outlive_the_person(alice: User, team: Team) -> None:
    bob = builders.person("bob")
    audit.record("team.changed", actor=bob, team=team, target=team)
    bob.delete()
    assert AuditEvent.objects.get().actor_label == "bob"


def test_unknown_actions_are_refused() -> None:
    with pytest.raises(ValueError, match="is not an action"):
        audit.record("team.exploded")


@pytest.mark.parametrize(
    ("trust", "forwarded", "found"),
    [
        (True, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (True, "", "192.0.2.1"),
        (True, "nonsense", None),
        (False, "203.0.113.9", "192.0.2.1"),
    ],
)
def test_the_address_is_what_our_own_proxy_says(
    settings: object, trust: bool, forwarded: str, found: str | None
) -> None:
    settings.TRUST_PROXY = trust
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert audit.client_ip(request) == found


def test_names_can_not_forge_rows(alice: User, team: Team, browser_of: BrowserOf) -> None:
    request = RequestFactory().get("/", HTTP_USER_AGENT="x\r\n=cmd()\x1b[31m")
    audit.record("team.changed", request=request, actor=alice, team=team, label="=1+1\nforged,row")
    text = browser_of(alice).get(reverse("team-audit-csv", args=[team.slug])).content.decode()
    rows = [row for row in text.split("\r\n") if "team.changed" in row]
    assert len(rows) == 1
    assert "'=1+1 forged,row" in rows[0]
    assert "\x1b" not in text


def test_admins_read_and_filter_it(alice: User, team: Team, browser_of: BrowserOf) -> None:
    incident = builders.incident("Timeouts")
    browser = browser_of(alice)
    browser.post(reverse("incident-state", args=[incident.pk]), {"state": "resolved"})
    browser.post(reverse("incident-archive", args=[incident.pk]))
    address = reverse("team-audit", args=[team.slug])
    assert "changed the state of" in browser.get(address).content.decode()
    only = browser.get(address, {"what": "signin"}).content.decode()
    assert "signed in" in only
    assert "changed the state of" not in only
    assert "No such events" in browser.get(address, {"text": "nowhere to be found"}).content.decode()
    assert "changed the state of" not in browser.get(address, {"until": "2001-01-01"}).content.decode()
    assert browser.get(address, {"since": "not a day", "page": "x"}).status_code == 200


def test_every_act_is_told_once(alice: User, team: Team, browser_of: BrowserOf) -> None:
    incident = builders.incident()
    browser = browser_of(alice)
    acts = [
        ("incident-state", {"state": "mitigated"}, "incident.state"),
        ("incident-rename", {"title": "New"}, "incident.renamed"),
        ("incident-owner", {"user": "me"}, "incident.owner"),
        ("incident-archive", {}, "incident.archived"),
        ("incident-restore", {}, "incident.restored"),
        ("incident-delete", {"name": "New"}, "incident.deleted"),
    ]
    for name, form, action in acts:
        browser.post(reverse(name, args=[incident.pk]), form)
        assert AuditEvent.objects.filter(action=action, actor=alice, team=team).count() == 1, action
