"""A running application that is drained into, the ways in which its store can go away, and what it has in the end."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.logplex import Logplex, Tally
from tests.support.ports import wait_for
from tests.support.stack import Stack

RECORDED = """
import json
from incidents.digest.segments import read_text
from incidents.models import Chunk
rows = [
    line.rpartition(b"]: ")[2].decode("utf-8", "replace")
    for chunk in Chunk.objects.filter(source__incident__recorded_app__name__startswith={name!r}).order_by("source", "number")
    for line in read_text(chunk).split(b"\\n")[:-1]
]
print("ROWS" + json.dumps(rows))
"""


MAKE = """
import json
from incidents.ingest.apps import add_drain, create_app
from incidents.models import Team
team = Team.objects.get_default()
apps = {{name: create_app(team=team, name=name, user=None) for name in {names!r}}}
for app in apps.values():
    app.quota_bytes_per_s = {quota!r}
    app.save()
print("TOKENS" + json.dumps({{name: add_drain(app=app, user=None)[1] for name, app in apps.items()}}))
"""


def make_drains(stack: Stack, names: list[str], *, quota: int | None = None) -> dict[str, str]:
    """An app with one drain of each name; returns their tokens, which `node` finds again."""
    printed = stack.manage("shell", "-v", "0", "-c", MAKE.format(names=names, quota=quota))
    tokens: dict[str, str] = json.loads(printed.partition("TOKENS")[2])
    (stack.directory / "tokens.json").write_text(json.dumps(tokens))
    return tokens


def token_of(stack: Stack, app: str) -> str:
    tokens: dict[str, str] = json.loads((stack.directory / "tokens.json").read_text())
    return tokens[app]


def node(stack: Stack, app: str) -> Logplex:
    """A Logplex node that delivers to this app's drain."""
    return Logplex(stack.url, token_of(stack, app))


@contextmanager
def store_away(stack: Stack) -> Iterator[None]:
    """Nobody can write to the database (SQLite), or connect to it at all (PostgreSQL)."""
    if not stack.database_url:
        with sqlite3.connect(stack.directory / "triage.sqlite3", timeout=20, isolation_level=None) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield
            connection.rollback()
        return
    server, _, name = stack.database_url.rpartition("/")
    with postgres_admin(f"{server}/postgres") as run:
        run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        yield
        run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


@contextmanager
def postgres_admin(url: str) -> Iterator[Any]:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        yield connection.execute


def cut_connections(stack: Stack) -> None:
    """Every connection of the application to PostgreSQL breaks, as when the server restarts."""
    server, _, name = stack.database_url.rpartition("/")
    with postgres_admin(f"{server}/postgres") as run:
        run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


def settled(stack: Stack, timeout_s: float = 60) -> float:
    """Wait until every frame is recorded and every spool is empty; returns how long it took."""
    began = time.monotonic()

    def is_settled() -> bool:
        spooled = sum(path.stat().st_size for path in (stack.directory / "spool").glob("*.spool"))
        return not spooled and stack.rows("SELECT count(*) FROM incidents_frame WHERE chunked_at IS NULL") == [(0,)]

    wait_for(is_settled, "all frames are recorded", timeout_s=timeout_s, pause_s=0.1)
    return time.monotonic() - began


def recorded(stack: Stack, app: str) -> Counter[str]:
    """The texts of all recorded lines of apps whose names begin like this, and how often each is there."""
    printed = stack.manage("shell", "-v", "0", "-c", RECORDED.format(name=app))
    return Counter(json.loads(printed.partition("ROWS")[2]))


def missing_and_doubled(stack: Stack, app: str, tally: Tally) -> tuple[list[str], list[str]]:
    """Acknowledged lines that are not there, and lines that are there twice."""
    found = recorded(stack, app)
    doubled = [line for line, count in found.items() if count > 1 and not line.startswith("Error L10")]
    return [line for line in tally.acknowledged if line not in found], doubled
