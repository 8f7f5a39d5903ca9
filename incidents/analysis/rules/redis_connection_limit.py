"""Redis has no connection left for the app.

What it means
    The plan's number of clients is reached, and new ones are turned away.

Why it happens
    Every process of web, workers and their pools holds connections; idle ones stay for minutes; a fork per job leaks them.

How to tell
    Redis answers "ERR max number of clients reached".

What to do
    Smaller pools, an idle timeout, or a larger plan.

References
    https://devcenter.heroku.com/articles/heroku-redis
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame
from ._texts import findings
from .base import Rule, hits

SIGNS = {
    "redis limit": r"max number of clients reached|max number of clients \+ cluster|Too many connections to [Rr]edis"
}


def check(facts: Facts) -> Iterator[Finding]:
    notes = hits(facts, "redis limit")
    groups = {"REDIS": notes} if notes else {}
    yield from findings(
        facts, "redis-connection-limit", groups, _describe, explains=("redis-connection-failure", "app-exception")
    )


def _describe(_subject: str, _found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    return "Redis refuses new connections: the plan's limit of clients is reached", (
        Remedy("See the limit and how many clients are connected.", "heroku redis:info"),
        Remedy("Close idle connections sooner.", "heroku redis:timeout --seconds 60"),
    )


_AT = "2026-03-14T09:00:0"
RULE = Rule(
    slugs=("redis-connection-limit",),
    check=check,
    signs=SIGNS,
    catches=(f"{_AT}1.000000+00:00 app[worker.1]: Redis::CommandError: ERR max number of clients reached\n",),
    ignores=(f"{_AT}1.000000+00:00 app[worker.1]: 12 clients connected\n",),
)
