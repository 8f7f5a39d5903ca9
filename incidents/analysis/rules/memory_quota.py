"""A dyno uses more memory than its type has.

What it means
    R14: memory, swap and page cache exceed the quota; the dyno goes on, swaps, and becomes slow. R15: memory and swap
    exceed the limit at which the platform kills it.

Why it happens
    Too many workers or threads for the dyno's size, large payloads held in memory, or a leak.

How to tell
    The dyno manager prints the memory it measured and the code behind it; the quota is the one divided by the other.

What to do
    Fewer workers, a larger dyno type, or less held in memory. Runtime metrics show whether it grows or jumps.

References
    https://devcenter.heroku.com/articles/error-codes#r14-memory-quota-exceeded
    https://devcenter.heroku.com/articles/error-codes#r15-memory-quota-vastly-exceeded
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import events, memory
from ..events import Event
from ..types import Facts, Finding, Remedy
from .base import Rule, quotes

SLACK_US = 120 * 1_000_000


def check(facts: Facts) -> Iterator[Finding]:
    over = [event for event in events.of(facts, "code") if event.detail["code"] in ("R14", "R15")]
    if over:
        yield _finding(facts, over)


def _finding(facts: Facts, over: list[Event]) -> Finding:
    killed = [event for event in over if event.detail["code"] == "R15"]
    processes = sorted({event.process for event in over if event.process})
    peak = max(over, key=lambda event: event.detail.get("mb", 0))
    mb, percent = peak.detail.get("mb"), peak.detail.get("percent")
    quota = round(mb / percent * 100) if mb and percent else None
    used = f"{mb:.0f} MB of {quota} MB ({percent:.0f} %)" if quota else "more memory than its quota"
    who = " and ".join(processes[:3]) or "A dyno"
    end = f", and the platform killed it {len(killed)} times (R15)" if killed else "; it swaps and becomes slow (R14)"
    both = events.of(facts, "memory", "code")
    notes = [event.note for event in both if event.kind == "memory" or event.detail["code"] in ("R14", "R15")]
    times = [event.at_us for event in over if event.at_us is not None]
    return Finding(
        "memory-quota", f"{who} used {used}{end}.{_shape(facts, processes)}", 0.86 if quota or killed else 0.8,
        quotes([*(event.note for event in (killed or over)[:2]), *notes], 5), "high", ", ".join(processes[:3]),
        count=len(over), first_us=min(times, default=None), last_us=max(times, default=None),
        explains=("R14", "R15", "H12", "H13", "H18"),
        remedies=[
            Remedy("See each dyno's memory: a slope or a step?", "heroku labs:enable log-runtime-metrics"),
            Remedy("Run fewer workers in each dyno.", "heroku config:set WEB_CONCURRENCY=1"),
            Remedy("Take a larger dyno type.", _larger(processes, quota)),
        ],
        links=("https://devcenter.heroku.com/articles/error-codes#r14-memory-quota-exceeded",),
    )  # fmt: skip


def _shape(facts: Facts, processes: list[str]) -> str:
    known = [look for look in memory.look(facts) if look.process in processes]
    if not known:
        return " The log holds no runtime metrics, so it cannot say whether memory grows or jumps."
    shapes = {look.shape for look in known}
    if "step" in shapes:
        return " It came in one step, as a large request or job makes it."
    return " It was high all along." if shapes <= {"steady", "short"} else ""


def _larger(processes: list[str], quota: int | None) -> str:
    kind = events.kind_of_process(processes[0]) if processes else "web"
    size = "standard-2x" if not quota or quota <= 600 else "performance-m" if quota <= 1_200 else "performance-l"
    return f"heroku ps:type {kind}={size}"


_HEAD = "2026-11-20T09:14:07.353034+00:00 heroku[web.1]: "
RULE = Rule(
    slugs=("memory-quota",),
    check=check,
    catches=(_HEAD + "Process running mem=562M(109.8%)\n" + _HEAD + "Error R14 (Memory quota exceeded)\n",),
    ignores=(_HEAD + "source=web.1 dyno=heroku.1.aa sample#memory_total=312.00MB sample#memory_quota=512.00MB\n",),
)
