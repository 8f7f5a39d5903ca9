"""What the page of one endpoint shows beyond its row: answers, dynos, who waited behind whom, examples, releases.

Everything is derived from the facts of a merge, bounded, and made of plain lists and numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import queueing, releases, traffic
from .endpoints import buckets
from .types import NO_TIME, Facts, Rollup
from .utc import iso

MOST_DETAILED = 300
"""Endpoints, the most time consuming."""
MOST_FAILING = 100
"""Besides these, the ones with the most errors."""
MOST_ANSWERS, MOST_DYNOS, MOST_PAIRS = 30, 60, 8
SLOWEST, FAILED = 8, 4
"""Examples per endpoint."""


@dataclass(slots=True)
class Details:
    """``names`` are what ``rollup.endpoint`` indexes; ``endpoints`` and ``releases`` see `details`."""

    names: list[str] = field(default_factory=list)
    rollup: Rollup = field(default_factory=Rollup.empty)
    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    releases: list[dict[str, Any]] = field(default_factory=list)
    left_out: int = 0  # requests that are in no endpoint's answers: see `answers.MOST_ROWS`
    complete: bool = True  # False: examples, waiting and releases know only the requests around the trouble

    def dump(self) -> bytes:
        """As bytes for storage: the same bytes for the same details."""
        from .details_store import dump

        return dump(self)

    @classmethod
    def load(cls, data: bytes) -> Details:
        """The details that `dump` wrote. Raises ValueError for anything else."""
        from .details_store import load

        return load(data)


def details(facts: Facts) -> Details:
    """All details of an incident."""
    chosen = _chosen(facts)
    rows: dict[int, dict[str, Any]] = {number: {} for number in chosen}
    _answers(facts, rows)
    _waits(facts, rows)
    _examples(facts, rows)
    names = facts.names["endpoint"]
    found, place = np.unique(facts.rollup.endpoint, return_inverse=True)
    rollup = Rollup.of(
        (getattr(facts.rollup, name) if name != "endpoint" else place for name in Rollup.__slots__ if name != "step"),
        facts.rollup.step,
    )
    return Details(
        [names[number] for number in found.tolist()], rollup,
        {names[number]: row for number, row in rows.items()},
        [_release(facts, release) for release in releases.compare(facts)],
        facts.answers.left_out if facts.answers else 0, facts.requests_complete,
    )  # fmt: skip


def _chosen(facts: Facts) -> list[int]:
    """The numbers of the endpoints that get details, in order."""
    number = {name: index for index, name in enumerate(facts.names["endpoint"])}
    counts = facts.endpoints
    by_time = sorted(counts, key=lambda name: (-counts[name].total_ms, name))[:MOST_DETAILED]
    by_errors = sorted(counts, key=lambda name: (-counts[name].errors, name))[:MOST_FAILING]
    return sorted({number[name] for name in (*by_time, *by_errors)})


def _answers(facts: Facts, rows: dict[int, dict[str, Any]]) -> None:
    """``answers``: [status or None, code, requests]; ``dynos``: [name, requests, mean ms, errors]; the most first."""
    if facts.answers is None:
        return
    codes, dynos = facts.names["code"], facts.names["dyno"]
    for endpoint, status, code, count, *_ in facts.answers.answers.rows():
        if endpoint in rows:
            rows[endpoint].setdefault("answers", []).append([status - 1 if status else None, codes[code], count])
    for endpoint, _, dyno, count, total_ms, errors in facts.answers.dynos.rows():
        if endpoint in rows and dyno < len(dynos):
            rows[endpoint].setdefault("dynos", []).append([dynos[dyno], count, round(total_ms / count, 1), errors])
    for row in rows.values():
        row["answers"] = sorted(row.get("answers", []), key=lambda one: (-one[2], str(one)))[:MOST_ANSWERS]
        row["dynos"] = sorted(row.get("dynos", []), key=lambda one: (-one[1], one[0]))[:MOST_DYNOS]


def _waits(facts: Facts, rows: dict[int, dict[str, Any]]) -> None:
    """``own`` and ``waited`` as [bucket, requests]; ``behind`` and ``before`` as [endpoint, ms of waiting]."""
    found = traffic.attribution(facts)
    if found is None or not found.fits:
        return
    names = facts.names["endpoint"]
    for share in found.shares.values():
        if share.endpoint in rows:
            row = rows[share.endpoint]
            row["own"], row["waited"] = _histogram(share.own_ms), _histogram(share.wait_ms)
            row["replayed"], row["waited_ms"], row["blame_ms"] = share.count, round(sum(share.wait_ms)), 0
    ordered = sorted(queueing.pairs(found.runs).items(), key=lambda pair: (-pair[1], pair[0]))
    for (waits, holds), waited_ms in ordered:
        for endpoint, other, key in ((waits, holds, "behind"), (holds, waits, "before")):
            if endpoint not in rows:
                continue
            row = rows[endpoint]
            known = row.setdefault(key, [])
            if len(known) < MOST_PAIRS and waited_ms >= 1:
                known.append([names[other], round(waited_ms)])
        if holds in rows:
            rows[holds]["blame_ms"] = rows[holds].get("blame_ms", 0) + round(waited_ms)


def _histogram(times_ms: list[float]) -> list[list[int]]:
    found, count = np.unique(buckets(np.asarray(times_ms).round().astype(np.int64)), return_counts=True)
    return [list(pair) for pair in zip(found.tolist(), count.tolist(), strict=True)]


def _examples(facts: Facts, rows: dict[int, dict[str, Any]]) -> None:
    """``slowest`` and ``failed``: requests with their lines."""
    table = facts.requests
    waits = _wait_of(facts)
    mine = np.flatnonzero(np.isin(table.endpoint, np.array(list(rows), dtype=np.int64)))
    by_time = mine[np.lexsort((mine, -table.service_ms[mine].astype(np.int64), table.endpoint[mine]))]
    wrong = mine[table.failed[mine]]
    by_failure = wrong[np.argsort(table.endpoint[wrong], kind="stable")]
    for key, order, most in (("slowest", by_time, SLOWEST), ("failed", by_failure, FAILED)):
        starts: list[int] = np.flatnonzero(np.diff(table.endpoint[order], prepend=-1)).tolist()
        for start, stop in zip(starts, [*starts[1:], len(order)][: len(starts)], strict=True):
            chosen = order[start : min(stop, start + most)].tolist()
            rows[int(table.endpoint[order[start]])][key] = [_example(facts, row, waits.get(row)) for row in chosen]


def _example(facts: Facts, row: int, wait_ms: float | None) -> dict[str, Any]:
    table = facts.requests
    at_us = int(table.at_us[row])
    return {
        "source": int(facts.request_source[row]), "line": int(table.line[row]),
        "utc": None if at_us == NO_TIME else iso(at_us), "service_ms": _known(table.service_ms[row]),
        "status": _known(table.status[row]), "code": facts.names["code"][int(table.code[row])],
        "dyno": facts.names["dyno"][int(table.dyno[row])], "waited_ms": None if wait_ms is None else round(wait_ms),
    }  # fmt: skip


def _known(value: Any) -> int | None:
    return int(value) if value >= 0 else None


def _wait_of(facts: Facts) -> dict[int, float]:
    found = traffic.attribution(facts)
    if found is None or not found.fits:
        return {}
    return {run.job.row: max(run.wait_ms, 0.0) for lane in found.runs.values() for run in lane}


def _release(facts: Facts, release: releases.Release) -> dict[str, Any]:
    from .redact import redact  # which those who only read chunks need not load

    whole = release.whole
    return {
        "utc": iso(release.event.at_us), "title": redact(release.title), "source": release.event.source,
        "line": release.event.line,
        "whole": None if whole is None else {
            "before": whole.before, "after": whole.after, "mean_before_ms": round(whole.mean_before_ms, 1),
            "mean_after_ms": round(whole.mean_after_ms, 1), "adjusted_ms": round(whole.adjusted_ms, 1),
            "low_ms": round(whole.low_ms, 1), "high_ms": round(whole.high_ms, 1),
        },
        "endpoints": {
            facts.names["endpoint"][one.endpoint]: {
                "before": one.before, "after": one.after, "p50_before_ms": round(one.p50_before_ms),
                "p50_after_ms": round(one.p50_after_ms), "p95_before_ms": round(one.p95_before_ms),
                "p95_after_ms": round(one.p95_after_ms), "shift_ms": round(one.shift_ms, 1),
                "low_ms": round(one.low_ms, 1), "high_ms": round(one.high_ms, 1), "sure": one.sure,
            }
            for one in release.endpoints
        },
    }  # fmt: skip
