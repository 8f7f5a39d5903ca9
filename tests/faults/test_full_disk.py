"""A disk that is really full, under the whole application: refused with words or held, and nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults import truth
from tests.faults.visitor import PART_BYTES, Visitor
from tests.support import drained
from tests.support.broker import Broker
from tests.support.stack import Stack

DISK_MB = 28
QUICK = {"TRIAGE_LEASE_SECONDS": "2", "TRIAGE_RING_AGAIN_SECONDS": "1", "TRIAGE_REAPER_PERIOD_SECONDS": "1"}
SENTENCE = "There is no room left to store this."


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of DISK_MB."""
    small = tmp_path / "disk"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(small)]
    subprocess.run(mount, check=True)
    yield small
    subprocess.run(["umount", "--lazy", str(small)], check=True)


def fill(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while ballast.write(b"\0" * 65536):
            pass


def sent_form(visitor: Visitor, data: bytes) -> tuple[int, str]:
    """The answer to the plain form, for browsers without scripts."""
    boundary = secrets.token_hex(8)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{visitor.token}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="app.log"\r\n\r\n'
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Origin": visitor.base}
    body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    request = urllib.request.Request(f"{visitor.base}/uploads/form/", body, headers, method="POST")
    try:
        with visitor.browser.open(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


@pytest.mark.small_disk
def test_a_full_disk_refuses_with_words_and_loses_nothing(disk: Path, broker: Broker) -> None:
    (disk / "tmp").mkdir()
    with Stack(disk, broker, logs=disk.parent, **QUICK, TMPDIR=str(disk / "tmp"), TRIAGE_SPOOL_MB="8") as stack:
        stack.start(workers=0)
        drained.make_drains(stack, ["full"])
        node, visitor, data = drained.node(stack, "full"), Visitor(stack), truth.log_of(1)
        accepted = visitor.send(data)
        announced = json.dumps({"name": "more.log", "size": PART_BYTES}).encode()
        open_upload = visitor.call("POST", "/uploads/", announced, "application/json")
        fill(disk)

        with pytest.raises(urllib.error.HTTPError) as refused:
            visitor.call("PUT", f"/uploads/{open_upload['id']}/parts/0/", os.urandom(PART_BYTES))
        assert (refused.value.code, SENTENCE in refused.value.read().decode()) == (507, True)
        status, page = sent_form(visitor, os.urandom(PART_BYTES))
        assert (status, SENTENCE in page) == (507, True)
        assert stack.rows("SELECT count(*) FROM incidents_incident WHERE is_recorder = 0") == [(2,)]

        worker = stack.add_worker()
        os.truncate(disk / "ballast", (disk / "ballast").stat().st_size - 3 * 1024 * 1024)
        for frame in range(DISK_MB * 4):
            if not node.deliver([f"{frame} {secrets.token_urlsafe(7000)}" for _ in range(60)]):
                break
        assert {status for _, status, _ in node.tally.answers} == {204, 503}
        assert {state for state, _ in truth.chunks(stack, accepted)} <= {"pending", "running", "done"}

        (disk / "ballast").unlink()
        assert node.deliver([f"last {secrets.token_urlsafe(100)}"])
        visitor.call("PUT", f"/uploads/{open_upload['id']}/parts/0/", data[:PART_BYTES].ljust(PART_BYTES, b"\n"))
        visitor.call("POST", f"/uploads/{open_upload['id']}/finish/")
        truth.finished(stack)
        drained.settled(stack)
        assert {state for state, _ in truth.chunks(stack, accepted)} == {"done"}
        assert visitor.status(accepted)["lines_done"] == data.count(b"\n")
        assert drained.missing_and_doubled(stack, "full", node.tally) == ([], [])
        with sqlite3.connect(disk / "triage.sqlite3") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for process in (stack.web, stack.reaper, worker):
            assert process is not None
            assert process.poll() is None  # nobody died of it
        node.close()
