"""When it began: the first bad moment, with an interval, aware of where the log starts.

Where the cause knows its own first moment (the first slow request of the culprit), that is the onset. Else requests
are counted in short buckets by the time of their *arrival* (an H12 is logged 30 s after the trouble began). Before the
onset all buckets share one failure rate; from it on each has its own, because failures come in bursts. Every start is
weighed by its marginal likelihood (binomial, and beta-binomial), and the interval holds 95 % of the weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log, pi

import numpy as np

from .types import NO_TIME, Array, Facts, Finding

SLOW_MS = 5_000
"""From here on a request should not be a web request (s002 and Heroku's advice on H12)."""
_MOST_BUCKETS = 240
_NOT_FAILURES = ("H27", "H28", "H80", "H81", "H82")
_COVER = 0.95
_ALL_ALONG = 0.05
_PRECISION = 2.0
"""How alike the buckets of an incident are: low, because failures come in bursts."""


@dataclass(frozen=True, slots=True)
class Onset:
    """``low_us`` is None where the log starts after the trouble did. ``ended_us`` is None while it goes on."""

    at_us: int
    low_us: int | None
    high_us: int
    ended_us: int | None = None
    by: str = "requests"  # cause, requests or lines


def find(facts: Facts, findings: list[Finding]) -> Onset | None:
    """The onset of the incident, or None where nothing harmful has a time."""
    serious = [finding for finding in findings if not finding.harmless]
    if not serious:
        return None
    known = serious[0].onset_us
    if known is not None:
        low_us, at_us, high_us = known
        return Onset(at_us, low_us, high_us, _ended(facts), "cause")
    return _by_requests(facts) or _by_lines(facts, serious)


def _ended(facts: Facts) -> int | None:
    """When the last request failed, if requests went well for long enough after it."""
    wrong = np.flatnonzero(bad(facts))
    if not len(wrong):
        return None
    after = len(facts.requests) - 1 - int(wrong[-1])
    usual = max(10, 5 * int(np.quantile(np.diff(wrong), 0.95)) if len(wrong) > 1 else 10)
    return int(facts.requests.at_us[wrong[-1]]) if after >= usual else None


def bad(facts: Facts) -> Array:
    """Which requests went wrong: failed by the app or the router, or slower than `SLOW_MS`."""
    table = facts.requests
    failed = (table.status >= 500) | (table.service_ms >= SLOW_MS)
    innocent = [index for index, code in enumerate(facts.names["code"]) if code in _NOT_FAILURES]
    coded = (table.code > 0) & ~np.isin(table.code, innocent)
    websocket = (table.status == 101) | np.isin(table.code, innocent)
    return np.asarray((failed | coded) & ~websocket)


def _by_requests(facts: Facts) -> Onset | None:
    table = facts.requests
    rows = np.flatnonzero(table.at_us != NO_TIME)
    wrong = bad(facts)[rows]
    if len(rows) < 30 or wrong.sum() < 5:
        return None
    arrival = table.at_us[rows] - np.maximum(table.service_ms[rows], 0).astype(np.int64) * 1000
    low, high = int(arrival.min()), int(arrival.max())
    # The trouble spans more than one bucket, so buckets follow the stretch of the bad requests.
    width = max(1_000_000, (high - low) // _MOST_BUCKETS + 1)
    place = (arrival - low) // width
    size = int(place.max()) + 1
    total = np.bincount(place, minlength=size)
    failed = np.bincount(place, weights=wrong, minlength=size).astype(np.int64)
    found = _stretch(total, failed)
    if found is None:
        return None
    first, last, best = found
    inside = wrong & (place >= best)
    at = int(arrival[inside].min())
    # Trouble in the very first buckets may be older than the log.
    low_us = None if best == 0 and failed[0] else min(low + first * width, at)
    return Onset(at, low_us, max(low + (last + 1) * width, at), _ended(facts))


def _stretch(total: Array, failed: Array) -> tuple[int, int, int] | None:
    """(earliest, latest, best) bucket of the onset, or None if nothing began that beats chance."""
    stop = int(np.flatnonzero(failed)[-1]) + 1
    quiet = total[stop:].sum()  # healthy requests after the last failure count as those before each start
    total, failed = total[:stop], failed[:stop]
    n = np.concatenate(([0], np.cumsum(total)))[:-1] + quiet
    k = np.concatenate(([0], np.cumsum(failed)))[:-1]
    rate = float(failed.sum() / total.sum())
    a, b = _PRECISION * rate, _PRECISION * (1 - rate) + 1e-9
    bursts = _log_beta(failed + a, total - failed + b) - _log_beta(np.array([a]), np.array([b]))
    after = np.cumsum(bursts[::-1])[::-1]
    score = _log_beta(k + 0.5, n - k + 0.5) - log(pi) + after
    # Only a bucket with a failure can be the first bad one.
    score = np.where(failed > 0, score, -np.inf)
    best = int(np.argmax(score))
    wrong, right = failed.sum(), (total - failed).sum() + quiet
    chance = float(_log_beta(np.array([wrong + 0.5]), np.array([right + 0.5]))[0]) - log(pi)
    if best > 0 and score[best] < chance + log(3):
        # One rate explains it all: it failed from the start of the log, or too seldom to say since when.
        return (0, 0, 0) if failed[0] and rate >= _ALL_ALONG else None
    weight = np.exp(score - score[best])
    order = np.argsort(-weight, kind="stable")
    held = np.cumsum(weight[order]) / weight.sum()
    chosen = order[: int(np.searchsorted(held, _COVER)) + 1]
    # Trouble may begin in the quiet before the first failure that shows it.
    earlier = np.flatnonzero(total[: int(chosen.min())] > 0)
    return int(earlier[-1]) if len(earlier) else 0, int(chosen.max()), best


def _log_beta(x: Array, y: Array) -> Array:
    return np.array([lgamma(p) + lgamma(q) - lgamma(p + q) for p, q in zip(x.tolist(), y.tolist(), strict=True)])


def _by_lines(facts: Facts, serious: list[Finding]) -> Onset | None:
    """The first line that proves the first finding, or the first line of any where that one has no time."""
    for finding in serious:
        proofs = [proof.at_us for proof in finding.evidence if proof.at_us is not None]
        at = finding.first_us if finding.first_us is not None else min(proofs, default=None)
        if at is not None:
            before = [note.at_us for note in facts.notes if note.at_us is not None and note.at_us < at]
            return Onset(at, max(before, default=None), at, None, "lines")
    return None
