"""``/v1/logs``: OpenTelemetry logs over HTTP, as protobuf or JSON, with the token of a drain.

Answers are those of the OTLP specification: 200 with an ExportLogsServiceResponse, else a google.rpc.Status; 429 and
503 with Retry-After are to be sent again, 400 is not.
"""

from __future__ import annotations

import hashlib
import json
import time

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from incidents.ingest import bodies, frames, otlp
from incidents.ingest.keys import Sender
from incidents.ingest.quota import quota
from incidents.ingest.taking import Outcome, take
from incidents.models import Form
from incidents.views.intake.drain import RETRY_SECONDS, chores, identified

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
_CODES = {400: 3, 401: 16, 413: 8, 415: 3, 429: 8, 503: 14}
"""google.rpc.Code by HTTP status."""


@csrf_exempt
@login_not_required
@require_POST
def logs(request: HttpRequest) -> HttpResponse:
    """One export: stored as it came, then answered."""
    began = time.monotonic()
    kind = (request.content_type or "").lower()
    if kind not in (JSON, PROTOBUF):
        return _failed(JSON, 415, f"Send {PROTOBUF} or {JSON}.")
    try:
        sender = identified(request, began)
    except (DatabaseError, InterfaceError):
        return _failed(kind, 503, "the database does not answer")
    if sender is None:
        return _failed(kind, 401, "unknown token")
    try:
        if not quota.admits(sender.app_id, bodies.announced_bytes(request) or 0, sender.quota_bytes_per_s):
            bodies.discard(request)
            chores.count_refusal(sender.drain_id, sender.team_id)
            return _failed(kind, 429, "this app is over its quota")
        return _export(bodies.read_body(request), kind, sender, began)
    except bodies.TooLarge:
        return _failed(kind, 413, f"a body may have {bodies.MOST_BODY_BYTES // 2**20} MiB at most")
    except bodies.NotReadable as problem:
        return _failed(kind, 415, str(problem))
    except otlp.NotOtlp as problem:
        return _failed(kind, 400, str(problem))
    except OSError:
        return _failed(kind, 400, "the body did not arrive whole")


def _export(body: bytes, kind: str, sender: Sender, began: float) -> HttpResponse:
    records = otlp.count(otlp.parse(body, is_json=kind == JSON))
    if records:
        # Exporters name no id, but send the very same bytes again, and no two exports are alike to the nanosecond.
        frame_id = f"otlp-{hashlib.sha256(body).hexdigest()}"
        arrived = frames.Arrived(
            sender.source_id, sender.team_id, sender.drain_id, frame_id, timezone.now(), body,
            form=Form.OTLP_JSON if kind == JSON else Form.OTLP_PROTOBUF, msg_count=records,
        )  # fmt: skip
        outcome = take(arrived, began=began)
        if outcome in (Outcome.AWAY, Outcome.GONE):
            return _failed(kind, 503, "this can not be kept now; send it again")
        if outcome is not Outcome.DUPLICATE:
            chores.ring_for(sender.source_id)
    return HttpResponse(b"{}" if kind == JSON else b"", content_type=kind)


def _failed(kind: str, status: int, reason: str) -> HttpResponse:
    """A google.rpc.Status in the sender's own language."""
    text = reason.encode()[:500]
    if kind == JSON:
        body = json.dumps({"code": _CODES[status], "message": text.decode("utf-8", "replace")}).encode()
    else:  # field 1: the code; field 2: the message
        body = bytes([0x08, _CODES[status], 0x12]) + _varint(len(text)) + text
    response = HttpResponse(body, status=status, content_type=kind)
    if status in (429, 503):
        response["Retry-After"] = str(RETRY_SECONDS)
    if status == 401:
        response["WWW-Authenticate"] = 'Basic realm="drain"'
    response._has_been_logged = True  # type: ignore[attr-defined]  # as in `incidents.views.intake.drain`
    return response


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128, number >> 7])
