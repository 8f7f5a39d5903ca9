"""Crashes and restarts of dynos. What repeats is told once, and dynos that go together stand together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..runs import Run
from ..wording import duration, listed, until
from .entry import SECOND_US, Entry

SAME_RESTART_US = 120 * SECOND_US
"""A release restarts the dynos one after the other."""
CHAIN_US = 3600 * SECOND_US
"""Longer silence begins a new chain of crashes or restarts."""


@dataclass(frozen=True, slots=True)
class _End:
    """One end of one life of a dyno, to be told alone, in a chain or together with other dynos."""

    at_us: int
    process: str
    kind: str
    why: str
    source: int
    line: int


_ONE_OFF = ("run", "scheduler", "release")
_WHY = {
    "restart": "",
    "cycle": "daily cycling",
    "relocate": "moved to another server",
    "idle": "asleep for lack of traffic",
}


def dynos(runs: Iterable[Run]) -> Iterator[Entry]:
    ends = sorted(_ends(runs), key=lambda end: (end.at_us, end.process, end.line))
    chains: dict[tuple[str, str, str], list[list[_End]]] = {}
    for end in ends:
        of = chains.setdefault((end.process, end.kind, end.why), [])
        if of and end.at_us - of[-1][-1].at_us <= CHAIN_US:
            of[-1].append(end)
        else:
            of.append([end])
    single: list[_End] = []
    for chain in (chain for of in chains.values() for chain in of):
        if len(chain) >= 3:
            yield _chain(chain)
        else:
            single += chain
    yield from _together(sorted(single, key=lambda end: (end.at_us, end.process, end.line)))


def _ends(runs: Iterable[Run]) -> Iterator[_End]:
    for run in runs:
        if run.crashed:
            note = run.exit or (run.notes[-1] if run.notes else None)
            at_us = run.ended_us if run.ended_us is not None else note.at_us if note else None
            status = "" if run.exit_status is None else f"exit status {run.exit_status}"
            why = f"{status} while starting".strip() if run.boot_failed else status
            if note and at_us is not None:
                yield _End(at_us, run.process, "crash", why, note.source, note.line)
        elif (
            run.stop_reason in _WHY and run.stopping_us is not None and run.type not in ("run", "scheduler", "release")
        ):
            spot = next((event for event in run.events if event.at_us == run.stopping_us), None)
            note = spot.note if spot else run.notes[0]
            yield _End(run.stopping_us, run.process, "restart", _WHY[run.stop_reason], note.source, note.line)


_VERB = {"crash": "crashed", "restart": "restarted"}


def _chain(chain: list[_End]) -> Entry:
    first, last = chain[0], chain[-1]
    why = f" ({first.why})" if first.why else ""
    title = (
        f"{first.process} {_VERB[first.kind]} {len(chain)} times within {duration(last.at_us - first.at_us)}, "
        f"until {until(first.at_us, last.at_us)}{why}"
    )
    return Entry(first.at_us, first.kind, title, first.source, first.line)


def _together(ends: list[_End]) -> Iterator[Entry]:
    """Dynos that stop for the same reason one after the other are one entry."""
    open_groups: dict[tuple[str, str], list[_End]] = {}
    for end in ends:
        group = open_groups.get((end.kind, end.why))
        if group and end.at_us - group[-1].at_us <= SAME_RESTART_US:
            group.append(end)
            continue
        if group:
            yield _group(group)
        open_groups[end.kind, end.why] = [end]
    for group in open_groups.values():
        yield _group(group)


def _group(group: list[_End]) -> Entry:
    first = group[0]
    names = listed(list(dict.fromkeys(end.process for end in group)), 4)
    why = f" ({first.why})" if first.why else ""
    return Entry(first.at_us, first.kind, f"{names} {_VERB[first.kind]}{why}", first.source, first.line)
