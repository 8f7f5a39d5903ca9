"""Segments in a bucket that fails: work waits and goes on, pages say so, and what is lost there is told."""

from __future__ import annotations

import urllib.error
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.faults import truth
from tests.faults.visitor import Visitor
from tests.support.broker import Broker
from tests.support.ports import wait_for
from tests.support.s3 import Bucket
from tests.support.stack import Stack

CHUNKS = 2
QUICK = {
    "TRIAGE_LEASE_SECONDS": "3",
    "TRIAGE_RING_AGAIN_SECONDS": "1",
    "TRIAGE_REAPER_PERIOD_SECONDS": "1",
    "TRIAGE_SOFT_SHUTDOWN_SECONDS": "0",
}
DELETE = "from incidents.models import Incident; Incident.objects.get(pk='{}').delete_later()"


@dataclass
class Ground:
    """The application on a bucket, and one log that was read while all was well."""

    stack: Stack
    bucket: Bucket
    visitor: Visitor
    data: bytes = field(repr=False)
    upload: dict[str, Any]
    calm: str

    def page(self, path: str) -> tuple[int, str]:
        try:
            with self.visitor.browser.open(self.stack.url + path, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def log_page(self, upload: dict[str, Any]) -> str:
        return f"/i/{upload['incident']}/logs/"

    def fresh_web(self) -> None:
        """One that remembers no blob."""
        self.stack.kill(self.stack.web)
        self.stack.start_web()
        wait_for(self.stack.web_answers, "the web process is back")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    directory = tmp_path_factory.mktemp("bucket")
    (directory / "broker").mkdir()
    with (
        Bucket() as bucket,
        Broker(directory / "broker") as broker,
        Stack(directory, broker, **QUICK, **bucket.environment) as stack,
    ):
        stack.start()
        visitor, data = Visitor(stack), truth.log_of(CHUNKS)
        upload = visitor.send(data)
        truth.finished(stack)
        yield Ground(stack, bucket, visitor, data, upload, truth.fingerprint(stack, upload))


def test_segments_and_results_lie_in_the_bucket_and_pages_read_them_there(ground: Ground) -> None:
    keys = sorted(key.rpartition("-")[0].rpartition("-")[2] for key in ground.bucket.objects)
    assert keys == ["result"] * CHUNKS + ["text"] * CHUNKS
    assert ground.stack.rows("SELECT count(*) FROM incidents_segment WHERE key = ''") == [(0,)]
    status, page = ground.page(ground.log_page(ground.upload))
    assert status == 200
    assert "request_id=" in page


def test_a_bucket_that_fails_every_third_time_costs_patience_only(ground: Ground) -> None:
    asked, failed = ground.bucket.asked, ground.bucket.failed
    ground.bucket.hurt("503 reset", every=3)
    upload = ground.visitor.send(ground.data)
    truth.finished(ground.stack)
    ground.bucket.heal()
    asked, failed = ground.bucket.asked - asked, ground.bucket.failed - failed
    assert truth.fingerprint(ground.stack, upload) == ground.calm
    assert failed > 2
    assert asked / (asked - failed) <= 1.6  # tries for each one that succeeds


def test_a_bucket_that_is_away_holds_work_up_and_counts_no_attempt(ground: Ground) -> None:
    ground.bucket.hurt("500")
    upload = ground.visitor.send(ground.data)
    source = truth.key(ground.stack, upload["id"])
    waits = f"SELECT count(*) FROM incidents_logsource WHERE id = '{source}' AND problem LIKE 'This waits.%'"
    wait_for(lambda: ground.stack.rows(waits) == [(1,)], "the splitter waits", 30, 0.1)
    status, page = ground.page(f"/i/{upload['incident']}/")
    assert status == 200
    assert "This waits." in page
    assert "500" in page
    ground.bucket.heal()
    truth.finished(ground.stack)
    assert truth.fingerprint(ground.stack, upload) == ground.calm
    assert truth.chunks(ground.stack, upload) == [("done", 1)] * CHUNKS


def test_a_page_of_a_log_says_that_the_bucket_is_away_and_is_back_when_that_is(ground: Ground) -> None:
    ground.fresh_web()
    ground.bucket.hurt("500")
    status, page = ground.page(ground.log_page(ground.upload))
    ground.bucket.heal()
    assert status == 503
    assert "What was sent before is safe; try again in a moment." in page
    assert ground.page(f"/i/{ground.upload['incident']}/")[0] == 200
    assert ground.page(ground.log_page(ground.upload))[0] == 200


def test_what_is_missing_in_the_bucket_is_set_aside_with_its_reason(ground: Ground) -> None:
    for worker in ground.stack.workers:
        ground.stack.kill(worker)
    ground.stack.workers.clear()
    before = set(ground.bucket.objects)
    upload = ground.visitor.send(ground.data)
    ground.stack.manage(
        "shell", "-c",
        "from incidents.digest import splitting; from uuid import UUID; "
        f"list(splitting.split(UUID('{upload['id']}')))",
    )  # fmt: skip
    (_, second) = sorted(set(ground.bucket.objects) - before)
    del ground.bucket.objects[second]
    ground.stack.add_worker()
    truth.finished(ground.stack)
    assert truth.chunks(ground.stack, upload) == [("done", 1), ("quarantined", 5)]
    source = truth.key(ground.stack, upload["id"])
    reasons = ground.stack.rows(f"SELECT error FROM incidents_chunk WHERE source_id = '{source}' AND state <> 'done'")
    assert "is missing in the bucket" in reasons[0][0]
    lines = ground.visitor.status(upload)["lines_done"]
    assert ground.page(f"/i/{upload['incident']}/l/0.{lines + 5}/")[0] == 200
    assert ground.page(f"/i/{upload['incident']}/logs/?q=request_id")[0] == 200


def test_a_deletion_waits_for_the_bucket_and_leaves_nothing_there(ground: Ground) -> None:
    upload = ground.upload
    mine = {key for key in ground.bucket.objects if upload["incident"] in key}
    assert mine
    ground.bucket.hurt("503")
    ground.stack.manage("shell", "-c", DELETE.format(upload["incident"]))
    ground.stack.manage("reaper", "--once")
    incident = truth.key(ground.stack, upload["incident"])
    assert ground.stack.rows(f"SELECT count(*) FROM incidents_incident WHERE id = '{incident}'") == [(1,)]
    assert ground.page(f"/i/{upload['incident']}/")[0] == 404
    ground.bucket.heal()
    ground.stack.manage("reaper", "--once")
    assert ground.stack.rows(f"SELECT count(*) FROM incidents_incident WHERE id = '{incident}'") == [(0,)]
    assert not mine & set(ground.bucket.objects)
    assert ground.stack.reaper is not None
    assert ground.stack.reaper.poll() is None
