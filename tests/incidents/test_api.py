"""The API: who may call what, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from incidents.models import ApiToken, App, AuditEvent, Incident, Membership, Role, Scope, Team
from tests.incidents import builders

EVERYTHING = (Scope.READ, Scope.INGEST, Scope.WRITE, Scope.ADMIN)


def token_of(user: Any, *scopes: str, **given: Any) -> str:
    team = user.memberships.get().team
    return ApiToken.objects.issue(team=team, user=user, name="ci", scopes=scopes or EVERYTHING, **given)[1]


@pytest.fixture
def call() -> Callable[..., Any]:
    """``call(token, "POST", "/incidents", {…})``: the answer, with ``.json()``."""

    def make(token: str, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        return Client().generic(method, f"/api/v1{path}", data, content_type=kind, headers=headers)

    return make


def test_from_nothing_to_a_ticket(alice, call):
    token = token_of(alice)
    made = call(token, "POST", "/incidents", {"title": "Exports", "app_name": "harbour-shop"})
    assert made.status_code == 201
    pk = made.json()["id"]
    assert call(token, "GET", f"/incidents/{pk}/analysis").status_code == 202
    sent = call(token, "POST", f"/incidents/{pk}/logs?name=app.log", builders.log(), "application/octet-stream")
    assert sent.status_code == 201
    assert sent.json()["log"]["state"] == "splitting"
    assert sent.json()["incident"]["is_reading"]
    builders.work()
    document = call(token, "GET", f"/incidents/{pk}/analysis").json()
    assert document["schema"] == "triage/analysis@1"
    assert document["codes"]["H12"]["count"] == 30
    row = call(token, "GET", f"/incidents/{pk}").json()
    assert row["verdict_slug"] == document["verdict"]["slug"]
    assert not row["is_reading"]
    assert row["url"].endswith(f"/i/{pk}/")
    ticket = call(token, "GET", f"/incidents/{pk}/ticket").json()
    assert ticket["markdown"] == call(token, "GET", f"/incidents/{pk}/ticket.md").content.decode()
    assert 0 < ticket["score"] < 1
    assert AuditEvent.objects.filter(action="ticket.exported", actor_label="alice").count() == 2


def test_the_same_bytes_count_once(alice, incident, call):
    token = token_of(alice, Scope.INGEST)
    first, second = (
        call(token, "POST", f"/incidents/{incident.pk}/logs", builders.log(), "application/octet-stream")
        for _ in range(2)
    )
    assert (first.json()["is_duplicate"], second.json()["is_duplicate"]) == (False, True)


def test_a_secret_in_a_path_does_not_leave(alice, incident, call):
    key = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    row = builders.router_line(1, f"/pay?api_key={key}", service_ms=9000)
    token = token_of(alice)
    call(token, "POST", f"/incidents/{incident.pk}/logs", f"{row}\n".encode() * 3, "application/octet-stream")
    builders.work()
    answer = call(token, "GET", f"/incidents/{incident.pk}/analysis")
    assert answer.json()["slowest_request"]["service_ms"] == 9000
    assert key not in answer.content.decode()


@pytest.mark.parametrize("text", ["", "tri_", "tri_" + "a" * 49, "Bearer", "\x00"])
def test_nobody_without_a_token(db, call, text):
    answer = call(text, "GET", "/incidents")
    assert answer.status_code == 401
    assert "Bearer" in answer.json()["error"]
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_session_is_no_token(alice, browser_of):
    assert browser_of(alice).get("/api/v1/incidents").status_code == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda token, user: ApiToken.objects.update(revoked_at=timezone.now()), 401),
        (lambda token, user: ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1)), 401),
        (lambda token, user: type(user).objects.update(is_active=False), 401),
        (lambda token, user: Membership.objects.all().delete(), 401),
        (lambda token, user: Membership.objects.update(role=Role.VIEWER), 403),
    ],
    ids=["revoked", "expired", "deactivated", "left", "demoted"],
)
def test_a_token_ends_with_the_rights_of_its_maker(alice, call, change, status):
    token = token_of(alice)
    assert call(token, "POST", "/incidents", {}).status_code == 201
    change(token, alice)
    assert call(token, "POST", "/incidents", {}).status_code == status


def test_a_token_does_only_what_its_scopes_say(alice, incident, call):
    needed = {
        ("GET", "/incidents"): Scope.READ,
        ("POST", "/incidents"): Scope.WRITE,
        ("GET", f"/incidents/{incident.pk}"): Scope.READ,
        ("PATCH", f"/incidents/{incident.pk}"): Scope.WRITE,
        ("POST", f"/incidents/{incident.pk}/logs"): Scope.INGEST,
        ("GET", "/apps"): Scope.READ,
        ("POST", "/apps"): Scope.ADMIN,
        ("DELETE", f"/incidents/{incident.pk}"): Scope.ADMIN,
    }
    for scope in (Scope.READ, Scope.INGEST, Scope.WRITE):
        token = token_of(alice, scope)
        for (method, path), wanted in needed.items():
            status = call(token, method, path, {"name": "x"} if path == "/apps" else {}).status_code
            assert (status != 403) == (scope == wanted), (scope, method, path, status)


def test_another_teams_things_are_not_there(alice, charlie, incident, call):
    theirs = token_of(charlie)
    own_app = call(token_of(alice), "POST", "/apps", {"name": "shop"}).json()["id"]
    drain = call(token_of(alice), "POST", f"/apps/{own_app}/drains", {"name": "main"}).json()["id"]
    other_app = call(theirs, "POST", "/apps", {"name": "shop"}).json()["id"]
    for method, path in (
        ("GET", f"/incidents/{incident.pk}"), ("PATCH", f"/incidents/{incident.pk}"),
        ("DELETE", f"/incidents/{incident.pk}"), ("POST", f"/incidents/{incident.pk}/logs"),
        ("GET", f"/incidents/{incident.pk}/analysis"), ("GET", f"/incidents/{incident.pk}/ticket"),
        ("GET", f"/apps/{own_app}"), ("POST", f"/apps/{own_app}/drains"),
        ("POST", f"/apps/{other_app}/drains/{drain}/rotate"), ("DELETE", f"/apps/{other_app}/drains/{drain}"),
    ):  # fmt: skip
        body = {"title": "x"} if method == "PATCH" else {"name": "x"}
        assert call(theirs, method, path, body).status_code == 404, (method, path)
    recorder = App.objects.get(pk=own_app).recorder_id
    assert call(token_of(alice), "GET", f"/incidents/{recorder}").status_code == 404


def test_drains_are_made_renewed_and_refused(alice, call):
    token = token_of(alice)
    app = call(token, "POST", "/apps", {"name": "shop"}).json()["id"]
    drain = call(token, "POST", f"/apps/{app}/drains", {"name": "main"}).json()
    assert drain["url"] == f"http://drain:{drain['token']}@testserver/drain/"
    renewed = call(token, "POST", f"/apps/{app}/drains/{drain['id']}/rotate").json()
    assert renewed["token"] != drain["token"]
    assert call(token, "DELETE", f"/apps/{app}/drains/{drain['id']}").status_code == 204
    assert call(token, "GET", f"/apps/{app}").json()["drains"][0]["is_revoked"]
    assert call(token, "POST", f"/apps/{app}/drains", {"name": "main"}).status_code == 409


def test_the_list_pages_by_time(alice, call):
    token = token_of(alice)
    for number in range(5):
        call(token, "POST", "/incidents", {"title": str(number)})
    seen, before = [], ""
    for _ in range(3):
        page = call(token, "GET", f"/incidents?limit=2{before}").json()
        seen += [row["title"] for row in page["incidents"]]
        before = "&before=" + (page["next"] or "").replace("+", "%2B")
    assert seen == ["4", "3", "2", "1", "0"]
    assert page["next"] is None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/incidents", b"{"), ("POST", "/incidents", {"titel": "x"}), ("POST", "/incidents", {"title": 7}),
        ("POST", "/incidents", {"title": "x" * 201}), ("GET", "/incidents?limit=0", None), ("POST", "/apps", {}),
        ("GET", "/incidents?before=soon", None),
    ],
)  # fmt: skip
def test_nonsense_is_answered_with_a_sentence(alice, call, method, path, body):
    answer = call(token_of(alice), method, path, body)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]


def test_a_binary_file_is_refused_with_its_reason(alice, incident, call):
    token = token_of(alice)
    body = bytes(range(256)) * 400
    assert call(token, "POST", f"/incidents/{incident.pk}/logs", body, "application/octet-stream").status_code == 201
    builders.work()
    (log,) = call(token, "GET", f"/incidents/{incident.pk}/logs").json()
    assert log["state"] == "refused"
    assert log["problem"]


def test_the_page_makes_a_token_that_is_shown_once(alice, browser_of):
    browser = browser_of(alice)
    made = browser.post("/api/tokens/", {"name": "deploys", "scopes": ["read"], "days": "30"})
    (row,) = ApiToken.objects.all()
    text = made.context["text"]
    assert text in made.content.decode()
    assert made["Cache-Control"].count("no-store") == 1
    assert ApiToken.objects.find(text, scope=Scope.READ) == row
    assert text not in browser.get("/api/").content.decode()
    assert AuditEvent.objects.filter(action="token.created").count() == 1
    browser.post(f"/api/tokens/{row.pk}/revoke/")
    assert ApiToken.objects.find(text) is None


@pytest.mark.parametrize(("role", "scopes", "status"), [
    (Role.VIEWER, ["read"], 403), (Role.MEMBER, ["read", "ingest", "write"], 200), (Role.MEMBER, ["admin"], 422),
    (Role.ADMIN, ["admin"], 200), (Role.MEMBER, [], 422),
])  # fmt: skip
def test_a_token_can_do_no_more_than_its_maker(db, browser_of, role, scopes, status):
    person = builders.person("bob", role)
    answer = browser_of(person).post("/api/tokens/", {"name": "x", "scopes": scopes, "days": ""})
    assert answer.status_code == status
    assert ApiToken.objects.count() == (status == 200)


def test_members_see_their_own_tokens_and_admins_all(alice, browser_of):
    bob = builders.person("bob", Role.MEMBER)
    token_of(alice)
    (row,) = ApiToken.objects.all()
    assert row.prefix not in browser_of(bob).get("/api/").content.decode()
    assert browser_of(bob).post(f"/api/tokens/{row.pk}/revoke/").status_code == 404
    token_of(bob)
    page = browser_of(alice).get("/api/").content.decode()
    assert all(one.prefix in page for one in ApiToken.objects.all())


def test_a_deleted_incident_is_gone(alice, incident, call):
    token = token_of(alice)
    assert call(token, "DELETE", f"/incidents/{incident.pk}").status_code == 204
    assert call(token, "GET", f"/incidents/{incident.pk}").status_code == 404
    assert Incident.objects.get(pk=incident.pk).deleted_at is not None
    assert Team.objects.count() == 1
