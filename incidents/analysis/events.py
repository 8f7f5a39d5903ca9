"""What happened, as typed events in order, and the lives of dynos: what every rule about processes reads.

``events(facts)``, ``runs(facts)`` and ``traces(facts)`` are computed once per facts and kept in its cache.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .readers import api, dyno, servers
from .readers.traces import Trace, gather
from .runs import Run, lives
from .types import Facts, Kind, Note

__all__ = ["Event", "Run", "Trace", "events", "first", "kind_of_process", "of", "runs", "trace_of", "traces"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. Kinds and their ``detail`` are those of the readers:

    dyno manager: state, start, exit, sigterm, sigkill, restart, cycle, idle, unidle, relocate, awaiting-client, memory,
    code (R and L codes; R14 and R15 carry mb and percent of the memory line before them);
    API: release, deploy, build, config, scale, attach, addon, rollback, release-phase, run, initial, stack,
    maintenance, logplex;
    application servers: server, listen, worker.
    """

    kind: str
    at_us: int | None
    source: int
    line: int
    process: str
    detail: dict[str, Any]
    note: Note


def events(facts: Facts) -> list[Event]:
    """All events, in the order of the notes."""
    if "events" not in facts.cache:
        facts.cache["events"] = _read(facts.notes)
    found: list[Event] = facts.cache["events"]
    return found


def of(facts: Facts, *kinds: str) -> list[Event]:
    """The events of these kinds, in order."""
    index = facts.cache.get("events by kind")
    if index is None:
        index = facts.cache["events by kind"] = {}
        for event in events(facts):
            index.setdefault(event.kind, []).append(event)
    if len(kinds) == 1:
        return list(index.get(kinds[0], ()))
    return [event for event in events(facts) if event.kind in kinds]


def runs(facts: Facts) -> list[Run]:
    """The lives of all dynos, by the place of their first line."""
    if "runs" not in facts.cache:
        facts.cache["runs"] = lives(facts.notes, {id(event.note): event for event in events(facts)})
    found: list[Run] = facts.cache["runs"]
    return found


def traces(facts: Facts) -> list[Trace]:
    """Stack traces, each joined into one (see `readers.traces`)."""
    if "traces" not in facts.cache:
        facts.cache["traces"] = gather(facts, runs(facts))
    found: list[Trace] = facts.cache["traces"]
    return found


def trace_of(facts: Facts, note: Note) -> Trace | None:
    """The stack trace that a line belongs to."""
    if "trace of lines" not in facts.cache:
        facts.cache["trace of lines"] = {id(one): trace for trace in traces(facts) for one in trace.notes}
    found: Trace | None = facts.cache["trace of lines"].get(id(note))
    return found


def first(found: Iterable[Event], after_us: int | None = None) -> Event | None:
    """The first of these events, at or after a time where one is given."""
    return next((event for event in found if after_us is None or (event.at_us or 0) >= after_us), None)


def kind_of_process(process: str) -> str:
    """``web`` for ``web.1`` and for Fir's ``web-848cd4f64d-pvpr2``."""
    name = process.split(".")[0]
    parts = name.split("-")
    if len(parts) >= 3 and len(parts[-1]) == 5 and parts[-2].isalnum() and len(parts[-2]) >= 8:
        return "-".join(parts[:-2])
    return name


def _read(notes: Iterable[Note]) -> list[Event]:
    found: list[Event] = []
    memory: dict[str, dict[str, Any]] = {}
    seen: set[tuple[int, str, str]] = set()
    for note in notes:
        hit = _one(note)
        if hit is None:
            continue
        if note.kind == Kind.DYNO and note.at_us is not None:
            key = (note.at_us, note.process, note.text)
            if key in seen:
                continue  # the same line pasted twice
            seen.add(key)
        kind, detail = hit
        if kind == "memory":
            memory[note.process] = detail
        elif kind == "code" and detail["code"] in ("R14", "R15"):
            detail |= memory.get(note.process, {})
        found.append(Event(kind, note.at_us, note.source, note.line, note.process, detail, note))
    return found


def _one(note: Note) -> tuple[str, dict[str, Any]] | None:
    if note.kind == Kind.DYNO:
        return dyno.read(note.text)
    if note.kind == Kind.API:
        return api.read(note.text)
    if note.kind == Kind.LOGPLEX:
        return dyno.error(note.text.strip())
    if note.kind == Kind.APP:
        if note.text.startswith(("Error R", "Starting process with command")):
            return dyno.read(note.text)  # the documentation's samples print these under app[…]
        return servers.read(note.text)
    if note.kind == Kind.OTHER and note.text.startswith(("Error R", "Error L")):
        return dyno.error(note.text.strip())
    return None
