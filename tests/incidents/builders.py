"""Logs and rows for tests, and a worker that does all due work in this process."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from incidents.digest import analysing, chunks, reaping, splitting
from incidents.digest.purge import purge_incident
from incidents.ingest import accept
from incidents.models import Chunk, Incident, LogSource, Membership, Role, SourceState, Team

BEGIN = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


def stamp(second: float) -> str:
    return (BEGIN + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


def router_line(
    second: float, path: str = "/orders/7", *, service_ms: int = 40, status: int = 200, code: str = ""
) -> str:
    at = f'at=error code={code} desc="Request timeout"' if code else "at=info"
    return (
        f'{stamp(second)} heroku[router]: {at} method=GET path="{path}" host=shop.example.com '
        f'request_id=00000000-0000-4000-8000-{int(second):012} fwd="192.0.2.7" dyno=web.1 connect=1ms '
        f"service={service_ms}ms status={status} bytes=512 protocol=https"
    )


def app_line(second: float, message: str) -> str:
    return f"{stamp(second)} app[web.1]: {message}"


def log(lines: int = 300) -> bytes:
    """A log with a slow endpoint in it; the same number of lines is always the same text."""
    rows = []
    for number in range(lines):
        if number % 10 == 9:
            rows.append(router_line(number, "/reports/7/export", service_ms=30_000, status=503, code="H12"))
        elif number % 3:
            rows.append(router_line(number, f"/orders/{number}", service_ms=20 + number % 50))
        else:
            rows.append(app_line(number, f"order {number} was placed"))
    return "".join(f"{row}\n" for row in rows).encode()


def zipped(files: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return buffer.getvalue()


def person(name: str, role: str = Role.MEMBER, team: Team | None = None) -> User:
    """Someone in a team (the default one)."""
    user = User.objects.create_user(name)
    Membership.objects.create(team=team or Team.objects.get_default(), user=user, role=role)
    return user


def incident(title: str = "Timeouts", team: Team | None = None) -> Incident:
    return accept.new_incident(team=team or Team.objects.get_default(), user=None, title=title)


def upload(into: Incident, data: bytes, name: str = "app.log") -> LogSource:
    return accept.accept_upload(incident=into, name=name, blocks=[data])


def work() -> None:
    """Do everything that is due, as workers would, until nothing is left."""
    for _ in range(100):
        todo = False
        for source in LogSource.objects.filter(state=SourceState.SPLITTING, archive=None):
            todo = True
            list(splitting.split(source.pk))
        for chunk in Chunk.objects.open().order_by("pk"):
            todo = True
            chunks.digest(chunk.pk)
        reaping.give_up()
        for found in Incident.objects.dirty():
            todo = True
            analysing.analyse(found.pk)
        if not todo:
            return
    raise AssertionError("the work does not come to an end")


@contextmanager
def kept_incident(
    blocker: Any, files: Mapping[str, bytes], *, chunk_bytes: int, block_bytes: int
) -> Iterator[Incident]:
    """An incident with these files for the tests of a whole module, which must not change it for good.

    ``blocker`` is pytest-django's ``django_db_blocker``; chunks and blocks are so small that there are several.
    """
    with blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("incidents.analysis.text.CHUNK_BYTES", chunk_bytes)
        patch.setattr("incidents.digest.segments.BLOCK_BYTES", block_bytes)
        had_team = Team.objects.exists()
        kept = incident()
        for name, data in files.items():
            upload(kept, data, name)
        work()
        kept.refresh_from_db()
    try:
        yield kept
    finally:
        with blocker.unblock():
            purge_incident(kept)
            if not had_team:
                Team.objects.all().delete()


def reloaded(source: LogSource) -> LogSource:
    return LogSource.objects.get(pk=source.pk)
