"""Real workers on a real broker, hurt in the middle of a digest: the same bytes of result as in a calm run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.faults import truth
from tests.faults.visitor import PART_BYTES, Visitor
from tests.support import processes
from tests.support.broker import Broker
from tests.support.ports import wait_for
from tests.support.stack import Stack

CHUNKS = 4
QUICK = {
    "TRIAGE_LEASE_SECONDS": "3",
    "TRIAGE_RING_AGAIN_SECONDS": "2",
    "TRIAGE_REAPER_PERIOD_SECONDS": "1",
    "TRIAGE_SOFT_SHUTDOWN_SECONDS": "0",
}
RING_FOR_EVERYTHING = """
from incidents import tasks
from incidents.models import Chunk, Incident, LogSource
for _ in range(3):
    for pk in LogSource.objects.values_list("pk", flat=True): tasks.ring(tasks.split_source, pk)
    for pk in Chunk.objects.values_list("pk", flat=True): tasks.ring(tasks.digest_chunk, pk)
    for pk in Incident.objects.values_list("pk", flat=True): tasks.ring(tasks.analyse_incident, pk)
"""
UNHURT = [("done", 1)] * CHUNKS


@dataclass
class Ground:
    """The application without workers, and a log to read."""

    stack: Stack
    visitor: Visitor
    data: bytes
    calm: str = ""

    def with_workers(self) -> None:
        """Two fresh workers, and none of an earlier test."""
        for worker in self.stack.workers:
            self.stack.kill(worker)
        self.stack.workers.clear()
        for _ in range(2):
            self.stack.add_worker()

    def fingerprint(self, upload: dict[str, Any]) -> str:
        truth.finished(self.stack)
        return truth.fingerprint(self.stack, upload)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Shared by the tests below; ``calm`` is the fingerprint of a run in which nothing failed."""
    directory = tmp_path_factory.mktemp("faults")
    (directory / "broker").mkdir()
    with Broker(directory / "broker") as broker, Stack(directory, broker, **QUICK) as stack:
        stack.start(workers=0)
        found = Ground(stack, Visitor(stack), truth.log_of(CHUNKS))
        found.with_workers()
        upload = found.visitor.send(found.data)
        found.calm = found.fingerprint(upload)
        assert truth.chunks(stack, upload) == UNHURT
        yield found


@pytest.fixture
def upload(ground: Ground) -> dict[str, Any]:
    """An upload in the middle of being read by two workers."""
    ground.with_workers()
    sent = ground.visitor.send(ground.data)
    truth.in_the_middle(ground.stack, sent)
    return sent


def test_killed_workers_are_replaced(ground: Ground, upload: dict[str, Any]) -> None:
    for worker in ground.stack.workers:
        ground.stack.kill(worker)
    ground.stack.add_worker()
    assert ground.fingerprint(upload) == ground.calm


def test_a_killed_pool_child_costs_an_attempt_and_nothing_else(ground: Ground, upload: dict[str, Any]) -> None:
    for worker in ground.stack.workers:
        for child in psutil.Process(worker.pid).children(recursive=True):
            child.kill()
    assert ground.fingerprint(upload) == ground.calm


def test_a_flushed_broker_loses_nothing(ground: Ground, upload: dict[str, Any]) -> None:
    ground.stack.broker.flush()
    assert ground.fingerprint(upload) == ground.calm


def test_a_broker_that_comes_back_empty_loses_nothing(ground: Ground, upload: dict[str, Any]) -> None:
    broker = ground.stack.broker
    broker.kill()
    for file in (broker.directory / "appendonlydir").glob("*"):
        file.unlink()
    broker.start()
    assert ground.fingerprint(upload) == ground.calm


def test_doubled_and_late_messages_change_nothing(ground: Ground, upload: dict[str, Any]) -> None:
    ground.stack.manage("shell", "-c", RING_FOR_EVERYTHING)
    truth.finished(ground.stack)
    ground.stack.manage("shell", "-c", RING_FOR_EVERYTHING)
    wait_for(lambda: ground.stack.broker.command("LLEN", "digest") == ":0", "the queue is empty")
    assert ground.fingerprint(upload) == ground.calm
    assert truth.chunks(ground.stack, upload) == UNHURT


def test_asked_to_stop_a_worker_gives_back_what_it_reads_and_the_attempt_is_not_counted(
    ground: Ground, upload: dict[str, Any]
) -> None:
    """As on Heroku, where SIGTERM goes to every process of the dyno; here without the time to finish the chunk."""
    began = time.monotonic()
    for worker in ground.stack.workers:
        os.killpg(worker.pid, signal.SIGTERM)
    for worker in ground.stack.workers:
        worker.wait(30)
    assert time.monotonic() - began < 10
    left = [chunk for chunk in truth.chunks(ground.stack, upload) if chunk[0] != "done"]
    assert left == [("pending", 0)] * len(left)
    ground.stack.add_worker()
    assert ground.fingerprint(upload) == ground.calm
    assert truth.chunks(ground.stack, upload) == UNHURT


def test_a_worker_that_slept_past_its_lease_can_not_write(ground: Ground, upload: dict[str, Any]) -> None:
    asleep = list(ground.stack.workers)
    for worker in asleep:
        os.killpg(worker.pid, signal.SIGSTOP)
    ground.stack.add_worker()
    # Not for ever: a process that was stopped inside a transaction holds SQLite's one lock until it goes on.
    time.sleep(2.5 * float(QUICK["TRIAGE_LEASE_SECONDS"]))
    for worker in asleep:
        os.killpg(worker.pid, signal.SIGCONT)
    assert ground.fingerprint(upload) == ground.calm


def test_an_incident_deleted_while_it_is_read_is_gone_without_a_trace(ground: Ground, upload: dict[str, Any]) -> None:
    known = len(ground.stack.log("worker1"))
    ground.stack.manage(
        "shell",
        "-c",
        f"from incidents.models import Incident; Incident.objects.get(pk='{upload['incident']}').delete_later()",
    )
    ground.stack.manage("reaper", "--once")
    time.sleep(3)
    incident = truth.key(ground.stack, upload["incident"])
    for table in ("logsource", "analysis", "ticketdraft"):
        assert ground.stack.rows(f"SELECT * FROM incidents_{table} WHERE incident_id = '{incident}'") == [], table
    for table in ("chunk", "segment", "storedresult", "uploadpart"):
        parent, of = ("logsource", "source_id") if table in ("chunk", "uploadpart") else ("chunk", "chunk_id")
        orphans = f"SELECT * FROM incidents_{table} WHERE {of} NOT IN (SELECT id FROM incidents_{parent})"
        assert ground.stack.rows(orphans) == [], table
    assert truth.chunks(ground.stack, upload) == []
    assert "Traceback" not in ground.stack.log("worker1")[known:]


def test_a_chunk_whose_text_is_damaged_is_set_aside_and_the_rest_is_read(ground: Ground) -> None:
    for worker in ground.stack.workers:
        ground.stack.kill(worker)
    sent = ground.visitor.send(ground.data)
    ground.stack.manage(
        "shell",
        "-c",
        "from incidents.digest import splitting; from incidents.models import Segment; from uuid import UUID; "
        f"ids = list(splitting.split(UUID('{sent['id']}'))); "
        "Segment.objects.filter(pk=ids[1]).update(text=b'not what was stored')",
    )
    ground.with_workers()
    truth.finished(ground.stack)
    assert truth.chunks(ground.stack, sent) == [("done", 1), ("quarantined", 5), ("done", 1), ("done", 1)]
    status = ground.visitor.status(sent)
    assert (status["state"], status["chunks_done"], status["chunks_set_aside"]) == ("done", 3, 1)


def test_uploads_are_taken_while_the_broker_is_away(ground: Ground) -> None:
    ground.with_workers()
    ground.stack.broker.kill()
    began = time.monotonic()
    sent = ground.visitor.send(ground.data)
    assert time.monotonic() - began < 15
    assert ground.visitor.status(sent)["state"] == "splitting"
    ground.stack.broker.start()
    assert ground.fingerprint(sent) == ground.calm


def test_an_upload_cut_off_goes_on_where_it_stopped(ground: Ground) -> None:
    ground.with_workers()
    visitor, data = ground.visitor, ground.data
    announced = f'{{"name": "app.log", "size": {len(data)}, "key": "the-same-file"}}'.encode()
    first = visitor.call("POST", "/uploads/", announced, "application/json")
    parts = [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]
    visitor.call("PUT", f"/uploads/{first['id']}/parts/1/", parts[1])
    ground.stack.kill(ground.stack.web)
    ground.stack.start_web()
    wait_for(ground.stack.web_answers, "the web process is back")
    again = visitor.call("POST", "/uploads/", announced, "application/json")
    assert again["id"] == first["id"]
    there = visitor.status(again)["parts"]
    assert there == [1]
    for number in set(range(len(parts))) - set(there):
        visitor.call("PUT", f"/uploads/{again['id']}/parts/{number}/", parts[number])
    visitor.call("POST", f"/uploads/{again['id']}/finish/")
    assert ground.fingerprint(again) == ground.calm


def test_a_log_given_to_the_command_is_read_as_an_uploaded_one(ground: Ground, tmp_path: Path) -> None:
    ground.with_workers()
    (tmp_path / "app.log").write_bytes(ground.data)
    path = ground.stack.manage("import_log", str(tmp_path / "app.log")).strip()
    assert path.startswith("/i/")
    assert ground.fingerprint({"incident": path.split("/")[2]}) == ground.calm


def test_everything_killed_at_once_goes_on_after_the_next_start(ground: Ground, upload: dict[str, Any]) -> None:
    stack = ground.stack
    for process in (stack.web, stack.reaper, *stack.workers):
        stack.kill(process)
    stack.broker.kill()
    stack.broker.start()
    stack.start(workers=0)
    ground.with_workers()
    assert ground.fingerprint(upload) == ground.calm
    processes.stop(stack.workers[0])
