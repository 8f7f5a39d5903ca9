"""A dyno's memory grows without end.

What it means
    The process takes more memory the longer it runs and gives none back. Past the quota the dyno swaps (R14) and slows
    down until requests time out; far past it the platform kills it (R15). A restart resets the curve, not the cause.

Why it happens
    Caches without a bound, objects held by globals or listeners, allocators that never return pages.

How to tell
    The robust slope of memory_total over one life of a dyno is positive for sure, does not level off, and did not come
    in one step.

What to do
    Find what grows with a memory profiler; bound caches; restart workers after a number of requests meanwhile.

References
    https://devcenter.heroku.com/articles/error-codes#r14-memory-quota-exceeded
    https://devcenter.heroku.com/articles/log-runtime-metrics
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import events, memory
from ..types import Evidence, Facts, Finding, Remedy
from .base import Rule, quotes


def check(facts: Facts) -> Iterator[Finding]:
    leaking = [look for look in memory.look(facts) if look.shape == "leak" and look.slope > 0]
    over = {event.process for event in events.of(facts, "code") if event.detail["code"] in ("R14", "R15")}
    for process in sorted({look.process for look in leaking}):
        lives = [look for look in leaking if look.process == process]
        worst = max(lives, key=lambda look: look.max_mb)
        near = worst.share is not None and worst.share >= 0.75
        if process in over or near:
            yield _finding(facts, worst, len(lives), process in over)


def _finding(facts: Facts, worst: memory.Memory, lives: int, over: bool) -> Finding:
    parts = [
        f"The memory of {worst.process} grows by about {worst.slope:.0f} MB an hour and does not level off "
        f"({worst.first_mb:.0f} to {worst.max_mb:.0f} MB)"
    ]
    if worst.quota_mb and over:
        parts.append(f"it passed the quota of {worst.quota_mb:.0f} MB and swaps (R14)")
    elif worst.quota_mb and (eta := worst.hours_to(worst.quota_mb)):
        parts.append(
            f"at this pace it reaches the quota of {worst.quota_mb:.0f} MB in {eta[0]:.1f} to {eta[1]:.1f} hours"
        )
    if lives > 1:
        parts.append(f"{lives} lives of this dyno show the same slope, so restarts only reset it")
    codes = [event.note for event in events.of(facts, "code", "memory") if event.process == worst.process]
    evidence: list[Evidence] = quotes([note for note in codes if "Error R1" in note.text or "mem=" in note.text], 4)
    return Finding(
        "memory-leak", "; ".join(parts) + ".", 0.9 if over and worst.points >= 20 else 0.7, evidence,
        "high" if over else "normal", worst.process, count=max(len(codes), 1),
        first_us=worst.first_us, last_us=worst.last_us, explains=("R14", "R15", "H12", "H13", "memory-quota"),
        remedies=[
            Remedy("Restart the dyno: it buys the hours that the slope needs.", f"heroku ps:restart {worst.process}"),
            Remedy("See since which release memory grows.", "heroku releases"),
            Remedy("Let the server renew its workers meanwhile (gunicorn --max-requests, puma_worker_killer)."),
        ],
        links=("https://devcenter.heroku.com/articles/log-runtime-metrics",),
    )  # fmt: skip


RULE = Rule(slugs=("memory-leak",), check=check)
