"""No web dyno runs, so the router has nobody to give requests to (H14).

What it means
    The number of web dynos is 0. Nothing crashed: there is nothing that could.

Why it happens
    The app was scaled to ``web=0``, or was never scaled up; it consists of workers only and is opened in a browser;
    the plan's dyno hours are used up; or a fresh app has no web process type (see missing-procfile-or-process-type).

How to tell
    H14 on every request, and no line of a web dyno at the same time.

What to do
    ``heroku ps:scale web=1``. If the app is meant to have no web process, nothing needs to be done.

References
    https://devcenter.heroku.com/articles/error-codes#h14-no-web-dynos-running
    https://devcenter.heroku.com/articles/scaling
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.events import Event, of, runs
from incidents.analysis.types import Facts, Finding, Remedy
from incidents.analysis.wording import count, stamp

from ._blame import coded
from .base import Rule, build


def check(facts: Facts) -> Iterator[Finding]:
    lines = coded(facts, "H14")
    if not lines:
        return
    total = facts.codes["H14"].count if "H14" in facts.codes else len(lines)
    first = lines[0]
    down = _before(of(facts, "scale"), first.at_us)
    why, evidence = "", lines[:2]
    if down is not None:
        when = f" at {stamp(down.at_us)}" if down.at_us is not None else ""
        why, evidence = f": it was scaled to 0{when}", [down.note, *lines[:1]]
    after = next(
        (
            e
            for e in of(facts, "scale")
            if e.detail["dynos"].get("web", 0) > 0 and (e.at_us or 0) > (lines[-1].at_us or 0)
        ),
        None,
    )
    if after is not None and after.at_us is not None:
        evidence = [*evidence, after.note]
        why += f"{';' if why else ':'} web was scaled up again at {stamp(after.at_us)}"
    others = sorted({run.type for run in runs(facts)} - {"web", "run", "release", "scheduler"})
    if others:
        why += f"; only {', '.join(others)} runs"
    yield build(
        facts, "no-web-dynos", f"No web dyno runs, so {count(total, 'request')} got H14{why}.", 0.95, evidence,
        count=total, span=lines,
        severity="high" if after is not None else "urgent", explains=("H14", "5xx"),
        remedies=(Remedy("Start a web dyno.", "heroku ps:scale web=1"),),
    )  # fmt: skip


def _before(scales: list[Event], at_us: int | None) -> Event | None:
    """The scaling to web=0 that is in force at this time."""
    last = None
    for event in scales:
        if "web" in event.detail["dynos"] and (at_us is None or event.at_us is None or event.at_us <= at_us):
            last = event
    return last if last is not None and last.detail["dynos"]["web"] == 0 else None


RULE = Rule(
    slugs=("no-web-dynos",),
    check=check,
    catches=(
        """2026-03-14T09:00:01.000000+00:00 app[api]: Scaled to web@0:Basic by user ana@example.com
2026-03-14T09:00:03.000000+00:00 heroku[router]: at=error code=H14 desc="No web processes running" method=GET path="/" host=shop.example.com request_id=1f0e4f6f-8d8d-4b2c-9d4e-5f601f0e4f6f fwd="192.0.2.7" dyno= connect= service= status=503 bytes= protocol=https
""",
    ),
    ignores=(
        """2026-03-14T09:00:01.000000+00:00 app[api]: Scaled to web@2:Basic by user ana@example.com
""",
    ),
)
