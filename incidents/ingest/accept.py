"""Take bytes in: store them, answer, and leave the rest to workers, for whom the caller rings (`incidents.tasks`)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, InterfaceError, transaction
from django.db.models import Max, Sum
from django.db.models.functions import Now

from incidents.models import Incident, LogSource, SourceKind, SourceState, Team, UploadPart

from .parts import in_parts, open_parts, store_part
from .unpack import label_of
from .unpack.streams import from_file

MIB = 1024 * 1024


class Rejected(ValueError):
    """These bytes are not taken; the message is one sentence for the sender, ``status`` the HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def new_incident(*, team: Team, user: User | None, title: str = "", app_name: str = "") -> Incident:
    return Incident.objects.create(
        team=team, created_by=user, title=title.strip()[:200], app_name=app_name.strip()[:100]
    )


def drop_if_empty(incident: Incident) -> None:
    """Forget a new incident, none of whose logs could be taken."""
    with suppress(DatabaseError, InterfaceError):
        Incident.objects.filter(pk=incident.pk, sources=None).delete()


def begin_upload(
    *, team: Team, user: User | None, incident: Incident | None, name: str, size: int | None = None, key: str = ""
) -> LogSource:
    """A source that waits for its parts. The same ``key`` again gives the same source; no incident gives a new one."""
    _check_size(size or 0)
    if key and (known := LogSource.objects.filter(team=team, idempotency_key=key).first()):
        return known
    try:
        with transaction.atomic():
            incident = incident or new_incident(team=team, user=user)
            return LogSource.objects.create(
                team=team, incident=incident, name=label_of(name), expected_bytes=size, idempotency_key=key
            )
    except IntegrityError:
        if not key:
            raise
        return LogSource.objects.get(team=team, idempotency_key=key)  # sent twice at once: the other one won


def add_part(source: LogSource, number: int, data: bytes, *, sha256: str = "") -> None:
    """Keep part ``number`` (from 0). Sending it again is harmless."""
    if sha256 and sha256.lower() != hashlib.sha256(data).hexdigest():
        raise Rejected(f"Part {number} arrived damaged: its SHA-256 differs. Send it again.", 422)
    if len(data) > settings.PART_BYTES:
        raise Rejected(f"A part may hold {settings.PART_BYTES // MIB} MiB at most.", 413)
    with transaction.atomic():
        # The update also locks the row, so that `finish_upload` and a deletion wait for this part or refuse it.
        if not LogSource.objects.filter(pk=source.pk, state=SourceState.RECEIVING).update(touched_at=Now()):
            raise Rejected("This upload is finished; it takes no more parts.", 409)
        store_part(source, number, data)
        received = UploadPart.objects.filter(source=source).aggregate(total=Sum("bytes"))["total"]
        _check_size(received)
        LogSource.objects.filter(pk=source.pk).update(bytes=received)
    source.bytes = received


def finish_upload(source: LogSource, *, sha256: str = "", parts: int | None = None) -> LogSource:
    """All parts are here: give the source its position and leave it to the splitter.

    Returns the source that holds these bytes: an earlier one of the incident, if it has them already. Doing it twice
    is harmless. Raises `Rejected` if parts are missing or the whole differs from ``sha256``.
    """
    if source.state != SourceState.RECEIVING:
        return _first(source)
    _check_parts(source, parts)
    digest = hashlib.sha256()
    for block in from_file(open_parts(source)):
        digest.update(block)
    if sha256 and sha256.lower() != digest.hexdigest():
        raise Rejected("The whole file differs from its SHA-256: some part is not what was meant. Send it again.", 422)
    with transaction.atomic():
        # Locking the incident makes positions dense, and lets only one of two equal uploads be the first.
        if not Incident.objects.select_for_update().filter(pk=source.incident_id, deleted_at=None).first():
            raise Rejected("This incident has been deleted.", 410)
        if not LogSource.objects.filter(pk=source.pk, state=SourceState.RECEIVING).update(sha256=digest.hexdigest()):
            return _first(LogSource.objects.get(pk=source.pk))
        earlier = LogSource.objects.filter(
            incident=source.incident_id, sha256=digest.hexdigest(), position__isnull=False, archive=None
        ).exclude(state=SourceState.FAILED)
        first = earlier.order_by("position").first()
        if first:
            UploadPart.objects.filter(source=source).delete()
            LogSource.objects.filter(pk=source.pk).update(
                state=SourceState.DUPLICATE, duplicate_of=first, finished_at=Now()
            )
            return first
        LogSource.objects.filter(pk=source.pk).update(
            state=SourceState.SPLITTING, position=next_position(source.incident_id), rung_at=Now()
        )
        # A name that people know beats a number; they may change it.
        Incident.objects.filter(pk=source.incident_id, title="", app_name="").update(title=source.name[:200])
    source.refresh_from_db()
    return source


def accept_upload(
    *, incident: Incident, name: str, blocks: Iterable[bytes], kind: str = SourceKind.UPLOAD
) -> LogSource:
    """A whole file, streamed. Returns the source that holds its bytes (see `finish_upload`)."""
    source = LogSource.objects.create(team_id=incident.team_id, incident=incident, name=label_of(name), kind=kind)
    try:
        for number, part in enumerate(in_parts(blocks)):
            add_part(source, number, part)
        return finish_upload(source)
    except BaseException:  # nobody can send the rest of it later
        with suppress(DatabaseError, InterfaceError):
            LogSource.objects.filter(pk=source.pk, state=SourceState.RECEIVING).delete()
        raise


def accept_paste(*, incident: Incident, text: str) -> LogSource:
    """A pasted log. Browsers send CRLF; the text is kept as they sent it."""
    data = text.encode("utf-8", "replace")
    return accept_upload(incident=incident, name="pasted text", blocks=[data], kind=SourceKind.PASTE)


def next_position(incident_id: UUID) -> int:
    """The first free position of an incident. Call it while the incident's row is locked."""
    taken: int | None = LogSource.objects.filter(incident=incident_id).aggregate(top=Max("position"))["top"]
    return 0 if taken is None else taken + 1


def _first(source: LogSource) -> LogSource:
    return source.duplicate_of or source


def _check_size(size: int) -> None:
    if size > settings.MAX_UPLOAD_BYTES:
        cap = settings.MAX_UPLOAD_BYTES // MIB
        raise Rejected(f"This file is too large: at most {cap:,} MiB are taken. Send a shorter part of the log.", 413)


def _check_parts(source: LogSource, announced: int | None) -> None:
    numbers = sorted(UploadPart.objects.filter(source=source).values_list("number", flat=True))
    count = len(numbers) if announced is None else announced
    missing = sorted(set(range(max(count, numbers[-1] + 1 if numbers else 0))) - set(numbers))
    if missing:
        raise Rejected(f"Part {missing[0]} has not arrived; send it and finish again.", 409)
    if source.expected_bytes is not None and announced is None:
        received = UploadPart.objects.filter(source=source).aggregate(total=Sum("bytes"))["total"] or 0
        if received != source.expected_bytes:
            raise Rejected(f"{received:,} of {source.expected_bytes:,} bytes have arrived; send the rest.", 409)
