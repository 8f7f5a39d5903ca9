"""More requests wait than the router will hold (H11).

What it means
    One router held more than 200 requests for each web dyno of the app, and turned further ones away.

Why it happens
    A burst of traffic, too few dynos, or requests so slow that they pile up.

How to tell
    code=H11. Where an endpoint holds the workers, it is the cause and H11 its symptom.

What to do
    Scale out for the moment; then cut the time that requests take.

References
    https://devcenter.heroku.com/articles/error-codes#h11-backlog-too-deep
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding
from incidents.analysis.wording import count

from ._blame import coded
from .base import Rule, build


def check(facts: Facts) -> Iterator[Finding]:
    notes = coded(facts, "H11")
    total = facts.codes["H11"].count if "H11" in facts.codes else len(notes)
    if notes:
        yield build(
            facts, "backlog-too-deep",
            f"The router turned {count(total, 'request')} away, because more than 200 waited for each web dyno (H11).",
            0.8, notes, severity="high", subject="H11", count=total, span=notes, explains=("H11", "H12"), most=3,
        )  # fmt: skip


_LINE = (
    "2026-03-14T09:00:01.000000+00:00 heroku[router]: {head} method=GET path=\"/\" host=shop.example.com "
    "request_id=00000000-0000-4000-8000-000000000001 fwd=\"203.0.113.7\" dyno= connect= service= status=503 bytes= "
    "protocol=https\n"
)  # fmt: skip
RULE = Rule(
    slugs=("backlog-too-deep",),
    check=check,
    catches=(_LINE.format(head='at=error code=H11 desc="Backlog too deep"'),),
    ignores=(_LINE.format(head='at=info code=H80 desc="Maintenance mode"'),),
)
