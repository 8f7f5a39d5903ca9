"""Accounts: signing up, in and out; who guesses is slowed, who is guessed at is not; nothing tells who has one."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from incidents.models import AuditEvent, Invitation, Membership, Team
from tests.incidents import builders

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
BrowserOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _mail_is_on(settings: object) -> None:
    settings.MAIL_IS_ON = True
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    cache.clear()


@pytest.fixture
def bob(db: None) -> User:
    user = builders.person("bob")
    user.email = "bob@example.com"
    user.set_password(PASSWORD)
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def sign_in(client: Client, email: str = "bob@example.com", password: str = PASSWORD, **more: str) -> int:
    """The status: 302 for who is in."""
    return client.post(reverse("account_login"), {"login": email, "password": password}, **more).status_code


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


# -- signing up --------------------------------------------------------------------------------------------------------
def test_without_an_invitation_nobody_signs_up() -> None:
    page = Client().get(reverse("account_signup"))
    assert "By invitation" in page.content.decode()
    Client().post(reverse("account_signup"), {"email": "new@example.com", "password1": PASSWORD})
    assert not User.objects.exists()


def test_who_was_invited_by_mail_signs_up_and_joins(alice: User) -> None:
    team = Membership.objects.get(user=alice).team
    _, _, mailed = Invitation.objects.issue(team=team, email="new@example.com", role="viewer", by=alice)
    link, client = reverse("join", args=[mailed]), Client()
    to_signup = client.post(link, {"how": "signup"})["Location"]
    answer = client.post(to_signup, {"email": "new@example.com", "password1": PASSWORD, "next": link})
    assert answer["Location"] == link
    assert is_in(client)  # the mail has shown that the address is theirs
    client.post(link)
    assert Membership.objects.get(user__email="new@example.com").role == "viewer"


def test_who_was_handed_a_link_confirms_the_address_first(alice: User) -> None:
    team = Membership.objects.get(user=alice).team
    _, handed, _ = Invitation.objects.issue(team=team, email="new@example.com", role="viewer", by=alice)
    link, client = reverse("join", args=[handed]), Client()
    to_signup = client.post(link, {"how": "signup"})["Location"]
    client.post(to_signup, {"email": "new@example.com", "password1": PASSWORD})
    assert not is_in(client)
    confirm = re.search(r"http://testserver(/account/confirm-email/\S+)", mail.outbox[-1].body)[1]
    assert client.get(confirm).status_code == 200
    assert not EmailAddress.objects.get(email="new@example.com").verified  # a scanner may have opened it
    client.post(confirm)
    assert EmailAddress.objects.get(email="new@example.com").verified


def test_an_invitation_is_no_ticket_for_another_address(alice: User) -> None:
    team = Membership.objects.get(user=alice).team
    _, _, mailed = Invitation.objects.issue(team=team, email="new@example.com", role="viewer", by=alice)
    client = Client()
    to_signup = client.post(reverse("join", args=[mailed]), {"how": "signup"})["Location"]
    client.post(to_signup, {"email": "other@example.com", "password1": PASSWORD})
    assert not User.objects.filter(email="other@example.com").exists()


def test_anyone_signs_up_where_that_is_open(settings: object) -> None:
    settings.SIGNUP = "open"
    Client().post(reverse("account_signup"), {"email": "new@example.com", "password1": PASSWORD})
    user = User.objects.get(email="new@example.com")
    assert user.username == "new"
    assert user.password.startswith("argon2$argon2id$")
    assert not Membership.objects.filter(user=user).exists()


@pytest.mark.parametrize("password", ["short", "password1234", "qwerty123456"])
def test_weak_passwords_are_refused(settings: object, password: str) -> None:
    settings.SIGNUP = "open"
    Client().post(reverse("account_signup"), {"email": "new@example.com", "password1": password})
    assert not User.objects.exists()


# -- who has an account --------------------------------------------------------------------------------------------------
def test_known_and_unknown_addresses_get_the_same_answers(bob: User, settings: object) -> None:
    settings.SIGNUP = "open"

    def answers(email: str) -> list[tuple[int, str, str]]:
        found = []
        for name, form in (
            ("account_login", {"login": email, "password": "wrong password"}),
            ("account_reset_password", {"email": email}),
            ("account_signup", {"email": email, "password1": PASSWORD}),
        ):
            answer = Client().post(reverse(name), form)
            text = re.sub(r'value="[^"]*"', "", answer.content.decode())
            found.append((answer.status_code, answer.headers.get("Location", ""), text))
        return found

    assert answers("bob@example.com") == answers("nobody@example.com")


@pytest.mark.parametrize("name", ["account_login", "account_reset_password"])
def test_known_and_unknown_addresses_take_the_same_time(bob: User, settings: object, name: str) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    settings.RATES = {}
    took: dict[str, list[float]] = {"bob@example.com": [], "nobody@example.com": []}
    for number in range(10):
        for email in took:
            cache.clear()
            form = {"login": email, "email": email, "password": f"wrong password {number}"}
            began = time.process_time()
            Client().post(reverse(name), form)
            took[email].append(time.process_time() - began)
    known, unknown = (statistics.median(times[2:]) for times in took.values())
    assert known / unknown == pytest.approx(1, abs=0.25)


# -- guessing ----------------------------------------------------------------------------------------------------------------
def test_guessing_is_slowed_whatever_address_it_claims_to_come_from(bob: User) -> None:
    statuses = [
        sign_in(Client(), password=f"guess number {n}", REMOTE_ADDR=f"198.51.100.{n}", HTTP_X_FORWARDED_FOR=f"203.0.113.{n}")
        for n in range(25)
    ]  # fmt: skip
    assert set(statuses) == {200}
    stranger = Client()
    assert sign_in(stranger, REMOTE_ADDR="192.0.2.200") == 200  # even the right password, from a new browser
    assert not is_in(stranger)
    assert AuditEvent.objects.filter(action="signin.limited").exists()


def test_nobody_can_lock_somebody_else_out(bob: User) -> None:
    known = Client()
    assert sign_in(known) == 302
    known.post(reverse("signout"))
    for number in range(25):
        sign_in(Client(), password=f"guess number {number}", REMOTE_ADDR=f"198.51.100.{number}")
    assert sign_in(known) == 302


def test_a_browser_is_known_for_its_own_account_only(bob: User) -> None:
    eve = Client()
    cookie = Client()
    sign_in(cookie)
    forged = cookie.cookies["device"].value[:-2] + "xx"
    eve.cookies["device"] = forged
    for number in range(25):
        sign_in(eve, password=f"guess number {number}", REMOTE_ADDR=f"198.51.100.{number}")
    assert sign_in(eve, REMOTE_ADDR="192.0.2.77") == 200


def test_one_address_that_guesses_at_many_accounts_is_slowed() -> None:
    last = 0
    for number in range(30):
        page = Client().post(reverse("account_login"), {"login": f"u{number}@example.com", "password": "x" * 12})
        last = page.content.decode().count("Too many attempts")
    assert last


# -- sessions ----------------------------------------------------------------------------------------------------------------
def test_a_new_password_ends_all_other_sessions(bob: User) -> None:
    here, there = Client(), Client()
    sign_in(here)
    sign_in(there)
    form = {"oldpassword": PASSWORD, "password1": "another good phrase"}
    assert here.post(reverse("account_change_password"), form | {"password2": form["password1"]}).status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302


def test_the_current_password_is_needed_for_a_new_one(bob: User) -> None:
    client = Client()
    sign_in(client)
    form = {"oldpassword": "not the password", "password1": "another good phrase", "password2": "another good phrase"}
    client.post(reverse("account_change_password"), form)
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)


def test_sessions_are_listed_and_ended_elsewhere(bob: User) -> None:
    here, there = Client(headers={"User-Agent": "Here/1"}), Client(headers={"User-Agent": "There/<script>"})
    sign_in(here)
    sign_in(there)
    page = here.get(reverse("usersessions_list")).content.decode()
    assert "There/&lt;script&gt;" in page
    here.post(reverse("usersessions_list"))
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200
    assert UserSession.objects.count() == 1


@pytest.mark.parametrize(("name", "age"), [("seen", "SESSION_IDLE_SECONDS"), ("began", "SESSION_COOKIE_AGE")])
def test_sessions_end_by_themselves(bob: User, settings: object, name: str, age: str) -> None:
    client = Client()
    sign_in(client)
    session = client.session
    session[name] -= getattr(settings, age) + 1
    session.save()
    assert client.get("/").status_code == 302


def test_signing_in_gives_a_new_session(bob: User) -> None:
    client = Client()
    client.get("/signin/")
    session = client.session
    session["kept"] = 1
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    sign_in(client)
    assert client.session.session_key != before


def test_what_happens_to_an_account_is_in_the_audit_log(bob: User) -> None:
    client = Client()
    sign_in(client, password="not the password")
    sign_in(client)
    client.post(reverse("signout"))
    assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == [
        "signin.failed", "signin.succeeded", "signin.ended",
    ]  # fmt: skip
    assert "not the password" not in str(list(AuditEvent.objects.values()))


# -- second factors ----------------------------------------------------------------------------------------------------------
def code_of(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def test_with_a_second_factor_the_password_is_not_enough(bob: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(bob, secret)
    assert secret not in str(Authenticator.objects.get().data)  # encrypted where it lies
    client = Client()
    assert sign_in(client) == 302
    assert not is_in(client)
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert not is_in(client)
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert is_in(client)


def test_second_factors_take_a_fresh_sign_in(bob: User, browser_of: BrowserOf) -> None:
    page = browser_of(bob).get(reverse("mfa_activate_totp"))
    assert page.status_code == 302
    assert "reauthenticate" in page["Location"]


def test_teams_are_not_told_to_who_is_halfway_in(bob: User) -> None:
    TOTP.activate(bob, generate_totp_secret())
    client = Client()
    sign_in(client)
    assert client.get("/").status_code == 302
    assert Team.objects.get().name not in client.get(reverse("mfa_authenticate")).content.decode()


# -- the pages ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name",
    ["signin", "account_login", "account_signup", "account_reset_password", "account_reset_password_done",
     "account_email_verification_sent", "account_inactive", "account_reset_password_from_key_done"],
)  # fmt: skip
def test_entrances_are_ours_and_run_nothing_inline(name: str) -> None:
    page = Client().get(reverse(name)).content.decode()
    assert "css/app.css" in page
    assert "· Triage</title>" in page
    for script in re.findall(r"<script[^>]*>", page):
        assert "src=" in script or 'type="application/json"' in script
    assert not re.search(r"<[^>]+\s(style|on\w+)=", page)
