"""One-time links: they work once, for a while, and lead nowhere else."""

from __future__ import annotations

import threading
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from incidents.models import Membership, Role, SigninToken

pytestmark = pytest.mark.django_db


def link(**options: str) -> str:
    out = StringIO()
    call_command("signin_link", "--base", "http://testserver", stdout=out, **options)
    return out.getvalue().strip().removeprefix("http://testserver")


LOCAL = {"HTTP_HOST": "127.0.0.1:8000"}
"""The machine's own address, where bin/run opens its link."""


def token_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["token"][0]


def press(client: Client, address: str, **more: str) -> HttpResponse:
    """Open the link, and press its one button."""
    page = client.get(address)
    assert page.status_code == 200
    return client.post("/signin/", {"token": token_of(address), "next": "/"} | more)


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_link_signs_its_first_visitor_in_and_only_that_one() -> None:
    address, first, second = link(), Client(), Client()
    assert press(first, address).headers["Location"] == "/"
    assert is_signed_in(first)
    assert Membership.objects.get().role == Role.OWNER
    answer = press(second, address)
    assert answer.status_code == 403
    assert not is_signed_in(second)
    assert "used already" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_visitors_at_once_one_comes_in() -> None:
    token = parse_qs(urlsplit(link()).query)["token"][0]
    barrier, redeemed = threading.Barrier(6), []

    def visit() -> None:
        barrier.wait()
        redeemed.append(SigninToken.objects.redeem(token) is not None)
        connection.close()

    threads = [threading.Thread(target=visit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(redeemed) == [False] * 5 + [True]


def test_the_token_is_kept_as_a_hash_only() -> None:
    token = parse_qs(urlsplit(link()).query)["token"][0]
    assert token not in str(list(SigninToken.objects.values()))
    assert len(token) >= 43  # 256 bits


def test_an_old_link_does_not_work() -> None:
    address, client = link(), Client()
    SigninToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert press(client, address).status_code == 403


def test_a_deactivated_person_can_not_come_in() -> None:
    address, client = link(), Client()
    User.objects.update(is_active=False)
    assert press(client, address).status_code == 403


def test_opening_the_link_does_not_use_it_up() -> None:
    address, client = link(), Client()
    for _ in range(3):  # scanners of mails and chats
        assert not is_signed_in(Client())
        assert Client().get(address).status_code == 200
    assert press(client, address).headers["Location"] == "/"


def test_on_the_machines_own_address_opening_the_link_is_enough() -> None:
    address, client = link(), Client()
    ahead = client.get(address, headers={"Sec-Purpose": "prefetch"}, **LOCAL)
    assert ahead.status_code == 200
    assert not is_signed_in(client)
    assert client.get(address, **LOCAL).headers["Location"] == "/"
    assert is_signed_in(client)


def test_behind_a_proxy_the_own_address_is_nothing_special(settings: Any) -> None:
    settings.SIGNIN_LINK_OPENS = False
    client = Client()
    assert client.get(link(), **LOCAL).status_code == 200
    assert not is_signed_in(client)


def test_the_link_may_open_a_page() -> None:
    assert press(Client(), link(next_path="/new/")).headers["Location"] == "/new/"
    assert press(Client(), link(), next="/codes/").headers["Location"] == "/codes/"


@pytest.mark.parametrize(
    "path", ["https://evil.example.com/", "//evil.example.com", "\\\\evil.example.com", "javascript:alert(1)"]
)
def test_the_link_leads_to_this_site_only(path: str) -> None:
    assert press(Client(), link(), next=path).headers["Location"] == "/"
    assert Client().get(f"{link()}&next={path}", **LOCAL).headers["Location"] == "/"
    with pytest.raises(CommandError):
        call_command("signin_link", "--next", path)


def test_signing_in_changes_the_session_key() -> None:
    client = Client()
    client.get("/signin/")
    session = client.session
    session["kept"] = 1
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    press(client, link())
    assert client.session.session_key != before


def test_signing_out_needs_a_post_and_ends_the_session() -> None:
    client = Client()
    press(client, link())
    assert client.get("/signout/").status_code == 405
    client.post("/signout/")
    assert not is_signed_in(client)


def test_health_needs_nothing_and_readiness_the_database(django_assert_num_queries: object) -> None:
    assert Client().get("/healthz").content == b"ok\n"
    assert Client().get("/readyz").content == b"ok\n"


@pytest.mark.parametrize("address", ["/healthz", "/signin/", "/nowhere/", "/"])
def test_every_answer_carries_the_security_headers(address: str) -> None:
    headers = Client().get(address).headers
    policy = headers["Content-Security-Policy"]
    for directive in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ):
        assert directive in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Request-ID"]
