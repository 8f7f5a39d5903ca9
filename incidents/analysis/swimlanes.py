"""Who waited for whom, as rows to draw: requests per dyno and worker around the trouble, as the queue model sees them.

    found = lanes(facts)
    found["rows"]      # [dyno, endpoint, worker, arrival, start, end, finish, flags, source, line], by arrival

Times are ms after ``start_us``. A request waits from its arrival to its start, a worker works on it from then to its
finish, and the router answers at its end, which comes earlier where the request was cut off.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from . import traffic
from .queueing import Attribution, Run
from .redact import redact
from .types import Array, Facts

COLUMNS = ("dyno", "endpoint", "worker", "arrival_ms", "start_ms", "end_ms", "finish_ms", "flags", "source", "line")
TIMED_OUT, INFERRED = 1, 2
"""Flags: the router answered H12 · nobody saw the end, it is estimated."""
MOST_ROWS = 6_000
MOST_IN_A_MINUTE = 400
"""Of a busy minute the longest requests are drawn: the others would be thinner than a line."""
LANE_SECONDS = 120
MINUTE_MS = 60_000
_PATH = re.compile(r' path="?([^" ]{1,2000})')
_REQUEST_ID = re.compile(r" request_id=([\w.:-]{1,100})")
MOST_PATH = 160


def lanes(facts: Facts) -> dict[str, Any]:
    """Empty without trouble, or where the model does not fit the log: a picture would then claim what nobody knows."""
    found = traffic.attribution(facts)
    if found is None or not found.fits or not found.runs:
        return {}
    every = [(run, dyno) for dyno, runs in found.runs.items() for run in runs]
    every.sort(key=lambda item: (item[0].job.arrival, item[1], item[0].job.row))
    kept, left_out = _bounded(every)
    low = kept[0][0].job.arrival
    dynos, endpoints = _Names(facts.names["dyno"]), _Names(facts.names["endpoint"])
    rows, details = [], {}
    for place, (run, dyno) in enumerate(kept):
        source, line = int(facts.request_source[run.job.row]), int(facts.requests.line[run.job.row])
        flags = TIMED_OUT * run.job.timed_out + INFERRED * run.inferred
        times = (round(at - low) for at in (run.job.arrival, run.start, run.job.end, run.finish))
        rows.append([dynos.at(dyno), endpoints.at(run.job.endpoint), run.worker, *times, flags, source, line])
        detail = _detail(facts, source, line)
        if any(detail):
            details[str(place)] = list(detail)
    return {
        "start_us": began_us(facts, found) + round(low * 1000),
        "end_ms": max(row[6] for row in rows),
        "worst_ms": round(_worst([run for run, _ in kept]) - low),
        "workers": found.workers, "workers_from": found.workers_from,
        "dynos": dynos.used, "endpoints": endpoints.used, "rows": rows, "details": details,
        "left_out": [[round(minute * MINUTE_MS - low), count, longest] for minute, count, longest in left_out],
    }  # fmt: skip


def began_us(facts: Facts, found: Attribution) -> int:
    """The instant from which the model counts its ms."""
    run = next(run for runs in found.runs.values() for run in runs)
    return int(facts.requests.at_us[run.job.row] - run.job.end * 1000)


class _Names:
    """Names in the order of their first use, so that the rows carry small numbers."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._places: dict[int, int] = {}
        self.used: list[str] = []

    def at(self, index: int) -> int:
        if index not in self._places:
            self._places[index] = len(self.used)
            self.used.append(self._names[index])
        return self._places[index]


def _bounded(every: list[tuple[Run, int]]) -> tuple[list[tuple[Run, int]], list[tuple[int, int, int]]]:
    """The longest requests of each minute, of the worst minutes first; and (minute, number left out, the longest)."""
    minutes: dict[int, list[tuple[Run, int]]] = {}
    for item in every:
        minutes.setdefault(int(item[0].job.arrival // MINUTE_MS), []).append(item)
    kept: list[tuple[Run, int]] = []
    left_out = []
    badness = {minute: sum(_harm(run) for run, _ in items) for minute, items in minutes.items()}
    for minute in sorted(minutes, key=lambda minute: (-badness[minute], minute)):
        items = minutes[minute]
        longest = sorted(items, key=lambda item: (-_held(item[0]), item[0].job.row))
        taken = longest[: min(MOST_IN_A_MINUTE, MOST_ROWS - len(kept))]
        rest = longest[len(taken) :]
        kept += taken
        if rest:
            left_out.append((minute, len(rest), round(_held(rest[0][0]))))
    kept.sort(key=lambda item: (item[0].job.arrival, item[1], item[0].job.row))
    return kept, sorted(left_out)


def _held(run: Run) -> float:
    """From the arrival until both the client and the dyno were done with it, in ms."""
    return max(run.finish, run.job.end) - run.job.arrival


def _harm(run: Run) -> float:
    """What its client suffered, in ms: waiting, and a cut at 30 s on top."""
    return max(0.0, min(run.start, run.job.end) - run.job.arrival) + 30_000 * run.job.timed_out


def _worst(runs: list[Run]) -> float:
    """The beginning of the `LANE_SECONDS` in which clients suffered the most."""
    order = sorted(runs, key=lambda run: run.job.end)
    ends: Array = np.array([run.job.end for run in order])
    sums = np.concatenate(([0.0], np.cumsum([_harm(run) for run in order])))
    until = np.searchsorted(ends, ends + LANE_SECONDS * 1000)
    return float(ends[int((sums[until] - sums[:-1]).argmax())])


def _detail(facts: Facts, source: int, line: int) -> tuple[str, str]:
    """Path and request id, where the line itself was kept."""
    note = traffic.note_at(facts, source, line)
    return request_in(note.raw) if note is not None else ("", "")


def request_in(line: str) -> tuple[str, str]:
    """Path, credentials masked, and request id of a router line; empty where they are not in it."""
    path, request_id = _PATH.search(line[:4_000]), _REQUEST_ID.search(line[:4_000])
    return redact(path[1])[:MOST_PATH] if path else "", request_id[1] if request_id else ""
