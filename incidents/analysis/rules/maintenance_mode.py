"""Maintenance mode is on: the router answers every request with 503 (H80), on purpose.

What it means
    Somebody switched maintenance mode on. Dynos keep running, requests do not reach them.

Why it happens
    A planned change, a migration, or somebody forgot to switch it off.

How to tell
    ``code=H80 desc="Maintenance mode"`` with ``at=info``.

What to do
    ``heroku maintenance:off`` when the work is done.

References
    https://devcenter.heroku.com/articles/maintenance-mode
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy
from incidents.analysis.wording import count, stamp

from ._blame import coded
from .base import Rule, build


def check(facts: Facts) -> Iterator[Finding]:
    lines = coded(facts, "H80")
    if not lines:
        return
    total = facts.codes["H80"].count if "H80" in facts.codes else len(lines)
    times = [note.at_us for note in lines if note.at_us is not None]
    since = f" since {stamp(times[0])} at the latest" if times else ""
    yield build(
        facts, "maintenance-mode", f"Maintenance mode is on{since}: {count(total, 'request')} got H80.", 0.97, lines,
        severity="high", count=total,
        explains=("H80", "5xx"), most=3, remedies=(Remedy("End it.", "heroku maintenance:off"),),
    )  # fmt: skip


RULE = Rule(
    slugs=("maintenance-mode",),
    check=check,
    catches=(
        """2026-03-14T09:00:03.100000+00:00 heroku[router]: at=info code=H80 desc="Maintenance mode" method=GET path="/" host=shop.example.com request_id=1f0e4f6f-8d8d-4b2c-9d4e-5f601f0e4f6f fwd="192.0.2.7" dyno= connect= service= status=503 bytes= protocol=https
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: maintenance window planned for Sunday
""",
    ),
)
