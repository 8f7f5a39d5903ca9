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
from incidents.analysis.types import Facts, Finding, Note
from incidents.analysis.wording import count, listed

from .base import Rule, build

_WORDS = {
    "cycle": "daily cycling",
    "relocate": "a move to another server",
    "restart": "a restart for a release or by hand",
}


def check(facts: Facts) -> Iterator[Finding]:
    events = of(facts, "cycle", "relocate", "restart")
    if events:
        kinds = list(dict.fromkeys(event.kind for event in events))
        events.sort(key=lambda event: (list(_WORDS).index(event.kind), event.at_us or 0, event.line))
        why = f"({listed([_WORDS[kind] for kind in kinds])}); exits with status 143 after SIGTERM are part of it"
        proof = [*(event.note for event in events[:3]), *_signals(facts, events[0])]
        yield _finding(
            facts, events, f"restarted {count(len(events), 'time')} in the normal course of things {why}", proof
        )
    elif not of(facts, "idle"):
        events = [event for event in of(facts, "exit") if event.detail["status"] == 143]
        if events:
            proof = [*_signals(facts, events[0]), *(event.note for event in events[:2])]
            yield _finding(facts, events, "stopped in an orderly way (SIGTERM, exit status 143)", proof)


def _finding(facts: Facts, events: list[Event], what: str, proof: list[Note]) -> Finding:
    dynos = sorted({event.process for event in events})
    named = any(event.kind == "cycle" for event in events)
    return build(
        facts, "dyno-cycling", f"{listed(dynos)} {'was' if len(dynos) == 1 else 'were'} {what}.",
        0.85 if named else 0.7 if events[0].kind in _WORDS else 0.5, proof, severity="low", count=len(events),
        span=[event.note for event in events], harmless=True, most=5,
    )  # fmt: skip


def _signals(facts: Facts, event: Event) -> list[Note]:
    """SIGTERM and exit that follow, or belong to it."""
    after = [
        other.note
        for other in of(facts, "sigterm", "exit")
        if other.process == event.process and abs((other.at_us or 0) - (event.at_us or 0)) < 40_000_000
    ]
    return after[:2]


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
