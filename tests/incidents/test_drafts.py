"""Ticket drafts: the analysis suggests, people decide."""

from __future__ import annotations

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection

from incidents.digest.drafts import EditConflict, edit, suggest
from incidents.models import Incident, TicketDraft
from tests.incidents import builders
from tests.incidents.builders import log, upload, work


def ticket(text: str) -> dict[str, str]:
    return {"title": "H12 timeouts", "markdown": text}


def test_a_draft_follows_the_analysis_until_someone_edits_it(incident: Incident, alice: User) -> None:
    suggest(incident, ticket("one"))
    suggest(incident, ticket("two"))
    draft = TicketDraft.objects.get()
    assert (draft.fields, draft.has_newer_suggestion) == (ticket("two"), False)
    edit(draft, fields=ticket("mine"), version=draft.version, user_id=alice.pk)
    suggest(incident, ticket("three"))
    draft.refresh_from_db()
    assert (draft.fields, draft.suggestion, draft.has_newer_suggestion) == (ticket("mine"), ticket("three"), True)


def test_the_same_suggestion_again_is_no_newer_one(incident: Incident, alice: User) -> None:
    suggest(incident, ticket("one"))
    draft = edit(TicketDraft.objects.get(), fields=ticket("mine"), version=1, user_id=alice.pk)
    suggest(incident, ticket("one"))
    draft.refresh_from_db()
    assert not draft.has_newer_suggestion


def test_whoever_has_seen_the_suggestion_is_not_offered_it_again(incident: Incident, alice: User) -> None:
    suggest(incident, ticket("one"))
    draft = edit(TicketDraft.objects.get(), fields=ticket("mine"), version=1, user_id=alice.pk)
    suggest(incident, ticket("two"))
    draft = edit(draft, fields=ticket("mine and two"), version=2, user_id=alice.pk, rebase=True)
    assert not draft.has_newer_suggestion


def test_an_edit_of_an_old_version_is_refused_and_nothing_is_lost(incident: Incident, alice: User) -> None:
    suggest(incident, ticket("one"))
    draft = TicketDraft.objects.get()
    edit(draft, fields=ticket("alice"), version=1, user_id=alice.pk)
    with pytest.raises(EditConflict) as conflict:
        edit(TicketDraft.objects.get(), fields=ticket("bob"), version=1, user_id=alice.pk)
    assert conflict.value.current.fields == ticket("alice")


@pytest.mark.django_db(transaction=True)
def test_of_edits_at_once_one_is_saved_and_the_others_are_told() -> None:
    user = builders.person("alice")
    suggest(builders.incident(), ticket("one"))
    barrier, outcomes = threading.Barrier(5), []

    def save(number: int) -> None:
        draft = TicketDraft.objects.get()
        barrier.wait()
        try:
            edit(draft, fields=ticket(f"text {number}"), version=1, user_id=user.pk)
            outcomes.append("saved")
        except EditConflict:
            outcomes.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=[number]) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["saved", "told", "told", "told", "told"]
    assert TicketDraft.objects.get().version == 2


def test_reading_a_log_writes_a_draft_and_reading_more_spares_the_edited_one(incident: Incident, alice: User) -> None:
    upload(incident, log(40))
    work()
    draft = TicketDraft.objects.get()
    edit(draft, fields=ticket("mine"), version=draft.version, user_id=alice.pk)
    upload(incident, log(90), "more.log")
    work()
    draft.refresh_from_db()
    assert draft.fields == ticket("mine")


def test_text_that_a_database_refuses_is_stored_readably(incident: Incident) -> None:
    from incidents.digest.storable import storable

    suggest(incident, storable(ticket("a\0b \ud800 c")))
    assert TicketDraft.objects.get().fields["markdown"] == "a\u2400b ? c"
