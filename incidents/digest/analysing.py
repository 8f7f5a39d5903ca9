"""Merge what the chunks say into the incident's analysis: after the first chunk, now and then, and when all are done.

Debounced: while chunks are still being read, the next analysis waits for several times as long as the last one took.
Idempotent: a function of the results alone, so that doubled bells and dead workers change nothing.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, overload
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime

from incidents import analysis, troubles
from incidents.analysis.redact import using_words
from incidents.analysis.utc import parse_iso
from incidents.ingest import blobs
from incidents.masking import words_of
from incidents.models import (
    Analysis,
    Chunk,
    ChunkState,
    EndpointDetails,
    Incident,
    LogSource,
    SourceState,
    StoredResult,
)
from incidents.models.sources import UNFINISHED
from incidents.troubles import BlobMissing

from . import sightings
from .drafts import suggest
from .facets import facets_of
from .leases import Lease, LeaseLost, from_now
from .storable import storable

logger = logging.getLogger(__name__)
LEAST_PAUSE_SECONDS = 2.0
PAUSE_FACTOR = 8
"""An analysis may take a ninth of the time while chunks are still being read."""


def analyse(incident_id: UUID) -> bool:
    """Bring an incident's analysis up to date. True if it should be asked for again at once."""
    incident = Incident.objects.filter(pk=incident_id).first()
    if incident is None:
        return False
    lease = Lease(Incident, incident_id, prefix="analysis_")
    behind = Q(deleted_at=None, revision__gt=F("analysed_revision"), analysis_attempts__lt=settings.MAX_ATTEMPTS)
    if not lease.claim(behind & _is_due(incident)):
        return False
    try:
        with lease:
            incident.refresh_from_db()
            if forget_outdated(incident):
                lease.give_back()  # the chunks are read again, and ask for an analysis when they are done
                return False
            with using_words(words_of(incident.team)):
                _run(incident, lease)
    except LeaseLost:
        return False
    except DamagedResult as damaged:
        logger.error("%s; it is made again", damaged)
        _read_again(Chunk.objects.filter(pk=damaged.chunk_id))
        lease.give_back()
        return False
    except Exception as error:  # a bug here must not be asked for without end: attempts are counted
        if troubles.is_passing(error):  # the reaper asks again in its next pass
            logger.warning("the analysis of incident %s waits: %s", incident_id, error)
            lease.wait({"analysis_error": troubles.why(error)})
            return False
        logger.exception("analysing incident %s failed", incident_id)
        lease.end(analysis_error=f"{type(error).__name__}: {error}"[:500])
        return False
    except BaseException:  # the worker is stopping
        lease.give_back()
        raise
    # Chunks that ended while we read would else wait for the reaper.
    return not is_busy(incident_id) and Incident.objects.dirty().filter(pk=incident_id).exists()


def is_busy(incident_id: UUID) -> bool:
    """Whether some source is still being cut or read."""
    unfinished = LogSource.objects.filter(incident=incident_id, position__isnull=False, state__in=UNFINISHED)
    return unfinished.exists()


def _is_due(incident: Incident) -> Q:
    if not is_busy(incident.pk):
        return Q()
    pause = max(LEAST_PAUSE_SECONDS, incident.analysis_ms / 1000 * PAUSE_FACTOR)
    return Q(analysed_at=None) | Q(analysed_at__lt=from_now(-pause))


def forget_outdated(incident: Incident) -> int:
    """Results of an older parser are made again: one incident is never analysed with two. Returns how many."""
    done = Chunk.objects.filter(source__incident=incident, state=ChunkState.DONE)
    outdated = done.exclude(result__parser_version=analysis.PARSER_VERSION)
    return _read_again(Chunk.objects.filter(pk__in=list(outdated.values_list("pk", flat=True))))


def _read_again(chunks: QuerySet[Chunk]) -> int:
    """Have chunks digested anew, and their sources count as unfinished until then."""
    sources = set(chunks.values_list("source", flat=True))
    with transaction.atomic():
        count = chunks.update(state=ChunkState.PENDING, attempts=0, rung_at=None, lease=None)
        LogSource.objects.filter(pk__in=sources, state=SourceState.DONE).update(state=SourceState.DIGESTING)
    return count


def _run(incident: Incident, lease: Lease) -> None:
    started = time.monotonic()
    facts = analysis.merge(inputs(incident))
    document = analysis.analyse(facts)
    # For the pages alone, beside the published document.
    series = {"charts": _charts(facts), "facets": facets_of(incident, facts)}
    details = _details(facts)
    took_ms = int((time.monotonic() - started) * 1000)
    data = Analysis.dump(document | series)
    verdict, window, onset = document["verdict"], document["window"], document["onset"]
    with transaction.atomic():
        lease.fence(
            analysed_revision=incident.revision, analysed_at=Now(), analysis_ms=took_ms, analysis_error="",
            analysis_attempts=0, verdict_status=verdict["status"], verdict_slug=verdict["slug"],
            verdict_sentence=storable(verdict["sentence"]), onset_at=_at(onset["utc"]),
            first_at=_at(window["first_utc"]), last_at=_at(window["last_utc"]),
            analysis_lease=None, analysis_lease_until=None,
        )  # fmt: skip
        Analysis.objects.update_or_create(
            incident=incident,
            defaults={
                "team_id": incident.team_id, "document": data,
                "version": analysis.DOCUMENT_VERSION, "revision": incident.revision,
            },
        )  # fmt: skip
        EndpointDetails.objects.update_or_create(
            incident=incident, defaults={"team_id": incident.team_id, "data": details, "revision": incident.revision}
        )
        sightings.note(incident, document)
        suggest(incident, storable(document["ticket"]))


def _charts(facts: analysis.Facts) -> dict[str, Any]:
    """Series for the pages' charts. A bug there costs the pictures, not the verdict."""
    try:
        return analysis.charts(facts)
    except Exception:
        logger.exception("drawing the charts failed")
        return {}


def _details(facts: analysis.Facts) -> bytes:
    """What the pages of endpoints show besides; a bug there costs these."""
    try:
        return analysis.details(facts).dump()
    except Exception:
        logger.exception("gathering the details of endpoints failed")
        return analysis.Details().dump()


def inputs(incident: Incident) -> list[analysis.SourceInput]:
    """The sources of an incident as the analysis takes them: index i is position i."""
    found = []
    for source in LogSource.objects.filter(incident=incident, position__isnull=False).order_by("position"):
        if source.settings is None:
            how = analysis.SourceSettings(format="unread", assumptions=(source.problem,) if source.problem else ())
        else:
            how = analysis.SourceSettings.from_json(source.settings)
        chunks = source.chunks.order_by("number")
        done = list(chunks.filter(state=ChunkState.DONE).values_list("pk", "summary"))
        missing = tuple(
            f"lines {chunk.first_line:,} to {chunk.last_line:,} could not be read: {chunk.error}"
            for chunk in chunks.filter(state=ChunkState.QUARANTINED)
        )
        results = Results([pk for pk, _ in done])
        window = _window([summary or {} for _, summary in done])
        found.append(analysis.SourceInput(source.name, how, results, source.text_bytes, missing, window))
    return found


def _window(summaries: list[dict[str, Any]]) -> tuple[int, int]:
    """First and last time of these chunks, so that merging knows which sources can have lines in common."""
    stamps = [entry[name] for entry in summaries for name in ("first_utc", "last_utc") if entry.get(name)]
    times = [at_us for stamp in stamps if (at_us := parse_iso(stamp)) is not None]
    return (min(times), max(times)) if times else (0, 0)


class DamagedResult(Exception):
    """The stored result of a chunk is not what was written. It can be made again from the text."""

    def __init__(self, chunk_id: int) -> None:
        super().__init__(f"the result of chunk {chunk_id} is damaged")
        self.chunk_id = chunk_id


class Results(Sequence[analysis.ChunkResult]):
    """Results of chunks, opened one at a time: all of a large log at once would not fit into a worker."""

    def __init__(self, chunk_ids: list[int]) -> None:
        self._ids = chunk_ids

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, index: int) -> analysis.ChunkResult: ...
    @overload
    def __getitem__(self, index: slice) -> Results: ...
    def __getitem__(self, index: int | slice) -> analysis.ChunkResult | Results:
        if isinstance(index, slice):
            return Results(self._ids[index])
        stored = StoredResult.objects.get(chunk=self._ids[index])
        try:
            data = blobs.get(stored.data, stored.key)
        except BlobMissing:
            raise DamagedResult(self._ids[index]) from None
        if hashlib.sha256(data).hexdigest() != stored.sha256:
            raise DamagedResult(self._ids[index])
        return analysis.ChunkResult.load(data)

    def __iter__(self) -> Iterator[analysis.ChunkResult]:
        return (self[index] for index in range(len(self)))


def _at(text: Any) -> datetime | None:
    return parse_datetime(text) if isinstance(text, str) else None
