"""All connections are taken: those that the database grants, or those of the app's own pool.

What it means
    A request or job needed a connection and got none. Where the database refuses, the plan's limit is reached; where the
    pool times out, the app asks for more connections at once than its pool holds.

Why it happens
    dynos × processes × threads (or pool size) exceed the plan's limit; a deploy runs old and new dynos at once; a leak of
    connections; slow queries that keep them.

How to tell
    The server says "remaining connection slots are reserved" or "too many connections"; a pool says that it timed out.

What to do
    Lower processes × pool, put PgBouncer between, or take a larger plan; find the slow queries first.

References
    https://devcenter.heroku.com/articles/heroku-postgres-plans
    https://devcenter.heroku.com/articles/postgres-connection-pooling
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame
from ._texts import findings
from .base import Rule, hits

SIGNS = {
    "db limit server": r"remaining connection slots are reserved|too many connections for (?:role|database)|sorry, too many clients already"
    r"|(?:1040|08004).{0,40}[Tt]oo many connections|ER_CON_COUNT_ERROR|max_user_connections|max_client_conn|[Tt]oo many connections"
    r"|connections? limit exceeded for|pooler error: MaxClients|Max client connections reached",
    "db limit pool": r"QueuePool limit of size|connection pool exhausted|PoolError|could not obtain a (?:database )?connection (?:from the pool )?within"
    r"|ConnectionTimeoutError|pool is probably full|SequelizeConnectionAcquireTimeoutError|ResourceRequest timed out"
    r"|Connection is not available, request timed out after|Timed out fetching a new connection from the connection pool|query_wait_timeout"
    r"|couldn't get a connection after|PoolTimeout|WaitQueueTimeoutError|timeout exceeded when trying to connect|all pool connections are in use",
}


def check(facts: Facts) -> Iterator[Finding]:
    server, pool = hits(facts, "db limit server"), hits(facts, "db limit pool")
    explains = ("db-connection-failure", "H12", "app-exception")
    yield from findings(facts, "db-connection-limit", {"server": server} if server else {}, _server, explains=explains)
    yield from findings(
        facts, "db-connection-limit", {"pool": pool} if pool else {}, _pool, explains=explains, sure=0.93
    )


def _server(_subject: str, _found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    return "The database refuses new connections: the plan's limit is reached", (
        Remedy("See how many connections are open, and whose they are.", "heroku pg:info"),
        Remedy("End idle ones now.", "heroku pg:killall"),
        Remedy(
            "Share connections through PgBouncer (Standard plans and above).",
            "heroku pg:connection-pooling:attach DATABASE_URL",
        ),
    )


def _pool(_subject: str, _found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    return "The app's own connection pool is empty: more threads want a connection than the pool holds", (
        Remedy("Let the pool hold as many connections as the process has threads, or run fewer threads."),
        Remedy("Find the queries that keep connections for long.", "heroku pg:ps"),
    )


_AT = "2026-03-14T09:00:0"
RULE = Rule(
    slugs=("db-connection-limit",),
    check=check,
    signs=SIGNS,
    catches=(
        f"""{_AT}1.000000+00:00 app[web.1]: FATAL:  too many connections for role "u1example"
{_AT}1.200000+00:00 heroku[router]: at=info method=GET path="/orders" host=shop.example.com request_id=00000000-0000-4000-8000-000000000001 fwd="203.0.113.7" dyno=web.1 connect=0ms service=41ms status=500 bytes=0 protocol=https
""",
    ),
    ignores=(f"{_AT}1.000000+00:00 app[web.1]: Pool size 5, 2 connections in use\n",),
)
