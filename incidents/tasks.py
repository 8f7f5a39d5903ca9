"""Celery's entry points. A message is a doorbell: it holds an id; what is to be done stands in the row."""

from __future__ import annotations

import itertools
import logging
import time
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from incidents.digest import analysing, chunks, reaping, splitting, watchdog
from incidents.digest.alerts import watching as alerts
from incidents.digest.recorder import chunking as recorder
from incidents.digest.recorder import windows as recorder_windows
from incidents.ingest import pipes
from incidents.models import Chunk, Delivery, LogSource, RecordedWindow
from incidents.notify import deliver

logger = logging.getLogger(__name__)
PATIENCE_SECONDS = 2.0
"""How long a process rings for nobody after the broker did not answer: connecting to nothing can take seconds."""
_away_until = 0.0


@shared_task(name="incidents.split_source", soft_time_limit=600, time_limit=660)
def split_source(source_id: str) -> None:
    """Cut an upload into chunks, ringing for each. It may take longer than others: a large archive is one stream."""
    for chunk_id in splitting.split(UUID(source_id)):
        ring(digest_chunk, chunk_id)


@shared_task(name="incidents.digest_chunk")
def digest_chunk(chunk_id: int) -> None:
    """Read one chunk."""
    incident_id = chunks.digest(chunk_id)
    if incident_id is None:
        return
    app_id = alerts.app_recorded_by(incident_id)
    if app_id:  # recorders are watched, not analysed
        ring(watch_app, app_id)
    else:
        ring(analyse_incident, incident_id)


@shared_task(name="incidents.analyse_incident", soft_time_limit=300, time_limit=330)
def analyse_incident(incident_id: str) -> None:
    """Bring an incident's analysis up to date."""
    if analysing.analyse(UUID(incident_id)):
        ring(analyse_incident, incident_id)


@shared_task(name="incidents.watch_app")
def watch_app(app_id: str) -> None:
    """Look for bursts in what an app has sent lately."""
    found = alerts.watch(UUID(app_id))
    _ring_all(send_delivery, found.deliveries)
    ring_windows()


@shared_task(name="incidents.send_delivery")
def send_delivery(delivery_id: str) -> None:
    """Send one message of an alert."""
    deliver.deliver(UUID(delivery_id))


@shared_task(name="incidents.copy_window", soft_time_limit=300, time_limit=330)
def copy_window(window_id: int) -> None:
    """Copy a stretch of an app's recorder into its incident, ringing for each chunk."""
    for chunk_id in recorder_windows.copy(window_id):
        ring(digest_chunk, chunk_id)


def ring_windows() -> list[Any]:
    """Ring for windows that wait to be copied: after opening one, and in every pass of the reaper."""
    rung = _ring_all(copy_window, recorder_windows.waiting())
    reaping.rung(RecordedWindow, rung)
    return rung


@shared_task(name="incidents.record_source")
def record_source(source_id: str) -> None:
    """Bring what a drain or a pipe has delivered into its log, and ring for whoever looks at it."""
    recorded = recorder.record(UUID(source_id))
    if recorded is None:
        return
    for chunk_id in recorded.unread:
        ring(digest_chunk, chunk_id)
    if recorded.more:
        ring(record_source, source_id)
    if recorded.app_id is None:
        ring(analyse_incident, recorded.incident_id)
    elif recorded.lines:
        ring(watch_app, recorded.app_id)


@worker_ready.connect
def watch(**kwargs: Any) -> None:
    """In a worker's main process: end it should it stop working."""
    watchdog.start()


def ring(task: Any, pk: Any) -> bool:
    """Ring for a row, after its commit. False if the broker is away: the reaper rings again, and nothing is lost."""
    global _away_until
    if time.monotonic() < _away_until:
        return False
    try:
        task.apply_async((pk if isinstance(pk, int) else str(pk),))
    except (OperationalError, RedisError, OSError) as error:
        _away_until = time.monotonic() + PATIENCE_SECONDS
        logger.warning("could not ring for %s %s (%s); the reaper will", task.name, pk, error)
        return False
    return True


def ring_due() -> int:
    """One pass of the reaper: give up on what is beyond hope, ring for what is late. Returns the number of bells."""
    reaping.give_up()
    due = reaping.due()
    sources = _ring_all(split_source, due.sources)
    chunks = _ring_all(digest_chunk, due.chunks)
    reaping.rung(LogSource, sources)
    reaping.rung(Chunk, chunks)
    deliveries = _ring_all(send_delivery, deliver.due(reaping.BATCH))
    reaping.rung(Delivery, deliveries)
    apps = _ring_all(watch_app, alerts.due(reaping.BATCH))
    live = [*_ring_all(record_source, [*recorder.waiting_sources(), *pipes.finish_stale()]), *ring_windows()]
    incidents = _ring_all(analyse_incident, due.incidents)
    return sum(len(rung) for rung in (sources, chunks, deliveries, apps, live, incidents))


def _ring_all(task: Any, ids: list[Any]) -> list[Any]:
    """Ring for each until the broker fails; the rest is left to the next pass. Returns those that were rung for."""
    return list(itertools.takewhile(lambda pk: ring(task, pk), ids))
