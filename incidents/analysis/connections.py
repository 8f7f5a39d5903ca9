"""The database connections that an app can need, term by term, and where each number comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from . import events
from .types import Evidence, Facts


@dataclass(frozen=True, slots=True)
class Term:
    """One factor. ``proof`` is its line, or None where the number is assumed."""

    title: str
    value: int
    proof: Evidence | None

    @property
    def assumed(self) -> bool:
        return self.proof is None


@dataclass(frozen=True, slots=True)
class Budget:
    """``need`` is dynos x processes x connections each, for web and workers; a deploy may double it for minutes."""

    terms: tuple[Term, ...]
    need: int
    seen: int | None  # the most that the database reported
    limit: int | None  # what its plan grants

    @property
    def over(self) -> bool:
        return self.limit is not None and max(self.need, self.seen or 0) > self.limit


def budget(facts: Facts) -> Budget:
    """The budget as far as the log tells it."""
    terms = []
    need = 0
    for kind in ("web", "worker"):
        dynos = _dynos(facts, kind)
        if dynos is None and kind == "worker":
            continue
        dynos = dynos or Term("web dynos", 1, None)
        processes = _server(facts, kind, "workers") or Term(f"processes in each {kind} dyno", 1, None)
        each = _server(facts, kind, "threads") or Term(f"connections of each {kind} process", 1, None)
        terms += [dynos, processes, each]
        need += dynos.value * processes.value * each.value
    return Budget(tuple(terms), need, _sample(facts, "active-connections"), _sample(facts, "max-connections"))


def _dynos(facts: Facts, kind: str) -> Term | None:
    for event in reversed(events.of(facts, "scale")):
        if kind in event.detail.get("dynos", {}):
            note = event.note
            return Term(
                f"{kind} dynos", event.detail["dynos"][kind], Evidence(note.source, note.line, note.at_us, note.raw)
            )
    runs = {run.process: run for run in events.runs(facts) if run.type == kind and run.notes}
    if not runs:
        return None
    note = next(iter(runs.values())).notes[0]
    return Term(f"{kind} dynos", len(runs), Evidence(note.source, note.line, note.at_us, note.raw))


def _server(facts: Facts, kind: str, key: str) -> Term | None:
    for event in reversed(events.of(facts, "server")):
        if events.kind_of_process(event.process) == kind and event.detail.get(key):
            note = event.note
            title = f"processes in each {kind} dyno" if key == "workers" else f"threads of each {kind} process"
            return Term(title, int(event.detail[key]), Evidence(note.source, note.line, note.at_us, note.raw))
    return None


def _sample(facts: Facts, metric: str) -> int | None:
    values = [
        value
        for name, gauge in facts.samples.items()
        if "postgres" in name
        for value in gauge.values.get(metric, [])
        if not math.isnan(value)
    ]
    return round(max(values)) if values else None
