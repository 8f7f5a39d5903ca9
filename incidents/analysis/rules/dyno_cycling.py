"""Dynos were restarted in the normal course of things: once a day, at a deploy, or because they moved to another server.

What it means
    Heroku restarts every dyno once a day (24 hours and up to 216 minutes), at each release, and when its server is
    taken away. The process gets SIGTERM, has 30 seconds to end, and starts anew. Exit status 143 is that signal, not
    a crash.

Why it happens
    It is how the platform stays healthy and how new code goes live.

How to tell
    ``Cycling``, ``Restarting`` or ``Relocating``, then SIGTERM, then an exit with status 143 or 0 within 30 seconds.

What to do
    Nothing. A single dyno is away for the seconds of its start: with two or more, or with preboot, nobody notices.

References
    https://devcenter.heroku.com/articles/dynos#automatic-dyno-restarts
    https://devcenter.heroku.com/articles/preboot
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.events import Event, of
from incidents.analysis.types import Facts, Finding
from incidents.analysis.wording import count, listed

from .base import Rule, build

_WORDS = {
    "cycle": "daily cycling",
    "relocate": "a move to another server",
    "restart": "a restart for a release or by hand",
}


def check(facts: Facts) -> Iterator[Finding]:
    events = of(facts, "cycle", "relocate", "restart")
    if not events:
        return
    kinds = list(dict.fromkeys(event.kind for event in events))
    first: list[Event] = sorted(
        events, key=lambda event: (list(_WORDS).index(event.kind), event.at_us or 0, event.line)
    )
    dynos = sorted({event.process for event in events})
    yield build(
        facts, "dyno-cycling",
        f"{listed(dynos)} {'was' if len(events) == 1 else 'were'} restarted {count(len(events), 'time')} in the normal course of things "
        f"({listed([_WORDS[kind] for kind in kinds])}); exits with status 143 after SIGTERM are part of it.",
        0.85 if "cycle" in kinds else 0.7, [*(event.note for event in first[:3]), *_signals(facts, first[0])],
        severity="low", count=len(events),
        span=[event.note for event in events], harmless=True, most=5,
    )  # fmt: skip


def _signals(facts: Facts, event: Event) -> list:  # type: ignore[type-arg]
    """SIGTERM and exit that follow."""
    after = [
        other
        for other in of(facts, "sigterm", "exit")
        if other.process == event.process and (other.at_us or 0) >= (event.at_us or 0)
    ]
    return [other.note for other in after[:2]]


RULE = Rule(
    slugs=("dyno-cycling",),
    check=check,
    catches=(
        """2026-03-14T09:00:03.000000+00:00 heroku[web.1]: Cycling
2026-03-14T09:00:03.100000+00:00 heroku[web.1]: State changed from up to starting
2026-03-14T09:00:04.000000+00:00 heroku[web.1]: Stopping all processes with SIGTERM
2026-03-14T09:00:04.500000+00:00 heroku[web.1]: Process exited with status 143
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 heroku[web.1]: Process exited with status 1
2026-03-14T09:00:03.100000+00:00 heroku[web.1]: State changed from up to crashed
""",
    ),
)
