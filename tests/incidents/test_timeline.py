"""The timeline: lanes, notes that nobody can lose, pins, and files to take along."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from incidents.models import Incident, TimelineNote, notes_of
from incidents.views.timeline.entries import entries_of, picture_of
from tests.incidents import builders

JSON = {"Accept": "application/json"}
PERSON = "ana" + "@example.org"


@pytest.fixture
def client(alice: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(alice)


@pytest.fixture
def read_incident(incident: Incident) -> Incident:
    builders.upload(incident, builders.log(400))
    builders.work()
    incident.refresh_from_db()
    return incident


def address(incident: Incident, name: str = "timeline", *args: int) -> str:
    return reverse(f"incident-{name}", args=[incident.pk, *args])


def add(client: Client, incident: Incident, text: str) -> TimelineNote:
    assert client.post(address(incident, "notes"), {"text": text}).status_code == 302
    return TimelineNote.objects.latest("pk")


def change(client: Client, note: TimelineNote, **fields: str | int) -> int:
    values = {"version": note.version, "at": "2026-03-14 09:02:00Z", "text": note.text} | fields
    return client.post(address(note.incident, "note", note.pk), values).status_code


# -- notes ------------------------------------------------------------------------------------------------------------
def test_a_note_is_added_where_the_log_has_its_time(client: Client, read_incident: Incident, alice: User) -> None:
    note = add(client, read_incident, "/t 09:02 rolled back")
    assert (note.at.isoformat(), note.text, note.author) == ("2026-03-14T09:02:00+00:00", "rolled back", alice)
    html = client.get(address(read_incident)).content.decode()
    assert f'id="note-{note.pk}"' in html
    assert "rolled back" in html
    assert "alice" in html


def test_times_are_read_in_the_zone_that_the_page_shows(client: Client, read_incident: Incident) -> None:
    client.cookies["zone"] = "Europe/Berlin"
    assert add(client, read_incident, "10:02 rolled back").at.hour == 9


def test_several_lines_are_added_together_or_not_at_all(client: Client, read_incident: Incident) -> None:
    answer = client.post(address(read_incident, "notes"), {"text": "09:01 one\nthen two"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Line 2: “then two” has no time" in html
    assert "09:01 one\nthen two</textarea>" in html
    assert not TimelineNote.objects.exists()
    client.post(address(read_incident, "notes"), {"text": "09:01 one\n09:02 two"})
    assert [note.text for note in notes_of(read_incident)] == ["one", "two"]


def test_notes_stand_among_what_the_log_tells(client: Client, read_incident: Incident) -> None:
    add(client, read_incident, "09:02 rolled back")
    entries = client.get(address(read_incident)).context["entries"]
    times = [entry.at for entry in entries]
    assert times == sorted(times)
    assert len(entries) == len(read_incident.analysis["timeline"]) + 1
    assert {entry.lane for entry in entries} >= {"people", "platform"}


def test_an_edit_is_saved_and_the_moment_stays_exact(client: Client, read_incident: Incident) -> None:
    note = add(client, read_incident, "now written")
    field = re.search(
        rf'id="at-{note.pk}" name="at" value="([^"]+)"', client.get(address(read_incident)).content.decode()
    )
    assert field is not None
    assert change(client, note, at=field[1], text="better written") == 302
    before, at = note.version, note.at
    note.refresh_from_db()
    assert (note.text, note.version, note.at) == ("better written", before + 1, at)
    assert note.edited_at is not None


def test_of_two_edits_the_second_sees_both_texts(
    client: Client, read_incident: Incident, browser_of: Callable[[User], Client]
) -> None:
    bob = browser_of(builders.person("bob"))
    note = add(client, read_incident, "09:02 first words")
    assert change(client, note, text="Alice's words") == 302
    values = {"version": note.version, "at": "09:03", "text": "Bob's words"}
    answer = bob.post(address(read_incident, "note", note.pk), values)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "Alice&#x27;s words" in html
    assert "Bob&#x27;s words" in html
    assert "alice" in html
    note.refresh_from_db()
    assert note.text == "Alice's words"
    assert bob.post(address(read_incident, "note", note.pk), values | {"version": note.version}).status_code == 302
    note.refresh_from_db()
    assert note.text == "Bob's words"


def test_an_edit_of_what_was_taken_away_tells_so(client: Client, read_incident: Incident) -> None:
    note = add(client, read_incident, "09:02 words")
    client.post(address(read_incident, "note-delete", note.pk), {"version": note.version})
    answer = client.post(
        address(read_incident, "note", note.pk), {"version": note.version, "at": "09:02", "text": "other"}
    )
    assert answer.status_code == 409
    assert "taken this note away" in answer.content.decode()


def test_taking_away_is_undone_by_the_toast(client: Client, read_incident: Incident) -> None:
    note = add(client, read_incident, "09:02 words")
    page = client.post(address(read_incident, "note-delete", note.pk), {"version": note.version}, follow=True)
    restore = address(read_incident, "note-restore", note.pk)
    assert f'action="{restore}"' in page.content.decode()
    assert not list(notes_of(read_incident))
    client.post(restore)
    assert [one.pk for one in notes_of(read_incident)] == [note.pk]


def test_what_somebody_has_changed_is_not_taken_away_unseen(client: Client, read_incident: Incident) -> None:
    note = add(client, read_incident, "09:02 words")
    change(client, note, text="new words")
    client.post(address(read_incident, "note-delete", note.pk), {"version": note.version})
    assert [one.text for one in notes_of(read_incident)] == ["new words"]


@pytest.mark.parametrize(("at", "text"), [("25:00", "words"), ("09:02", ""), ("", "words"), ("09:02", "x" * 2_001)])
def test_an_edit_that_makes_no_sense_is_refused_and_kept_in_the_form(
    client: Client, read_incident: Incident, at: str, text: str
) -> None:
    note = add(client, read_incident, "09:02 words")
    assert change(client, note, at=at, text=text) == 422
    note.refresh_from_db()
    assert (note.text, note.version) == ("words", 1)


def test_notes_of_other_incidents_are_not_there(client: Client, read_incident: Incident) -> None:
    other = builders.incident("Another one")
    note = add(client, read_incident, "09:02 words")
    for name in ("note", "note-delete", "note-restore"):
        assert client.post(address(other, name, note.pk), {"version": 1, "at": "09:02", "text": "x"}).status_code == 404
    note.refresh_from_db()
    assert note.version == 1


# -- pins -------------------------------------------------------------------------------------------------------------
def test_a_line_is_pinned_once_with_its_time_and_its_secrets_masked(client: Client, incident: Incident) -> None:
    secret = "s3cr" + "et-9f8e7d6c5b"
    rows = [
        builders.app_line(5, "hello"),
        builders.app_line(7, f"DATABASE_URL=postgres://app:{secret}@db.example.com/x"),
    ]
    builders.upload(incident, "\n".join(rows).encode())
    builders.work()
    values = {"source": 0, "line": 2, "text": "here it is"}
    first = client.post(address(incident, "note-pin"), values, headers=JSON)
    assert first.status_code == 201
    note = TimelineNote.objects.get()
    assert note.at.isoformat() == "2026-03-14T09:00:07+00:00"
    assert secret not in note.quote
    assert "DATABASE_URL" in note.quote
    assert first.json()["url"] == f"{address(incident)}#note-{note.pk}"
    again = client.post(address(incident, "note-pin"), values, headers=JSON)
    assert (again.status_code, again.json()["already"]) == (200, True)
    assert TimelineNote.objects.count() == 1
    html = client.get(address(incident)).content.decode()
    assert reverse("incident-line", args=[incident.pk, 0, 2]) in html
    assert secret not in html


def test_a_pin_can_be_taken_away_and_set_again(client: Client, read_incident: Incident) -> None:
    values = {"source": 0, "line": 2}
    client.post(address(read_incident, "note-pin"), values)
    note = TimelineNote.objects.get()
    client.post(address(read_incident, "note-delete", note.pk), {"version": note.version})
    assert client.post(address(read_incident, "note-pin"), values, headers=JSON).status_code == 201
    client.post(address(read_incident, "note-restore", note.pk))  # there is a newer pin of the same line
    assert len(notes_of(read_incident)) == 1


@pytest.mark.parametrize("values", [{"source": 0, "line": 401}, {"source": 1, "line": 1}, {"line": 0}, {"line": "x"}])
def test_a_line_that_is_not_there_cannot_be_pinned(
    client: Client, read_incident: Incident, values: dict[str, str]
) -> None:
    assert client.post(address(read_incident, "note-pin"), values, headers=JSON).status_code == 404
    assert not TimelineNote.objects.exists()


# -- the page ---------------------------------------------------------------------------------------------------------
def test_kinds_are_hidden_by_the_address_but_never_the_linked_entry(client: Client, read_incident: Incident) -> None:
    add(client, read_incident, "09:02 words")
    shown = client.get(address(read_incident), {"hide": ["code", "person"]}).context
    assert not {"code", "person"} & {entry.kind for entry in shown["entries"]}
    code = next(entry for entry in entries_of(read_incident, read_incident.analysis) if entry.kind == "code")
    linked = client.get(address(read_incident), {"hide": "code", "entry": code.anchor})
    assert linked.context["wanted"] == code
    assert f'class="tl-entry sev-high here" id="{code.anchor}"' in linked.content.decode()
    nothing = client.get(
        address(read_incident), {"hide": [entry.kind for entry in shown["entries"]] + ["code", "person"]}
    )
    assert "Every kind is hidden" in nothing.content.decode()


def test_the_window_leaves_out_what_lies_outside(client: Client, read_incident: Incident) -> None:
    add(client, read_incident, "09:01 early\n09:05 late")
    shown = client.get(address(read_incident), {"from": "09:04", "to": "09:06"}).context["entries"]
    assert [entry.title for entry in shown if entry.kind == "person"] == ["late"]


def test_links_to_entries_stay_while_the_analysis_grows(client: Client, read_incident: Incident) -> None:
    before = {entry.title: entry.anchor for entry in entries_of(read_incident, read_incident.analysis)}
    document = dict(read_incident.analysis)
    document["timeline"] = [
        {"utc": "2026-03-14T08:00:00Z", "kind": "release", "title": "v1", "line": 0, "source": 0}, *document["timeline"]
    ]  # fmt: skip
    after = {entry.title: entry.anchor for entry in entries_of(read_incident, document)}
    assert after.items() > before.items()


def test_marks_that_share_a_place_are_one_with_their_number(client: Client, read_incident: Incident) -> None:
    for minute in ("09:01", "09:01", "09:06"):
        add(client, read_incident, f"{minute} words")
    picture = picture_of(entries_of(read_incident, read_incident.analysis), None, None)
    assert picture is not None
    people = next(lane for lane in picture.lanes if lane.key == "people")
    assert [mark.number for mark in people.marks] == [2, 1]
    assert all(0 <= mark.x <= 100 for lane in picture.lanes for mark in lane.marks)


def test_viewers_read_but_are_offered_no_form(read_incident: Incident, browser_of: Callable[[User], Client]) -> None:
    viewer = browser_of(builders.person("vera", "viewer"))
    html = viewer.get(address(read_incident)).content.decode()
    assert 'id="quick"' not in html
    for name in ("notes", "note-pin"):
        assert viewer.post(address(read_incident, name), {"text": "09:02 x"}).status_code == 403


# -- files ------------------------------------------------------------------------------------------------------------
def test_files_hold_the_notes_masked_and_without_hidden_kinds(client: Client, read_incident: Incident) -> None:
    add(client, read_incident, f"09:02 =told {PERSON} # now")
    table = client.get(address(read_incident, "timeline-csv"))
    rows = list(csv.DictReader(io.StringIO(table.content.decode())))
    noted = next(row for row in rows if row["lane"] == "people")
    assert noted["title"] == "'=told [REDACTED:email] # now"
    assert (noted["author"], noted["utc"]) == ("alice", "2026-03-14T09:02:00.000000Z")
    told = json.loads(client.get(address(read_incident, "timeline-json")).content)
    assert len(told["timeline"]) == len(rows) == len(read_incident.analysis["timeline"]) + 1
    text = client.get(address(read_incident, "timeline-md")).content.decode()
    assert "**2026-03-14 09:02:00 UTC** Team note: \\=told" in text
    assert PERSON not in text + str(told)
    fewer = client.get(address(read_incident, "timeline-csv"), {"hide": "person"}).content.decode()
    assert "told" not in fewer
