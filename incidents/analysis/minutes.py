"""What happened in each minute, in a form that adds up: the only thing that detection on the live stream looks at.

A cell is a dictionary of counts: ``lines``, ``requests``, ``errors``, ``status_2xx`` …, one entry per code (``H12``,
``R14``, ``L10``), ``crash`` (a dyno went from up or starting to crashed) and ``deploy`` (releases and restarts). Absent
means zero. Minutes count from 1970-01-01T00:00Z. Cells of chunks are added, so that their order does not matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from .readers import dyno
from .rollup import MINUTE_US
from .types import NO_TIME, ChunkResult, Kind, Note

Cell = Mapping[str, int]
Minutes = Mapping[int, Cell]
_PASSING = ("run.", "scheduler.", "release.")
"""Processes that are meant to end; a failed one-off command is no crash of the app."""
_RELEASES = ("Release v", "Deploy ", "Deployed ", "Rollback to ")


def minutes_of(result: ChunkResult) -> dict[int, dict[str, int]]:
    """The cells of one chunk."""
    found: dict[int, dict[str, int]] = {minute: dict(cell) for minute, cell in result.minutes.items()}
    at_us = result.columns.at_us
    minute, count = np.unique(at_us[at_us != NO_TIME] // MINUTE_US, return_counts=True)
    for at, lines in zip(minute.tolist(), count.tolist(), strict=True):
        found.setdefault(at, {})["lines"] = lines
    for note in result.notes:
        name = _mark(note)
        if name and note.at_us is not None:
            cell = found.setdefault(note.at_us // MINUTE_US, {})
            cell[name] = cell.get(name, 0) + 1
    return found


def add(parts: Iterable[Minutes]) -> dict[int, dict[str, int]]:
    """Cells of many chunks as one."""
    whole: dict[int, Counter[str]] = {}
    for part in parts:
        for minute, cell in part.items():
            whole.setdefault(minute, Counter()).update(cell)
    return {minute: dict(whole[minute]) for minute in sorted(whole)}


def _mark(note: Note) -> str:
    if note.kind == Kind.API:
        return "deploy" if note.text.startswith(_RELEASES) else ""
    if note.kind != Kind.DYNO or note.process.startswith(_PASSING):
        return ""
    read = dyno.read(note.text)
    if read is None:
        return ""
    kind, detail = read
    if kind in ("restart", "cycle"):
        return "deploy"
    return "crash" if kind == "state" and detail["new"] == "crashed" and detail["old"] != "crashed" else ""
