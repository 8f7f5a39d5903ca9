"""The flight recorder: a ring of segments, and incidents that are windows on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from incidents.digest import chunks, segments
from incidents.digest.analysing import analyse
from incidents.digest.recorder import ring as recorder_ring
from incidents.digest.recorder import windows as recorder_windows
from incidents.digest.recorder.compaction import FANOUT
from incidents.digest.recorder.reading import held, tail
from incidents.models import Chunk, ChunkState, Frame, Incident, LogSource, RecordedWindow, Segment, StoredResult
from tests.incidents import builders
from tests.support.logplex import body_of, syslog

BEGIN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def at(second: float) -> datetime:
    return BEGIN + timedelta(seconds=second)


@pytest.fixture
def filled(shop, client):
    """Ten minutes, a line each second, delivered minute by minute."""
    for begin in range(0, 600, 60):
        shop.post(client, body_of([syslog(f"line {second:03}", at=at(second)) for second in range(begin, begin + 60)]))
        shop.record()
    return shop


def numbers(incident: Incident) -> list[int]:
    rows = Chunk.objects.filter(source__incident=incident).order_by("number")
    return [int(line[-3:]) for chunk in rows for line in segments.read_text(chunk).split(b"\n")[:-1]]


def copied(incident: Incident) -> Incident:
    for window in RecordedWindow.objects.filter(incident=incident):
        for chunk_id in recorder_windows.copy(window.pk):
            chunks.digest(chunk_id)
    return incident


def test_a_window_becomes_an_incident_with_its_lines_and_an_analysis(filled):
    incident = copied(recorder_windows.open_window(filled.app, at(120), at(180)))

    assert numbers(incident) == list(range(120, 181))
    analyse(incident.pk)
    incident.refresh_from_db()
    assert (incident.first_at, incident.last_at, incident.app_name) == (at(120), at(180), "shop")
    source = LogSource.objects.get(incident=incident)
    assert (source.kind, source.state, source.lines, source.position) == ("drain", "done", 61, 0)


def test_lines_that_came_out_of_order_are_in_the_window_in_order(shop, client):
    for group in ((0, 1, 5), (2, 6, 3), (4, 7)):
        shop.post(client, body_of([syslog(f"line {second:03}", at=at(second)) for second in group]))
        shop.record()

    assert numbers(copied(recorder_windows.open_window(shop.app, at(1), at(4)))) == [1, 2, 3, 4, 5, 6]


def test_a_window_that_grows_takes_only_what_is_new(filled):
    incident = copied(recorder_windows.open_window(filled.app, at(0), at(99)))
    assert recorder_windows.extend_window(incident, at(50)) is None
    assert recorder_windows.extend_window(incident, at(200)) is not None
    copied(incident)

    assert numbers(incident) == list(range(201))
    assert [chunk.first_line for chunk in Chunk.objects.filter(source__incident=incident).order_by("number")] == [
        1,
        101,
    ]


def test_a_copy_that_was_cut_short_goes_on_where_it_was(filled, monkeypatch):
    monkeypatch.setattr(recorder_windows, "COPIED_BYTES", 1_000)
    incident = recorder_windows.open_window(filled.app, at(0), at(300))
    window = RecordedWindow.objects.get()
    broken = recorder_windows.copy(window.pk)
    next(broken), next(broken)
    broken.close()  # as a worker that is stopped
    copied(incident)

    assert numbers(incident) == list(range(301))
    assert recorder_windows.waiting() == []


def test_what_an_incident_shows_stays_when_the_ring_moves_on(filled):
    incident = copied(recorder_windows.open_window(filled.app, at(0), at(60)))
    Chunk.objects.filter(source=filled.drain.source_id).update(done_at=datetime.now(UTC) - timedelta(hours=49))

    assert recorder_ring.trim_app(filled.app) > 0

    assert not Chunk.objects.filter(source=filled.drain.source_id).exists()
    assert numbers(incident) == list(range(61))


def test_lines_keep_their_numbers_when_the_oldest_are_dropped(filled, client):
    Chunk.objects.filter(source=filled.drain.source_id).update(done_at=datetime.now(UTC) - timedelta(hours=49))
    recorder_ring.trim_app(filled.app)
    filled.post(client, body_of([syslog("line 600", at=at(600))]))
    filled.record()

    assert [(line.number, line.text[-8:]) for line in tail(filled.app).lines] == [(601, "line 600")]


def test_the_ring_keeps_to_its_bytes_and_waits_for_windows_to_be_copied(filled):
    filled.app.retention_bytes = held(filled.app).bytes // 2
    filled.app.save()
    incident = recorder_windows.open_window(filled.app, at(0), at(60))
    recorder_ring.trim()
    assert held(filled.app).lines == 600
    copied(incident)
    recorder_ring.trim()

    assert 0 < held(filled.app).bytes <= filled.app.retention_bytes
    assert len(numbers(incident)) == 61


def test_ids_of_frames_are_forgotten_after_a_week(filled):
    Frame.objects.filter(pk__lte=Frame.objects.order_by("pk")[2].pk).update(
        received_at=datetime.now(UTC) - timedelta(days=8)
    )
    recorder_ring.trim()

    assert Frame.objects.count() == 7


def test_the_tail_goes_on_behind_a_place_and_says_what_it_left_out(filled, client):
    first = tail(filled.app, limit=5)
    assert [line.text[-3:] for line in first.lines] == ["595", "596", "597", "598", "599"]
    assert tail(filled.app, first.place).lines == []
    filled.post(client, body_of([syslog(f"line {second}", at=at(second)) for second in range(600, 610)]))
    filled.record()

    more = tail(filled.app, first.place, limit=4)

    assert ([line.text[-3:] for line in more.lines], more.skipped) == (["606", "607", "608", "609"], 6)


def test_recorders_stand_in_no_list_and_are_never_analysed(filled):
    assert list(Incident.objects.listed()) == []
    assert list(Incident.objects.dirty()) == []


def test_a_batch_that_kills_its_worker_is_kept_unread_and_set_aside_later(shop, client, monkeypatch):
    shop.post(client, body_of([syslog("line 001", at=at(1))]))
    LogSource.objects.filter(pk=shop.drain.source_id).update(attempts=2)  # two workers have died over it

    shop.record()

    chunk = Chunk.objects.get()
    assert (chunk.state, chunk.lines) == ("pending", 1)
    assert chunks.digest(chunk.pk) is not None
    assert builders.reloaded(shop.drain.source).lines == 1


def test_a_reader_that_looked_before_chunks_were_joined_finds_their_rows(shop, client):
    for second in range(7):
        shop.post(client, body_of([syslog(f"line {second}a", at=at(second)), syslog(f"line {second}b", at=at(second))]))
        shop.record()
    known = list(Chunk.objects.order_by("number"))
    shop.post(client, body_of([syslog("line 7a", at=at(7))]))
    shop.record()

    assert Chunk.objects.count() == 1
    for chunk in known[1:]:
        ((row, block),) = segments.read_blocks(chunk, 0, 1)
        second = chunk.number
        assert (row, block.count(b"\n")) == (0, 2)
        assert [line[-2:] for line in block.split(b"\n")[:-1]] == [b"%da" % second, b"%db" % second]


def test_small_chunks_are_joined_and_keep_every_byte_and_number(shop, client):
    for number in range(FANOUT):
        shop.post(client, body_of([syslog(f"line {number}", at=at(number))]))
        shop.record()
    chunk = Chunk.objects.get(source=shop.drain.source_id)
    assert (chunk.first_line, chunk.lines, chunk.state) == (1, FANOUT, ChunkState.DONE)
    assert [int(line.rpartition(" ")[2]) for line in shop.lines] == list(range(FANOUT))
    assert Segment.objects.count() == StoredResult.objects.count() == 1


def test_a_damaged_chunk_is_set_aside_and_holds_up_no_other(shop, client):
    for number in range(FANOUT - 1):
        shop.post(client, body_of([syslog(f"line {number}", at=at(number))]))
        shop.record()
    damaged = Chunk.objects.filter(source=shop.drain.source_id).order_by("number")[2]
    Segment.objects.filter(chunk=damaged).update(text=b"no zstandard frame")
    for number in range(FANOUT - 1, 2 * FANOUT + 3):
        shop.post(client, body_of([syslog(f"line {number}", at=at(number))]))
        shop.record()
    damaged.refresh_from_db()
    assert damaged.state == ChunkState.QUARANTINED
    assert "ZstdError" in damaged.error
    assert max(Chunk.objects.filter(source=shop.drain.source_id).values_list("lines", flat=True)) >= FANOUT


def test_what_does_not_look_like_a_log_is_kept_all_the_same(db):
    from tests.drains.test_pipe import piped, text_of

    source = piped("", b"\x89PNG\r\n" + bytes(range(32)) * 10 + b"\n")

    assert text_of(source).startswith(b"\x89PNG")
    assert "PNG image" in source.settings["assumptions"][0]
