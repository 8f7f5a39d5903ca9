"""The database server itself is hurt in the middle of a digest: it crashes, or cuts every connection."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from tests.faults import truth
from tests.faults.visitor import Visitor
from tests.support import migrated
from tests.support.broker import Broker
from tests.support.ports import wait_for
from tests.support.postgres import Cluster
from tests.support.stack import Stack

pytestmark = [pytest.mark.postgres, pytest.mark.workers]
CHUNKS = 3
CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s"
QUICK = {
    "TRIAGE_LEASE_SECONDS": "3",
    "TRIAGE_RING_AGAIN_SECONDS": "2",
    "TRIAGE_REAPER_PERIOD_SECONDS": "1",
    "TRIAGE_SOFT_SHUTDOWN_SECONDS": "0",
}


@dataclass
class Ground:
    """The application on a database server of its own."""

    cluster: Cluster
    stack: Stack
    visitor: Visitor
    data: bytes
    calm: str

    def send(self) -> dict[str, Any]:
        """An upload in the middle of being read."""
        upload = self.visitor.send(self.data)
        truth.in_the_middle(self.stack, upload)
        return upload

    def fingerprint(self, upload: dict[str, Any]) -> str:
        truth.finished(self.stack)
        return truth.fingerprint(self.stack, upload)

    def status_of(self, path: str) -> int:
        try:
            with urllib.request.urlopen(self.stack.url + path, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    directory = tmp_path_factory.mktemp("database")
    (directory / "broker").mkdir()
    with Cluster() as cluster, Broker(directory / "broker") as broker, Stack(directory, broker, **QUICK) as stack:
        stack.database_url = migrated.on_postgres(cluster.url(), "hurt")
        stack.environment["DATABASE_URL"] = stack.database_url
        stack.start(workers=2)
        visitor, data = Visitor(stack), truth.log_of(CHUNKS)
        upload = visitor.send(data)
        truth.finished(stack)
        yield Ground(cluster, stack, visitor, data, truth.fingerprint(stack, upload))


def test_a_server_that_crashes_and_comes_back_loses_nothing(ground: Ground) -> None:
    upload = ground.send()
    ground.cluster.kill()
    assert ground.status_of("/readyz") == 503
    time.sleep(2)
    ground.cluster.start()
    wait_for(lambda: ground.status_of("/readyz") == 200, "the site is ready again", 60, 0.5)
    assert ground.fingerprint(upload) == ground.calm


def test_connections_that_are_cut_lose_nothing(ground: Ground) -> None:
    upload = ground.send()
    cut = 0
    with psycopg.connect(ground.cluster.url(), autocommit=True) as connection:
        for _ in range(6):
            row = connection.execute(CUT, ["hurt"]).fetchone()
            cut += row[0] if row else 0
            time.sleep(0.3)
    assert cut > 0
    assert ground.fingerprint(upload) == ground.calm
