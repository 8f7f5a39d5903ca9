"""Working on an incident together: owner, state, comments, mentions, who is looking, merging."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from incidents.digest.purge import purge
from incidents.models import Activity, Comment, Incident, LogSource, Mention, Merge, TimelineNote
from tests.incidents import builders

pytestmark = pytest.mark.django_db
BrowserOf = Callable[[User], Client]
HOSTILE = (
    "<script>window.hacked=1</script> <img src=x onerror=window.hacked=1> [x](javascript:alert(1)) "
    "![i](https://tracker.example.com/x.png) [ok](https://example.com/) `<b>` <svg/onload=hacked()>"
)


def address(name: str, incident: Incident, *more: object) -> str:
    return reverse(f"incident-{name}", args=[incident.pk, *more])


def feed(incident: Incident) -> list[str]:
    return list(Activity.objects.filter(incident=incident).order_by("id").values_list("kind", flat=True))


def read_incident(title: str, lines: int = 60) -> Incident:
    incident = builders.incident(title)
    builders.upload(incident, builders.log(lines), f"{title}.log")
    builders.work()
    return Incident.objects.get(pk=incident.pk)


def test_states_keep_their_times(alice: User, incident: Incident, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    for state in ("mitigated", "resolved"):
        browser.post(address("state", incident), {"state": state})
    incident.refresh_from_db()
    assert incident.mitigated_at <= incident.resolved_at
    browser.post(address("state", incident), {"state": "open"})
    browser.post(address("state", incident), {"state": "open"})
    browser.post(address("state", incident), {"state": "on fire"})
    incident.refresh_from_db()
    assert (incident.state, incident.mitigated_at, incident.resolved_at) == ("open", None, None)
    assert feed(incident) == ["state"] * 3


def test_somebody_is_on_it(alice: User, incident: Incident, browser_of: BrowserOf) -> None:
    bob = builders.person("bob")
    browser = browser_of(alice)
    browser.post(address("owner", incident))
    browser.post(address("owner", incident))
    browser.post(address("owner", incident), {"user": str(bob.pk)})
    browser.post(address("owner", incident), {"user": ""})
    incident.refresh_from_db()
    assert incident.owner is None
    assert feed(incident) == ["took", "took", "gave-up"]
    page = browser.get(address("activity", incident)).content.decode()
    assert "is on it" in page
    assert "bob" in page


def test_strangers_can_not_be_made_owners(
    alice: User, charlie: User, incident: Incident, browser_of: BrowserOf
) -> None:
    for user in (str(charlie.pk), "999999", "x", "9" * 40):
        assert browser_of(alice).post(address("owner", incident), {"user": user}).status_code == 404
    incident.refresh_from_db()
    assert incident.owner is None


def test_comments_are_markdown_that_runs_nothing(alice: User, incident: Incident, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    browser.post(address("comment", incident), {"body": f"**bold** {HOSTILE}"})
    page = browser.get(address("activity", incident)).content.decode()
    article = page[page.index('<div class="markdown">') : page.index("</article>")]
    rendered = article[: article.index("</div>")]
    assert "<strong>bold</strong>" in rendered
    assert '<a href="https://example.com/" rel="noreferrer noopener nofollow">ok</a>' in rendered
    for harm in ("<script", "<img", "<svg", 'javascript:alert(1)"', 'tracker.example.com/x.png"'):
        assert harm not in rendered


def test_who_is_named_is_told_once(
    alice: User, charlie: User, incident: Incident, browser_of: BrowserOf, settings: object
) -> None:
    settings.MAIL_IS_ON = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    bob = builders.person("bob")
    User.objects.filter(pk=bob.pk).update(email="bob@example.com")
    body = "@bob, (@bob) mail@bob.example.com @nobody @charlie @alice — a secret word"
    browser_of(alice).post(address("comment", incident), {"body": body})
    assert list(Mention.objects.values_list("user__username", flat=True)) == ["bob"]
    assert [message.to for message in mail.outbox] == [["bob@example.com"]]
    assert "secret word" not in mail.outbox[0].body
    theirs = browser_of(bob)
    assert "secret word" in theirs.get(reverse("people-me")).content.decode()
    theirs.post(reverse("people-me"), {"seen": "1"})
    assert not Mention.objects.filter(seen_at=None).exists()


def test_words_are_changed_by_who_wrote_them_and_taken_back_by_admins_too(
    alice: User, incident: Incident, browser_of: BrowserOf
) -> None:
    bob = browser_of(builders.person("bob"))
    bob.post(address("comment", incident), {"body": "Frist"})
    comment = Comment.objects.get()
    assert browser_of(alice).post(address("comment-edit", incident, comment.pk), {"body": "x"}).status_code == 403
    bob.post(address("comment-edit", incident, comment.pk), {"body": "First"})
    comment.refresh_from_db()
    assert comment.body == "First"
    assert comment.edited_at is not None
    browser_of(alice).post(address("comment-delete", incident, comment.pk))
    page = bob.get(address("activity", incident)).content.decode()
    assert "This comment was deleted" in page
    assert "First" not in page
    assert Comment.objects.get().body == ""


def test_a_long_feed_is_read_in_pages(alice: User, incident: Incident, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    for number in range(105):
        browser.post(address("comment", incident), {"body": f"word-{number:03}"})
    page = browser.get(address("activity", incident)).content.decode()
    assert "word-104" in page
    assert "word-000" not in page
    earlier = page.split('rel="prev" href="')[1].split('"')[0]
    before = browser.get(address("activity", incident) + earlier).content.decode()
    assert "word-000" in before
    assert browser.get(address("activity", incident) + "?before=yesterday").status_code == 200


def test_teammates_see_who_is_looking(alice: User, charlie: User, incident: Incident, browser_of: BrowserOf) -> None:
    cache.clear()
    browser_of(builders.person("bob", "viewer")).post(address("presence", incident))
    assert "bob" in browser_of(alice).post(address("presence", incident)).content.decode()
    assert browser_of(charlie).post(address("presence", incident)).status_code == 404
    assert "charlie" not in browser_of(alice).post(address("presence", incident)).content.decode()


# -- merging -----------------------------------------------------------------------------------------------------------
def test_two_incidents_become_one_and_two_again(alice: User, browser_of: BrowserOf) -> None:
    first, second = read_incident("First"), read_incident("Second", 30)
    lines = LogSource.objects.get(incident=second).lines
    browser = browser_of(alice)
    assert browser.post(address("merge", first), {"other": str(second.pk)}).status_code == 302
    builders.work()
    first.refresh_from_db()
    assert [source.position for source in LogSource.objects.filter(incident=first).shown()] == [0, 1]
    assert len(Incident.objects.get(pk=first.pk).analysis["sources"]) == 2
    assert browser.get(second.get_absolute_url())["Location"] == first.get_absolute_url()
    assert "Second" not in browser.get("/").content.decode().split("incident-row")[0]
    assert not Incident.objects.listed().filter(pk=second.pk).exists()

    undo = address("merge-undo", first, Merge.objects.get().pk)
    assert browser.post(undo).status_code == 302
    builders.work()
    assert LogSource.objects.get(incident=second).lines == lines
    assert LogSource.objects.get(incident=second).position == 0
    assert len(Incident.objects.get(pk=first.pk).analysis["sources"]) == 1
    assert Incident.objects.listed().filter(pk=second.pk).exists()
    assert feed(first) == ["merged", "split"]
    browser.post(undo)
    assert feed(first) == ["merged", "split"]


def test_what_was_said_goes_along_and_comes_back(alice: User, browser_of: BrowserOf) -> None:
    first, second = read_incident("First"), read_incident("Second", 30)
    browser = browser_of(alice)
    for one, words in ((first, "of the first"), (second, "of the second")):
        browser.post(address("comment", one), {"body": words})
        note = {"incident": one, "team": one.team, "at": one.created_at, "author": alice}
        TimelineNote.objects.create(**note, text=words)
        TimelineNote.objects.create(**note, source=0, line=5, quote=words)
    browser.post(address("merge", first), {"other": str(second.pk)})
    page = browser.get(address("activity", first)).content.decode()
    assert "of the first" in page
    assert "of the second" in page
    pins = TimelineNote.objects.filter(incident=first, line=5).order_by("source")
    assert [(pin.source, pin.quote) for pin in pins] == [(0, "of the first"), (1, "of the second")]

    TimelineNote.objects.create(**note | {"incident": first}, source=1, line=6, quote="pinned since")
    builders.work()
    browser.post(address("merge-undo", first, Merge.objects.get().pk))
    assert feed(second) == ["commented"]
    assert [(note.source, note.title) for note in TimelineNote.objects.filter(incident=second)] == [
        (None, "of the second"), (0, "of the second"), (0, "pinned since"),
    ]  # fmt: skip
    assert TimelineNote.objects.filter(incident=first).count() == 2


def test_merges_that_make_no_sense_are_refused(alice: User, charlie: User, browser_of: BrowserOf) -> None:
    first, second, third = read_incident("First"), read_incident("Second"), builders.incident("Third")
    browser = browser_of(alice)
    browser.post(address("merge", first), {"other": str(first.pk)})
    builders.upload(third, builders.log(30))
    browser.post(address("merge", first), {"other": str(third.pk)})  # still being read
    assert not Merge.objects.exists()
    theirs = builders.incident("Theirs", team=charlie.memberships.get().team)
    assert browser.post(address("merge", first), {"other": str(theirs.pk)}).status_code == 404
    builders.work()
    browser.post(address("merge", first), {"other": str(second.pk)})
    browser.post(address("merge", third), {"other": str(second.pk)})
    assert Merge.objects.count() == 1


def test_a_merge_stays_once_logs_came_behind_it(alice: User, browser_of: BrowserOf) -> None:
    first, second = read_incident("First"), read_incident("Second", 30)
    browser = browser_of(alice)
    browser.post(address("merge", first), {"other": str(second.pk)})
    builders.upload(first, builders.log(12), "later.log")
    builders.work()
    browser.post(address("merge-undo", first, Merge.objects.get().pk))
    assert LogSource.objects.filter(incident=first).count() == 3
    assert Merge.objects.get().undone_at is None


def test_what_was_merged_goes_with_the_incident(alice: User, browser_of: BrowserOf) -> None:
    first, second = read_incident("First"), read_incident("Second", 30)
    browser_of(alice).post(address("merge", first), {"other": str(second.pk)})
    Incident.objects.get(pk=second.pk).delete_later()
    purge()
    assert LogSource.objects.filter(incident=first).count() == 2  # the logs are the first one's now
    Incident.objects.get(pk=first.pk).delete_later()
    purge()
    purge()
    assert not Incident.objects.exists()
    assert not LogSource.objects.exists()
