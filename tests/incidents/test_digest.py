"""Chunks: claims, fences, attempts; results that are the same whatever happened on the way."""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from pytest_django import Settings

from incidents import analysis
from incidents.digest import analysing, chunks, reaping, splitting
from incidents.digest.leases import Lease, LeaseLost, from_now
from incidents.models import Analysis, Chunk, ChunkState, Incident, LogSource, Segment, SourceState, StoredResult
from tests.incidents.builders import log, reloaded, upload, work

pytestmark = pytest.mark.django_db


def fingerprint(incident: Incident) -> str:
    """Everything that workers made of an incident's logs: results, sums, document."""
    results = StoredResult.objects.filter(chunk__source__incident=incident)
    ordered = results.order_by("chunk__source__position", "chunk__number").values_list(
        "chunk__source__position", "chunk__number", "chunk__first_line", "chunk__lines", "chunk__parsed", "sha256"
    )
    sources = incident.sources.order_by("position").values_list(
        "position", "name", "lines", "parsed", "unparsed", "state"
    )
    document = Analysis.objects.get(incident=incident).document
    text = json.dumps([list(ordered), list(sources), hashlib.sha256(bytes(document)).hexdigest()])
    return hashlib.sha256(text.encode()).hexdigest()


def calm_fingerprint(data: bytes) -> str:
    from tests.incidents import builders

    other = builders.incident("calm")
    upload(other, data)
    work()
    return fingerprint(other)


def expire(chunk: Chunk) -> None:
    Chunk.objects.filter(pk=chunk.pk).update(lease_until=from_now(-1))


def test_a_log_is_cut_into_chunks_that_hold_every_byte(incident: Incident, small_chunks: int) -> None:
    data = log(300)
    source = upload(incident, data)
    work()
    rows = list(source.chunks.order_by("number"))
    assert len(rows) > 3
    assert [row.first_line for row in rows] == [1, *[row.last_line + 1 for row in rows[:-1]]]
    from incidents.digest.segments import read_text

    assert b"".join(read_text(row) for row in rows) == data
    source.refresh_from_db()
    assert (source.state, source.lines, source.text_bytes) == (SourceState.DONE, 300, len(data))


def test_a_chunk_is_claimed_by_one_worker(incident: Incident) -> None:
    source = upload(incident, log(20))
    (chunk_id,) = splitting.split(source.pk)
    waiting = chunks._WAITING
    first, second = Lease(Chunk, chunk_id), Lease(Chunk, chunk_id)
    assert first.claim(waiting, state=ChunkState.RUNNING)
    assert not second.claim(waiting, state=ChunkState.RUNNING)
    assert Chunk.objects.get(pk=chunk_id).attempts == 1


def test_a_doubled_bell_changes_nothing(incident: Incident) -> None:
    source = upload(incident, log(20))
    (chunk_id,) = splitting.split(source.pk)
    assert chunks.digest(chunk_id) == incident.pk
    before = StoredResult.objects.get().sha256
    assert chunks.digest(chunk_id) is None
    assert list(splitting.split(source.pk)) == []
    assert StoredResult.objects.get().sha256 == before


def test_an_expired_lease_goes_to_the_next_worker_and_the_late_one_can_not_write(incident: Incident) -> None:
    source = upload(incident, log(20))
    (chunk_id,) = splitting.split(source.pk)
    slow = Lease(Chunk, chunk_id)
    assert slow.claim(chunks._WAITING, state=ChunkState.RUNNING)
    expire(Chunk.objects.get())
    assert chunks.digest(chunk_id) == incident.pk
    written = StoredResult.objects.get()
    late = Chunk.objects.select_related("source").get()
    with pytest.raises(LeaseLost):
        chunks._save(late, slow, chunks._scan(late))
    assert StoredResult.objects.get().sha256 == written.sha256
    assert Chunk.objects.get().state == ChunkState.DONE
    assert not slow.give_back()


@pytest.mark.parametrize("dies_at", ["before the first chunk", "after some chunks", "before the end"])
def test_a_splitter_that_dies_is_replaced(
    incident: Incident, small_chunks: int, dies_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = log(300)
    source = upload(incident, data)
    running = splitting.split(source.pk)
    if dies_at == "after some chunks":
        next(running), next(running)
    if dies_at == "before the end":
        for _ in range(len(data) // small_chunks):
            next(running)
    known = Chunk.objects.count()
    # kill -9 leaves the row as it is: claimed, its lease running out.
    monkeypatch.setattr(Lease, "give_back", lambda *_, **__: False)
    running.close()
    monkeypatch.undo()
    LogSource.objects.filter(pk=source.pk).exclude(lease=None).update(lease_until=from_now(-1))
    monkeypatch.setattr(analysis.text, "CHUNK_BYTES", small_chunks)
    assert Chunk.objects.count() == known
    work()
    assert fingerprint(incident) == calm_fingerprint(data)


def test_a_worker_that_is_stopped_gives_its_chunk_back_uncounted(
    incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = upload(incident, log(20))
    (chunk_id,) = splitting.split(source.pk)

    def stop(*_: object, **__: object) -> None:
        raise SystemExit(0)

    monkeypatch.setattr(analysis, "scan_chunk", stop)
    with pytest.raises(SystemExit):
        chunks.digest(chunk_id)
    chunk = Chunk.objects.get()
    assert (chunk.state, chunk.attempts, chunk.lease) == (ChunkState.PENDING, 0, None)
    assert reaping.due().chunks == [chunk_id]


def test_a_chunk_that_can_not_be_read_is_set_aside_and_told(
    incident: Incident, small_chunks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = analysis.scan_chunk

    def poisoned(data: bytes, *args: object, first_line: int, **rest: object) -> object:
        if first_line > 1:
            raise ValueError("a bug in a reader")
        return scan(data, *args, first_line=first_line, **rest)

    monkeypatch.setattr(analysis, "scan_chunk", poisoned)
    source = upload(incident, log(80))
    work()
    good, *bad = Chunk.objects.order_by("number")
    assert good.state == ChunkState.DONE
    assert {(chunk.state, chunk.attempts) for chunk in bad} == {(ChunkState.QUARANTINED, 5)}
    assert "a bug in a reader" in bad[0].error
    assert reloaded(source).state == SourceState.DONE
    missing = analysing.inputs(incident)[0].missing
    assert len(missing) == len(bad)
    assert missing[0].startswith(f"lines {bad[0].first_line:,} to")


def test_a_chunk_that_kills_its_worker_five_times_is_set_aside(incident: Incident) -> None:
    source = upload(incident, log(20))
    (chunk_id,) = splitting.split(source.pk)
    for _ in range(5):
        assert Lease(Chunk, chunk_id).claim(chunks._WAITING, state=ChunkState.RUNNING)
        reaping.give_up()
        expire(Chunk.objects.get())
    assert chunks.digest(chunk_id) is None  # a sixth worker does not touch it
    reaping.give_up()
    chunk = Chunk.objects.get()
    assert chunk.state == ChunkState.QUARANTINED
    assert "died" in chunk.error
    work()
    assert reloaded(source).state == SourceState.DONE


def test_a_source_that_can_not_be_split_fails_with_a_sentence(
    incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = upload(incident, log(20))

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(analysis, "inspect", broken)
    work()
    source = reloaded(source)
    assert (source.state, source.attempts) == (SourceState.FAILED, 5)
    assert source.problem.endswith(".")
    incident.refresh_from_db()
    assert incident.analysed_revision == incident.revision  # the page is told, not left waiting


def test_the_reaper_rings_for_what_nobody_rang_for(incident: Incident, settings: Settings) -> None:
    source = upload(incident, log(20))
    assert reaping.due().sources == []  # it was rung for just now
    LogSource.objects.update(rung_at=from_now(-settings.RING_AGAIN_SECONDS - 1))
    assert reaping.due().sources == [source.pk]
    reaping.rung(LogSource, [source.pk])
    assert reaping.due().sources == []  # once in a while, not in every pass
    (chunk_id,) = splitting.split(source.pk)
    assert reaping.due().chunks == []
    Chunk.objects.update(rung_at=None)
    assert reaping.due().chunks == [chunk_id]
    chunks.digest(chunk_id)
    assert reaping.due() == ([], [], [incident.pk])
    analysing.analyse(incident.pk)
    assert reaping.due() == ([], [], [])


def test_what_could_not_be_rung_for_is_due_in_the_next_pass(incident: Incident) -> None:
    from incidents import tasks

    source = upload(incident, log(20))
    LogSource.objects.update(rung_at=None)
    assert tasks.ring_due() == 0  # nothing listens where tests look for a broker
    assert reaping.due().sources == [source.pk]


def test_the_reaper_leaves_running_work_alone(incident: Incident) -> None:
    source = upload(incident, log(20))
    (chunk_id,) = splitting.split(source.pk)
    Lease(Chunk, chunk_id).claim(chunks._WAITING, state=ChunkState.RUNNING)
    Chunk.objects.update(rung_at=None)
    assert reaping.due().chunks == []
    expire(Chunk.objects.get())
    assert reaping.due().chunks == [chunk_id]


def test_the_reaper_settles_a_source_whose_last_step_was_cut_off(incident: Incident) -> None:
    source = upload(incident, log(20))
    (chunk_id,) = splitting.split(source.pk)
    chunks.digest(chunk_id)
    LogSource.objects.update(state=SourceState.DIGESTING, lines=0)
    reaping.give_up()
    assert (reloaded(source).state, reloaded(source).lines) == (SourceState.DONE, 20)


def test_findings_appear_while_chunks_are_still_being_read(incident: Incident, small_chunks: int) -> None:
    source = upload(incident, log(300))
    first, *_rest = splitting.split(source.pk)
    chunks.digest(first)
    analysing.analyse(incident.pk)
    incident.refresh_from_db()
    assert incident.analysis["sources"][0]["lines"] == Chunk.objects.get(pk=first).lines
    assert incident.verdict_status


def test_the_analysis_waits_while_chunks_are_being_read_but_not_at_the_end(
    incident: Incident, small_chunks: int
) -> None:
    source = upload(incident, log(120))
    todo = list(splitting.split(source.pk))
    for chunk_id in todo[:2]:
        chunks.digest(chunk_id)
        analysing.analyse(incident.pk)
    incident.refresh_from_db()
    assert incident.analysed_revision < incident.revision  # the second one came too soon
    for chunk_id in todo[2:]:
        chunks.digest(chunk_id)
    analysing.analyse(incident.pk)
    incident.refresh_from_db()
    assert incident.analysed_revision == incident.revision


def test_an_analysis_that_fails_is_tried_five_times_and_again_after_new_lines(
    incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def broken(_facts: object) -> None:
        calls.append(1)
        raise ZeroDivisionError("a bug in a rule")

    monkeypatch.setattr(analysis, "analyse", broken)
    source = upload(incident, log(20))
    (chunk_id,) = splitting.split(source.pk)
    chunks.digest(chunk_id)
    for _ in range(8):
        analysing.analyse(incident.pk)
    incident.refresh_from_db()
    assert (len(calls), incident.analysis_error) == (5, "ZeroDivisionError: a bug in a rule")
    assert reaping.due().incidents == []
    monkeypatch.undo()
    upload(incident, log(30), "second.log")
    work()
    incident.refresh_from_db()
    assert (incident.analysis_error, incident.analysed_revision) == ("", incident.revision)


def test_documents_of_an_older_release_are_made_again(incident: Incident) -> None:
    upload(incident, log(60))
    work()
    assert reaping.forget_old_documents() == 0
    Analysis.objects.update(version=1, document=Analysis.dump({"verdict": "masked by older rules"}))
    assert reaping.forget_old_documents() == 1
    assert reaping.forget_old_documents() == 0  # it waits for its analysis
    work()
    assert fingerprint(incident) == calm_fingerprint(log(60))
    assert Analysis.objects.get(incident=incident).version == analysis.DOCUMENT_VERSION


def test_results_of_an_older_parser_are_made_again(incident: Incident, small_chunks: int) -> None:
    upload(incident, log(120))
    work()
    StoredResult.objects.update(parser_version=0, data=b"of another shape")
    Incident.objects.update(revision=1_000_000)
    work()
    assert set(StoredResult.objects.values_list("parser_version", flat=True)) == {analysis.PARSER_VERSION}
    assert fingerprint(incident) == calm_fingerprint(log(120))


def test_a_damaged_result_is_made_again_from_the_text(incident: Incident, small_chunks: int) -> None:
    upload(incident, log(120))
    work()
    stored = StoredResult.objects.order_by("chunk__number")[1]
    StoredResult.objects.filter(pk=stored.pk).update(data=bytes(stored.data)[:-20] + b"x" * 20)
    Incident.objects.update(analysed_revision=0)
    work()
    assert StoredResult.objects.get(pk=stored.pk).sha256 == stored.sha256
    assert fingerprint(incident) == calm_fingerprint(log(120))


def test_two_logs_that_overlap_count_their_common_lines_once(incident: Incident, small_chunks: int) -> None:
    upload(incident, log(120), "first.log")
    upload(incident, b"".join(log(200).splitlines(keepends=True)[60:]), "second.log")
    work()
    incident.refresh_from_db()
    whole = sum(1 for line in log(200).split(b"\n") if b"code=H12" in line)
    assert incident.analysis["codes"]["H12"]["count"] == whole


def test_order_and_repetition_of_work_do_not_change_the_result(incident: Incident, small_chunks: int) -> None:
    source = upload(incident, log(300))
    todo = list(splitting.split(source.pk))
    for chunk_id in reversed(todo):
        chunks.digest(chunk_id)
        analysing.analyse(incident.pk)
    Chunk.objects.filter(pk__in=todo[::2]).update(state=ChunkState.PENDING, attempts=0)
    LogSource.objects.update(state=SourceState.DIGESTING)
    Incident.objects.update(analysed_revision=0)
    work()
    assert fingerprint(incident) == calm_fingerprint(log(300))


@pytest.mark.django_db(transaction=True)
def test_of_many_claims_at_once_one_wins() -> None:
    from tests.incidents import builders

    source = upload(builders.incident(), log(20))
    (chunk_id,) = splitting.split(source.pk)
    barrier, won = threading.Barrier(6), []

    def claim() -> None:
        barrier.wait()
        won.append(Lease(Chunk, chunk_id).claim(chunks._WAITING, state=ChunkState.RUNNING))
        connection.close()

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 5 + [True]
    assert Chunk.objects.get().attempts == 1


@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_keeps_the_lease_and_notices_its_loss(settings: Settings) -> None:
    from tests.incidents import builders

    settings.LEASE_SECONDS = 1
    source = upload(builders.incident(), log(20))
    (chunk_id,) = splitting.split(source.pk)
    lease = Lease(Chunk, chunk_id)
    assert lease.claim(chunks._WAITING, state=ChunkState.RUNNING)
    pause = threading.Event()
    with lease:
        pause.wait(1.6)
        assert Chunk.objects.filter(pk=chunk_id, lease_until__gt=Now()).exists()
        Chunk.objects.filter(pk=chunk_id).update(lease=uuid.uuid4())
        pause.wait(0.8)
        with pytest.raises(LeaseLost):
            lease.check()


def test_leases_last_as_long_as_the_settings_say(incident: Incident, settings: Settings) -> None:
    source = upload(incident, log(20))
    (chunk_id,) = splitting.split(source.pk)
    Lease(Chunk, chunk_id).claim(chunks._WAITING, state=ChunkState.RUNNING)
    soon, later = settings.LEASE_SECONDS - 5, settings.LEASE_SECONDS + 5
    assert Chunk.objects.filter(lease_until__gt=Now() + timedelta(seconds=soon)).exists()
    assert not Chunk.objects.filter(lease_until__gt=Now() + timedelta(seconds=later)).exists()


@pytest.mark.parametrize("moment", ["before splitting", "between chunks", "before the analysis"])
def test_an_incident_deleted_while_it_is_read_leaves_no_rows(
    incident: Incident, small_chunks: int, moment: str, all_rows: Callable[[], int]
) -> None:
    from incidents.digest.purge import purge

    Incident.objects.exclude(pk=incident.pk).delete()
    source = upload(incident, log(300))
    running = splitting.split(source.pk)
    if moment == "between chunks":
        late_chunk = next(running)
        lease = Lease(Chunk, late_chunk)
        lease.claim(chunks._WAITING, state=ChunkState.RUNNING)
        late = Chunk.objects.select_related("source").get(pk=late_chunk)
        result = chunks._scan(late)
    if moment == "before the analysis":
        for chunk_id in list(running):
            chunks.digest(chunk_id)
    incident.delete_later()
    purge()
    if moment == "between chunks":
        with pytest.raises(LeaseLost):
            chunks._save(late, lease, result)
        assert list(running) == []
    assert not analysing.analyse(incident.pk)
    assert list(splitting.split(source.pk)) == []
    assert all_rows() == 0


@pytest.fixture
def all_rows() -> Callable[[], int]:
    tables = [Incident, LogSource, Chunk, Segment, StoredResult, Analysis]
    return lambda: sum(table.objects.count() for table in tables)
