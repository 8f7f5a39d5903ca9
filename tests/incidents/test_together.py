"""Two people at once, on one ticket and one timeline: whatever one of them saved is there in the end."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from incidents.analysis.ticket.quotes import key_of, quotes_in
from incidents.digest import drafts
from incidents.digest.drafts import digest_of
from incidents.models import Incident, TicketDraft, TimelineNote, notes_of
from incidents.views.tickets.drafting import fields_of
from tests.incidents import builders

ROUNDS = int(os.environ.get("TEST_ROUNDS", "12"))
"""Of each person; 200 take a minute or two."""
ROUNDS_OF_A_NOTE = 25  # then the next one: a note has an end
FIELDS = ("business", "tried", "workaround", "differences", "status_page")


class Person(threading.Thread):
    """Edits as a browser would: it knows what it has read, sends it along, and decides where texts collide.

    Every text that the server takes is appended to what stands there, so that a lost update is a missing word.
    """

    def __init__(self, client: Client, incident: Incident, name: str, rounds: int, notes: list[TimelineNote]) -> None:
        super().__init__()
        self.client, self.incident, self.tag, self.rounds, self.notes = client, incident, name, rounds, notes
        self.random = random.Random(name)
        self.saved: list[tuple[str, str]] = []  # (where, word)
        self.collisions = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            for number in range(self.rounds):
                self.edit_ticket(self.random.choice(FIELDS), f"{self.tag}{number}")
                self.edit_note(self.notes[number // ROUNDS_OF_A_NOTE], f"{self.tag}{number}")
                self.add_note(f"{self.tag}-note-{number}")
                if number % 4 == 0:
                    self.add_line(1 + number % 40 + (0 if self.tag == "a" else 50))
        except BaseException as failure:  # a thread's failure would else be lost
            self.failure = failure
        finally:
            connection.close()

    def address(self, name: str, *args: int) -> str:
        return reverse(f"incident-{name}", args=[self.incident.pk, *args])

    def edit_ticket(self, key: str, word: str) -> None:
        held = str(fields_of(TicketDraft.objects.get(incident=self.incident)).get(key, ""))
        for _ in range(40):
            values = {key: f"{held} {word}".strip(), f"was.{key}": digest_of(held), "version": "0"}
            headers = {"HX-Request": "true", "HX-Target": "ticket-side"}
            answer = self.client.post(self.address("ticket"), values, headers=headers)
            if answer.status_code == 200:
                self.saved.append((key, word))
                return
            assert answer.status_code == 409
            self.collisions += 1
            held = answer.context["differences"][0]["theirs"] if answer.context.get("differences") else held
        raise AssertionError("the ticket can't be saved")

    def edit_note(self, note: TimelineNote, word: str) -> None:
        note = TimelineNote.objects.get(pk=note.pk)
        for _ in range(40):
            values = {"version": note.version, "at": "2026-03-14 09:02:00Z", "text": f"{note.text} {word}"}
            answer = self.client.post(self.address("note", note.pk), values)
            if answer.status_code == 302:
                self.saved.append((f"note {note.pk}", word))
                return
            assert answer.status_code == 409
            self.collisions += 1
            note = answer.context["editing"]["note"]
        raise AssertionError("the note can't be saved")

    def add_note(self, text: str) -> None:
        assert self.client.post(self.address("notes"), {"text": f"09:02 {text}"}).status_code == 302
        self.saved.append(("notes", text))

    def add_line(self, number: int) -> None:
        headers = {"Accept": "application/json"}
        answer = self.client.post(self.address("ticket-lines"), {"add": str(number)}, headers=headers)
        assert answer.status_code == 200, answer.content
        self.saved.append(("lines", f"0.{number}"))


def together(incident: Incident, clients: list[Client], rounds: int) -> tuple[int, int, list[tuple[str, str]]]:
    """(updates, collisions, lost updates) of people who edit at the same time."""
    notes = [
        TimelineNote.objects.create(team_id=incident.team_id, incident=incident, at=builders.BEGIN, text="begin")
        for _ in range(0, rounds, ROUNDS_OF_A_NOTE)
    ]
    people = [Person(client, incident, name, rounds, notes) for client, name in zip(clients, "ab", strict=True)]
    for person in people:
        person.start()
    for person in people:
        person.join()
        if person.failure:
            raise person.failure
    saved = [one for person in people for one in person.saved]
    return (
        len(saved),
        sum(person.collisions for person in people),
        [one for one in saved if not _stands(incident, *one)],
    )


def _stands(incident: Incident, where: str, word: str) -> bool:
    fields: dict[str, Any] = fields_of(TicketDraft.objects.get(incident=incident))
    if where.startswith("note "):
        return word in TimelineNote.objects.get(pk=where.removeprefix("note ")).text.split()
    if where == "notes":
        return notes_of(incident).filter(text=word).count() == 1
    if where == "lines":
        return word in {key_of(quote) for quote in quotes_in(fields)}
    return word in str(fields[where]).split()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_when_two_people_edit_at_once(browser_of: Callable[[User], Client]) -> None:
    people = [builders.person("alice"), builders.person("bob")]
    incident = builders.incident()
    builders.upload(incident, builders.log(120))
    builders.work()
    drafts.suggest(incident, TicketDraft.objects.get().suggestion)
    updates, collisions, lost = together(incident, [browser_of(person) for person in people], ROUNDS)
    print(f"{updates} updates, {collisions} collisions, {len(lost)} lost")
    assert updates == 2 * (3 * ROUNDS + -(-ROUNDS // 4))
    assert not lost
