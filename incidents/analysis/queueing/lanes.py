"""Which requests are looked at: those around the trouble, per dyno, in order of arrival."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from incidents.analysis.types import NO_TIME, Array, Facts

from .model import SLOW_OWN_MS, Job

MOST_REQUESTS = 20_000
_CALM_US = 60_000_000


def lanes_of(facts: Facts) -> dict[int, list[Job]]:
    """Requests per dyno, in order of arrival, from the minutes around the trouble."""
    table = facts.requests
    timed = (table.dyno > 0) & (table.service_ms >= 0) & (table.at_us != NO_TIME)
    rows = np.flatnonzero(timed & ~_open_connections(facts))
    rows = _since_trouble(facts, rows)
    if len(rows) > MOST_REQUESTS:
        rows = _around_trouble(facts, rows)
    if not len(rows):
        return {}
    at_ms = (table.at_us[rows] - table.at_us[rows].min()) / 1000.0
    timeout = _code_index(facts, "H12")
    lanes: dict[int, list[Job]] = defaultdict(list)
    columns = (at_ms, table.service_ms[rows], table.dyno[rows], table.endpoint[rows], table.code[rows], rows)
    for end, service, dyno, endpoint, code, row in zip(*(column.tolist() for column in columns), strict=True):
        lanes[dyno].append(Job(end - service, end, endpoint, code == timeout, row))
    for jobs in lanes.values():
        jobs.sort()
    return dict(sorted(lanes.items()))


def _open_connections(facts: Facts) -> Array:
    """Websockets and streams: their service time is the age of a connection, which holds no worker for that long."""
    names = facts.names["code"]
    idle = [names.index(code) for code in ("H15", "H28") if code in names]
    return np.asarray((facts.requests.status == 101) | np.isin(facts.requests.code, idle))


def _since_trouble(facts: Facts, rows: Array) -> Array:
    """Leave out what lies more than a minute before the first slow request: an endpoint may have been quick then."""
    table = facts.requests
    arrival = table.at_us[rows] - table.service_ms[rows].astype(np.int64) * 1000
    slow = table.service_ms[rows] >= SLOW_OWN_MS
    return np.asarray(rows[arrival >= arrival[slow].min() - _CALM_US]) if slow.any() else rows


def _code_index(facts: Facts, code: str) -> int:
    names = facts.names["code"]
    return names.index(code) if code in names else -1


def _around_trouble(facts: Facts, rows: Array) -> Array:
    """At most `MOST_REQUESTS` rows: the stretch of the log that ends shortly after its worst ten minutes."""
    table = facts.requests
    bad = (table.code[rows] == _code_index(facts, "H12")) | (table.service_ms[rows] >= 5_000)
    sums = np.concatenate(([0], np.cumsum(bad)))
    size = MOST_REQUESTS
    best = int(np.argmax(sums[size:] - sums[:-size]))
    return np.asarray(rows[best : best + size])
