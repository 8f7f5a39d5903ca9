"""A worker that lives and does nothing ends; one that works, or has nothing to do, stays."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from incidents.digest import chunks, splitting
from incidents.digest.leases import Lease
from incidents.digest.watchdog import Watchdog
from incidents.models import Chunk, ChunkState, Incident
from tests.incidents.builders import log, upload, work

pytestmark = pytest.mark.django_db


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def watched(settings: Settings) -> tuple[Watchdog, Clock, list[str]]:
    settings.WATCHDOG_SECONDS = 60
    ends: list[str] = []
    clock = Clock()
    return Watchdog(lambda: ends.append("end"), clock), clock, ends


def test_without_work_it_waits_for_ever(settings: Settings) -> None:
    dog, clock, ends = watched(settings)
    clock.now = 10_000
    assert not dog.look()
    assert ends == []


@pytest.mark.parametrize("stage", ["uploaded", "split"])
def test_work_that_rests_ends_the_worker(incident: Incident, settings: Settings, stage: str) -> None:
    source = upload(incident, log(20))
    if stage == "split":
        list(splitting.split(source.pk))
    dog, clock, ends = watched(settings)
    assert not dog.look()
    clock.now = 59
    assert not dog.look()
    clock.now = 61
    assert dog.look()
    assert ends == ["end"]


def test_work_that_is_being_done_is_left_alone(incident: Incident, settings: Settings) -> None:
    (chunk_id,) = splitting.split(upload(incident, log(20)).pk)
    Lease(Chunk, chunk_id).claim(chunks._WAITING, state=ChunkState.RUNNING)
    upload(incident, log(30), "waits.log")
    dog, clock, ends = watched(settings)
    clock.now = 100
    assert not dog.look()
    assert ends == []


def test_each_chunk_that_is_done_gives_more_time(incident: Incident, small_chunks: int, settings: Settings) -> None:
    first, *_rest = splitting.split(upload(incident, log(100)).pk)
    dog, clock, _ = watched(settings)
    assert not dog.look()
    clock.now = 50
    chunks.digest(first)
    assert not dog.look()
    clock.now = 100
    assert not dog.look()
    clock.now = 111
    assert dog.look()


def test_what_was_set_aside_is_not_waited_for(incident: Incident, settings: Settings) -> None:
    list(splitting.split(upload(incident, log(20)).pk))
    Chunk.objects.update(attempts=5, state=ChunkState.QUARANTINED)
    work()
    dog, clock, _ = watched(settings)
    clock.now = 100
    assert not dog.look()
