"""Links for outsiders: what they show, to whom, and for how long."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from incidents.access import revoke_everything
from incidents.ingest import accept
from incidents.models import AuditEvent, Incident, Membership, Role, ShareLink, Team
from incidents.sharing import Mask
from tests.incidents import builders

KEY = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
MAIL, ADDRESS, HOST = "ana@customer.example.org", "198.51.100.44", "shop.example.com"


@pytest.fixture(autouse=True)
def no_tries_yet(db):
    cache.clear()


@pytest.fixture
def told(alice, incident) -> Incident:
    """An incident that was read, with secrets, people, addresses and hosts in its proofs."""
    rows = [
        builders.router_line(second, f"/pay?api_key={KEY}&mail={MAIL}", service_ms=30_000, status=503, code="H12")
        .replace("192.0.2.7", ADDRESS)
        for second in range(20)
    ]  # fmt: skip
    accept.accept_upload(incident=incident, name="app.log", blocks=["\n".join(rows).encode()])
    builders.work()
    return Incident.objects.get(pk=incident.pk)


def shared(browser, incident, **given):
    """Make a link on the page; returns its token."""
    page = browser.post(f"/i/{incident.pk}/share/", {"part": "incident", "days": "7"} | given)
    assert page.status_code == 200, page.content.decode()[:2000]
    return re.search(r"/s/#(trs_\w+)", page.content.decode())[1]


def opened(token, passphrase="", client=None):
    client = client or Client()
    return client, client.post("/s/", {"token": token, "passphrase": passphrase}, follow=True)


def test_an_outsider_sees_the_verdict_and_nothing_of_people_or_secrets(alice, told, browser_of):
    token = shared(browser_of(alice), told, label="Support")
    _, page = opened(token)
    text = page.content.decode()
    assert page.status_code == 200
    assert "GET" in text
    assert "H12" in text
    assert told.verdict_slug == "slow-endpoint"
    for secret in (KEY, MAIL, ADDRESS, HOST, "alice", "Support", str(told.pk)):
        assert secret not in text, secret
    assert "client-1" in text
    assert "person-1" in text
    assert "host-A" in text
    assert page["Referrer-Policy"] == "no-referrer"
    assert "noindex" in page["X-Robots-Tag"]
    assert "no-store" in page["Cache-Control"]


def test_the_preview_is_what_they_see(alice, told, browser_of):
    token = shared(browser_of(alice), told)
    _, page = opened(token)
    preview = browser_of(alice).get(f"/i/{told.pk}/share/preview/").content.decode()

    def body(text: str) -> str:
        return re.sub(r"\s+", " ", text.partition("findings-title")[2].partition("</section>")[0])

    assert body(preview)
    assert body(preview) == body(page.content.decode())


def test_the_shared_view_has_no_dead_links_and_no_empty_charts(alice, told, browser_of):
    text = opened(shared(browser_of(alice), told))[1].content.decode()
    assert 'href=""' not in text
    assert "data-plot" not in text
    assert "picture-requests" in text


def test_a_host_is_masked_wherever_it_stands_but_a_plain_word_is_not(incident):
    document = {
        "summary": "API.Example.com is slow, db is not",
        "quote": "host=api.example.com path=/db",
        "other": "host=db",
    }
    mask = Mask(incident, document)
    assert mask.value(document) == {
        "summary": "host-A is slow, db is not", "quote": "host=host-A path=/db", "other": "host=host-B",
    }  # fmt: skip
    assert mask.counts["host"] == 3


def test_counts_say_what_is_masked(alice, told, browser_of):
    text = browser_of(alice).get(f"/i/{told.pk}/share/").content.decode()
    for kind in ("client address", "e-mail address", "host name"):
        assert kind in text


@pytest.mark.parametrize("spoil", [
    lambda link, alice: ShareLink.objects.update(revoked_at=timezone.now()),
    lambda link, alice: ShareLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1)),
    lambda link, alice: Incident.objects.update(deleted_at=timezone.now()),
    lambda link, alice: ShareLink.objects.all().delete(),
    lambda link, alice: revoke_everything(alice, Team.objects.get(slug="default")),
], ids=["revoked", "expired", "deleted", "gone", "maker removed"])  # fmt: skip
def test_all_ends_look_alike_and_hold_for_those_who_are_inside(alice, told, browser_of, spoil):
    token = shared(browser_of(alice), told)
    inside, page = opened(token)
    where = page.redirect_chain[-1][0]
    assert inside.get(where).status_code == 200
    spoil(token, alice)

    def face(answer):
        return answer.status_code, re.sub(r'value="\w{64}"', "", answer.content.decode())

    wrong = face(Client().post("/s/", {"token": "trs_" + "x" * 49}))
    assert wrong[0] == 404
    assert face(Client().post("/s/", {"token": token})) == wrong
    assert inside.get(where).status_code == 404


def test_a_passphrase_is_asked_for(alice, told, browser_of):
    token = shared(browser_of(alice), told, passphrase="blue harbour")
    assert opened(token)[1].status_code == 404
    assert opened(token, "red harbour")[1].status_code == 404
    assert opened(token, "blue harbour")[1].status_code == 200
    assert ShareLink.objects.get().opens == 1
    assert "blue harbour" not in ShareLink.objects.get().passphrase


def test_a_cookie_of_one_link_opens_no_other(alice, told, browser_of):
    first, second = shared(browser_of(alice), told), shared(browser_of(alice), told)
    inside, _ = opened(first)
    other = ShareLink.objects.order_by("created_at").last()
    assert inside.get(f"/s/{other.pk}/").status_code == 404
    assert Client().get(f"/s/{other.pk}/").status_code == 404
    _, page = opened(second, client=inside)
    assert page.status_code == 200


def test_the_cookie_is_for_the_shared_pages_only(alice, told, browser_of):
    token = shared(browser_of(alice), told)
    answer = Client().post("/s/", {"token": token})
    (cookie,) = [one for name, one in answer.cookies.items() if name.startswith("share_")]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/s/"
    assert token not in cookie.value
    assert ShareLink.objects.get().digest != token


def test_guessing_is_slowed(db):
    client = Client()
    found = [client.post("/s/", {"token": "trs_x"}).status_code for _ in range(22)]
    assert found[:20] == [404] * 20
    assert found[-1] == 429


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.MEMBER, 200)])
def test_members_share_and_viewers_do_not(told, browser_of, role, status):
    person = builders.person("bob", role)
    assert browser_of(person).get(f"/i/{told.pk}/share/").status_code == 200
    assert browser_of(person).post(f"/i/{told.pk}/share/", {"part": "incident", "days": "7"}).status_code == status


def test_another_team_shares_and_revokes_nothing(alice, charlie, told, browser_of):
    shared(browser_of(alice), told)
    link = ShareLink.objects.get()
    own = builders.incident(team=charlie.teams.get())
    browser = browser_of(charlie)
    assert browser.get(f"/i/{told.pk}/share/").status_code == 404
    assert browser.get(f"/i/{told.pk}/share/preview/").status_code == 404
    assert browser.post(f"/i/{told.pk}/share/{link.pk}/revoke/").status_code == 404
    assert browser.post(f"/i/{own.pk}/share/{link.pk}/revoke/").status_code == 404
    assert ShareLink.objects.get().is_open


def test_one_finding_shows_nothing_else(alice, told, browser_of):
    token = shared(browser_of(alice), told, part="finding")
    _, page = opened(token)
    text = page.content.decode()
    assert "Findings" in text
    assert "Endpoints</h2>" not in text
    assert "Timeline</h2>" not in text


def test_a_teammate_is_offered_the_full_page(alice, told, browser_of):
    token = shared(browser_of(alice), told)
    _, page = opened(token, client=browser_of(alice))
    assert f"/i/{told.pk}/" in page.content.decode()


def test_it_stands_in_the_audit_log(alice, told, browser_of):
    browser = browser_of(alice)
    token = shared(browser, told, label="Support")
    opened(token)
    browser.post(f"/i/{told.pk}/share/{ShareLink.objects.get().pk}/revoke/")
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {
        "share.created",
        "share.opened",
        "share.revoked",
    }
    assert not AuditEvent.objects.filter(details__icontains=token).exists()
    assert Membership.objects.count() == 1
