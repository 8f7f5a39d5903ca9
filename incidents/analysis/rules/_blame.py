"""What a line is to blame for: did the process that wrote it end, did requests fail, did it recover?

An error line proves little by itself. It is the reason for an outage when it stands in the last words of a process
that crashed, and the reason for a failed request when both happened on one dyno at one moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incidents.analysis.events import Run, of, runs
from incidents.analysis.types import Facts, Note, Severity
from incidents.analysis.wording import clock, count, duration, listed, stamp

from ._deaths import SIGNS, by_last_words, died, gives_up, is_last, last_words, recovered, timed_out
from ._requests import coded, failed, failing, requests, survived

__all__ = [
    "SIGNS", "Blame", "blame", "coded", "died", "failed", "last_words", "proof", "requests", "ruled_out", "story",
    "timed_out",
]  # fmt: skip

CHANGE_US = 900_000_000
WEB_CODES = ("H10", "H13", "H18", "H20", "H21", "H99", "R10")
"""What the router and the dyno manager say when the web process is gone."""


@dataclass(frozen=True)
class Blame:
    """``deaths``: lives that ended with these lines. ``requests``: requests that failed at the same moment."""

    notes: tuple[Note, ...]
    deaths: tuple[Run, ...]
    requests: tuple[Note, ...]
    share: float  # of all deaths
    boot: bool
    recovered: Note | None  # a later life of the same process came up
    ended: bool  # the program said that it gives up, though the log does not show its exit
    last: bool = True  # no other trouble was written between these lines and the end
    survived: bool = False  # requests before, beside and after were served all the same

    @property
    def fatal(self) -> bool:
        return bool(self.deaths) or self.ended

    @property
    def web(self) -> bool:
        return any(run.type == "web" for run in self.deaths)

    @property
    def one_off(self) -> bool:
        return bool(self.notes) and all(note.process.split(".")[0] in ("run", "scheduler") for note in self.notes)

    def confidence(self, sure: float = 0.95) -> float:
        """How sure it is that these lines are the cause of harm, if their text is ``sure`` to mean what it says."""
        if self.deaths:
            base = (sure if self.boot else sure - 0.03) - (0.0 if self.last else 0.06)
            return base - 0.04 * (1 - self.share) - (0.1 if self.one_off else 0.0)
        if self.ended:
            return sure - 0.06
        if self.requests:
            return sure - 0.08
        return min(sure - 0.25, 0.6 + 0.02 * min(len(self.notes), 5))

    def severity(self, worst: Severity = "urgent") -> Severity:
        if self.survived:
            return "low"
        if self.one_off:
            return "normal"
        if self.fatal:
            return "high" if self.recovered or (self.deaths and not self.web) else worst
        return "high" if self.requests else "normal"

    @property
    def explains(self) -> tuple[str, ...]:
        if self.fatal:
            what = (*WEB_CODES, "boot-timeout", "unknown", "connection-closed-early", "5xx")
            return (*what, "build-failed", "static-files") if self.ended else what
        return ("H13", "H18", "5xx") if self.requests else ()


def blame(facts: Facts, notes: Sequence[Note]) -> Blame:
    """What these lines are to blame for."""
    words = by_last_words(facts)
    found = {id(run): run for note in notes for run in words.get(id(note), ())}
    deaths = tuple(sorted(found.values(), key=lambda run: (run.process, run.number)))
    total = sum(1 for run in runs(facts) if died(run)) or 1
    boot = any(run.boot_failed or timed_out(run) for run in deaths)
    ended = not deaths and gives_up(facts, notes)
    lost = () if deaths and boot else tuple(failing(facts, notes))
    share = len(deaths) / total if deaths else 0.0
    last = not deaths or any(is_last(facts, run, notes) for run in deaths)
    harmless = bool(notes) and not deaths and not ended and not lost and all(survived(facts, note) for note in notes)
    return Blame(tuple(notes), deaths, lost, share, boot, recovered(facts, deaths), ended, last, harmless)


def story(facts: Facts, found: Blame) -> str:
    """What followed, with times: ``web.1 exited with status 1 (3 times, 20:00:51–20:07:02), so requests got H10 …``."""
    parts: list[str] = []
    if found.survived:
        return "the requests around it were served all the same"
    if change := changed(facts, found):
        parts.append(change)
    if found.deaths:
        names = listed(sorted({run.process for run in found.deaths}))
        times = [run.ended_us for run in found.deaths if run.ended_us is not None]
        statuses = sorted({run.exit_status for run in found.deaths if run.exit_status is not None})
        how = f"exited with status {statuses[0]}" if len(statuses) == 1 else "crashed"
        if any(timed_out(run) for run in found.deaths):
            how = "was killed because it did not open its port in time"
        often = f" {len(found.deaths)} times" if len(found.deaths) > 1 else ""
        parts.append(f"{names} {how}{often}{_between(times)}")
    codes = [(code, facts.codes[code]) for code in ("H10", "H20", "H13") if code in facts.codes]
    if found.fatal and (found.web or not found.deaths) and codes:
        said = " and ".join(f"{code} ({count(entry.count, 'request')})" for code, entry in codes)
        parts.append(f"so the router answered {said}")
    if found.requests:
        parts.append(
            f"{count(len(found.requests), 'request')} failed with it{_between([note.at_us for note in found.requests])}"
        )
    if found.recovered is not None and found.recovered.at_us is not None:
        parts.append(f"the process came up again at {stamp(found.recovered.at_us)}")
    return "; ".join(parts)


def changed(facts: Facts, found: Blame) -> str:
    """The change shortly before the first of these deaths: a release is the usual first link of the chain."""
    first = next((run for run in found.deaths if run.ended_us is not None), None)
    if first is None or first.ended_us is None:
        return ""
    begin = first.started_us if first.started_us is not None else first.ended_us
    near = [
        event
        for event in of(facts, "release", "deploy", "config", "rollback")
        if event.at_us is not None and begin - CHANGE_US <= event.at_us <= begin + 1_000_000
    ]
    if not near:
        return ""
    last, kinds = near[-1], {event.kind for event in near}
    version = next((event.detail["version"] for event in reversed(near) if event.kind == "release"), "")
    why = (
        "a rollback"
        if "rollback" in kinds
        else "a deploy"
        if "deploy" in kinds
        else "a change of config vars"
        if "config" in kinds
        else ""
    )
    name = f"release {version}{f' ({why})' if why else ''}" if version else why
    return f"it began {duration(max(1, begin - (last.at_us or begin)))} after {name}"


def ruled_out(facts: Facts, found: Blame) -> tuple[str, ...]:
    """What else could end a process or fail a request, and did not, by this log."""
    if not found.fatal and not found.requests:
        return ()
    checks = (
        (("R14", "R15"), "memory: no R14 or R15 in this log"),
        (("H99", "R99"), "Heroku's platform: no H99 or R99"),
    )
    return tuple(text for codes, text in checks if not any(code in facts.codes for code in codes))


def proof(facts: Facts, found: Blame, most: int = 3) -> list[Note]:
    """Lines that show the harm: the exit, the first router error, the failed request."""
    lines: list[Note] = []
    if found.deaths:
        last = found.deaths[-1]
        ends = [
            event.note
            for event in last.events
            if event.kind in ("exit", "code") or event.detail.get("new") == "crashed"
        ]
        lines += ends[:2]
    if found.requests:
        lines.append(found.requests[0])
    elif found.fatal:
        lines += [note for note, line in failed(facts) if line.code in ("H10", "H20")][:1]
    return lines[:most]


def _between(times: Sequence[int | None]) -> str:
    known = sorted(at for at in times if at is not None)
    if not known:
        return ""
    if len(known) == 1 or known[0] // 1_000_000 == known[-1] // 1_000_000:
        return f" at {stamp(known[0])}"
    return f" between {stamp(known[0])} and {clock(known[-1])}"
