"""One-time links: they work once, for a while, and lead nowhere else."""

from __future__ import annotations

import threading
from datetime import timedelta
from io import StringIO
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from incidents.models import Membership, Role, SigninToken

pytestmark = pytest.mark.django_db


def link(**options: str) -> str:
    out = StringIO()
    call_command("signin_link", "--base", "http://testserver", stdout=out, **options)
    return out.getvalue().strip().removeprefix("http://testserver")


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_link_signs_its_first_visitor_in_and_only_that_one() -> None:
    address, first, second = link(), Client(), Client()
    assert first.get(address).headers["Location"] == "/"
    assert is_signed_in(first)
    assert Membership.objects.get().role == Role.OWNER
    answer = second.get(address)
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
    assert client.get(address).status_code == 403


def test_a_deactivated_person_can_not_come_in() -> None:
    address, client = link(), Client()
    User.objects.update(is_active=False)
    assert client.get(address).status_code == 403


def test_fetching_ahead_does_not_use_the_link_up() -> None:
    address, client = link(), Client()
    answer = client.get(address, headers={"Sec-Purpose": "prefetch"})
    assert answer.status_code == 200
    assert not is_signed_in(client)
    token = parse_qs(urlsplit(address).query)["token"][0]
    assert client.post("/signin/", {"token": token}).headers["Location"] == "/"


def test_the_link_may_open_a_page() -> None:
    assert Client().get(link(next_path="/new/")).headers["Location"] == "/new/"
    assert Client().get(f"{link()}&next=/codes/").headers["Location"] == "/codes/"


@pytest.mark.parametrize(
    "path", ["https://evil.example.com/", "//evil.example.com", "\\\\evil.example.com", "javascript:alert(1)"]
)
def test_the_link_leads_to_this_site_only(path: str) -> None:
    assert Client().get(f"{link()}&next={path}").headers["Location"] == "/"
    with pytest.raises(CommandError):
        call_command("signin_link", "--next", path)


def test_signing_in_changes_the_session_key() -> None:
    client = Client()
    client.get("/signin/")
    session = client.session
    session["kept"] = 1
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    client.get(link())
    assert client.session.session_key != before


def test_signing_out_needs_a_post_and_ends_the_session() -> None:
    client = Client()
    client.get(link())
    assert client.get("/signout/").status_code == 405
    client.post("/signout/")
    assert not is_signed_in(client)


def test_every_address_but_a_few_needs_a_sign_in() -> None:
    def walk(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> list[str]:
        found = []
        for entry in patterns:
            route = prefix + str(entry.pattern)
            found += walk(entry.url_patterns, route) if isinstance(entry, URLResolver) else [route]
        return found

    some_id = "00000000-0000-4000-8000-000000000000"
    values = {
        "<uuid:pk>": some_id,
        "<int:number>": "0",
        "<int:source>": "0",
        "<int:line>": "1",
        "<slug:key>": "x",
        "<slug:code>": "h12",
    }
    open_to_all = {"/healthz", "/readyz", "/signin/"}
    tried = set()
    for route in walk(get_resolver().url_patterns):
        address = route
        for name, value in values.items():
            address = address.replace(name, value)
        assert "<" not in address, f"give {route} a value here"
        answer = Client().get(address)
        if address not in open_to_all and answer.status_code != 405:
            assert answer.status_code == 302, address
            assert answer.headers["Location"].startswith("/signin/?next="), address
        tried.add(address)
    assert open_to_all < tried


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
