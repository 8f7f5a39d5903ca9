"""A full disk: whoever sends something is told so and what to do, nothing is half there, and work waits for room."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from django.contrib.auth.models import User
from django.core.files import uploadedfile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client

from incidents.digest import analysing, chunks, reaping, splitting
from incidents.models import Chunk, ChunkState, Incident, LogSource, SourceState, UploadPart
from incidents.troubles import FULL
from tests.incidents import builders
from tests.incidents.builders import log, upload, work

# A full disk ends SQLite's whole transaction, and so would a test's own.
pytestmark = pytest.mark.django_db(transaction=True)
REFUSE = """
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file "base/1": No space left on device' USING ERRCODE = '53100'; END $$
"""
TABLES = ("incidents_uploadpart", "incidents_segment", "incidents_storedresult", "incidents_analysis")


@contextmanager
def no_room() -> Iterator[None]:
    """The database can't grow: by SQLite's own limit, or by the error that PostgreSQL gives."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM")  # free pages would be room
            (pages,) = cursor.execute("PRAGMA page_count").fetchone()
            cursor.execute(f"PRAGMA max_page_count = {pages}")
        else:
            cursor.execute(REFUSE)
            for table in TABLES:
                cursor.execute(f"CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION no_room()")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA max_page_count = 1073741823")
            else:
                cursor.execute("DROP FUNCTION no_room CASCADE")


@pytest.fixture
def client(alice: User, browser_of: Callable[[User], Client]) -> Client:
    made = browser_of(alice)
    made.raise_request_exception = False
    return made


def begin(client: Client, **given: object) -> dict[str, str]:
    answer = client.post("/uploads/", json.dumps({"name": "app.log"} | given), content_type="application/json")
    assert answer.status_code == 201
    found: dict[str, str] = answer.json()
    return found


def put(client: Client, upload: dict[str, str], number: int, data: bytes) -> tuple[int, str]:
    answer = client.put(f"/uploads/{upload['id']}/parts/{number}/", data, content_type="application/octet-stream")
    return answer.status_code, answer.json().get("error", "")


def test_a_part_for_which_there_is_no_room_is_sent_again_and_the_others_stay(client: Client) -> None:
    sent, data = begin(client), [os.urandom(100_000), log(20)]
    assert put(client, sent, 1, data[1])[0] == 200
    with no_room():
        assert put(client, sent, 0, data[0]) == (507, FULL)
        assert list(UploadPart.objects.values_list("number", flat=True)) == [1]
    assert put(client, sent, 0, log(30))[0] == 200
    answer = client.post(f"/uploads/{sent['id']}/finish/")
    assert answer.json()["state"] == SourceState.SPLITTING
    work()
    assert LogSource.objects.get().lines == 50


def test_a_form_for_which_there_is_no_room_is_answered_with_what_to_do_and_leaves_nothing(client: Client) -> None:
    with no_room():
        answer = client.post("/uploads/form/", {"files": SimpleUploadedFile("app.log", os.urandom(300_000))})
    assert answer.status_code == 507
    assert "free some space and send it again" in answer.content.decode()
    assert (Incident.objects.count(), LogSource.objects.count(), UploadPart.objects.count()) == (0, 0, 0)


def test_a_form_whose_temporary_file_finds_no_room_is_answered_alike(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        """Every write to this device fails as on a full disk."""

        def __init__(self, *_: object, **__: object) -> None:
            self.name = "/dev/full"
            self.file = open("/dev/full", "w+b", buffering=0)  # noqa: SIM115
            self.write, self.close, self.seek = self.file.write, self.file.close, self.file.seek

    monkeypatch.setattr(uploadedfile.tempfile, "NamedTemporaryFile", Full)
    answer = client.post("/uploads/form/", {"files": SimpleUploadedFile("app.log", b"x" * 2_000_000)})
    assert answer.status_code == 507
    assert FULL in answer.content.decode()
    assert Incident.objects.count() == 0


def test_of_several_files_those_for_which_there_is_room_are_taken(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [SimpleUploadedFile("small.log", b"x\n"), SimpleUploadedFile("large.log", os.urandom(300_000))]
    from incidents.ingest import accept

    take = accept.accept_upload

    def second_finds_none(**given: object) -> LogSource:
        if given["name"] == "small.log":
            return take(**given)  # type: ignore[arg-type]
        with no_room():
            return take(**given)  # type: ignore[arg-type]

    monkeypatch.setattr(accept, "accept_upload", second_finds_none)
    answer = client.post("/uploads/form/", {"files": files}, follow=True)
    assert answer.status_code == 200
    assert FULL in answer.content.decode()
    assert [source.name for source in LogSource.objects.all()] == ["small.log"]


def test_a_paste_for_which_there_is_no_room_leaves_nothing(client: Client) -> None:
    with no_room():
        answer = client.post("/uploads/paste/", {"text": os.urandom(300_000).hex()})
    assert answer.status_code == 507
    assert FULL in answer.content.decode()
    assert (Incident.objects.count(), LogSource.objects.count()) == (0, 0)


def test_work_waits_for_room_however_long_it_takes_and_loses_nothing(client: Client, small_chunks: int) -> None:
    incident = builders.incident()
    noise = os.urandom(60_000).hex().encode()
    source = upload(incident, log(60) + b"\n".join(noise[at : at + 400] for at in range(0, len(noise), 400)) + b"\n")
    with no_room():
        for _ in range(6):  # more often than work may fail
            list(splitting.split(source.pk))
            reaping.give_up()
    source.refresh_from_db()
    assert (source.state, source.attempts) == (SourceState.SPLITTING, 0)
    assert "no room left" in client.get(incident.get_absolute_url()).content.decode()
    list(splitting.split(source.pk))
    with no_room():
        for _ in range(6):
            for pk in Chunk.objects.open().order_by("pk").values_list("pk", flat=True)[:5]:
                with suppress(OperationalError):  # not even a claim finds room: Celery forgets the message, we don't
                    chunks.digest(pk)
            reaping.give_up()
    assert set(Chunk.objects.open().values_list("attempts", flat=True)) == {0}
    assert not Chunk.objects.filter(state=ChunkState.QUARANTINED).exists()
    assert "no room left" in client.get(incident.get_absolute_url()).content.decode()
    for pk in Chunk.objects.open().values_list("pk", flat=True):
        chunks.digest(pk)
    with no_room():
        for _ in range(6):
            with suppress(OperationalError):
                analysing.analyse(incident.pk)
    work()
    source.refresh_from_db()
    incident.refresh_from_db()
    assert (source.state, source.problem) == (SourceState.DONE, "")
    assert set(Chunk.objects.values_list("state", "attempts", "error")) == {(ChunkState.DONE, 1, "")}
    assert incident.analysis["sources"][0]["lines"] == source.lines
    assert "no room left" not in client.get(incident.get_absolute_url()).content.decode()
