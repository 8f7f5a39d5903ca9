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
from incidents.models import Chunk, LogSource

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
    if incident_id:
        ring(analyse_incident, incident_id)


@shared_task(name="incidents.analyse_incident", soft_time_limit=300, time_limit=330)
def analyse_incident(incident_id: str) -> None:
    """Bring an incident's analysis up to date."""
    if analysing.analyse(UUID(incident_id)):
        ring(analyse_incident, incident_id)


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
    return len(sources) + len(chunks) + len(_ring_all(analyse_incident, due.incidents))


def _ring_all(task: Any, ids: list[Any]) -> list[Any]:
    """Ring for each until the broker fails; the rest is left to the next pass. Returns those that were rung for."""
    return list(itertools.takewhile(lambda pk: ring(task, pk), ids))
