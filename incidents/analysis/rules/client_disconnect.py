"""Clients went away before the answer was complete.

What it means
    The browser, app or proxy on the other side closed its connection (H27, status 499; H28 for one that fell silent).
    The app is not at fault by itself.

Why it happens
    Impatience with a slow page, a navigation away, a client timeout, a load test. One or two mean nothing.

How to tell
    `sock=client` on the router line. Where the requests were slow when the clients left, slowness is the cause.

What to do
    Nothing, while it is rare. Else look at how long those requests had been running.

References
    https://devcenter.heroku.com/articles/error-codes#h27-client-request-interrupted
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from incidents.analysis.types import Facts, Finding
from incidents.analysis.wording import count

from ._blame import requests
from .base import Rule, build

MANY = 0.1
"""From this share of the requests on, clients leave for a reason."""


def check(facts: Facts) -> Iterator[Finding]:
    left = [(note, line) for note, line in requests(facts) if line.code in ("H27", "H28") or _old(line.code, line.sock)]
    if not left:
        return
    total = max(len(facts.requests), len(left))
    share = len(left) / total
    known = [line.service_ms for _, line in left if line.service_ms is not None]
    waited = median(known) if known else 0
    many = share >= MANY and len(left) >= 3
    when = f" after {waited / 1000:.1f} s in the middle" if known else ""
    patience = " Pages of this length lose people: look for what is slow." if waited >= 5_000 else ""
    yield build(
        facts, "client-disconnect",
        f"{count(len(left), 'client')} of {total:,} closed the connection before the answer was complete (H27){when}; "
        f"the app did not fail.{patience}",
        0.75 if many else 0.6, [note for note, _ in left], severity="normal" if many else "low", subject="H27",
        count=len(left), span=[note for note, _ in left], explains=("H27", "H28"), harmless=not many, most=3,
    )  # fmt: skip


def _old(code: str, sock: str) -> bool:
    """Before 2016 the router logged both sides as H18; `sock` tells them apart."""
    return code == "H18" and sock == "client"


_LINE = (
    '2026-03-14T09:00:0{at}.000000+00:00 heroku[router]: {head} method=GET path="/search" host=shop.example.com '
    'request_id=00000000-0000-4000-8000-00000000000{at} fwd="203.0.113.7" dyno=web.1 connect=0ms service={ms}ms '
    "status={status} bytes= protocol=https\n"
)
_LEFT = 'sock=client at=warning code=H27 desc="Client Request Interrupted"'
RULE = Rule(
    slugs=("client-disconnect",),
    check=check,
    catches=("".join(_LINE.format(at=at, head=_LEFT, ms=7524, status=499) for at in range(4)),),
    ignores=(_LINE.format(at=1, head="at=info", ms=41, status=200),),
)
