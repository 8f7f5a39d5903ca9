"""Bytes over HTTP: forms, pastes, parts; whole, repeated, cut off, too large, not a log."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from pytest_django import Settings

from incidents.models import Chunk, Incident, LogSource, Membership, Role, SourceState, UploadPart
from tests.incidents import builders
from tests.incidents.builders import log, reloaded, work, zipped

BrowserOf = Callable[[User], Client]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


@pytest.fixture
def client(alice: User, browser_of: BrowserOf) -> Client:
    return browser_of(alice)


def start(client: Client, **given: Any) -> dict[str, Any]:
    answer = client.post("/uploads/", json.dumps({"name": "app.log"} | given), content_type="application/json")
    assert answer.status_code == 201, answer.content
    return answer.json()


def put(client: Client, upload: dict[str, Any], number: int, data: bytes, **headers: str) -> Any:
    address = f"/uploads/{upload['id']}/parts/{number}/"
    return client.put(address, data, content_type="application/octet-stream", headers=headers or None)


def finish(client: Client, upload: dict[str, Any], **given: str) -> Any:
    return client.post(f"/uploads/{upload['id']}/finish/", given)


def send(client: Client, data: bytes, **given: Any) -> dict[str, Any]:
    """A whole upload in one part."""
    upload = start(client, **given)
    if data:
        assert put(client, upload, 0, data).status_code == 200
    answer = finish(client, upload)
    assert answer.status_code == 200, answer.content
    return answer.json()


def form(client: Client, *files: tuple[str, bytes], **fields: str) -> Any:
    named = [SimpleUploadedFile(name, data) for name, data in files]
    return client.post("/uploads/form/", {"files": named, **fields})


def test_an_upload_in_parts_becomes_a_read_log(client: Client, settings: Settings) -> None:
    settings.PART_BYTES = 10_000
    data = log(300)
    parts = [data[at : at + 10_000] for at in range(0, len(data), 10_000)]
    upload = start(client, size=len(data), title="Slow reports")
    for number in reversed(range(len(parts))):  # any order
        assert put(client, upload, number, parts[number]).json()["bytes"] == len(parts[number])
    assert client.get(f"/uploads/{upload['id']}/").json()["parts"] == list(range(len(parts)))
    assert finish(client, upload, sha256=hashlib.sha256(data).hexdigest()).json()["state"] == "splitting"
    work()
    status = client.get(f"/uploads/{upload['id']}/").json()
    assert (status["state"], status["lines_done"], status["chunks_done"]) == ("done", 300, 1)
    incident = Incident.objects.get(pk=upload["incident"])
    assert incident.title == "Slow reports"
    assert incident.analysis["sources"][0]["lines"] == 300
    assert incident.analysis["codes"]["H12"]["count"] == 30
    assert UploadPart.objects.count() == 0


def test_a_part_may_be_sent_again_and_replaces_itself(client: Client) -> None:
    upload = start(client)
    put(client, upload, 0, b"first try, cut")
    assert put(client, upload, 0, log(10)).json()["received"] == len(log(10))
    assert finish(client, upload).json()["bytes"] == len(log(10))


def test_a_part_that_was_damaged_on_its_way_is_refused(client: Client) -> None:
    upload = start(client)
    answer = put(client, upload, 0, b"x", **{"X-Part-SHA256": "0" * 64})
    assert answer.status_code == 422
    assert "damaged" in answer.json()["error"]


def test_a_part_over_the_limit_is_refused_before_it_is_read(client: Client, settings: Settings) -> None:
    settings.PART_BYTES = 1000
    assert put(client, start(client), 0, b"x" * 1001).status_code == 413


def test_compressed_bodies_are_refused(client: Client) -> None:
    assert put(client, start(client), 0, b"x", **{"Content-Encoding": "gzip"}).status_code == 415


def test_an_upload_with_a_gap_does_not_finish(client: Client) -> None:
    upload = start(client)
    put(client, upload, 1, log(5))
    answer = finish(client, upload)
    assert (answer.status_code, answer.json()["error"]) == (409, "Part 0 has not arrived; send it and finish again.")


def test_an_upload_that_is_shorter_than_announced_does_not_finish(client: Client) -> None:
    upload = start(client, size=1000)
    put(client, upload, 0, b"x" * 999)
    answer = finish(client, upload)
    assert answer.status_code == 409
    assert "999 of 1,000 bytes" in answer.json()["error"]


def test_a_whole_with_another_checksum_does_not_finish(client: Client) -> None:
    upload = start(client)
    put(client, upload, 0, log(5))
    assert finish(client, upload, sha256="0" * 64).status_code == 422


def test_a_finished_upload_takes_no_more_parts(client: Client) -> None:
    upload = send(client, log(5))
    assert put(client, upload, 0, b"y").status_code == 409


def test_finishing_twice_is_harmless(client: Client) -> None:
    upload = send(client, log(5))
    assert finish(client, upload).json()["state"] == "splitting"
    assert LogSource.objects.get().position == 0


def test_the_same_key_gives_the_same_upload(client: Client) -> None:
    first = start(client, key="tab-1-file-1", title="One")
    again = start(client, key="tab-1-file-1", title="One")
    assert first["id"] == again["id"]
    assert Incident.objects.count() == 1


def test_equal_bytes_in_one_incident_are_one_source(client: Client) -> None:
    first = send(client, log(50), name="app.log")
    second = send(client, log(50), name="copy of app.log", incident=first["incident"])
    assert second["is_duplicate"]
    assert second["id"] == first["id"]
    work()
    assert Incident.objects.get().analysis["window"]["first_utc"] is not None
    assert Chunk.objects.count() == 1


def test_equal_names_with_other_bytes_are_two_sources(client: Client) -> None:
    first = send(client, log(50))
    second = send(client, log(60), incident=first["incident"])
    assert first["id"] != second["id"]
    assert [first["position"], second["position"]] == [0, 1]


def test_equal_bytes_in_another_incident_are_a_source_of_their_own(client: Client) -> None:
    assert send(client, log(50))["incident"] != send(client, log(50))["incident"]
    assert LogSource.objects.filter(state=SourceState.SPLITTING).count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_equal_uploads_at_once_are_one_source(
    client: Client, alice: User, browser_of: BrowserOf, settings: Settings
) -> None:
    into = str(builders.incident().pk)
    uploads = [start(client, incident=into) for _ in range(2)]
    for upload in uploads:
        put(client, upload, 0, log(50))
    barrier = threading.Barrier(2)

    def finish_at_once(upload: dict[str, Any]) -> None:
        browser = browser_of(alice)
        barrier.wait()
        finish(browser, upload)
        connection.close()

    threads = [threading.Thread(target=finish_at_once, args=[upload]) for upload in uploads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(LogSource.objects.values_list("state", flat=True)) == ["duplicate", "splitting"]


@pytest.mark.parametrize(("data", "lines"), [(b"", 0), (b"\n", 1), (b"\n\n\n", 3), (b"x", 1)])
def test_next_to_nothing_is_a_finished_source(client: Client, data: bytes, lines: int) -> None:
    upload = send(client, data)
    work()
    source = LogSource.objects.get(pk=upload["id"])
    assert (source.state, source.lines) == (SourceState.DONE, lines)
    incident = Incident.objects.get()
    assert incident.analysed_revision == incident.revision
    assert incident.analysis["sources"][0]["lines"] == lines


@pytest.mark.parametrize(
    "data", [PNG, b"\x7fELF\x02\x01\x01" + os.urandom(4096), b"SQLite format 3\0" + b"\0\1\2" * 3000]
)
def test_binary_files_are_refused_by_content(client: Client, data: bytes) -> None:
    upload = send(client, data, name="innocent.log")
    work()
    status = client.get(f"/uploads/{upload['id']}/").json()
    assert status["state"] == "refused"
    assert status["problem"].endswith(".")
    assert Chunk.objects.count() == 0


def test_a_cut_gzip_gives_its_whole_lines_and_a_note(client: Client) -> None:
    data = gzip.compress(log(2000))
    upload = send(client, data[: len(data) // 2], name="app.log.gz")
    work()
    status = client.get(f"/uploads/{upload['id']}/").json()
    assert status["state"] == "done"
    assert 0 < status["lines_done"] < 2000
    assert "cut at byte" in status["notes"][0]


def test_a_zip_becomes_one_source_for_each_log(client: Client) -> None:
    data = zipped([("web.log", log(40)), ("logo.png", PNG), ("worker.log", log(60))])
    upload = send(client, data, name="logs.zip")
    work()
    sources = list(LogSource.objects.order_by("position").values_list("name", "lines", "state"))
    assert sources == [("logs.zip: web.log", 40, "done"), ("logs.zip: worker.log", 60, "done")]
    assert "logo.png" in client.get(f"/uploads/{upload['id']}/").json()["notes"][0]
    assert [entry["lines"] for entry in Incident.objects.get().analysis["sources"]] == [40, 60]


def test_a_bomb_is_refused_and_leaves_nothing(client: Client) -> None:
    send(client, gzip.compress(b"a line of a log\n" * 8_000_000), name="bomb.gz")
    work()
    source = LogSource.objects.get()
    assert source.state == SourceState.REFUSED
    assert "200 times" in source.problem
    assert (Chunk.objects.count(), UploadPart.objects.count()) == (0, 0)


def test_a_file_over_the_limit_is_refused(client: Client, settings: Settings) -> None:
    settings.MAX_UPLOAD_BYTES = 1000
    answer = client.post("/uploads/", json.dumps({"name": "x", "size": 1001}), content_type="application/json")
    assert answer.status_code == 413
    upload = start(client)
    assert put(client, upload, 0, b"x" * 600).status_code == 200
    assert put(client, upload, 1, b"x" * 600).status_code == 413
    assert UploadPart.objects.count() == 1


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"size": 3}', '{"name": "x", "size": -1}', '{"name": "x", "key": "short"}']
)
def test_a_start_that_makes_no_sense_is_answered_with_a_sentence(client: Client, body: str) -> None:
    answer = client.post("/uploads/", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")


def test_a_form_takes_several_files(client: Client) -> None:
    answer = form(client, ("a.log", log(30)), ("b.log.gz", gzip.compress(log(40))), title="Both")
    incident = Incident.objects.get(title="Both")
    assert answer.headers["Location"] == incident.get_absolute_url()
    work()
    incident.refresh_from_db()
    assert [entry["lines"] for entry in incident.analysis["sources"]] == [30, 40]


def test_a_form_without_files_says_so(client: Client) -> None:
    answer = client.post("/uploads/form/", {"title": "x"})
    assert answer.headers["Location"] == "/new/"
    assert Incident.objects.count() == 0


def test_a_form_needs_its_token(alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert form(strict, ("a.log", log(3))).status_code == 403
    assert LogSource.objects.count() == 0


def test_a_form_that_announces_too_much_is_not_read(client: Client, settings: Settings) -> None:
    settings.MAX_UPLOAD_BYTES = 1000
    answer = client.post("/uploads/form/", {"files": SimpleUploadedFile("a.log", b"x" * 3_000_000)})
    assert answer.headers["Location"] == "/new/"
    assert LogSource.objects.count() == 0


def test_a_paste_becomes_a_source(client: Client) -> None:
    text = log(20).decode().replace("\n", "\r\n")
    client.post("/uploads/paste/", {"text": text})
    work()
    source = LogSource.objects.get()
    assert (source.kind, source.state, source.lines) == ("paste", "done", 20)


@pytest.mark.parametrize("text", ["", "   \r\n  "])
def test_an_empty_paste_makes_no_incident(client: Client, text: str) -> None:
    assert client.post("/uploads/paste/", {"text": text}).headers["Location"] == "/new/"
    assert Incident.objects.count() == 0


def test_strangers_find_nothing(client: Client, charlie: User, browser_of: BrowserOf) -> None:
    upload, stranger = start(client), browser_of(charlie)
    assert stranger.get(f"/uploads/{upload['id']}/").status_code == 404
    assert put(stranger, upload, 0, b"x").status_code == 404
    assert finish(stranger, upload).status_code == 404
    body = json.dumps({"name": "x", "incident": upload["incident"]})
    assert stranger.post("/uploads/", body, content_type="application/json").status_code == 404
    assert form(stranger, ("a.log", b"x"), incident=upload["incident"]).status_code == 404
    assert stranger.post("/uploads/paste/", {"text": "x", "incident": upload["incident"]}).status_code == 404


def test_viewers_may_look_and_not_add(client: Client, browser_of: BrowserOf) -> None:
    upload = start(client)
    viewer = browser_of(builders.person("vera", Role.VIEWER))
    assert viewer.get(f"/uploads/{upload['id']}/").status_code == 200
    assert put(viewer, upload, 0, b"x").status_code == 403
    assert viewer.post("/uploads/", json.dumps({"name": "x"}), content_type="application/json").status_code == 403


def test_people_who_are_not_signed_in_are_sent_to_the_sign_in(db: None) -> None:
    assert Client().post("/uploads/", "{}", content_type="application/json").status_code == 302


def test_someone_removed_from_the_team_finds_nothing(client: Client, alice: User) -> None:
    upload = start(client)
    Membership.objects.filter(user=alice).delete()
    assert client.get(f"/uploads/{upload['id']}/").status_code == 404


def test_an_upload_into_a_deleted_incident_is_gone(client: Client) -> None:
    upload = start(client)
    put(client, upload, 0, log(3))
    Incident.objects.get().delete_later()
    assert finish(client, upload).status_code == 404


def test_parts_are_kept_packed_where_that_helps(client: Client) -> None:
    upload = start(client)
    put(client, upload, 0, log(300))
    put(client, upload, 1, os.urandom(1000))
    packed, plain = UploadPart.objects.order_by("number")
    assert packed.is_compressed
    assert len(packed.data) < packed.bytes / 3
    assert not plain.is_compressed


def test_the_name_of_a_file_is_a_label(client: Client) -> None:
    send(client, log(2), name="../../etc/\x1b[31mpass\nwd")
    name = reloaded(LogSource.objects.get()).name
    assert "\x1b" not in name
    assert "\n" not in name


def test_a_paste_may_hold_characters_that_are_no_text(alice: User, browser_of: Callable[[User], Client]) -> None:
    line = "2026-03-14T09:00:00.000000+00:00 app[web.1]: a\x00b\x07c"
    assert browser_of(alice).post("/uploads/paste/", {"text": "\n".join([line] * 5)}).status_code == 302
    work()
    assert LogSource.objects.get().lines == 5
