"""A service outside the app was slow or did not answer, and requests waited for it.

What it means
    A worker was held by a call to somebody else: an API, a web page, a mail server.

Why it happens
    The other side is slow or down, and the call has no timeout, or one as long as the router's patience.

How to tell
    The client library prints its timeout beside the requests that failed or took long.

What to do
    Give the call 5 seconds, a fallback, and a background job where the answer can wait.

References
    https://devcenter.heroku.com/articles/preventing-h12-errors-request-timeouts
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Note, Remedy
from incidents.analysis.wording import count

from ._blame import requests
from .base import Rule, build, hits

SIGNS = {
    "external timeout": r"Net::(?:Read|Open)Timeout|(?:Read|Connect|Write|Pool)Timeout(?:Error)?\b|Read timed out|ESOCKETTIMEDOUT|ETIMEDOUT"
    r"|HTTPS?ConnectionPool\(host|Navigation timeout of|timeout of \d{1,7}ms exceeded|Faraday::(?:Timeout|ConnectionFailed)|SocketTimeoutException"
    r"|context deadline exceeded|cURL error 28|Timeout awaiting '|upstream request timeout|HTTP::TimeoutError|RestClient::Exceptions::\w{0,12}Timeout"
    r"|Excon::Error::Timeout|execution expired|aiohttp\.\S{0,40}Timeout|asyncio\.\S{0,20}TimeoutError|Operation timed out after \d|Gateway Time-?out|504 Gateway"
    r"|UND_ERR_(?:HEADERS|CONNECT|BODY)_TIMEOUT|TimeoutError: (?:Navigation|Waiting|net::)|net::ERR_(?:TIMED_OUT|CONNECTION_TIMED_OUT)",
}
_HOST = re.compile(r"(?:host=['\"]|https?://|for |to )((?:[\w-]{1,60}\.){1,6}[a-z]{2,12})")
_STORES = re.compile(
    r":(?:5432|3306|27017|6379)\b|(?i:redis|postgres|mysql|mongo|sequelize|sqlalchemy|ActiveRecord|Rack::Timeout)"
)
NEAR_US = 45_000_000


def check(facts: Facts) -> Iterator[Finding]:
    notes = [note for note in hits(facts, "external timeout") if not _STORES.search(note.text)]
    if not notes:
        return
    harmed = [
        (note, line) for note, line in requests(facts) if line.code in ("H12", "H13") or (line.service_ms or 0) >= 5_000
    ]
    together = [note for note, _ in harmed if any(_near(note, mine) for mine in notes)]
    hosts = sorted({found[1] for note in notes if (found := _HOST.search(note.text))})
    if not together:
        return
    timeouts = sum(1 for _, line in harmed if line.code == "H12")
    yield build(
        facts, "external-api-slow",
        f"Calls to another service{f' ({hosts[0]})' if hosts else ''} did not answer in time ({count(len(notes), 'timeout')}), and "
        f"{count(len(together), 'request')} waited for them" + (f"; {timeouts} timed out (H12)." if timeouts else "."),
        0.9, [*notes[:3], *together[:2]], severity="high", subject=hosts[0] if hosts else "", count=len(notes), span=notes,
        explains=("H12", "H13", "slow-endpoint", "app-exception", "worker-timeout", "request-queueing"),
        remedies=(
            Remedy(f"Give the call{f' to {hosts[0]}' if hosts else ''} a timeout of 5 s and a fallback; move it to a job."),
            Remedy("See whether the service reports trouble on its status page."),
        ), most=5,
    )  # fmt: skip


def _near(one: Note, other: Note) -> bool:
    return one.at_us is not None and other.at_us is not None and abs(one.at_us - other.at_us) <= NEAR_US


_AT = "2026-03-14T09:00:"
RULE = Rule(
    slugs=("external-api-slow",),
    check=check,
    signs=SIGNS,
    catches=(
        f"""{_AT}31.000000+00:00 heroku[router]: at=error code=H12 desc="Request timeout" method=GET path="/quote" host=shop.example.com request_id=00000000-0000-4000-8000-000000000001 fwd="203.0.113.7" dyno=web.1 connect=0ms service=30001ms status=503 bytes=0 protocol=https
{_AT}32.000000+00:00 app[web.1]: requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='api.example.net', port=443): Read timed out. (read timeout=30)
""",
    ),
    ignores=(f"{_AT}31.000000+00:00 app[web.1]: GET https://api.example.net/quote 200 in 0.2 s\n",),
)
