"""Cut a source that has arrived into chunks: unpack it, settle how it is to be read, store the text.

A worker that dies is replaced: the next one reads from the start and passes over the chunks that are there already, so
that no state is needed but the rows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from incidents import analysis, troubles
from incidents.ingest import blobs
from incidents.ingest.accept import next_position
from incidents.ingest.parts import open_parts
from incidents.ingest.unpack import Limits, Member, NotOpened, Refused, members
from incidents.models import Chunk, Incident, LogSource, Segment, SourceState, UploadPart

from . import segments
from .leases import Lease, LeaseLost
from .purge import forget_chunks
from .reading import peek
from .settle import settle

logger = logging.getLogger(__name__)

_WAITING = Q(state=SourceState.SPLITTING) & Exists(Incident.objects.filter(pk=OuterRef("incident"), deleted_at=None))


def split(source_id: UUID) -> Iterator[int]:
    """Cut a source. Yields the id of each new chunk once it is committed, so that the caller can ring for it."""
    lease = Lease(LogSource, source_id)
    if not lease.claim(_WAITING & Q(attempts__lt=settings.MAX_ATTEMPTS)):
        return
    source = LogSource.objects.select_related("incident").get(pk=source_id)
    splitter = _Splitter(source, lease)
    try:
        with lease:
            yield from splitter.run()
    except LeaseLost:
        logger.info("source %s went to another worker", source_id)
    except Refused as refused:
        splitter.refuse(str(refused))
    except Exception as error:
        if troubles.is_passing(error):
            logger.warning("source %s waits: %s", source_id, error)
            lease.wait({"problem": troubles.why(error)}, rung_at=Now())
            return
        logger.exception("splitting source %s failed", source_id)
        lease.end(problem=f"Reading this file failed ({type(error).__name__}); it will be tried again.")
    except BaseException:  # the worker is stopping, or the caller
        lease.give_back()
        raise


class _Splitter:
    """One attempt at one upload. ``notes`` collects sentences about what was cut, damaged or left out."""

    def __init__(self, source: LogSource, lease: Lease) -> None:
        self.source = source
        self.lease = lease
        self.notes: list[str] = []
        self.rows: list[LogSource] = []

    def run(self) -> Iterator[int]:
        limits, problem = Limits(text_bytes=settings.MAX_TEXT_BYTES), ""
        with open_parts(self.source) as file:
            for member in members(file, name=self.source.name, limits=limits, notes=self.notes):
                try:
                    head, blocks = peek(member.blocks)
                    how = analysis.inspect(head, name=member.label, received_at=self.source.created_at)
                except (NotOpened, analysis.NotALog) as error:
                    problem = problem or str(error)
                    self.notes.append(f"{member.label} was left out: {error}")
                    continue
                row = self._row(member, how)
                yield from self._cut(row, blocks)
        if self.rows:
            self._finish()
        else:
            self.refuse(problem or "There is no log in this archive.")

    def _row(self, member: Member, how: analysis.SourceSettings) -> LogSource:
        """The row of this member: the upload's own for the first log, rows of their own for others."""
        number, chosen = len(self.rows), {"name": member.label, "settings": how.to_json()}
        if not number:
            row = self.source
        else:
            with transaction.atomic():
                self.lease.fence()
                incident = Incident.objects.select_for_update().get(pk=self.source.incident_id)
                row, _ = LogSource.objects.get_or_create(
                    archive=self.source,
                    member=number,
                    defaults={
                        "team_id": self.source.team_id, "incident": incident, "kind": self.source.kind,
                        "state": SourceState.DIGESTING, "position": next_position(incident.pk), **chosen,
                    },
                )  # fmt: skip
        if row.settings is None:
            self.lease.check()
            LogSource.objects.filter(pk=row.pk).update(**chosen)
            row.settings = chosen["settings"]
        self.rows.append(row)
        return row

    def _cut(self, row: LogSource, blocks: Iterable[bytes]) -> Iterator[int]:
        known = set(row.chunks.values_list("number", flat=True))
        text_bytes = lines = 0
        for cut in analysis.cut(blocks, analysis.SourceSettings.from_json(row.settings or {})):
            self.lease.check()
            text_bytes, lines = text_bytes + len(cut.data), lines + cut.lines
            if cut.number not in known:
                yield self._store(row, cut, {"text_bytes": text_bytes, "lines": lines})

    def _store(self, row: LogSource, cut: analysis.Cut, sums: dict[str, int]) -> int:
        index, text = segments.pack(cut.data)
        value, key = blobs.put(row, f"{row.pk}-{cut.number:06}-text", text)
        with blobs.removed_on(LeaseLost, key), transaction.atomic():
            self.lease.fence()
            LogSource.objects.filter(pk=row.pk).update(**sums)
            chunk = Chunk.objects.create(
                team_id=row.team_id, source=row, number=cut.number, first_line=cut.first_line, lines=cut.lines,
                bytes=len(cut.data), rung_at=Now(),
            )  # fmt: skip
            Segment.objects.create(chunk=chunk, team_id=row.team_id, index=index, text=value, key=key)
        return chunk.pk

    def _finish(self) -> None:
        with transaction.atomic():
            self.lease.fence(state=SourceState.DIGESTING, notes=self.notes, problem="")
            UploadPart.objects.filter(source=self.source).delete()
            # A source without a single line changes the analysis too.
            Incident.objects.filter(pk=self.source.incident_id).update(revision=F("revision") + 1)
            self.lease.end()
        for row in self.rows:
            settle(row.pk)

    def refuse(self, problem: str) -> None:
        """Keep nothing of this upload but its row, which says why."""
        with transaction.atomic():
            self.lease.fence(state=SourceState.REFUSED, problem=problem, lines=0, text_bytes=0, finished_at=Now())
            for row in LogSource.objects.filter(Q(pk=self.source.pk) | Q(archive=self.source)):
                forget_chunks(row)
            LogSource.objects.filter(archive=self.source).update(
                state=SourceState.REFUSED, problem=problem, lines=0, text_bytes=0, finished_at=Now()
            )
            UploadPart.objects.filter(source=self.source).delete()
            Incident.objects.filter(pk=self.source.incident_id).update(revision=F("revision") + 1)
            self.lease.end()
