"""Queries take long, or are ended because they take too long.

What it means
    The time of a request or job goes into one or a few statements.

Why it happens
    A missing index, a table that grew, a query per row, statistics that are out of date, a plan too small.

How to tell
    Postgres logs statements of 2 seconds and more with their duration; frameworks print the time of each query; a
    statement timeout names itself.

What to do
    See the slowest statements and their plans; add the index; page through large results.

References
    https://devcenter.heroku.com/articles/expensive-queries
    https://devcenter.heroku.com/articles/postgres-logs-errors
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Note, Remedy
from incidents.analysis.wording import count

from ._blame import requests
from .base import Rule, build, hits

SIGNS = {
    "statement ended": r"due to statement timeout|QueryCanceled|Query execution was interrupted, maximum statement|max_execution_time exceeded",
    "_statement slow": r"duration: \d{4,9}\.\d|\(\d{3,8}\.\d{1,4}ms\)|Slow query|slow query|SLOW QUERY",
}
_MS = re.compile(
    r"duration: (\d{1,9}(?:\.\d{1,6})?) ms|^\W{0,12}(?:\S{1,40} )?[\w: ]{0,40}\((\d{1,8}(?:\.\d{1,4})?)ms\)"
)
SLOW_MS = 2_000
NOTABLE_MS = 250


def check(facts: Facts) -> Iterator[Finding]:
    ended = hits(facts, "statement ended")
    timed = [(duration, note) for note in hits(facts, "_statement slow") if (duration := _duration(note)) is not None]
    slow = sorted(((ms, note) for ms, note in timed if ms >= SLOW_MS), key=lambda item: -item[0])
    quiet = not slow and not ended and not requests(facts) and not facts.codes
    if quiet:  # a log about nothing else: tell what took the time in it
        slow = sorted(((ms, note) for ms, note in timed if ms >= NOTABLE_MS), key=lambda item: -item[0])
    if not slow and not ended:
        return
    worst = slow[0][0] if slow else 0
    failed = len(ended)
    text = f"{count(len(slow), 'query', 'queries')} took long, the longest {worst / 1000:.1f} s" if slow else ""
    if failed:
        text += f"{'; ' if text else ''}{count(failed, 'statement')} ended by the statement timeout"
    notes: list[Note] = [*ended[:2], *(note for _, note in slow[:4])]
    yield build(
        facts, "db-statement-slow", f"The database is the slow part: {text}.", _sure(facts, failed, len(slow), quiet), notes,
        severity="normal" if quiet else "high", subject="queries", count=failed + len(slow), span=notes,
        explains=("H12", "app-exception") if failed else ("H12",),
        remedies=(Remedy("See which statements take the most time.", "heroku pg:outliers"),), most=5,
    )  # fmt: skip


def _sure(facts: Facts, failed: int, slow: int, quiet: bool) -> float:
    if failed:
        return 0.88
    if quiet:
        return 0.6
    return 0.7 if "H12" in facts.codes and slow >= 3 else 0.45


def _duration(note: Note) -> float | None:
    if "Completed " in note.text or "Performed " in note.text:
        return None
    found = _MS.search(note.text[:400])
    return float(found[1] or found[2]) if found else None


_HEAD = "2026-03-14T09:00:01.000000+00:00 app[web.1]: "
RULE = Rule(
    slugs=("db-statement-slow",),
    check=check,
    signs=SIGNS,
    catches=(_HEAD + "PG::QueryCanceled: ERROR:  canceling statement due to statement timeout\n",),
    ignores=(_HEAD + 'User Load (0.4ms)  [["id", 7]]\n',),
)
