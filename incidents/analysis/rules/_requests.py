"""Requests that rules look at one by one: those whose lines were kept because of some trouble."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from incidents.analysis.events import kind_of_process, of
from incidents.analysis.readers import router
from incidents.analysis.readers.router import RouterLine
from incidents.analysis.types import Array, Facts, Kind, Note

from .base import hits

SAME_MOMENT_US = 1_500_000
SEEN, AROUND_US = 10, 2_000_000


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
    """Failed requests of the same dyno within a second and a half of one of these lines, and the app's own 500s."""
    found: dict[int, Note] = {}
    spots: list[tuple[Note, RouterLine | None]] = [
        (note, line) for note, line in failed(facts) if line.code not in ("H10", "H20", "H14")
    ]
    spots += [(note, None) for note in hits(facts, "_status_500")]
    spots.sort(key=lambda spot: spot[0].at_us or 0)
    times = [note.at_us or 0 for note, _ in spots]
    for note in notes:
        if note.at_us is None:
            continue
        low, high = bisect_left(times, note.at_us - SAME_MOMENT_US), bisect_right(times, note.at_us + SAME_MOMENT_US)
        for spot, line in spots[low : min(high, low + 200)]:
            dyno = spot.process if line is None else line.dyno
            if dyno in ("", note.process):
                found[id(spot)] = spot
    return list(found.values())


def survived(facts: Facts, note: Note) -> bool:
    """Trouble that a web process wrote down and lived with: the router shows its requests before and after, all fine."""
    times, bad = _served(facts)
    if note.at_us is None or len(times) < SEEN or kind_of_process(note.process) != "web":
        return False
    low = int(np.searchsorted(times, note.at_us - AROUND_US))
    high = int(np.searchsorted(times, note.at_us + AROUND_US, side="right"))
    return low > 0 and high < len(times) and bool(bad[high] == bad[low])


def _served(facts: Facts) -> tuple[Array, Array]:
    """When requests ended, and how many of those before each were turned down or failed."""
    if "served" not in facts.cache:
        table = facts.requests
        bad = np.concatenate([[0], np.cumsum((table.status >= 400) | table.failed)])
        facts.cache["served"] = (table.at_us, bad)
    found: tuple[Array, Array] = facts.cache["served"]
    return found
