"""Redis is full and refuses writes.

What it means
    The instance has reached its memory, and its policy is to refuse new data rather than drop old.

Why it happens
    A queue that nobody works off, caches without an expiry, results that are never deleted.

How to tell
    Redis answers "OOM command not allowed when used memory > 'maxmemory'".

What to do
    Drain or trim what grew, set expiries, choose an eviction policy for caches, or take a larger plan.

References
    https://devcenter.heroku.com/articles/heroku-redis
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame
from ._texts import findings
from .base import Rule, hits

SIGNS = {"redis oom": r"OOM command not allowed|used memory > 'maxmemory'"}


def check(facts: Facts) -> Iterator[Finding]:
    notes = hits(facts, "redis oom")
    groups = {"REDIS": notes} if notes else {}
    yield from findings(facts, "redis-oom", groups, _describe, explains=("redis-connection-failure", "app-exception"))


def _describe(_subject: str, _found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    return "Redis is full and refuses writes", (
        Remedy("See the memory in use and the plan's size.", "heroku redis:info"),
        Remedy("For a cache: let it drop the least recently used keys.", "heroku redis:maxmemory --policy allkeys-lru"),
    )


_AT = "2026-03-14T09:00:0"
RULE = Rule(
    slugs=("redis-oom",),
    check=check,
    signs=SIGNS,
    catches=(f"{_AT}1.000000+00:00 app[worker.1]: OOM command not allowed when used memory > 'maxmemory'.\n",),
    ignores=(f"{_AT}1.000000+00:00 app[worker.1]: memory 12 MB of 25 MB\n",),
)
