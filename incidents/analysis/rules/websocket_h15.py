"""Connections fell silent and were closed by the router (H15).

What it means
    For 55 seconds no byte went over an open connection, so the router closed it. The `service=` of such a line is the age
    of the connection, not a response time.

Why it happens
    A websocket or an event stream without a heartbeat, long polling, an answer that stalls in the middle.

How to tell
    code=H15, on paths of sockets or streams, with a service time of 55 seconds or more.

What to do
    Send a ping or a comment at least every 45 seconds; let clients reconnect.

References
    https://devcenter.heroku.com/articles/error-codes#h15-idle-connection
    https://devcenter.heroku.com/articles/websockets
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.endpoints import template
from incidents.analysis.types import Facts, Finding, Note, Remedy
from incidents.analysis.wording import count

from ._blame import requests
from .base import Rule, build, hits

SIGNS = {
    "_socket": r"(?i)socket\.?io|websocket|\bws\b|wss?://|ActionCable|cable|disconnected from|Pusher|SignalR|sockjs|EventSource"
}
SOCKETS = ("socket", "/ws", "cable", "sockjs", "stream", "events", "live", "signalr", "faye", "pusher")


def check(facts: Facts) -> Iterator[Finding]:
    lines = [(note, line) for note, line in requests(facts) if line.code == "H15"]
    if not lines:
        return
    notes: list[Note] = [note for note, _ in lines]
    paths = sorted({template(line.path) for _, line in lines if line.path})
    socket = any(word in line.path.lower() for _, line in lines for word in SOCKETS) or bool(hits(facts, "_socket"))
    old = any((line.service_ms or 0) > 120_000 for _, line in lines)
    slug = "websocket-h15" if socket or old or len(lines) <= 2 else "idle-connection-timeout"
    what = "Websockets or streams" if slug == "websocket-h15" else "Connections"
    yield build(
        facts, slug,
        f"{what} without a heartbeat were closed after 55 s of silence ({count(len(lines), 'H15')}"
        f"{', on ' + ', '.join(paths[:3]) if paths else ''}).",
        0.85 if slug == "websocket-h15" else 0.7, notes, severity="normal", subject=paths[0] if paths else "H15",
        count=len(lines), span=notes, explains=("H15", "idle-connection-timeout", "slow-endpoint"),
        remedies=(Remedy("Send a ping every 45 seconds or less, and let clients reconnect by themselves."),), most=4,
    )  # fmt: skip


_LINE = (
    '2026-03-14T09:00:01.000000+00:00 heroku[router]: {head} method=GET path="/socket.io/" host=shop.example.com '
    'request_id=00000000-0000-4000-8000-000000000001 fwd="203.0.113.7" dyno=web.1 connect=1ms service=190449ms '
    "status={status} bytes=18 protocol=https\n"
)
RULE = Rule(
    slugs=("websocket-h15", "idle-connection-timeout"),
    check=check,
    signs=SIGNS,
    catches=(_LINE.format(head='at=error code=H15 desc="Idle connection"', status=503),),
    ignores=(_LINE.format(head="at=info", status=101),),
)
