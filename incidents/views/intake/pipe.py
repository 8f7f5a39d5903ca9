"""A log that is still written: ``heroku logs --tail | curl -sT - -H "Authorization: Bearer …" https://host/pipe/``.

The first line of the answer names the incident, while the request still goes on. A pipe holds a thread for as long as
it runs, so a process takes only some at a time. ``?resume=KEY`` takes up a pipe that was cut.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from incidents.digest.recorder import chunking as recorder
from incidents.digest.recorder import reading as recorder_reading
from incidents.ingest import pipes
from incidents.ingest.accept import Rejected
from incidents.ingest.keys import token_of
from incidents.models import ApiToken, Frame, Incident, LogSource, Scope
from incidents.views.intake.drain import answer, chores

BLOCK_BYTES = 64 * 1024
ALIVE_SECONDS = 25.0
"""A quiet pipe gets a dot this often: routers on the way close what is silent for a minute."""
_free = threading.BoundedSemaphore(settings.PIPES_PER_PROCESS)


@csrf_exempt
@login_not_required
@require_http_methods(["POST", "PUT"])
def pipe(request: HttpRequest) -> HttpResponseBase:
    """Stream the body into an incident. 401 for an unknown token, 503 while this process serves enough pipes."""
    token = ApiToken.objects.find(token_of(request.headers.get("Authorization", "")), scope=Scope.INGEST)
    if token is None:
        return answer(401, "unknown token, or one that may not send logs", WWW_Authenticate='Bearer realm="pipe"')
    if not _free.acquire(blocking=False):
        reason = f"this process serves {settings.PIPES_PER_PROCESS} pipes already; try again in ten seconds"
        return answer(503, reason, Retry_After=10)
    try:
        source = _opened(request, token)
        overlap = _overlap(source) if source.lines or request.GET.get("resume") else None
        writer = pipes.PipeWriter(source, chores.ring_for, overlap)
        link = request.build_absolute_uri(source.incident.get_absolute_url())
        # Closed by the server, whether it was read to its end or not.
        return _Streaming(_run(request, writer, link))
    except Rejected as problem:
        _free.release()
        return answer(problem.status, str(problem))
    except BaseException:
        _free.release()
        raise


class _Streaming(StreamingHttpResponse):
    """Gives its place back when it is closed: a generator that never began would not."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        super().__init__(lines, content_type="text/plain; charset=utf-8", headers={"X-Accel-Buffering": "no"})
        self._is_open = True

    def close(self) -> None:
        super().close()
        if self._is_open:
            self._is_open = False
            _free.release()


def _opened(request: HttpRequest, token: ApiToken) -> LogSource:
    given = request.GET
    incident = None
    if wanted := given.get("incident"):
        try:
            rows = Incident.objects.filter(team=token.team_id, deleted_at=None, is_recorder=False)
            incident = rows.get(pk=UUID(wanted))
        except (ValueError, Incident.DoesNotExist):
            raise Rejected("There is no such incident.", 404) from None
    source = pipes.open_pipe(
        team=token.team, user=token.user, title=given.get("title", ""), app_name=given.get("app", ""),
        key=given.get("resume", ""), incident=incident,
    )  # fmt: skip
    return LogSource.objects.select_related("incident").get(pk=source.pk)


def _overlap(source: LogSource) -> pipes.Overlap:
    """The last lines of a pipe that is taken up again. Its last pieces are recorded first."""
    until = time.monotonic() + 5
    while Frame.objects.filter(source=source, chunked_at=None).exists() and time.monotonic() < until:
        if recorder.record(source.pk) is None:
            time.sleep(0.1)  # a worker is at it
    source.refresh_from_db(fields=["lines"])
    return pipes.Overlap(recorder_reading.last_lines(source, pipes.TAIL_LINES))


def _run(request: HttpRequest, writer: pipes.PipeWriter, link: str) -> Iterator[bytes]:
    """The answer, written while the body comes."""
    yield f"{link}\n".encode()
    blocks: queue.Queue[bytes | Exception] = queue.Queue(maxsize=16)
    reader = threading.Thread(target=_read, args=(request, blocks), daemon=True, name="pipe-reader")
    reader.start()
    alive_at = time.monotonic()
    was_cut = True
    try:
        if rest := pipes.take_rest(writer.source):
            yield from _first_block(writer, blocks, rest)
        while True:
            try:
                block = blocks.get(timeout=pipes.PIECE_SECONDS)
            except queue.Empty:
                writer.tick()
                if time.monotonic() - alive_at > ALIVE_SECONDS:
                    alive_at = time.monotonic()
                    if not pipes.touch(writer.source):
                        raise pipes.Stopped("The incident of this pipe has been deleted.") from None
                    yield b"."
                continue
            if isinstance(block, Exception):
                break
            if not block:
                was_cut = False
                break
            writer.write(block)
            writer.tick()
    except pipes.Stopped as stopped:
        yield f"{stopped}\n".encode()
        _hang_up(request)
    except (DatabaseError, InterfaceError):
        yield b"The database does not answer; send this again.\n"
        _hang_up(request)
    finally:
        writer.close(was_cut=was_cut)
    repeated = f", {writer.repeated:,} that were there already" if writer.repeated else ""
    yield f"{writer.lines:,} lines{repeated}\n".encode()


def _first_block(writer: pipes.PipeWriter, blocks: queue.Queue[bytes | Exception], rest: bytes) -> Iterator[bytes]:
    """Join a line that was cut off with what comes now, or let it be superseded by the whole line."""
    begun = time.monotonic()
    head = b""
    while b"\n" not in head and len(head) < BLOCK_BYTES:
        block = blocks.get()
        if isinstance(block, Exception) or not block:
            blocks.put(block)
            break
        head += block
        if time.monotonic() - begun > ALIVE_SECONDS:
            yield b"."
    superseded = any(line.startswith(rest) for line in head.split(b"\n"))
    writer.write(head if superseded else rest + (b"\n" if head else b"") + head)


def _read(request: HttpRequest, blocks: queue.Queue[bytes | Exception]) -> None:
    """In a thread of its own, since reading blocks until something comes."""
    stream: Any = request.META["wsgi.input"]
    length = request.META.get("CONTENT_LENGTH") or ""
    left = int(length) if length.isdigit() else None
    try:
        while left is None or left > 0:
            block = stream.read(min(BLOCK_BYTES, left)) if left is not None else _whatever_is_there(stream)
            if not block:
                break
            left = left if left is None else left - len(block)
            blocks.put(block)
        blocks.put(ConnectionError("the sender went away") if left else b"")
    except Exception as error:  # servers have exceptions of their own for a connection that broke
        blocks.put(error)


def _whatever_is_there(stream: Any) -> bytes:
    """What has arrived of a chunked body, without waiting for more; at least one byte, unless it has ended.

    gunicorn's ``read(n)`` waits until there are n bytes, and its reader keeps the rest of each chunk in ``buf``.
    """
    reader: Any = getattr(stream, "reader", None)
    if not hasattr(reader, "buf"):
        return bytes(stream.read(1))
    first = bytes(reader.read(1))
    kept = len(reader.buf.getvalue()) if first else 0
    return first + (bytes(reader.read(kept)) if kept else b"")


def _hang_up(request: HttpRequest) -> None:
    """Nobody reads the rest of the body: close the connection, so that the sender notices."""
    connection = request.META.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RD)
