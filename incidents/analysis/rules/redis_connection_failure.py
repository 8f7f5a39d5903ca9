"""The app cannot reach Redis, or loses the connection to it.

What it means
    The client could not connect, was turned away, or had its connection closed.

Why it happens
    REDIS_URL is not set and a default (localhost) is used; the instance was replaced, restarts or fails over; idle
    connections are closed after 300 seconds; TLS with a self-signed certificate is not accepted.

How to tell
    The client names the address it tried, or says that the connection was closed.

What to do
    Compare the address with the config var; restart the dynos after a maintenance; set TLS options.

References
    https://devcenter.heroku.com/articles/heroku-redis
    https://devcenter.heroku.com/articles/connecting-heroku-redis
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame
from ._texts import findings
from .base import Rule, hits

SIGNS = {
    "redis": r"(?:ECONNREFUSED|ETIMEDOUT|ENOTFOUND|refused|timed out|i/o timeout).{0,120}(?::6379\b|redis)|:6379\b.{0,80}(?:refused|timed out|i/o timeout)"
    r"|Redis::(?:CannotConnectError|ConnectionError|TimeoutError)|RedisClient::(?:CannotConnect|Connection|Timeout)|redis\.exceptions\.(?:Connection|Timeout|BusyLoading)"
    r"|[Ee]rror connecting to [Rr]edis|Error \d{1,3} connecting to|Redis connection to \S{1,120} failed|\[ioredis\] Unhandled error event|MaxRetriesPerRequestError"
    r"|Cannot connect to rediss?://|NOAUTH Authentication required|WRONGPASS|READONLY You can't write against|JedisConnectionException|RedisConnectionFailureException"
    r"|RedisConnectionException|SocketClosedUnexpectedlyError|RedisException|MISCONF Redis|LOADING Redis is loading|Could not connect to Redis",
}


def check(facts: Facts) -> Iterator[Finding]:
    notes = [
        note
        for note in hits(facts, "redis")
        if "CERTIFICATE_VERIFY" not in note.text and "max number of clients" not in note.text
    ]
    yield from findings(facts, "redis-connection-failure", {"REDIS": notes} if notes else {}, _describe)


def _describe(_subject: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    texts = " ".join(note.text for note in found.notes[:20])
    if re.search(r"127\.0\.0\.1|localhost|::1", texts):
        return "The app looks for Redis on the dyno itself, where there is none", (
            Remedy("Read the address from REDIS_URL; attach a Redis if there is none.", "heroku addons"),
        )
    return "The app cannot reach Redis, or lost its connection", (
        Remedy("See the instance's state and maintenance.", "heroku redis:info"),
        Remedy("After a maintenance, restart the dynos so that they read the new URL.", "heroku ps:restart"),
    )


_AT = "2026-03-14T09:00:0"
RULE = Rule(
    slugs=("redis-connection-failure",),
    check=check,
    signs=SIGNS,
    catches=(
        f"{_AT}1.000000+00:00 app[web.1]: Redis::CannotConnectError: Error connecting to Redis on 127.0.0.1:6379\n",
    ),
    ignores=(f"{_AT}1.000000+00:00 app[web.1]: Connected to Redis at 192.0.2.7:6379\n",),
)
