"""The dyno sleeps: after half an hour without requests, or because the plan's hours are used up.

What it means
    Eco dynos go idle after 30 minutes without web traffic and wake up with the next request, which waits for the
    start. That is normal. When the monthly hours are used up (H82), the app stays asleep until the next month.

Why it happens
    The plan: Eco dynos share 1,000 hours a month and sleep; Basic and above do not.

How to tell
    ``Idling`` and ``Unidling`` in the log, exit 143 behind it; or H82 on requests.

What to do
    Nothing, or change to Basic dynos if the first request's wait or the hours are a problem.

References
    https://devcenter.heroku.com/articles/eco-dyno-hours
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.events import of
from incidents.analysis.types import Facts, Finding, Remedy
from incidents.analysis.wording import count

from ._blame import coded
from .base import Rule, build


def check(facts: Facts) -> Iterator[Finding]:
    if lines := coded(facts, "H82"):
        total = facts.codes["H82"].count if "H82" in facts.codes else len(lines)
        yield build(
            facts, "dyno-sleeping",
            f"The app's dyno hours for this month are used up, so {count(total, 'request')} got H82.", 0.97, lines,
            severity="urgent", count=total, explains=("H82", "5xx", "no-web-dynos"),
            remedies=(Remedy("See what is left.", "heroku ps"), Remedy("Change to dynos without such a limit.", "heroku ps:type web=basic")),
        )  # fmt: skip
    idle, wake = of(facts, "idle"), of(facts, "unidle")
    if idle or wake:
        events = sorted([*idle, *wake], key=lambda event: (event.at_us or 0, event.line))
        yield build(
            facts, "dyno-sleeping",
            f"The dyno went to sleep {count(len(idle), 'time')} and woke up {count(len(wake), 'time')}, as Eco dynos do; the first request after that waits for the start.",
            0.6, [event.note for event in events], severity="low", count=len(events), harmless=True, most=4,
        )  # fmt: skip


RULE = Rule(
    slugs=("dyno-sleeping",),
    check=check,
    catches=(
        """2026-03-14T09:00:03.000000+00:00 heroku[web.1]: Idling
2026-03-14T09:00:03.100000+00:00 heroku[web.1]: State changed from up to down
2026-03-14T09:00:04.000000+00:00 heroku[web.1]: Stopping all processes with SIGTERM
2026-03-14T09:00:04.500000+00:00 heroku[web.1]: Process exited with status 143
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 heroku[web.1]: Restarting
""",
    ),
)
