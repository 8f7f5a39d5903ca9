"""An app with a drain, and a client that posts to it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import drained
from tests.support.broker import Broker
from tests.support.stack import Stack

if TYPE_CHECKING:
    from incidents.models import App, Drain


@pytest.fixture(autouse=True)
def fresh_memory(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a web process remembers, of no other test; its thread is not started, as it would wait for the test's."""
    from incidents.ingest import spool, taking
    from incidents.ingest.keys import senders
    from incidents.ingest.quota import quota
    from incidents.views.intake import drain

    settings.SPOOL_DIR = tmp_path / "spool"
    monkeypatch.setattr(drain.chores, "_begin", lambda: None)
    for forget in (
        senders.forget, spool._own.clear, quota._buckets.clear, drain._busy.clear, drain.chores._refused.clear,
        taking.breaker.answered,
    ):  # fmt: skip
        forget()
    yield
    spool._own.clear()


QUICK = {"TRIAGE_LEASE_SECONDS": "2", "TRIAGE_RING_AGAIN_SECONDS": "1", "TRIAGE_REAPER_PERIOD_SECONDS": "1"}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The application, started once for all tests here; each leaves every part running."""
    directory = tmp_path_factory.mktemp("drained")
    (directory / "broker").mkdir()
    with Broker(directory / "broker") as broker, Stack(directory, broker, **QUICK) as stack:
        stack.start(workers=1)
        drained.make_drains(
            stack, ["hostile", "quick", "good", "away", "storm-one", "storm-two", "orphan", "twins", "live"]
        )
        yield stack


class Shop:
    """An app, its drain, and what was sent."""

    def __init__(self, name: str = "shop") -> None:
        from incidents.ingest.apps import add_drain, create_app
        from incidents.models import Team

        self.app: App = create_app(team=Team.objects.get_default(), name=name, user=None)
        self.drain: Drain
        self.drain, self.token = add_drain(app=self.app, user=None)

    def post(self, client: Any, body: bytes, **headers: str) -> Any:
        """One request as Logplex makes it; headers by their name, with underscores."""
        pair = base64.b64encode(f"drain:{self.token}".encode()).decode()
        named = {"Authorization": f"Basic {pair}"} | {key.replace("_", "-"): value for key, value in headers.items()}
        return client.post("/drain/", body, content_type="application/logplex-1", headers=named)

    def record(self) -> None:
        from incidents.digest.recorder.chunking import record

        while (done := record(self.drain.source_id)) and done.more:
            pass

    @property
    def lines(self) -> list[str]:
        """Every recorded line, oldest first."""
        from incidents.digest.recorder.reading import tail

        return [line.text for line in tail(self.app, {str(self.drain.source_id): 0}, limit=1_000_000).lines]

    def text(self) -> bytes:
        """All recorded bytes."""
        from incidents.digest.segments import read_text
        from incidents.models import Chunk

        return b"".join(
            read_text(chunk) for chunk in Chunk.objects.filter(source=self.drain.source_id).order_by("number")
        )


@pytest.fixture
def shop(db: None) -> Shop:
    return Shop()


@pytest.fixture
def make_shop(db: None) -> type[Shop]:
    return Shop
