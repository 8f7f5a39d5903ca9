"""Which endpoint waited behind which: the waiting time of every dyno, shared among those that held its workers."""

from __future__ import annotations

from collections import defaultdict

from .model import Run

Pairs = dict[tuple[int, int], float]
"""(endpoint that waited, endpoint that held a worker meanwhile) -> ms."""
_WAIT, _HOLD = 0, 1


def pairs(runs: dict[int, list[Run]]) -> Pairs:
    """All dynos together. The sum over those that held is what `Share.blame_ms` says."""
    found: Pairs = defaultdict(float)
    for lane in runs.values():
        _sweep(lane, found)
    return dict(found)


def _sweep(lane: list[Run], found: Pairs) -> None:
    edges: list[tuple[float, int, int, int]] = []  # time, waits or holds, endpoint, +1 or -1
    for run in lane:
        endpoint = run.job.endpoint
        until = min(run.start, run.job.end)  # a wait counts only as long as the client was there to suffer it
        if until - run.job.arrival >= 1:
            edges += [(run.job.arrival, _WAIT, endpoint, 1), (until, _WAIT, endpoint, -1)]
        if run.finish > run.start:
            edges += [(run.start, _HOLD, endpoint, 1), (run.finish, _HOLD, endpoint, -1)]
    edges.sort()
    now: tuple[dict[int, int], dict[int, int]] = ({}, {})
    waiting, holding = now
    before = 0.0
    for at, what, endpoint, step in edges:
        if waiting and holding:
            each = (at - before) / sum(holding.values())
            for waits, many in waiting.items():
                for holds, held in holding.items():
                    found[waits, holds] += each * many * held
        before = at
        number = now[what].get(endpoint, 0) + step
        if number:
            now[what][endpoint] = number
        else:
            del now[what][endpoint]
