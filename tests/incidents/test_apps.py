"""The pages of apps: what they show, to whom, and what people can change."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from incidents.digest.alerts.watching import policy_of
from incidents.ingest.keys import senders
from incidents.models import Alert, App, AuditEvent, CauseMute, Delivery, Drain, Incident, Role
from tests.incidents import app_builders as live
from tests.incidents import builders
from tests.incidents.test_pages import text_of

BrowserOf = Callable[[User], Client]
READERS = ("app-detail", "app-tail", "app-alerts")
MANAGERS = ("app-settings", "app-alert-settings")


@pytest.fixture
def app(alice: User) -> App:
    return live.app()


@pytest.fixture
def drain(app: App) -> Drain:
    return live.drain(app)


@pytest.fixture
def client(alice: User, browser_of: BrowserOf) -> Client:
    return browser_of(alice)


@pytest.fixture
def member(alice: User, browser_of: BrowserOf) -> Client:
    return browser_of(builders.person("mia", Role.MEMBER))


@pytest.fixture
def viewer(alice: User, browser_of: BrowserOf) -> Client:
    return browser_of(builders.person("vera", Role.VIEWER))


@pytest.fixture
def alert(app: App, drain: Drain) -> Alert:
    """Timeouts that go on."""
    now = timezone.now().replace(second=0, microsecond=0)
    live.arrive(drain, live.quiet_lines(now - timedelta(minutes=45), 40))
    live.arrive(drain, live.timeouts(now - timedelta(minutes=5), 5))
    live.watch(app, now)
    return Alert.objects.select_related("incident").get()


def at(name: str, app: App, *more: Any) -> str:
    return reverse(name, args=[app.pk, *more])


def token_in(html: str) -> str:
    found = re.search(r"trd_\w{49}", html)
    assert found
    return found[0]


# -- adding one -------------------------------------------------------------------------------------------------------
def test_a_new_app_shows_its_command_once_and_waits(client: Client) -> None:
    html = client.post(reverse("app-new"), {"name": "harbour-shop"}).content.decode()
    token = token_in(html)
    app = App.objects.get()
    assert (
        f"heroku drains:add &quot;https://drain:{token}@" in html
        or f'heroku drains:add "https://drain:{token}@' in html
    )
    assert "-a harbour-shop" in html
    assert "Waiting for the first line" in html
    sender = senders.find(f"Bearer {token}")
    assert sender is not None
    assert sender.app_id == app.pk
    for name in (*READERS, *MANAGERS):
        assert token not in client.get(at(name, app)).content.decode()
    assert AuditEvent.objects.filter(action="drain.created").exists()


def test_waiting_turns_green_with_the_first_line(client: Client, app: App, drain: Drain) -> None:
    address = f"{at('app-detail', app)}?drain={drain.pk}"
    headers = {"HX-Request": "true", "HX-Target": "waiting"}
    assert 'hx-trigger="every' in client.get(address, headers=headers).content.decode()
    live.arrive(drain, live.quiet_lines(timezone.now(), 1))
    html = client.get(address, headers=headers).content.decode()
    assert "The first lines are here" in html
    assert 'hx-trigger="every' not in html


def test_fir_apps_get_the_command_of_their_platform(client: Client) -> None:
    html = client.post(reverse("app-new"), {"name": "fir-shop", "kind": "otlp"}).content.decode()
    words = text_of(client.post(reverse("app-new"), {"name": "fir-two", "kind": "otlp"}))
    assert "heroku telemetry:add" in html
    assert "--signals logs --transport http" in words
    assert token_in(html)


@pytest.mark.parametrize(
    ("name", "says"), [("", "needs a name"), ("harbour-shop", "There is an app called"), ("x" * 101, "100")]
)
def test_a_name_that_cannot_be_is_explained(client: Client, app: App, name: str, says: str) -> None:
    answer = client.post(reverse("app-new"), {"name": name})
    assert answer.status_code == 422
    assert says in text_of(answer)


# -- who may what -----------------------------------------------------------------------------------------------------
def test_pages_are_for_the_team_and_settings_for_its_admins(
    member: Client, viewer: Client, client: Client, charlie: User, browser_of: BrowserOf, app: App, alert: Alert
) -> None:
    for name in (*READERS, *MANAGERS):
        address = at(name, app)
        assert client.get(address).status_code == 200, name
        expected = 403 if name in MANAGERS else 200
        assert (member.get(address).status_code, viewer.get(address).status_code) == (expected, expected), name
        assert browser_of(charlie).get(address).status_code == 404, name
        assert Client().get(address).status_code == 302, name
    for name in ("app-alert", "app-alert-line"):
        address = at(name, app, alert.pk)
        assert viewer.get(address).status_code in (200, 302)
        assert browser_of(charlie).get(address).status_code == 404


def test_changes_need_their_role(
    member: Client, viewer: Client, charlie: User, browser_of: BrowserOf, app: App, drain: Drain, alert: Alert
) -> None:
    managed = [
        (at("app-drain-add", app), {"name": "x"}), (at("app-drain-rename", app, drain.pk), {"name": "x"}),
        (at("app-drain-rotate", app, drain.pk), {"hours": "1"}), (at("app-drain-remove", app, drain.pk), {}),
        (at("app-drain-restore", app, drain.pk), {}), (at("app-recorder", app), {"hours": "1", "megabytes": "1"}),
        (at("app-remove", app), {"name": app.name}), (at("app-alert-settings", app), {}), (at("app-alert-test", app), {}),
    ]  # fmt: skip
    changed = [
        (at("app-window", app), {"from": "09:00", "to": "09:10"}), (at("app-mute", app), {"cause": "H12", "for": "ever"}),
        (at("app-unmute", app, "H12"), {}), (at("app-alert-acknowledge", app, alert.pk), {}),
        (at("app-alert-incident", app, alert.pk), {}),
    ]  # fmt: skip
    stranger = browser_of(charlie)
    for address, data in managed:
        assert member.post(address, data).status_code == 403, address
    for address, data in [*managed, *changed]:
        assert viewer.post(address, data).status_code == 403, address
        assert stranger.post(address, data).status_code == 404, address
        assert stranger.get(address).status_code in (404, 405), address
    drain.refresh_from_db()
    alert.refresh_from_db()
    assert (drain.revoked_at, drain.name, alert.acknowledged_at) == (None, "main", None)
    assert not CauseMute.objects.exists()


def test_rows_of_another_app_are_not_reached_through_mine(client: Client, app: App, charlie: User) -> None:
    other = live.app("their-shop", charlie.teams.get())
    theirs = live.drain(other)
    assert client.post(at("app-drain-remove", app, theirs.pk)).status_code == 404
    theirs.refresh_from_db()
    assert theirs.revoked_at is None


# -- drains -----------------------------------------------------------------------------------------------------------
def test_a_renewed_token_works_beside_the_old_one(client: Client, app: App) -> None:
    token = token_in(client.post(at("app-drain-add", app), {"name": "second"}).content.decode())
    drain = app.drains.get()
    renewed = token_in(client.post(at("app-drain-rotate", app, drain.pk), {"hours": "6"}).content.decode())
    assert renewed != token
    for one in (token, renewed):
        assert senders.find(f"Bearer {one}") is not None
    drain.refresh_from_db()
    assert drain.previous_until is not None
    left = drain.previous_until - timezone.now()
    assert timedelta(hours=5, minutes=59) < left <= timedelta(hours=6)


def test_removing_a_drain_can_be_undone(client: Client, app: App, drain: Drain) -> None:
    page = client.post(at("app-drain-remove", app, drain.pk), follow=True)
    drain.refresh_from_db()
    assert drain.revoked_at is not None
    undo = at("app-drain-restore", app, drain.pk)
    assert undo in page.content.decode()
    client.post(undo)
    drain.refresh_from_db()
    assert drain.revoked_at is None


def test_names_of_drains_are_unique(client: Client, app: App, drain: Drain) -> None:
    live.drain(app, "second")
    answer = client.post(at("app-drain-rename", app, drain.pk), {"name": "second"})
    assert answer.status_code == 422
    assert "called second already" in text_of(answer)
    client.post(at("app-drain-rename", app, drain.pk), {"name": "third\x00"})
    drain.refresh_from_db()
    assert drain.name == "third"


def test_the_recorder_is_limited_by_hours_and_size(client: Client, app: App) -> None:
    client.post(at("app-recorder", app), {"hours": "12", "megabytes": "64"})
    app.refresh_from_db()
    assert (app.retention_hours, app.retention_bytes) == (12, 64 * 1024 * 1024)
    assert client.post(at("app-recorder", app), {"hours": "0", "megabytes": "64"}).status_code == 422


def test_an_app_goes_only_when_its_name_is_typed(client: Client, app: App, drain: Drain) -> None:
    assert client.post(at("app-remove", app), {"name": "something"}).status_code == 422
    assert App.objects.exists()
    assert client.post(at("app-remove", app), {"name": app.name}).status_code == 302
    assert not App.objects.exists()


# -- the page ---------------------------------------------------------------------------------------------------------
def test_the_page_shows_counts_and_marks_the_burst(
    client: Client, app: App, alert: Alert, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(24):
        html = client.get(at("app-detail", app)).content.decode()
    assert 'class="burst"' in html
    assert alert.sentence in html
    words = text_of(client.get(at("app-detail", app)))
    assert "On record 200" in words
    for hours in ("1", "12", "24", "48", "7", "x"):
        assert client.get(at("app-detail", app), {"hours": hours}).status_code == 200


def test_the_list_shows_health_and_trouble(
    client: Client, app: App, alert: Alert, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(4):
        live.drain(live.app(f"shop-{number}"))
    with django_assert_max_num_queries(12):
        words = text_of(client.get(reverse("app-list")))
    assert alert.sentence in words
    assert "Trouble" in words
    assert words.count("Waiting for the first line") == 4


def test_an_empty_list_says_what_to_do(client: Client, alice: User) -> None:
    assert "No app drains into Triage yet" in text_of(client.get(reverse("app-list")))


def test_a_window_becomes_an_incident(client: Client, app: App, drain: Drain) -> None:
    now = timezone.now().replace(second=0, microsecond=0)
    live.arrive(drain, live.timeouts(now - timedelta(minutes=20), 10))
    begin, end = (
        (now - timedelta(minutes=18)).isoformat()[:16] + "Z",
        (now - timedelta(minutes=14)).isoformat()[:16] + "Z",
    )
    answer = client.post(at("app-window", app), {"from": begin, "to": end})
    incident = Incident.objects.get(is_recorder=False)
    assert answer["Location"] == incident.get_absolute_url()
    live.copy_windows()
    incident.refresh_from_db()
    assert incident.analysis["codes"]["H12"]["count"] in (32, 33)
    assert incident.app_name == app.name


@pytest.mark.parametrize(
    ("window", "says"),
    [(("", ""), "needs a beginning"), (("x", "09:10"), "is no time"), (("09:10", ""), "needs a beg")],
)
def test_a_window_that_cannot_be_is_explained(client: Client, app: App, window: tuple[str, str], says: str) -> None:
    page = client.post(at("app-window", app), {"from": window[0], "to": window[1]}, follow=True)
    assert says in text_of(page)
    assert not Incident.objects.filter(is_recorder=False).exists()


# -- alerts -----------------------------------------------------------------------------------------------------------
def test_an_alert_shows_its_proof_and_leads_to_the_line(client: Client, app: App, alert: Alert) -> None:
    words = text_of(client.get(at("app-alert", app, alert.pk)))
    assert "code=H12" in words
    in_recorder = client.get(at("app-alert-line", app, alert.pk))["Location"]
    assert f"/i/{app.recorder_id}/l/" in in_recorder
    assert "code=H12" in text_of(client.get(in_recorder))
    live.copy_windows()
    in_incident = client.get(at("app-alert-line", app, alert.pk))["Location"]
    assert f"/i/{alert.incident_id}/l/" in in_incident
    assert "code=H12" in text_of(client.get(in_incident))


def test_acknowledging_and_muting_can_be_undone(member: Client, app: App, alert: Alert) -> None:
    page = member.post(at("app-alert-acknowledge", app, alert.pk), follow=True)
    assert "Acknowledged by mia" in text_of(page)
    member.post(at("app-alert-acknowledge", app, alert.pk), {"undo": "1"})
    alert.refresh_from_db()
    assert alert.acknowledged_at is None
    page = member.post(at("app-mute", app), {"cause": "H12", "for": "hour"}, follow=True)
    mute = CauseMute.objects.get()
    assert mute.until is not None
    undo = at("app-unmute", app, "H12")
    assert page.content.decode().count(undo) == 2
    member.post(undo)
    assert not CauseMute.objects.exists()
    assert member.post(at("app-mute", app), {"cause": "nonsense", "for": "ever"}).status_code == 404


def test_whom_to_tell_is_checked_and_kept(client: Client, app: App) -> None:
    address = at("app-alert-settings", app)
    data = {
        "is_on": "1", "webhook_url": "https://hooks.example.com/t", "emails": "a@example.com, b@example.com",
        "quiet_from": "22:00", "quiet_until": "07:00", "quiet_zone": "Europe/Berlin", "count_H12": "9", "count_R15": "1",
    }  # fmt: skip
    assert client.post(address, data).status_code == 302
    policy = policy_of(app)
    assert policy.emails == ["a@example.com", "b@example.com"]
    assert policy.counts == {"H12": 9}
    assert str(policy.quiet_from) == "22:00:00"
    assert policy.origin == "http://testserver"
    html = client.get(address).content.decode()
    assert 'value="22:00"' in html
    assert 'value="9"' in html
    for wrong, says in (
        ({"webhook_url": "http://127.0.0.1/"}, "https://"), ({"emails": "nobody"}, "is no e-mail address"),
        ({"quiet_zone": "Mars/Base"}, "There is no zone"), ({"quiet_until": ""}, "need a beginning and an end"),
        ({"count_H12": "x"}, "must be a number"),
    ):  # fmt: skip
        answer = client.post(address, data | wrong)
        assert answer.status_code == 422
        assert says in text_of(answer)


def test_a_test_message_is_one_row_per_target(client: Client, app: App) -> None:
    assert "nobody to tell yet" in text_of(client.post(at("app-alert-test", app), follow=True))
    policy = policy_of(app)
    policy.webhook_url, policy.emails = "https://hooks.example.com/secret-path", ["a@example.com"]
    policy.save()
    page = client.post(at("app-alert-test", app), follow=True)
    assert Delivery.objects.count() == 2
    assert "2 test messages are on the way" in text_of(page)
    history = client.get(at("app-alerts", app)).content.decode()
    assert "hooks.example.com" in history
    assert "secret-path" not in history


def test_hostile_names_are_text(client: Client, alice: User) -> None:
    name = "<img src=x onerror=alert(1)>"
    app = live.app(name)
    live.drain(app, name)
    for page in ("app-detail", "app-settings", "app-alerts", "app-tail"):
        assert "<img" not in client.get(at(page, app)).content.decode(), page
    assert "<img" not in client.get(reverse("app-list")).content.decode()
