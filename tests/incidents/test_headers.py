"""Headers that every answer carries, whatever gave it: a page, a static file, a redirect, a refusal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db
ADDRESSES = (
    "/", "/new/", "/codes/H12/", "/no/such/page/", "/healthz", "/static/css/app.css", "/static/js/app.js",
    "/static/img/favicon.svg", "/palette.json", "/signin/", "/codes",
)  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("signed_in", [True, False])
def test_every_answer_carries_the_headers(
    alice: User, browser_of: Callable[[User], Client], address: str, signed_in: bool
) -> None:
    client = browser_of(alice) if signed_in else Client()
    headers = client.get(address).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Server" not in headers
    assert "X-Powered-By" not in headers


@pytest.mark.parametrize("address", [address for address in ADDRESSES if not address.startswith("/static/")])
def test_only_static_files_are_stored(alice: User, browser_of: Callable[[User], Client], address: str) -> None:
    assert "no-store" in browser_of(alice).get(address).headers["Cache-Control"]


def test_what_a_link_preview_sees_tells_nothing(alice: User, browser_of: Callable[[User], Client]) -> None:
    page = browser_of(alice).get("/new/").content.decode()
    assert '<meta property="og:title" content="Triage">' in page
    assert '<meta property="og:description" content="Sign in to see this page.">' in page
    assert "noindex, nofollow, noarchive" in page
