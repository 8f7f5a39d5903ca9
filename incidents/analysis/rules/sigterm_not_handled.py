"""A process did not end within 30 seconds of SIGTERM, and was killed (R12).

What it means
    At every restart the dyno's processes get SIGTERM. One that is still alive 30 seconds later is killed with
    SIGKILL, and whatever it was doing is lost. At a deploy or the daily restart nobody notices, unless requests were
    cut off.

Why it happens
    A shell or npm stands between Heroku and the program and does not pass the signal on (no ``exec``); background
    threads or long jobs keep the program alive; a handler waits for something that never ends.

How to tell
    ``Error R12 (Exit timeout)`` after ``Stopping all processes with SIGTERM``.

What to do
    Start the program with ``exec``, stop background threads on SIGTERM, and keep jobs shorter than the grace time.

References
    https://devcenter.heroku.com/articles/error-codes#r12-exit-timeout
    https://devcenter.heroku.com/articles/dynos#shutdown
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.events import Event, of, runs
from incidents.analysis.types import Facts, Finding, Note, Remedy
from incidents.analysis.wording import count, listed, stamp

from ._blame import failed
from .base import Rule, build

GRACE_US = 35_000_000


def check(facts: Facts) -> Iterator[Finding]:
    events = [event for event in of(facts, "code") if event.detail["code"] == "R12"]
    if not events:
        return
    cut = [note for event in events for note in _cut(facts, event)]
    dynos = sorted({event.process for event in events})
    last = events[-1]
    when = f" at {stamp(last.at_us)}" if last.at_us is not None else ""
    harm = (
        f"; {count(len(cut), 'request')} {'was' if len(cut) == 1 else 'were'} cut off with it"
        if cut
        else "; no request was lost with it in this log"
    )
    handled = [note for event in events[-1:] for note in _handled(facts, event)]
    words = f" although it took notice (`{handled[0].text.strip()[:80]}`)" if handled else ""
    yield build(
        facts, "sigterm-not-handled",
        f"{listed(dynos)} did not end within the grace time after SIGTERM{words} and was killed ({count(len(events), 'time')}{', last' if len(events) > 1 else ''}{when}){harm}.",
        0.88, [*(event.note for event in events[:2]), *handled[:1], *cut[:2]], severity="normal" if cut else "low",
        count=len(events),
        span=[event.note for event in events], explains=("R12", "H13", "H18") if cut else ("R12",), harmless=not cut,
        remedies=(Remedy("Start the program with `exec`, so that it gets the signal itself, and end background threads "
                         "on SIGTERM."),),
    )  # fmt: skip


def _cut(facts: Facts, event: Event) -> list[Note]:
    """Requests of this dyno that the router lost between SIGTERM and the kill."""
    if event.at_us is None:
        return []
    return [
        note
        for note, line in failed(facts)
        if line.code in ("H13", "H18", "H24") and line.dyno == event.process and note.at_us is not None
        and event.at_us - GRACE_US <= note.at_us <= event.at_us + 3_000_000
    ]  # fmt: skip


def _handled(facts: Facts, event: Event) -> list[Note]:
    """What the program said between the signal and the kill."""
    for run in runs(facts):
        if any(one is event for one in run.events):
            return [
                note for note in run.output("stopping") if note.text.strip() and (note.at_us or 0) <= (event.at_us or 0)
            ][:1]
    return []


RULE = Rule(
    slugs=("sigterm-not-handled",),
    check=check,
    catches=(
        """2026-03-14T09:00:02.000000+00:00 heroku[web.1]: Stopping all processes with SIGTERM
2026-03-14T09:00:32.000000+00:00 heroku[web.1]: Error R12 (Exit timeout) -> At least one process failed to exit within 30 seconds of SIGTERM
2026-03-14T09:00:32.100000+00:00 heroku[web.1]: Stopping remaining processes with SIGKILL
2026-03-14T09:00:32.200000+00:00 heroku[web.1]: Process exited with status 137
""",
    ),
    ignores=(
        """2026-03-14T09:00:02.000000+00:00 heroku[web.1]: Stopping all processes with SIGTERM
2026-03-14T09:00:04.200000+00:00 heroku[web.1]: Process exited with status 143
""",
    ),
)
