"""Lives that ended in a way that nobody asked for: their last words, and whether the process came back."""

from __future__ import annotations

from collections.abc import Sequence

from incidents.analysis.events import Run, runs, trace_of
from incidents.analysis.types import Facts, Note

from ._requests import SAME_MOMENT_US
from .base import hits, signed

LAST_WORDS_US = 35_000_000
"""Database drivers give up after 30 seconds; what was written that long before an exit can be its reason."""
NOBODY = "unknown"
"""The process of a line that does not name one."""
SIGNS = {
    "_end": (
        r"Worker failed to boot|App failed to load|Application startup failed\. Exiting|Application run failed"
        r"|app crashed - waiting for file changes|Forever detected script exited|bundler: failed to load command"
        r"|code ELIFECYCLE|Command failed with exit code|^\s*Node\.js v\d|triggerUncaughtException|rake aborted!"
        r"|Exception in worker process|Error starting ApplicationContext|exited with error code|npm (?:ERR!"
        r"|error) (?:code|errno) \S"
        r"|^error Command failed|exited with code [1-9]|\[ERROR\] Shutting down|process exited unexpectedly"
        r"|exit status [1-9]|Push rejected, failed|-----> Build failed|Error while running '\$ "
        r"|Unhandled 'error' event|Exception in thread \"main\"|^goroutine 1 \[running\]|Failed to install gems via Bundler"
        r"|Error installing your applications's dependencies"
    ),
    "_loading": (
        r"Module\.runMain|at wrapSafe \(|createScript \(vm|executeUserEntryPoint|run_main_module|bootstrap_node\.js|internal/bootstrap/node"
        r"|at startup \(node\.js|, in (?:load_wsgi|load_wsgiapp|import_app|import_from_string)\b|config\.ru:\d{1,4}:in "
    ),
}
"""``_end``: a program says that it gives up. ``_loading``: frames of a stack that only stand there while the app is being loaded."""


def died(run: Run) -> bool:
    """It ended in a way that nobody asked for."""
    return run.crashed or timed_out(run)


def timed_out(run: Run) -> bool:
    """R10, or killed while starting after a minute where the R10 line is missing."""
    if "R10" in run.has_code:
        return True
    young = run.started_us is None or run.ended_us is None or run.ended_us - run.started_us >= 55_000_000
    return run.sigkill and not run.was_up and run.end == "crashed" and young and not run.stop_reason


def by_last_words(facts: Facts) -> dict[int, list[Run]]:
    """``id(note)`` -> the lives that ended right behind it."""
    if "last words" not in facts.cache:
        index: dict[int, list[Run]] = {}
        for run in runs(facts):
            if died(run) and "R15" not in run.has_code:  # memory ended that one, whatever it said
                for note in [*last_words(run), *([run.exit] if run.exit else ())]:
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


def is_last(facts: Facts, run: Run, notes: Sequence[Note]) -> bool:
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


def recovered(facts: Facts, deaths: tuple[Run, ...]) -> Note | None:
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


def gives_up(facts: Facts, notes: Sequence[Note]) -> bool:
    """Whether the program says beside one of these lines that it gives up, or raised them before it was loaded."""
    return _beside(notes, hits(facts, "_end")) or (
        not _came_up(facts, notes) and (_beside(notes, hits(facts, "_loading")) or _outermost(facts, notes))
    )


def _outermost(facts: Facts, notes: Sequence[Note]) -> bool:
    """Whether nothing stood around these lines: a traceback whose outermost frame is the program itself."""
    for trace in (trace_of(facts, note) for note in notes):
        if trace is not None and trace.language == "python":
            frame = next((note.text for note in trace.notes if ", line " in note.text), "")
            if frame.rstrip().endswith(", in <module>"):
                return True
    return False


def _came_up(facts: Facts, notes: Sequence[Note]) -> bool:
    """Whether a process wrote these lines and then served all the same."""
    last = max((note.at_us for note in notes if note.at_us is not None), default=None)
    names = {note.process for note in notes}
    if any(run.process in names and run.type == "web" and run.was_up for run in runs(facts)):
        return True
    table = facts.requests
    return last is not None and bool(((table.at_us > last) & (table.status < 500) & ~table.failed).any())


def _beside(notes: Sequence[Note], said: Sequence[Note]) -> bool:
    """Whether one of the lines that were said stands beside one of these notes, in the output of the same process."""
    ends: dict[str, list[Note]] = {}
    for end in said:
        ends.setdefault(end.process, []).append(end)
    for note in notes:
        written_by = (note.process,) if note.process != NOBODY else (NOBODY, "build")  # lines of a pasted build
        for end in (end for process in written_by for end in ends.get(process, ())):
            if end.source != note.source:
                continue
            if end.at_us is None or note.at_us is None:
                if 0 <= end.line - note.line <= 40:
                    return True
            elif -1_000_000 <= end.at_us - note.at_us <= 5_000_000:
                return True
    return False
