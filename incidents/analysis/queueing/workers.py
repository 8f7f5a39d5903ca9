"""How many requests a dyno serves at once, where no boot line says it."""

from __future__ import annotations

import math

import numpy as np

from .model import WAITED_MS, Job, Run, Typical, replay

CANDIDATES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 20, 24, 25, 30, 32, 40)


def estimate(lanes: dict[int, list[Job]], typical: Typical) -> int:
    """The W whose own times agree best with each endpoint's typical time; the smallest among equals."""
    busiest = sorted(lanes.values(), key=len, reverse=True)[:4]
    lanes_used = [_middle(jobs, 1_200) for jobs in busiest]
    most = max((_most_at_once(jobs) for jobs in lanes_used), default=1)
    scores: dict[int, float] = {}
    for workers in CANDIDATES:
        if workers > most and workers != 1:
            break
        scores[workers] = sum(_disagreement(replay(jobs, workers, typical), typical) for jobs in lanes_used)
        if scores[workers] > 1.5 * min(scores.values()):
            break  # past the valley: one worker too many already explains less
    least = min(scores.values())
    return next(workers for workers, score in scores.items() if score <= least * 1.1)


def _middle(jobs: list[Job], size: int) -> list[Job]:
    """The stretch of ``size`` jobs in which most time was spent."""
    if len(jobs) <= size:
        return jobs
    spent = np.cumsum([0.0] + [job.end - job.arrival for job in jobs])
    best = int(np.argmax(spent[size:] - spent[:-size]))
    return jobs[best : best + size]


def _most_at_once(jobs: list[Job]) -> int:
    """The largest number of requests that a dyno held at one time."""
    edges = sorted([(job.arrival, 1) for job in jobs] + [(job.end, -1) for job in jobs])
    depth = most = 0
    for _, step in edges:
        depth += step
        most = max(most, depth)
    return most


def _disagreement(runs: list[Run], typical: Typical) -> float:
    """How badly own times fit: |log(own / typical)| clipped at 3, summed over finished requests."""
    total = 0.0
    for run in runs:
        if run.job.timed_out:
            continue
        own = run.job.end - run.start
        expected = typical[run.job.endpoint]
        if own < -50:
            total += 6.0  # it would have ended before it began
        elif run.job.endpoint in typical.sure:
            # 20 ms on both sides: clocks jitter, and a fast endpoint's time is smaller than the jitter.
            total += min(3.0, abs(math.log((max(own, 0.0) + 20.0) / (expected + 20.0))))
    return total


def misfit(runs: dict[int, list[Run]], typical: Typical) -> tuple[float, int]:
    """Among requests that waited and finished: the share whose own time is impossible for the endpoint."""
    waited = wrong = 0
    for lane in runs.values():
        for run in lane:
            if run.job.timed_out or run.wait_ms < WAITED_MS:
                continue
            waited += 1
            own, expected = run.job.end - run.start, typical[run.job.endpoint]
            low, high = 0.2 * expected - 200.0, 5.0 * expected + 200.0
            wrong += not low <= own <= high
    return (wrong / waited if waited >= 10 else 0.0), waited
