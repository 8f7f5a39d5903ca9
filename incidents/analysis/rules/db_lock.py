"""Transactions wait for each other's locks, or block each other for good.

What it means
    Two transactions hold what the other one needs (a deadlock: the database ends one of them), or one holds a lock so
    long that others give up.

Why it happens
    Rows locked in different orders, a migration that locks a whole table, a transaction kept open during a call to
    another service, or SQLite used by several processes.

How to tell
    The database says "deadlock detected", "lock timeout" or "still waiting for ShareLock".

What to do
    See who blocks whom; keep transactions short; lock rows in one order.

References
    https://devcenter.heroku.com/articles/heroku-postgres-performance-analytics
    https://www.postgresql.org/docs/current/explicit-locking.html
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame
from ._texts import findings
from .base import Rule, hits

SIGNS = {
    "db lock": r"deadlock detected|Deadlock found when trying to get lock|due to lock timeout|Lock wait timeout exceeded|LockWaitTimeout"
    r"|still waiting for (?:Access|Row|Share|Exclusive)|could not obtain lock on|database is locked|LockNotAvailable|could not serialize access",
}


def check(facts: Facts) -> Iterator[Finding]:
    notes = hits(facts, "db lock")
    yield from findings(
        facts, "db-lock", {"locks": notes} if notes else {}, _describe, worst="high", explains=("H12", "app-exception")
    )


def _describe(_subject: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    kind = "blocked each other (deadlock)" if "eadlock" in found.notes[0].text else "waited in vain for locks"
    return f"Database transactions {kind}", (
        Remedy("See which query blocks which.", "heroku pg:blocking"),
        Remedy("See the locks that are held.", "heroku pg:locks"),
    )


_AT = "2026-03-14T09:00:0"
RULE = Rule(
    slugs=("db-lock",),
    check=check,
    signs=SIGNS,
    catches=(f"{_AT}1.000000+00:00 app[web.1]: PG::TRDeadlockDetected: ERROR:  deadlock detected\n",),
    ignores=(f"{_AT}1.000000+00:00 app[web.1]: acquired lock on job 12\n",),
)
