"""The lives of dynos: from a start to an end, with the phase in which each line was written.

A process name such as web.1 has many lives. States are printed by the dyno manager and tell where a life begins and
ends; a log that starts or stops in the middle still gives a life, whose unknown parts stay unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .types import Kind, Note

if TYPE_CHECKING:
    from .events import Event

LATE_US = 2_000_000
"""Output that arrives within this time after the exit was written before it."""
BOOT_US = 30_000_000
_ENDS = ("crashed", "down", "complete")
_REASONS = ("restart", "cycle", "idle", "relocate")


@dataclass(slots=True, eq=False)
class Run:
    """One life of one dyno. Times are None where the log does not show them.

    ``phases[i]`` is the state in which ``notes[i]`` was written: booting, serving, stopping, ended, or unknown.
    ``end`` is crashed, down, complete or empty; ``stop_reason`` is restart, cycle, idle, relocate or empty.
    """

    process: str
    number: int
    command: str = ""
    start: Note | None = None
    started_us: int | None = None
    up_us: int | None = None
    stopping_us: int | None = None
    ended_us: int | None = None
    exit_status: int | None = None
    exit: Note | None = None
    end: str = ""
    end_from: str = ""
    stop_reason: str = ""
    was_up: bool | None = None  # whether it ever came up; None where the log does not say
    stopping: bool = False  # SIGTERM was sent, or the platform announced a stop
    sigkill: bool = False
    last_us: int | None = None
    notes: list[Note] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    codes: list[Event] = field(default_factory=list)
    opened: bool = False  # the log shows its beginning

    @property
    def over(self) -> bool:
        return bool(self.end) or self.exit is not None

    @property
    def type(self) -> str:
        """web, worker, release, run, scheduler …"""
        from .events import kind_of_process

        return kind_of_process(self.process)

    @property
    def has_code(self) -> frozenset[str]:
        return frozenset(event.detail["code"] for event in self.codes)

    @property
    def crashed(self) -> bool:
        """It ended, and nobody asked it to. One-off dynos that end with 0 did not crash."""
        if self.end == "crashed":
            return True
        if self.exit is None or self.exit_status in (0, 143):
            return False
        if self.exit_status is None:  # before 2012 no status was printed
            return self.was_up is False and not self.stopping
        return not self.stopping or "R10" in self.has_code

    @property
    def boot_failed(self) -> bool:
        """It crashed before it served: while starting, or within half a minute of its start.

        Servers with a master process (gunicorn, puma) open the port first and load the app afterwards.
        """
        if not self.crashed:
            return False
        if self.was_up is False or self.end_from == "starting" or self.exit_status in (3, 4):
            return True
        begin = self.started_us if self.started_us is not None else self.up_us
        return begin is not None and self.ended_us is not None and self.ended_us - begin < BOOT_US

    def output(self, *phases: str) -> list[Note]:
        """What the program itself wrote, in these phases or in all."""
        return [
            note
            for note, phase in zip(self.notes, self.phases, strict=True)
            if note.kind == Kind.APP and (not phases or phase in phases)
        ]

    def phase_of(self, note: Note) -> str:
        for mine, phase in zip(self.notes, self.phases, strict=True):
            if mine is note:
                return phase
        return "unknown"


def lives(notes: Iterable[Note], events: dict[int, Event]) -> list[Run]:
    """Runs of all dynos, by the place of their first line. ``events`` gives the event of a note by ``id(note)``."""
    books: dict[str, _Book] = {}
    for note in notes:
        if note.kind == Kind.APP or note.kind == Kind.DYNO:
            book = books.get(note.process)
            if book is None:
                book = books[note.process] = _Book(note.process)
            book.take(note, events.get(id(note)))
    found = [run for book in books.values() for run in book.runs]
    for run in found:
        _settle(run)
    order = {id(run): place for place, run in enumerate(found)}
    return sorted(
        found, key=lambda run: (run.notes[0].at_us if run.notes[0].at_us is not None else -(2**63), order[id(run)])
    )


class _Book:
    """The lives of one process name, as its lines come."""

    def __init__(self, process: str) -> None:
        self.process = process
        self.runs: list[Run] = []

    def take(self, note: Note, event: Event | None) -> None:
        run = self._run_for(note, event)
        if event is not None:
            if note.kind == Kind.DYNO or event.kind in ("code", "start"):
                _apply(run, event)
            run.events.append(event)
        run.notes.append(note)
        run.phases.append(_phase(run, note, event))
        if note.at_us is not None:
            run.last_us = note.at_us

    def _new(self, *, opened: bool = False) -> Run:
        run = Run(self.process, len(self.runs), opened=opened)
        self.runs.append(run)
        return run

    def _run_for(self, note: Note, event: Event | None) -> Run:
        run = self.runs[-1] if self.runs else self._new()
        before = self.runs[-2] if len(self.runs) > 1 else None
        kind = event.kind if event else ""
        if event is None or (note.kind == Kind.APP and kind != "start"):
            fresh = kind in ("server", "listen") or note.text.startswith("> ")
            return self._new() if run.over and fresh and not _late(run, note) else run
        if kind == "start":
            waiting = run.opened and run.start is None and not run.over
            return run if waiting or not run.notes else self._new(opened=True)
        if kind == "state":
            return self._for_state(run, before, event)
        if kind == "exit":
            if before and not before.over and before.stopping and not run.stopping:
                return before  # preboot: the old dyno of this name ends after the new one began
            return self._new() if run.exit is not None else run
        if kind == "sigterm" and before and not before.over and run.start is not None and not run.stopping:
            return before
        if kind == "code" and run.end and run.exit is None and run.start is None and not run.opened:
            return self._new()
        return run

    def _for_state(self, run: Run, before: Run | None, event: Event) -> Run:
        old, new = event.detail["old"], event.detail["new"]
        if new == "starting":
            if old == "up" and not run.over:
                return run  # a restart is announced; the life goes on until its exit
            return run if not run.notes else self._new(opened=True)
        if new in _ENDS:
            if before and not before.over and before.stopping and not run.stopping and old == "up":
                return before
            return self._new() if run.end else run
        return self._new() if new == "up" and run.over else run


def _apply(run: Run, event: Event) -> None:
    kind, detail = event.kind, event.detail
    if kind == "start":
        run.start, run.started_us, run.command, run.opened = event.note, event.at_us, detail["command"], True
        run.was_up = False if run.was_up is None else run.was_up
    elif kind == "exit":
        run.exit, run.exit_status = event.note, detail["status"]
        run.ended_us = event.at_us if run.ended_us is None else run.ended_us
    elif kind == "code":
        run.codes.append(event)
    elif kind == "sigkill":
        run.sigkill = True
    elif kind == "sigterm" or kind in _REASONS:
        run.stopping = True
        run.stopping_us = event.at_us if run.stopping_us is None else run.stopping_us
        run.stop_reason = run.stop_reason or (kind if kind in _REASONS else "")
        if run.was_up is None and not run.opened:
            run.was_up = True if kind in _REASONS else None
    elif kind == "state":
        _state(run, event)


def _state(run: Run, event: Event) -> None:
    old, new = event.detail["old"], event.detail["new"]
    if new == "up":
        run.up_us, run.was_up, run.opened = event.at_us, True, run.opened or old == "starting"
    elif old == "up" and run.was_up is None:
        run.was_up = True
    elif old == "starting" and run.was_up is None:
        run.was_up = False
    if new == "starting" and old != "up":
        run.was_up, run.opened = False, True
    if new == "starting" and old == "up":
        run.stopping = True
        run.stopping_us = event.at_us if run.stopping_us is None else run.stopping_us
    if new in _ENDS:
        run.end, run.end_from = new, old
        run.ended_us = event.at_us if run.ended_us is None else run.ended_us


def _late(run: Run, note: Note) -> bool:
    return note.at_us is None or run.ended_us is None or note.at_us <= run.ended_us + LATE_US


def _phase(run: Run, note: Note, event: Event | None) -> str:
    if run.over:
        return _alive(run) if _late(run, note) else "ended"
    return _alive(run)


def _alive(run: Run) -> str:
    if run.stopping:
        return "stopping"
    if run.up_us is not None or (run.was_up and not run.opened):
        return "serving"
    return "booting" if run.opened and not run.was_up else "serving" if run.was_up else "unknown"


def _settle(run: Run) -> None:
    """Lines before the first state change take the phase that the change names."""
    if "unknown" not in run.phases:
        return
    known = None
    for event in run.events:
        if event.kind == "state":
            known = {"starting": "booting", "up": "serving"}.get(event.detail["old"])
            break
        if event.kind in _REASONS:
            known = "serving"
            break
    if known is None and run.crashed and "R10" in run.has_code:
        known = "booting"
    if known:
        run.phases = [known if phase == "unknown" else phase for phase in run.phases]
