"""What a line is to blame for: did the process that wrote it end, did requests fail, did it recover?

An error line proves little by itself. It is the reason for an outage when it stands in the last words of a process that
crashed, and the reason for a failed request when both happened on one dyno at one moment.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from incidents.analysis.events import Run, kind_of_process, of, runs
from incidents.analysis.readers import router
from incidents.analysis.readers.router import RouterLine
from incidents.analysis.types import Array, Facts, Kind, Note, Severity
from incidents.analysis.wording import clock, count, duration, listed, stamp

from .base import hits, signed

CHANGE_US = 900_000_000
LAST_WORDS_US = 35_000_000
"""Database drivers give up after 30 seconds; what was written that long before an exit can be its reason."""
SAME_MOMENT_US = 1_500_000
SEEN, AROUND_US = 10, 2_000_000
WEB_CODES = ("H10", "H13", "H18", "H20", "H21", "H99", "R10")
"""What the router and the dyno manager say when the web process is gone."""
SIGNS = {
    "_end": (
        r"Worker failed to boot|App failed to load|Application startup failed\. Exiting|Application run failed"
        r"|app crashed - waiting for file changes|Forever detected script exited|bundler: failed to load command"
        r"|code ELIFECYCLE|Command failed with exit code|^\s*Node\.js v\d|triggerUncaughtException|rake aborted!"
        r"|Exception in worker process|Error starting ApplicationContext|exited with error code|npm (?:ERR!|error) (?:code|errno) \S"
        r"|^error Command failed|exited with code [1-9]|\[ERROR\] Shutting down|process exited unexpectedly|exit status [1-9]"
    ),
}


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
            return worst if not self.recovered else "high"
        return "high" if self.requests else "normal"

    @property
    def explains(self) -> tuple[str, ...]:
        if self.fatal:
            return (*WEB_CODES, "boot-timeout", "unknown", "connection-closed-early", "5xx")
        return ("H13", "H18", "5xx") if self.requests else ()


def blame(facts: Facts, notes: Sequence[Note]) -> Blame:
    """What these lines are to blame for."""
    words = _last_words(facts)
    found = {id(run): run for note in notes for run in words.get(id(note), ())}
    deaths = tuple(sorted(found.values(), key=lambda run: (run.process, run.number)))
    total = sum(1 for run in runs(facts) if died(run)) or 1
    boot = any(run.boot_failed or timed_out(run) for run in deaths)
    ended = not deaths and _ends(facts, notes)
    requests = () if deaths and boot else tuple(failing(facts, notes))
    share = len(deaths) / total if deaths else 0.0
    last = not deaths or any(_is_last(facts, run, notes) for run in deaths)
    survived = (
        not deaths and not ended and not requests and bool(notes) and all(_survived(facts, note) for note in notes)
    )
    return Blame(tuple(notes), deaths, requests, share, boot, _recovered(facts, deaths), ended, last, survived)


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
    name = " with ".join(part for part in (f"release {version}" if version else "", why) if part)
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


def died(run: Run) -> bool:
    """It ended in a way that nobody asked for."""
    return run.crashed or timed_out(run)


def timed_out(run: Run) -> bool:
    """R10, or killed while starting after a minute where the R10 line is missing."""
    if "R10" in run.has_code:
        return True
    young = run.started_us is None or run.ended_us is None or run.ended_us - run.started_us >= 55_000_000
    return run.sigkill and not run.was_up and run.end == "crashed" and young and not run.stop_reason


def requests(facts: Facts) -> list[tuple[Note, RouterLine]]:
    """The router lines that were kept: those with trouble, in order."""
    if "router lines" not in facts.cache:
        lines = ((note, router.read(note.text)) for note in facts.of(Kind.ROUTER))
        facts.cache["router lines"] = [(note, line) for note, line in lines if line is not None]
    found: list[tuple[Note, RouterLine]] = facts.cache["router lines"]
    return found


def failed(facts: Facts) -> list[tuple[Note, RouterLine]]:
    """Of these, the requests that failed."""
    if "failed requests" not in facts.cache:
        facts.cache["failed requests"] = [
            (note, line) for note, line in requests(facts) if line.at == "error" or (line.status or 0) >= 500
        ]
    found: list[tuple[Note, RouterLine]] = facts.cache["failed requests"]
    return found


def coded(facts: Facts, *codes: str) -> list[Note]:
    """Lines of the router or the dyno manager that bear one of these codes, in order."""
    found = [note for note, line in requests(facts) if line.code in codes]
    found += [event.note for event in of(facts, "code") if event.detail["code"] in codes]
    return sorted(found, key=lambda note: (note.at_us or 0, note.source, note.line))


def failing(facts: Facts, notes: Sequence[Note]) -> list[Note]:
    """Failed requests of the same dyno within a second and a half after one of these lines, and failures in the app's own log."""
    found: dict[int, Note] = {}
    spots = [(note, line) for note, line in failed(facts) if line.code not in ("H10", "H20", "H14")]
    spots += [(note, None) for note in hits(facts, "_status_500")]  # type: ignore[misc]
    spots.sort(key=lambda spot: spot[0].at_us or 0)
    times = [note.at_us or 0 for note, _ in spots]
    for note in notes:
        if note.at_us is None:
            continue
        low, high = bisect_left(times, note.at_us - SAME_MOMENT_US), bisect_right(times, note.at_us + SAME_MOMENT_US)
        for spot, line in spots[low : min(high, low + 200)]:
            same = (line is None and spot.process == note.process) or (
                line is not None and line.dyno in ("", note.process)
            )
            if same:
                found[id(spot)] = spot
    return list(found.values())


def _last_words(facts: Facts) -> dict[int, list[Run]]:
    """``id(note)`` -> the lives that ended right behind it."""
    if "last words" not in facts.cache:
        index: dict[int, list[Run]] = {}
        for run in runs(facts):
            if died(run):
                for note in last_words(run):
                    index.setdefault(id(note), []).append(run)
        facts.cache["last words"] = index
    found: dict[int, list[Run]] = facts.cache["last words"]
    return found


def last_words(run: Run) -> list[Note]:
    """The whole output of a process that never came up, else that of its last half minute."""
    output = run.output()
    if run.boot_failed or timed_out(run) or run.ended_us is None:
        return output[-2000:]
    return [note for note in output[-400:] if note.at_us is None or note.at_us >= run.ended_us - LAST_WORDS_US]


def _survived(facts: Facts, note: Note) -> bool:
    """Trouble that a web process wrote down and lived with: the router shows its requests before and after, all fine."""
    times, bad = _served(facts)
    if note.at_us is None or len(times) < SEEN or kind_of_process(note.process) != "web":
        return False
    low = int(np.searchsorted(times, note.at_us - AROUND_US))
    high = int(np.searchsorted(times, note.at_us + AROUND_US, side="right"))
    return 0 < low and high < len(times) and bad[high] == bad[low]


def _served(facts: Facts) -> tuple[Array, Array]:
    """When requests ended, and how many of those before each were turned down or failed."""
    if "served" not in facts.cache:
        table = facts.requests
        bad = np.concatenate([[0], np.cumsum((table.status >= 400) | table.failed)])
        facts.cache["served"] = (table.at_us, bad)
    found: tuple[Array, Array] = facts.cache["served"]
    return found


def _is_last(facts: Facts, run: Run, notes: Sequence[Note]) -> bool:
    """Whether these lines are the last trouble that a life speaks of. One trace is one moment: a second and a half."""
    if "last trouble" not in facts.cache:
        facts.cache["last trouble"] = {}
    known: dict[int, tuple[frozenset[int], int | None]] = facts.cache["last trouble"]
    if id(run) not in known:
        marked, words = signed(facts), last_words(run)
        times = [note.at_us for note in words if id(note) in marked and note.at_us is not None]
        known[id(run)] = frozenset(id(note) for note in words), max(times, default=None)
    words_of, newest = known[id(run)]
    mine = [note.at_us for note in notes if id(note) in words_of and note.at_us is not None]
    return newest is None or not mine or max(mine) >= newest - SAME_MOMENT_US


def _recovered(facts: Facts, deaths: tuple[Run, ...]) -> Note | None:
    """The line by which the process whose death was last came up again for good."""
    if not deaths:
        return None
    last = deaths[-1]
    later = [run for run in runs(facts) if run.process == last.process and run.number > last.number]
    if any(died(run) for run in later):
        later = [run for run in later if run.number > max(dead.number for dead in later if died(dead))]
    for run in later:
        if run.up_us is not None:
            return next((event.note for event in run.events if event.detail.get("new") == "up"), run.notes[0])
    return None


def _ends(facts: Facts, notes: Sequence[Note]) -> bool:
    """Whether the program says beside one of these lines that it gives up."""
    ends: dict[str, list[Note]] = {}
    for end in hits(facts, "_end"):
        ends.setdefault(end.process, []).append(end)
    for note in notes:
        for end in ends.get(note.process, ()):
            if end.source != note.source:
                continue
            if end.at_us is None or note.at_us is None:
                if 0 <= end.line - note.line <= 40:
                    return True
            elif -1_000_000 <= end.at_us - note.at_us <= 5_000_000:
                return True
    return False


def _between(times: Sequence[int | None]) -> str:
    known = sorted(at for at in times if at is not None)
    if not known:
        return ""
    if len(known) == 1 or known[0] // 1_000_000 == known[-1] // 1_000_000:
        return f" at {stamp(known[0])}"
    return f" between {stamp(known[0])} and {clock(known[-1])}"
