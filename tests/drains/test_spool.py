"""The file for what arrives while the database is away, and who is refused when even that is full."""

from __future__ import annotations

import errno
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError

from incidents.ingest import frames, keys, keys_noted, spool, taking
from incidents.ingest.frames import Arrived
from incidents.ingest.keys import senders
from incidents.models import Frame
from incidents.views.intake import drain as view
from tests.support.logplex import body_of, syslog

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def arrived(shop, number, body=b"body") -> Arrived:
    return Arrived(
        shop.drain.source_id, shop.drain.team_id, shop.drain.pk, f"F{number}", AT, body, msg_count=number, dropped=1
    )


@pytest.fixture
def away(monkeypatch):
    """The database takes no frame until this is called."""

    def refuse(*_, **__):
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(taking, "store_soon", refuse)
    monkeypatch.setattr(taking.connection, "close", lambda: None)  # the test's own transaction lives on it
    return monkeypatch.undo


def test_what_was_spooled_is_loaded_once_as_it_came(shop, tmp_path):
    own = spool.Spool(tmp_path / "s", 10_000)
    for number in range(3):
        own.append(arrived(shop, number, b"\0\xff" * number))

    assert own.load() == {shop.drain.source_id}
    assert own.is_empty
    assert own.load() == set()
    found = [
        (row.frame_id, bytes(row.body), row.msg_count, row.dropped, row.received_at) for row in Frame.objects.all()
    ]
    assert found == [(f"F{number}", b"\0\xff" * number, number, 1, AT) for number in range(3)]


def test_a_frame_that_is_in_the_database_already_is_not_doubled(shop, tmp_path):
    own = spool.Spool(tmp_path / "s", 10_000)
    frames.store(arrived(shop, 1))
    own.append(arrived(shop, 1))
    own.load()

    assert Frame.objects.count() == 1


def test_another_process_loads_what_a_dead_one_left_and_stops_at_a_half_written_record(shop, tmp_path):
    own = spool.Spool(tmp_path, 10_000)
    own.append(arrived(shop, 1))
    own.append(arrived(shop, 2))
    assert spool.recover(tmp_path) == set()  # it is alive: its lock is held
    (path,) = tmp_path.glob("*.spool")
    path.write_bytes(path.read_bytes()[:-3])
    own._file.close()

    assert spool.recover(tmp_path) == {shop.drain.source_id}
    assert [row.frame_id for row in Frame.objects.all()] == ["F1"]
    assert not list(tmp_path.glob("*.spool"))


@pytest.mark.django_db(transaction=True)  # in a test's transaction, keys are checked at its end
def test_a_frame_of_a_drain_that_is_gone_does_not_hold_up_the_others(shop, make_shop, tmp_path):
    own = spool.Spool(tmp_path, 10_000)
    own.append(Arrived(uuid.uuid4(), shop.drain.team_id, None, "F0", AT, b"nobody's"))
    own.append(arrived(shop, 1))
    own.load()

    assert [row.frame_id for row in Frame.objects.all()] == ["F1"]


def test_a_full_spool_takes_nothing_and_keeps_what_it_has(shop, tmp_path, monkeypatch):
    own = spool.Spool(tmp_path, 600)
    own.append(arrived(shop, 1))
    with pytest.raises(spool.SpoolFull):
        own.append(arrived(shop, 2, b"x" * 1000))

    def full(*_):
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(spool.SpoolFull):
            own.append(arrived(shop, 3))
    own.load()
    assert [row.frame_id for row in Frame.objects.all()] == ["F1"]


def test_while_the_database_is_away_frames_go_to_the_spool_at_once(shop, client, away, settings):
    body = body_of([syslog("while it was away")])
    assert [shop.post(client, body).status_code for _ in range(3)] == [204] * 3
    own = spool.of_this_process()
    assert not own.is_empty
    away()
    own.load()
    shop.record()

    assert len(shop.lines) == 3


def test_a_process_that_never_saw_a_drain_takes_its_frames_while_the_database_is_away(shop, client, away, monkeypatch):
    shop.post(client, body_of([syslog("before")]))
    senders.forget()  # as in a process that has just started

    def refuse(_):
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as patched:
        patched.setattr(keys, "_look_up", refuse)
        assert shop.post(client, body_of([syslog("while it was away")])).status_code == 204
    noted = (Path(settings.SPOOL_DIR) / "drains.json").read_text()
    assert shop.drain.digest in noted
    assert shop.token not in noted
    shop.drain.revoke()
    senders.forget()
    assert shop.post(client, b"").status_code == 401
    assert keys_noted.noted() == {}


def test_guesses_do_not_have_the_noted_drains_read_again(settings, monkeypatch):
    keys_noted.note("known", ["row"])
    assert keys_noted.noted() == {"known": ["row"]}
    monkeypatch.setattr(keys_noted.json, "loads", lambda _: pytest.fail("the file was read again"))
    for guess in range(3):
        keys_noted.note(f"guess {guess}", None)


def test_a_full_disk_keeps_what_was_noted_and_no_crumbs(settings, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    keys_noted.note("known", ["row"])
    monkeypatch.setattr(keys_noted.json, "dump", full)
    keys_noted.note("other", ["row"])
    assert keys_noted.noted() == {"known": ["row"]}
    assert [path.name for path in Path(settings.SPOOL_DIR).iterdir()] == ["drains.json"]


def test_without_a_spool_a_sender_is_held_and_then_asked_to_come_again(shop, client, away, settings, monkeypatch):
    settings.SPOOL_BYTES = 0
    naps = []
    monkeypatch.setattr(taking.time, "sleep", naps.append)
    monkeypatch.setattr(taking, "HOLD_SECONDS", 0.3)

    answer = shop.post(client, body_of([syslog("x")]))

    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert naps


def test_one_request_in_a_second_asks_whether_the_database_is_back(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(taking.time, "monotonic", lambda: now[0])
    breaker = taking._Breaker()
    assert breaker.may_ask()
    breaker.failed()
    assert not breaker.may_ask()
    now[0] += taking.PROBE_SECONDS
    assert [breaker.may_ask() for _ in range(3)] == [True, False, False]
    breaker.answered()
    assert breaker.may_ask()


def test_refusals_are_counted_in_the_drains_minutes(shop, client):
    from incidents.digest.recorder.health import health

    shop.app.quota_bytes_per_s = 1
    shop.app.save()
    statuses = [shop.post(client, body_of([syslog("x")])).status_code for _ in range(4)]
    view.chores._write_refusals()

    assert statuses == [204, 429, 429, 429]
    assert health(shop.app)[0].counts.refused == 3
