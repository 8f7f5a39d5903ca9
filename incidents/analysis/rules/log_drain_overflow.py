"""Lines are missing: the log system dropped what was not taken fast enough.

What it means
    L10, L12 and L13 say that lines never reached a drain, L11 that a `heroku logs --tail` was too slow to keep up. What
    happened in those moments is not in this log.

Why it happens
    The app writes more than the receiver or the network takes; very long or very many lines.

How to tell
    The line gives the number of dropped messages and the time since when.

What to do
    Log less, take logs by a faster drain, or narrow the tail to one dyno or source.

References
    https://devcenter.heroku.com/articles/error-codes#l10-drain-buffer-overflow
    https://devcenter.heroku.com/articles/log-drains
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.events import of
from incidents.analysis.types import Facts, Finding, Remedy

from .base import Rule, build

_LOST = re.compile(r"(\d{1,9}) messages? (?:dropped|lost)|dropped (\d{1,9}) messages?")
MANY = 5


def check(facts: Facts) -> Iterator[Finding]:
    notes = [
        event.note
        for event in of(facts, "code")
        if event.detail["code"] in ("L10", "L11", "L12", "L13", "L14", "L15", "L20")
    ]
    if not notes:
        return
    lost = sum(int(found[1] or found[2]) for note in notes if (found := _LOST.search(note.text)))
    codes = sorted({event.detail["code"] for event in of(facts, "code") if event.detail["code"].startswith("L")})
    total = sum(facts.codes[code].count for code in codes if code in facts.codes)
    kept = max(facts.lines, 1)
    # A log that lost more than it kept cannot prove anything else.
    yield build(
        facts, "log-drain-overflow",
        f"This log has holes: {lost:,} lines were dropped on the way ({', '.join(codes)}, {total} times), beside {kept:,} that "
        "arrived. Whatever else it shows may be incomplete.",
        0.9 if lost >= kept or total >= 20 else 0.55, notes, severity="normal", subject=", ".join(codes), count=total, span=notes,
        explains=tuple(codes) + (("unknown",) if lost >= kept else ()), harmless=total < MANY and lost < kept,
        remedies=(Remedy("Fetch the lines of one dyno only, while Heroku still has them.", "heroku logs -n 1500 -d web.1"),),
        most=4,
    )  # fmt: skip


_HEAD = "2026-03-14T09:00:01.000000+00:00 heroku[logplex]: "
RULE = Rule(
    slugs=("log-drain-overflow",),
    check=check,
    catches=(_HEAD + "Error L10 (output buffer overflow): 500 messages dropped since 2026-03-14T08:59:58+00:00.\n",),
    ignores=("2026-03-14T09:00:01.000000+00:00 app[web.1]: 3 messages dropped from the queue\n",),
)
