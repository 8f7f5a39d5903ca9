"""Teams: who may join, leave and be removed; what ends then; what is set for all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from incidents import membership
from incidents.access import get_team_for
from incidents.analysis.redact import redact
from incidents.models import (
    ApiToken,
    AuditEvent,
    Incident,
    Invitation,
    Membership,
    Role,
    SigninToken,
    Team,
)
from tests.incidents import builders

pytestmark = pytest.mark.django_db
BrowserOf = Callable[[User], Client]


@pytest.fixture
def team(alice: User) -> Team:
    return Membership.objects.get(user=alice).team


def with_address(user: User, email: str, *, verified: bool = True) -> User:
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    User.objects.filter(pk=user.pk).update(email=email)
    user.refresh_from_db()
    return user


def invited(team: Team, by: User, email: str = "bob@example.com", role: str = Role.MEMBER) -> str:
    """The path of an invitation's link."""
    return reverse("join", args=[Invitation.objects.issue(team=team, email=email, role=role, by=by)[1]])


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


# -- invitations --------------------------------------------------------------------------------------------------------
def test_an_invitation_lets_its_address_in_once(alice: User, team: Team, browser_of: BrowserOf) -> None:
    bob = with_address(User.objects.create_user("bob"), "bob@example.com")
    link, browser = invited(team, alice), browser_of(bob)
    assert "Join the team" in browser.get(link).content.decode()
    assert not Membership.objects.filter(user=bob).exists()  # looking is not joining
    assert browser.post(link).status_code == 302
    assert Membership.objects.get(user=bob).role == Role.MEMBER
    assert browser.post(link).status_code == 404
    assert "member.joined" in actions()


def test_an_invitation_is_for_its_address_only(alice: User, team: Team, browser_of: BrowserOf) -> None:
    eve = with_address(User.objects.create_user("eve"), "eve@example.com")
    link = invited(team, alice)
    assert browser_of(eve).post(link).status_code == 403
    assert not Membership.objects.filter(user=eve).exists()
    assert Invitation.objects.get().accepted_at is None


def test_an_address_that_is_not_confirmed_does_not_count_where_mail_is_sent(
    alice: User, team: Team, browser_of: BrowserOf, settings: object
) -> None:
    settings.MAIL_IS_ON = True
    bob = with_address(User.objects.create_user("bob"), "bob@example.com", verified=False)
    assert browser_of(bob).post(invited(team, alice)).status_code == 403
    assert not Membership.objects.filter(user=bob).exists()


def test_an_invitation_of_one_team_is_none_of_another(alice: User, charlie: User, team: Team) -> None:
    link = invited(team, alice)
    others = Membership.objects.get(user=charlie).team
    assert Invitation.objects.filter(team=others).count() == 0
    assert Invitation.objects.by_token(link.strip("/").split("/")[-1]).team == team


@pytest.mark.parametrize("why", ["unknown", "revoked", "old", "used"])
def test_links_that_do_not_work_look_the_same(alice: User, team: Team, why: str) -> None:
    link = invited(team, alice)
    if why == "unknown":
        link = reverse("join", args=["x" * 43])
    elif why == "revoked":
        Invitation.objects.update(revoked_at=timezone.now())
    elif why == "old":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        Invitation.objects.update(accepted_at=timezone.now())
    answer = Client().get(link)
    assert answer.status_code == 404
    assert "does not work" in answer.content.decode()
    assert team.name not in answer.content.decode()


def test_a_new_invitation_ends_the_one_before(alice: User, team: Team) -> None:
    first = invited(team, alice)
    invited(team, alice)
    assert Client().get(first).status_code == 404


def test_tokens_of_invitations_are_kept_as_hashes(alice: User, team: Team) -> None:
    _, link, mail = Invitation.objects.issue(team=team, email="b@example.com", role="member", by=alice)
    stored = str(list(Invitation.objects.values()))
    assert link not in stored
    assert mail not in stored
    assert link != mail


def test_an_admin_invites_and_sees_the_link_once(alice: User, team: Team, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    page = browser.post(reverse("team-invite", args=[team.slug]), {"email": "Bob@Example.com", "role": "viewer"})
    assert "/join/" in page.content.decode()
    assert Invitation.objects.get().email == "bob@example.com"
    assert "/join/" not in browser.get(reverse("team-detail", args=[team.slug])).content.decode()


def test_nobody_gives_more_than_they_have(team: Team, browser_of: BrowserOf) -> None:
    admin = browser_of(builders.person("adam", "admin"))
    answer = admin.post(reverse("team-invite", args=[team.slug]), {"email": "b@example.com", "role": "owner"})
    assert answer.status_code == 400
    assert not Invitation.objects.exists()
    viewer = Membership.objects.get(user=builders.person("vera", "viewer"))
    admin.post(reverse("team-member-role", args=[team.slug, viewer.pk]), {"role": "owner"})
    viewer.refresh_from_db()
    assert viewer.role == "viewer"


def test_an_admin_can_not_touch_an_owner(alice: User, team: Team, browser_of: BrowserOf) -> None:
    admin = browser_of(builders.person("adam", "admin"))
    owner = Membership.objects.get(user=alice)
    admin.post(reverse("team-member-remove", args=[team.slug, owner.pk]))
    admin.post(reverse("team-member-role", args=[team.slug, owner.pk]), {"role": "viewer"})
    assert Membership.objects.get(user=alice).role == Role.OWNER


# -- leaving, removal, deactivation -------------------------------------------------------------------------------------
def test_the_last_owner_can_not_leave(alice: User, team: Team, browser_of: BrowserOf) -> None:
    browser_of(alice).post(reverse("team-leave", args=[team.slug]))
    assert Membership.objects.filter(user=alice).exists()
    builders.person("olga", "owner")
    browser_of(alice).post(reverse("team-leave", args=[team.slug]))
    assert not Membership.objects.filter(user=alice).exists()


def test_the_last_owner_can_not_step_down(alice: User, team: Team, browser_of: BrowserOf) -> None:
    mine = Membership.objects.get(user=alice)
    browser_of(alice).post(reverse("team-member-role", args=[team.slug, mine.pk]), {"role": "member"})
    mine.refresh_from_db()
    assert mine.role == Role.OWNER


@pytest.mark.parametrize("how", ["removed", "deactivated", "lowered"])
def test_whatever_lets_somebody_in_ends_at_once(alice: User, team: Team, browser_of: BrowserOf, how: str) -> None:
    bob = builders.person("bob", "admin")
    theirs = browser_of(bob)
    _, token = ApiToken.objects.issue(team=team, user=bob, name="ci", scopes=["read"])
    link = SigninToken.objects.issue(bob)
    Incident.objects.filter(pk=builders.incident().pk).update(owner=bob)
    assert theirs.get("/").status_code == 200
    member = Membership.objects.get(user=bob)
    if how == "removed":
        browser_of(alice).post(reverse("team-member-remove", args=[team.slug, member.pk]))
    elif how == "lowered":
        browser_of(alice).post(reverse("team-member-role", args=[team.slug, member.pk]), {"role": "viewer"})
    else:
        membership.deactivate(bob)
    assert theirs.get("/").headers["Location"].startswith("/signin/")
    assert ApiToken.objects.find(token, scope="read") is None
    assert ApiToken.objects.get().revoked_at is not None
    assert SigninToken.objects.redeem(link) is None
    assert not Incident.objects.filter(owner=bob).exists()
    assert "access.revoked" in actions()


def test_who_leaves_stays_signed_in_here_and_nowhere_else(alice: User, team: Team, browser_of: BrowserOf) -> None:
    bob = builders.person("bob", "member")
    here, elsewhere = browser_of(bob), browser_of(bob)
    here.post(reverse("team-leave", args=[team.slug]))
    assert here.get(reverse("team-list")).status_code == 200
    assert elsewhere.get(reverse("team-list")).status_code == 302


# -- several teams --------------------------------------------------------------------------------------------------------
def test_the_list_shows_the_team_that_was_switched_to(alice: User, charlie: User, browser_of: BrowserOf) -> None:
    others = Membership.objects.get(user=charlie).team
    Membership.objects.create(team=others, user=alice, role="viewer")
    builders.incident("Of the first")
    builders.incident("Of the second", team=others)
    browser = browser_of(alice)
    assert "Of the second" not in browser.get("/").content.decode()
    browser.post(reverse("team-switch"), {"team": others.slug})
    page = browser.get("/").content.decode()
    assert "Of the second" in page
    assert "Of the first" not in page


def test_switching_to_a_foreign_team_does_nothing(alice: User, charlie: User, browser_of: BrowserOf) -> None:
    others = Membership.objects.get(user=charlie).team
    browser = browser_of(alice)
    assert browser.post(reverse("team-switch"), {"team": others.slug}).status_code == 404
    alice.current_team_id = str(others.pk)
    assert get_team_for(alice) != others


def test_who_is_in_no_team_may_make_one(browser_of: BrowserOf) -> None:
    browser = browser_of(User.objects.create_user("nina"))
    assert browser.get("/").headers["Location"] == reverse("team-list")
    browser.post(reverse("team-new"), {"name": "Night shift"})
    assert Membership.objects.get(user__username="nina").role == Role.OWNER
    assert browser.get("/").status_code == 200


def test_teams_with_equal_names_get_addresses_of_their_own(alice: User) -> None:
    slugs = {membership.create_team("Same", alice).slug for _ in range(3)} | {membership.create_team("新", alice).slug}
    assert len(slugs) == 4


# -- settings --------------------------------------------------------------------------------------------------------------
def settings_form(**more: str) -> dict[str, str]:
    return {"name": "My team", "time_zone": "UTC"} | more


def test_settings_are_kept_and_told_without_the_words(alice: User, team: Team, browser_of: BrowserOf) -> None:
    address = reverse("team-settings", args=[team.slug])
    given = settings_form(
        time_zone="Europe/Berlin", retention_days="30", redaction_words="Falcon\nFalcon\n", services="Mail\nMaps",
        configuration="web: 2 × Standard-1X", support_plan="Premier",
    )  # fmt: skip
    assert browser_of(alice).post(address, given).status_code == 302
    team.refresh_from_db()
    assert (team.time_zone, team.retention_days, team.redaction_words) == ("Europe/Berlin", 30, ["Falcon"])
    assert team.services == ["Mail", "Maps"]
    event = AuditEvent.objects.get(action="team.changed")
    assert "redaction_words" in event.details["changed"]
    assert "Falcon" not in str(event.details)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("time_zone", "Mars/Base", "no time zone"),
        ("redaction_words", "abc", "too short"),
        ("redaction_patterns", "(", "not valid RE2"),
        ("redaction_patterns", ".*", "matches nothing"),
        ("redaction_patterns", "(a)\\1", "not valid RE2"),
        ("redaction_words", "\n".join(f"word{n}" for n in range(101)), "at most 100"),
        ("retention_days", "0", "greater than or equal to 1"),
    ],
)
def test_what_makes_no_sense_is_refused(
    alice: User, team: Team, browser_of: BrowserOf, field: str, value: str, sentence: str
) -> None:
    answer = browser_of(alice).post(reverse("team-settings", args=[team.slug]), settings_form(**{field: value}))
    assert answer.status_code == 400
    assert sentence in answer.content.decode()


def test_rules_are_tried_on_lines_before_they_are_saved(alice: User, team: Team, browser_of: BrowserOf) -> None:
    given = settings_form(redaction_patterns="customer-[0-9]{4}", sample="paid by customer-1234\nfine", **{"try": "1"})
    page = browser_of(alice).post(reverse("team-settings", args=[team.slug]), given).content.decode()
    assert "paid by [REDACTED:" in page
    team.refresh_from_db()
    assert team.redaction_patterns == []


def test_a_teams_words_are_masked_in_its_pages_and_in_no_others(
    alice: User, charlie: User, team: Team, browser_of: BrowserOf
) -> None:
    team.redaction_words = ["was placed"]
    team.save()
    others = Membership.objects.get(user=charlie).team
    pages = {}
    for person, of in ((alice, team), (charlie, others)):
        incident = builders.incident(team=of)
        builders.upload(incident, builders.log(60))
        builders.work()
        pages[of.slug] = browser_of(person).get(reverse("incident-logs", args=[incident.pk])).content.decode()
    assert "was placed" not in pages[team.slug]
    assert "was placed" in pages[others.slug]
    assert redact("an order was placed") == "an order was placed"  # nothing stays behind when the page is done


def test_new_rules_ask_for_new_analyses(alice: User, team: Team, browser_of: BrowserOf) -> None:
    incident = builders.incident()
    builders.upload(incident, builders.log(60))
    builders.work()
    browser_of(alice).post(reverse("team-settings", args=[team.slug]), settings_form(redaction_words="reports"))
    assert Incident.objects.dirty().filter(pk=incident.pk).exists()
    builders.work()
    assert "/reports/" not in str(Incident.objects.get(pk=incident.pk).verdict_sentence)


def test_times_are_in_the_teams_zone_until_somebody_chooses_their_own(
    alice: User, team: Team, browser_of: BrowserOf
) -> None:
    team.time_zone = "Europe/Berlin"
    team.save()
    browser = browser_of(alice)
    assert 'data-zone="Europe/Berlin"' in browser.get("/codes/").content.decode()
    browser.cookies["zone"] = "UTC"
    assert 'data-zone="UTC"' in browser.get("/codes/").content.decode()


def test_an_account_is_switched_off_and_on_by_command(alice: User, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    assert "deactivated" in call_command("deactivate_user", "alice")
    assert browser.get("/").status_code == 302
    call_command("deactivate_user", "alice", "--undo")
    assert browser.get("/").status_code == 302  # the session stays ended
    assert browser_of(User.objects.get(pk=alice.pk)).get("/").status_code == 200
    with pytest.raises(CommandError):
        call_command("deactivate_user", "nobody")
