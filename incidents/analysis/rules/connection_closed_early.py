"""The app's server closed connections before or in the middle of an answer.

What it means
    The dyno accepted the request and then closed the connection without a byte (H13), cut an answer short (H18), or
    refused or did not accept the connection (H19, H21) while it was said to be up.

Why it happens
    A worker was killed or crashed in the request; the server's keep-alive is shorter than the router's 90 seconds, so that
    both race; a dyno stops without finishing its requests; a hand-written server.

How to tell
    `sock=backend`, or H13, without an exit or a timeout of the server beside it. Where a crash, a worker timeout or a
    memory kill stands at the same second, that is the cause.

What to do
    Let keep-alive in the server exceed 90 seconds, or switch keep-alive to the dyno off; finish requests on SIGTERM.

References
    https://devcenter.heroku.com/articles/error-codes#h13-connection-closed-without-response
    https://devcenter.heroku.com/articles/http-routing-and-keepalives
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Note, Remedy
from incidents.analysis.wording import count

from ._blame import died, requests
from .base import Rule, build, hits

CODES = ("H13", "H17", "H18", "H19", "H21", "H24", "H34")


def check(facts: Facts) -> Iterator[Finding]:
    lines = [(note, line) for note, line in requests(facts) if line.code in CODES and line.sock != "client"]
    if not lines:
        return
    codes = sorted({line.code for _, line in lines})
    notes = [note for note, _ in lines]
    alone = [note for note in notes if not _with_end(facts, note)]
    share = len(alone) / len(notes)
    yield build(
        facts, "connection-closed-early",
        f"The app's server closed {count(len(notes), 'connection')} before the answer was complete ({', '.join(codes)})"
        + (", although no crash or restart stands beside it." if share > 0.5 else ", when the dyno stopped or crashed."),
        0.7 if share > 0.5 else 0.45, [*(alone or notes)[:3], *notes[:2]], severity="high", subject=", ".join(codes),
        count=len(notes), span=notes, explains=(*codes, "app-exception silent"),
        ruled_out=("a crash, a restart or a worker timeout in the same seconds: none stands there",) if share > 0.5 else (),
        remedies=(
            Remedy("Rule out keep-alive between router and dyno.", "heroku labs:enable http-disable-keepalive-to-dyno"),
            Remedy("Set the server's keep-alive timeout above 90 s, and let it finish requests on SIGTERM."),
        ),
    )  # fmt: skip


def _with_end(facts: Facts, note: Note) -> bool:
    """A process ended, or a server killed its worker, within two seconds."""
    ends = facts.cache.get("ends")
    if ends is None:
        from incidents.analysis.events import of, runs

        ended = [run.ended_us for run in runs(facts) if died(run) and run.ended_us is not None]
        ended += [event.at_us for event in of(facts, "exit", "sigterm", "sigkill") if event.at_us is not None]
        ended += [hit.at_us for hit in hits(facts, "worker timeout") if hit.at_us is not None]
        ends = facts.cache["ends"] = ended
    return note.at_us is not None and any(abs(note.at_us - at) <= 3_000_000 for at in ends)


_LINE = (
    "2026-03-14T09:00:01.000000+00:00 heroku[router]: {head} method=POST path=\"/hook\" host=shop.example.com "
    "request_id=00000000-0000-4000-8000-000000000001 fwd=\"203.0.113.7\" dyno=web.1 connect=1ms service=3ms status=503 "
    "bytes=0 protocol=https\n"
)  # fmt: skip
RULE = Rule(
    slugs=("connection-closed-early",),
    check=check,
    catches=(_LINE.format(head='sock=backend at=error code=H18 desc="Server Request Interrupted"'),),
    ignores=(_LINE.format(head='sock=client at=warning code=H27 desc="Client Request Interrupted"'),),
)
