"""Where Heroku's log drains deliver: ``https://drain:TOKEN@host/drain/``.

The answer is all that Logplex looks at: 204 means stored, and it never comes before that. What only a parser could
dislike is stored as well, since any 4xx but 429 makes Logplex drop the lines for good.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from incidents import tasks
from incidents.ingest import bodies, frames
from incidents.ingest.chores import Chores
from incidents.ingest.keys import Sender, senders
from incidents.ingest.quota import quota
from incidents.ingest.taking import HOLD_SECONDS, Outcome, away, take

logger = logging.getLogger(__name__)
chores = Chores(lambda source_id: tasks.ring(tasks.record_source, source_id))
MOST_AT_ONCE = 4
"""Requests of one app that a process works on at a time: a slow one must not take all its threads."""
RETRY_SECONDS = 2
_FRAME_ID = re.compile(r"[!-~]{1,64}\Z")
_DRAIN_TOKEN = re.compile(r"d\.[0-9a-fA-F-]{36}\Z")
_busy: dict[UUID, int] = {}
_busy_lock = threading.Lock()


@csrf_exempt
@login_not_required
@require_POST
def drain(request: HttpRequest) -> HttpResponse:
    """One delivery: 204 once it is kept, 401 for an unknown token, 429 over the quota, 503 if it can't be kept."""
    began = time.monotonic()
    try:
        sender = identified(request, began)
    except (DatabaseError, InterfaceError):
        return answer(503, "the database does not answer", Retry_After=RETRY_SECONDS)
    if sender is None:
        return answer(401, "unknown token", WWW_Authenticate='Basic realm="drain"')
    if not _enter(sender.app_id):
        return _refused(request, sender, "too many requests of this app at once")
    try:
        return _deliver(request, sender, began)
    finally:
        _leave(sender.app_id)


def _deliver(request: HttpRequest, sender: Sender, began: float) -> HttpResponse:
    try:
        size = bodies.announced_bytes(request)
        if not quota.admits(sender.app_id, size or 0, sender.quota_bytes_per_s):
            return _refused(request, sender, "this app is over its quota")
        body = bodies.read_body(request)
    except bodies.TooLarge:
        return answer(413, f"a body may have {bodies.MOST_BODY_BYTES // 2**20} MiB at most")
    except bodies.NotReadable as problem:
        return answer(415, str(problem))
    except OSError:
        return answer(400, "the body did not arrive whole")
    frame_id = request.headers.get("Logplex-Frame-Id", "")
    arrived = frames.Arrived(
        sender.source_id, sender.team_id, sender.drain_id, frame_id if _FRAME_ID.match(frame_id) else frames.own_id(),
        timezone.now(), body, msg_count=_number(request, "Logplex-Msg-Count"),
        dropped=_number(request, "Logplex-Drop-Count") or 0, lost=_number(request, "Logplex-Lost-Count") or 0,
    )  # fmt: skip
    return settle(arrived, sender, began, learnt=request.headers.get("Logplex-Drain-Token", ""))


def _refused(request: HttpRequest, sender: Sender, reason: str) -> HttpResponse:
    """Push back. The body is read all the same: Logplex tries again at once, on this connection."""
    bodies.discard(request)
    chores.count_refusal(sender.drain_id, sender.team_id)
    return answer(429, reason, Retry_After=RETRY_SECONDS)


def settle(arrived: frames.Arrived, sender: Sender, began: float, *, learnt: str = "") -> HttpResponse:
    """Keep a delivery and answer for it."""
    outcome = take(arrived, began=began)
    if outcome is Outcome.AWAY:
        return answer(503, "this can not be kept now; send it again", Retry_After=RETRY_SECONDS)
    if outcome is Outcome.GONE:
        senders.forget()
        return answer(410, "this drain was removed")
    if outcome is not Outcome.DUPLICATE:
        chores.ring_for(sender.source_id)
    if outcome is Outcome.STORED and learnt != sender.logplex_token and _DRAIN_TOKEN.match(learnt):
        _learn(sender, learnt)
    return answer(204)


def identified(request: HttpRequest, began: float) -> Sender | None:
    """The drain of a request, by its header alone. Holds the sender for a while if the database is away."""
    while True:
        try:
            return senders.find(request.headers.get("Authorization", ""))
        except (DatabaseError, InterfaceError) as error:
            away(error)
            if time.monotonic() - began > HOLD_SECONDS:
                raise
            time.sleep(0.1)


def answer(status: int, text: str = "", **headers: str | int) -> HttpResponse:
    """A short answer for a program."""
    response = HttpResponse(f"{text}\n" if text else b"", status=status, content_type="text/plain; charset=utf-8")
    for name, value in headers.items():
        response[name.replace("_", "-")] = str(value)
    if status == 204:
        response["Content-Length"] = "0"
    # Django would write a line of its own for each refusal, and noise would fill the disk.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _learn(sender: Sender, logplex_token: str) -> None:
    try:
        frames.learn_token(sender.drain_id, logplex_token)
        senders.forget()
    except (DatabaseError, InterfaceError):
        logger.info("the token of drain %s is learnt another time", sender.drain_id)


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _enter(app_id: UUID) -> bool:
    with _busy_lock:
        if _busy.get(app_id, 0) >= MOST_AT_ONCE:
            return False
        _busy[app_id] = _busy.get(app_id, 0) + 1
        return True


def _leave(app_id: UUID) -> None:
    with _busy_lock:
        _busy[app_id] -= 1
        if not _busy[app_id]:
            del _busy[app_id]
