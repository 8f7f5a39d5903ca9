"""Heroku's own side failed.

What it means
    Only H99 and R99 say that the platform is at fault. R17 (a slug's checksum differs) and a dyno that cannot be
    launched belong here too. Everything else is about the app, its settings or its clients.

Why it happens
    An incident at Heroku: a failing server, storage, or router.

How to tell
    These codes, on more than one dyno, and an entry on status.heroku.com for the same time.

What to do
    Look at the status page; open a ticket when nothing is announced. Restarting may move the dyno to a healthy
    server.

References
    https://status.heroku.com
    https://devcenter.heroku.com/articles/error-codes#h99-platform-error
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.events import of
from incidents.analysis.types import Facts, Finding, Remedy
from incidents.analysis.wording import count, listed, stamp

from ._blame import coded
from .base import Rule, build, hits

CODES = ("H99", "R99", "R17")
SIGNS = {
    "platform said": r"Failed to launch the dyno within|Error fetching the slug|Unable to fetch slug"
    r"|Heroku is currently experiencing|Platform error",
}


def check(facts: Facts) -> Iterator[Finding]:
    lines = coded(facts, *CODES)
    said = [note for note in hits(facts, "platform said") if note.origin.startswith("heroku")]
    if not lines and not said:
        return
    codes = [code for code in CODES if code in facts.codes]
    total = sum(facts.codes[code].count for code in codes) or len(said)
    dynos = {event.process for event in of(facts, "code") if event.detail["code"] in CODES}
    first = (lines or said)[0]
    when = f", first at {stamp(first.at_us)}" if first.at_us is not None else ""
    where = f" on {listed(sorted(dynos))}" if dynos else ""
    yield build(
        facts, "platform-incident",
        f"Heroku's platform failed{where}: {listed(codes) or 'it could not start a dyno'} ({count(total, 'time')}{when}).",
        0.95 if "H99" in codes or "R99" in codes else 0.85, [*lines[:4], *said[:2]], severity="urgent", count=total,
        explains=("H10", "H19", "H20", "H21", "5xx", "unknown"),
        remedies=(Remedy("See what Heroku says.", "heroku status"), Remedy("Move to another server.", "heroku ps:restart")),
    )  # fmt: skip


RULE = Rule(
    slugs=("platform-incident",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:03.100000+00:00 heroku[router]: at=error code=H99 desc="Platform error" method=GET path="/" host=shop.example.com request_id=1f0e4f6f-8d8d-4b2c-9d4e-5f601f0e4f6f fwd="192.0.2.7" dyno= connect= service= status=503 bytes= protocol=https
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: platform check: ok
""",
    ),
)
