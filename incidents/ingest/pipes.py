"""A log that streams into an incident while it runs: stored in pieces of whole lines, as they come.

A pipe that was cut can be taken up again under its key. Senders then repeat what they sent last (``heroku logs --tail``
begins with the lines before): those are recognised, and count once.
"""

from __future__ import annotations

import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, Sum
from django.db.models.functions import Now
from django.utils import timezone

from incidents.models import Form, Frame, Incident, LogSource, SourceKind, SourceState, Team

from .accept import MIB, Rejected, new_incident, next_position
from .frames import Arrived
from .taking import Outcome, take
from .unpack import label_of

PIECE_BYTES = 256 * 1024
PIECE_SECONDS = 0.5
"""Lines are stored at the latest this long after they came."""
STALE_SECONDS = 300.0
"""A pipe that was cut is waited for so long; it can be taken up again later as well."""
LONGEST_LINE = 1024 * 1024
"""A line that does not end is stored in pieces of this size."""
PATIENCE_SECONDS = 600.0
"""So long a sender is held up while nothing can be stored."""
TAIL_LINES = 3_000
"""So many of the last lines are compared with what a new connection begins with."""
_KEY = re.compile(r"[\w.:-]{1,56}\Z", re.ASCII)
_STAMP = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}\+00:00 ")
_STAMP_BYTES = 32


class Stopped(Exception):
    """This pipe takes nothing more; the message says why."""


def open_pipe(
    *,
    team: Team,
    user: User | None,
    title: str = "",
    app_name: str = "",
    key: str = "",
    incident: Incident | None = None,
) -> LogSource:
    """The source of a new pipe, or of the one that was opened under this key. Raises `Rejected`."""
    if key and not _KEY.match(key):
        raise Rejected("A resume key has 1 to 56 letters, digits, dots, colons, dashes or underscores.")
    stored_key = f"pipe-{key}" if key else ""
    for _ in range(2):
        known = LogSource.objects.filter(team=team, idempotency_key=stored_key, incident__deleted_at=None).first()
        if key and known:
            LogSource.objects.filter(pk=known.pk).update(
                state=SourceState.RECEIVING, touched_at=Now(), finished_at=None
            )
            return known
        try:
            with transaction.atomic():
                return _new_source(
                    incident or new_incident(team=team, user=user, title=title, app_name=app_name), stored_key
                )
        except IntegrityError:
            continue  # opened twice at once: the other one won
    raise Rejected("The incident of this pipe has been deleted; choose another resume key.", 410)


def _new_source(incident: Incident, key: str) -> LogSource:
    Incident.objects.select_for_update().get(pk=incident.pk)
    return LogSource.objects.create(
        team_id=incident.team_id, incident=incident, kind=SourceKind.PIPE, state=SourceState.RECEIVING,
        name=label_of(f"{incident.app_name or 'piped'}.log"), idempotency_key=key, position=next_position(incident.pk),
    )  # fmt: skip


class Overlap:
    """What a source holds last, to recognise it when it comes again.

    A line with a time to the microsecond is known by its bytes, wherever it comes, and lines without a time belong to
    the one before them. Where no line has a time, only a beginning that equals the end of what is there is dropped.
    """

    def __init__(self, stored: Sequence[bytes]) -> None:
        self._stored = list(stored)
        self._known = Counter(line for line in stored if _STAMP.match(line))
        self._last = max((line[:_STAMP_BYTES] for line in self._known), default=b"")
        self._drops = False
        self._is_first = True

    def new_lines(self, lines: Sequence[bytes]) -> list[bytes]:
        """Those that are not there yet."""
        if not self._stored:
            return list(lines)
        if not self._known:
            lines = self._behind_the_end(lines) if self._is_first else list(lines)
            self._is_first = False
            return list(lines)
        return [line for line in lines if not self._is_there(line)]

    def _behind_the_end(self, lines: Sequence[bytes]) -> Sequence[bytes]:
        for count in range(min(len(lines), len(self._stored)), 0, -1):
            if list(lines[:count]) == self._stored[-count:]:
                return lines[count:]
        return lines

    def _is_there(self, line: bytes) -> bool:
        if _STAMP.match(line):
            self._drops = line[:_STAMP_BYTES] <= self._last and self._known[line] > 0
            if self._drops:
                self._known[line] -= 1
        return self._drops


class PipeWriter:
    """Takes bytes as they come. ``ring`` is called with the source whenever a piece is stored."""

    def __init__(self, source: LogSource, ring: Callable[[uuid.UUID], object], overlap: Overlap | None = None) -> None:
        self.source = source
        self.lines = self.bytes = self.repeated = 0
        self._ring = ring
        self._overlap = overlap
        self._connection = uuid.uuid4().hex[:12]
        self._number = 0
        self._waiting = bytearray()
        self._since = time.monotonic()
        self._room = settings.MAX_UPLOAD_BYTES - (
            Frame.objects.filter(source=source).aggregate(total=Sum("bytes"))["total"] or 0
        )

    def write(self, data: bytes) -> None:
        """Take bytes; whole lines are stored when there are enough of them. Raises `Stopped`."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting += data
        self.bytes += len(data)
        if self.bytes > self._room:
            raise Stopped(f"This pipe has taken {settings.MAX_UPLOAD_BYTES // MIB:,} MiB; begin another one.")
        if len(self._waiting) >= PIECE_BYTES:
            self.flush()

    def tick(self) -> None:
        """Call this at least every PIECE_SECONDS: stores what has waited."""
        if self._waiting and time.monotonic() - self._since >= PIECE_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Store the whole lines that are there."""
        end = self._waiting.rfind(b"\n") + 1
        if not end and len(self._waiting) >= LONGEST_LINE:
            end = len(self._waiting)
        if end:
            piece = bytes(self._waiting[:end])
            del self._waiting[:end]
            self._store(piece)
        self._since = time.monotonic()

    def close(self, *, was_cut: bool) -> None:
        """The end. After a cut, a last line that is not whole is kept apart: it may come again as a whole one."""
        self.flush()
        rest = bytes(self._waiting)
        if rest and was_cut:
            keep_rest(self.source, rest)
        elif rest:
            self._store(rest)
        if not was_cut:
            finish(self.source)
        self._ring(self.source.pk)

    def _store(self, piece: bytes) -> None:
        lines = piece.removesuffix(b"\n").split(b"\n")
        if self._overlap:
            lines, before = self._overlap.new_lines(lines), len(lines)
            self.repeated += before - len(lines)
            if not lines:
                return
        self._number += 1
        arrived = Arrived(
            self.source.pk, self.source.team_id, None, f"{self._connection}-{self._number:08}", timezone.now(),
            b"\n".join(lines) + b"\n", form=Form.TEXT, msg_count=len(lines),
        )  # fmt: skip
        until = time.monotonic() + PATIENCE_SECONDS
        while (outcome := take(arrived)) is Outcome.AWAY:
            if time.monotonic() > until:
                raise Stopped("Nothing could be stored for ten minutes; send the rest again later.")
        if outcome is Outcome.GONE:
            raise Stopped("The incident of this pipe has been deleted.")
        self.lines += len(lines)
        self._ring(self.source.pk)


def keep_rest(source: LogSource, rest: bytes) -> None:
    """Keep the beginning of a line that was cut off, apart from the log: as a frame that counts as recorded."""
    Frame.objects.update_or_create(
        source=source, frame_id="rest",
        defaults={
            "team_id": source.team_id, "form": Form.TEXT, "received_at": timezone.now(), "bytes": len(rest),
            "body": rest, "chunked_at": timezone.now(),
        },
    )  # fmt: skip


def take_rest(source: LogSource) -> bytes:
    """The beginning that was kept apart, which is then forgotten."""
    kept = Frame.objects.filter(source=source, frame_id="rest").first()
    if kept is None:
        return b""
    kept.delete()
    return bytes(kept.body)


def touch(source: LogSource) -> bool:
    """The pipe is alive, though nothing comes. False if its incident was deleted."""
    return bool(LogSource.objects.filter(pk=source.pk, incident__deleted_at=None).update(touched_at=Now()))


def finish_stale() -> list[uuid.UUID]:
    """End pipes that were cut and that nobody has taken up again. Returns those that have something to record."""
    old = timezone.now() - timedelta(seconds=STALE_SECONDS)
    stale = LogSource.objects.filter(kind=SourceKind.PIPE, state=SourceState.RECEIVING, touched_at__lt=old)
    found = list(stale[:64])
    for source in found:
        finish(source)
    return [source.pk for source in found]


def finish(source: LogSource) -> None:
    """Nothing more will come. What was kept apart becomes the last line."""
    Frame.objects.filter(~Q(body=b""), source=source, frame_id="rest").update(
        chunked_at=None, frame_id=f"rest-{uuid.uuid4().hex[:12]}"
    )
    LogSource.objects.filter(pk=source.pk, state=SourceState.RECEIVING).update(state=SourceState.DIGESTING)
