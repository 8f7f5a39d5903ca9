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
from ..types import Evidence, Facts, Finding, Remedy, Severity
from ..wording import listed
from .base import Rule, quotes

HALF_HOUR_US = 1_800_000_000


def check(facts: Facts) -> Iterator[Finding]:
    leaking = [look for look in memory.look(facts) if look.shape == "leak" and look.slope > 0]
    over = {event.process for event in events.of(facts, "code") if event.detail["code"] in ("R14", "R15")}
    passed = [look for look in leaking if look.process in over]
    coming = [
        look
        for look in leaking
        if look.process not in over and (look.share or 0) >= 0.75 and look.last_us - look.first_us >= HALF_HOUR_US
    ]
    if passed:
        yield _passed(facts, passed)
    if coming:
        yield _coming(coming)


def _passed(facts: Facts, looks: list[memory.Memory]) -> Finding:
    """Dynos whose growth went past the quota: the R14 lines prove the end of the slope."""
    worst = max(looks, key=lambda look: look.max_mb)
    names = {look.process for look in looks}
    codes = [event.note for event in events.of(facts, "code", "memory") if event.process in names]
    quota = f" of {worst.quota_mb:.0f} MB" if worst.quota_mb else ""
    again = f"; {len(looks)} lives of dynos show the same slope, so a restart only resets it" if len(looks) > 1 else ""
    return _finding(
        looks, f"{_growth(worst)}; it passed the quota{quota} and swaps (R14){again}.",
        0.9 if worst.points >= 20 else 0.7, quotes([note for note in codes if "R1" in note.text or "mem=" in note.text], 4),
        severity="high", count=len(codes), explains=("R14", "R15", "H12", "H13", "memory-quota"),
    )  # fmt: skip


def _coming(looks: list[memory.Memory]) -> Finding:
    """Dynos that will get there: told in time, and no incident yet."""
    worst = max(looks, key=lambda look: look.share or 0)
    eta = worst.hours_to(worst.quota_mb) if worst.quota_mb else None
    soon = f"; at this pace it reaches the quota of {worst.quota_mb:.0f} MB in {_hours(eta)}" if eta else ""
    return _finding(looks, f"{_growth(worst)}{soon}.", 0.6, [], severity="normal", count=len(looks), harmless=True)


def _growth(worst: memory.Memory) -> str:
    return (
        f"The memory of {worst.process} grows by about {worst.slope:.0f} MB an hour and does not level off "
        f"({worst.first_mb:.0f} to {worst.max_mb:.0f} MB)"
    )


def _hours(eta: tuple[float, float]) -> str:
    if eta[1] < 2:
        return f"{eta[0] * 60:.0f} to {eta[1] * 60:.0f} minutes"
    return f"{eta[0]:.1f} to {eta[1]:.1f} hours"


def _finding(
    looks: list[memory.Memory],
    summary: str,
    confidence: float,
    evidence: list[Evidence],
    *,
    severity: Severity,
    count: int,
    explains: tuple[str, ...] = (),
    harmless: bool = False,
) -> Finding:
    names = sorted({look.process for look in looks})
    return Finding(
        "memory-leak", summary, confidence, evidence, severity, listed(names), count=max(count, 1),
        first_us=min(look.first_us for look in looks), last_us=max(look.last_us for look in looks), explains=explains,
        remedies=[
            Remedy("Restart the dyno: it buys the hours that the slope needs.", f"heroku ps:restart {names[0]}"),
            Remedy("See since which release memory grows.", "heroku releases"),
            Remedy("Let the server renew its workers meanwhile (gunicorn --max-requests, puma_worker_killer)."),
        ],
        links=("https://devcenter.heroku.com/articles/log-runtime-metrics",), harmless=harmless,
    )  # fmt: skip


RULE = Rule(slugs=("memory-leak",), check=check)
