"""Accounts end to end: a second factor, a passkey, single sign-on by a provider that really answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.support.oidc import Provider
from tests.support.ports import wait_for
from tests.support.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.support.broker import Broker

PASSWORD = "correct horse battery"
MAKE_PEOPLE = f"""
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from incidents.models import Membership, Role, Team
team = Team.objects.get_default()
for name in ("totp", "passkey", "victim", "known"):
    user = User.objects.create_user(name, f"{{name}}@example.com", {PASSWORD!r})
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    Membership.objects.create(team=team, user=user, role=Role.VIEWER)
"""


@pytest.fixture(scope="session")
def people(site: Stack) -> None:
    """Accounts with a password: totp, passkey, victim and known, all @example.com."""
    site.manage("shell", "-v", "0", "-c", MAKE_PEOPLE)


@pytest.fixture
def at(new_context: Callable[..., BrowserContext], people: None) -> Iterator[Callable[[str], Page]]:
    """``at(url)``: a stranger's page at this site, by the name localhost, whose console must not complain."""
    complaints: list[str] = []

    def make(url: str) -> Page:
        context = new_context(base_url=url.replace("127.0.0.1", "localhost"))
        context.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto("/signin/")
        return page

    yield make
    # A refusal is a page with a status of its own, which Chromium notes.
    assert [text for text in complaints if "status of 40" not in text] == []


def sign_in(page: Page, name: str) -> None:
    page.goto("/signin/")
    page.get_by_label("Email").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Display and account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signin/")


def open_guarded(page: Page, path: str) -> None:
    """A page that asks for the password again, however fresh the session is."""
    page.goto(path)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url(f"**{path}")


def code_of(secret: str) -> str:
    """What the app shows now, and for some seconds more."""
    if time.time() % 30 > 26:
        time.sleep(30 - time.time() % 30)
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def give_code(page: Page, code: str) -> None:
    page.locator("input[name=code]").fill(code)
    page.locator("form:has(input[name=code]) button").first.click()


# -- second factors ----------------------------------------------------------------------------------------------------
def test_an_authenticator_app_and_its_recovery_codes(at: Callable[[str], Page], site: Stack) -> None:
    page = at(site.url)
    sign_in(page, "totp")
    page.wait_for_url("http://localhost:*/")
    open_guarded(page, "/account/2fa/totp/activate/")
    assert page.locator("main img").evaluate("image => image.naturalWidth > 0")
    secret = page.locator("#authenticator_secret").input_value()
    give_code(page, code_of(secret))

    # The codes are shown once, and there.
    codes = page.locator("#recovery_codes").input_value().split()
    assert len(codes) == 10
    page.get_by_label("I have saved my recovery codes").check()
    page.goto("/account/2fa/")
    assert page.get_by_text("There are 10 out of 10 recovery codes available.").is_visible()

    sign_out(page)
    sign_in(page, "totp")
    page.wait_for_url("**/account/2fa/authenticate/")
    give_code(page, "000000")
    assert page.get_by_text("Incorrect code.").is_visible()
    used = code_of(secret)
    give_code(page, used)
    page.wait_for_url("http://localhost:*/")

    # Each counts once.
    for again, fresh in ((used, codes[0]), (codes[0], codes[1])):
        sign_out(page)
        sign_in(page, "totp")
        give_code(page, again)
        assert page.get_by_text("Incorrect code.").is_visible()
        give_code(page, fresh)
        page.wait_for_url("http://localhost:*/")


# -- passkeys ----------------------------------------------------------------------------------------------------------
def add_authenticator(page: Page) -> Any:
    client = page.context.new_cdp_session(page)
    client.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    return client, client.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def test_a_passkey_signs_in_without_a_password(at: Callable[[str], Page], site: Stack) -> None:
    page = at(site.url)
    client, authenticator = add_authenticator(page)
    sign_in(page, "passkey")
    page.wait_for_url("http://localhost:*/")
    open_guarded(page, "/account/2fa/webauthn/add/")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(lambda url: "/webauthn/add/" not in url)
    page.goto("/account/2fa/webauthn/")
    assert page.get_by_text("Passkey", exact=True).is_visible()

    sign_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("http://localhost:*/")

    # One that nobody confirms is told in words.
    sign_out(page)
    client.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("alert").get_by_text("No passkey was given").wait_for()
    assert page.url.endswith("/signin/")


def test_by_a_number_a_passkey_is_told_to_need_a_name(page: Page, site: Stack) -> None:
    add_authenticator(page)
    page.goto(f"{site.url}/signin/")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("alert").get_by_text(f"http://localhost:{site.url.rpartition(':')[2]}").wait_for()


# -- single sign-on ----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(scope="session")
def company(
    site: Stack, broker: Broker, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Another web process on the database of `site`, with single sign-on."""
    settings = provider.settings | {"OIDC_DOMAINS": "example.com", "OIDC_TEAM": "default"}
    with Stack(tmp_path_factory.mktemp("company"), broker, **settings) as running:
        running.environment["DATABASE_URL"] = site.database_url or f"sqlite:///{site.directory / 'triage.sqlite3'}"
        running.start_web()
        wait_for(running.web_answers, "the web process with single sign-on answers")
        yield running


def sign_on(page: Page, provider: Provider, **claims: Any) -> None:
    provider.person = {"email_verified": True} | claims
    page.goto("/signin/")
    page.get_by_role("button", name="Sign in with Example Login").click()


def test_the_provider_signs_people_in(
    at: Callable[[str], Page], company: Stack, site: Stack, provider: Provider
) -> None:
    page = at(company.url)
    sign_on(page, provider, sub="1", email="new@example.com", preferred_username="new", name="New Person")
    page.wait_for_url("http://localhost:*/")
    user = "JOIN auth_user u ON u.id = {}.user_id WHERE u.email = 'new@example.com'"
    assert site.rows(f"SELECT m.role FROM incidents_membership m {user.format('m')}") == [("member",)]

    # Again, as the same person, though the address is another by now.
    sign_out(page)
    sign_on(page, provider, sub="1", email="renamed@example.com")
    page.wait_for_url("http://localhost:*/")
    assert site.rows(f"SELECT count(*) FROM socialaccount_socialaccount s {user.format('s')}") == [(1,)]
    assert not site.rows("SELECT 1 FROM auth_user WHERE email = 'renamed@example.com'")

    # Who has an account with the address that the provider has confirmed keeps that account.
    sign_out(page)
    sign_on(page, provider, sub="2", email="known@example.com")
    page.wait_for_url("http://localhost:*/")
    assert site.rows("SELECT count(*) FROM auth_user WHERE email = 'known@example.com'") == [(1,)]
    assert provider.problems == []


@pytest.mark.parametrize(
    ("claims", "id_token", "sentence"),
    [
        ({"email": "victim@example.com", "email_verified": False}, {}, "does not say that your mail address is yours"),
        ({"email": "victim@example.com", "email_verified": "false"}, {}, "does not say that your mail address is yours"),
        ({"email": "unknown@example.com", "email_verified": False}, {}, "does not say that your mail address is yours"),
        ({"email": "eve@example.org"}, {}, "Triage admits addresses of example.com here"),
        ({}, {}, "does not say that your mail address is yours"),
        ({"email": "victim@example.com"}, {"sub": "somebody else"}, "does not come from the provider"),
        ({"email": "victim@example.com"}, {"aud": "another client"}, "answer could not be used"),
        ({"email": "victim@example.com"}, {"iss": "https://evil.example.com"}, "answer could not be used"),
        ({"email": "victim@example.com"}, {"exp": 1}, "answer could not be used"),
    ],
    ids=["takeover", "takeover-by-a-word", "nobody", "other-domain", "no-address", "other-sub", "other-aud", "other-iss", "old"],
)  # fmt: skip
def test_whom_the_provider_does_not_vouch_for_stays_outside(
    at: Callable[[str], Page], company: Stack, site: Stack, provider: Provider,
    claims: dict[str, Any], id_token: dict[str, Any], sentence: str,
) -> None:  # fmt: skip
    page = at(company.url)
    before = site.rows("SELECT count(*) FROM auth_user")
    provider.stands_in = id_token
    sign_on(page, provider, sub="66", **claims)
    page.get_by_role("alert").get_by_text(sentence).wait_for()
    provider.stands_in = {}
    page.goto("/")
    assert "/signin/" in page.url
    assert site.rows("SELECT count(*) FROM auth_user") == before
    assert not site.rows("SELECT 1 FROM socialaccount_socialaccount WHERE uid = '66'")


def test_who_turns_back_at_the_provider_is_told_so(
    at: Callable[[str], Page], company: Stack, provider: Provider
) -> None:
    page = at(company.url)
    provider.refuses = "access_denied"
    sign_on(page, provider, sub="1")
    page.get_by_text("You stopped at the provider's page.").wait_for()
    provider.refuses = ""
    # An answer to a question that this browser has not asked.
    page.goto("/account/oidc/company/login/callback/?code=x&state=y")
    page.get_by_text("answer could not be used").wait_for()
