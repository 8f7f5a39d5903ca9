"""Columns to sums: everything of a chunk that adds up. A chunk without its duplicates is summed the same way."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .endpoints import APDEX_T_MS, buckets
from .types import MAX_MS, NO_TIME, Array, CodeCount, Columns, EndpointSums, Histograms, Rollup

MINUTE_US = 60_000_000
MOST_CLIENTS = 4_096
"""Of more failed clients, those with the smallest hashes stand for all: a sample that does not depend on order."""
BUCKETS = 2_048  # more than any bucket of MAX_MS
_UNTIMED = -(2**36)
_ENDPOINT_BITS = 24


class Sums(NamedTuple):
    """See the fields of the same names in `ChunkResult`."""

    codes: dict[str, CodeCount]
    endpoints: EndpointSums
    histograms: Histograms
    minutes: dict[int, dict[str, int]]
    clients: dict[str, int]
    rollup: Rollup


def sums(columns: Columns) -> Sums:
    """The sums of a chunk."""
    table, names = columns.request, columns.names
    minute = _minutes(table.at_us)
    whole = _roll(columns, minute)
    timed = whole.minute != _UNTIMED
    clients = np.bincount(table.client, minlength=1)
    seen = {names["client"][index]: int(clients[index]) for index in np.flatnonzero(clients).tolist() if index}
    return Sums(
        _codes(columns), _endpoints(columns, whole),
        Histograms(*histogram(whole.endpoint[whole.hist_row], whole.hist_bucket, whole.hist_count)),
        _per_minute(columns, minute), dict(sorted(seen.items())[:MOST_CLIENTS]),
        whole if timed.all() else keep(whole, timed),
    )  # fmt: skip


def keep(rollup: Rollup, rows: Array) -> Rollup:
    """Only the rows that the boolean array ``rows`` names."""
    place = np.cumsum(rows) - 1
    held = rows[rollup.hist_row]
    hist_row = place[rollup.hist_row[held]].astype(np.int32)
    columns = (
        *(column[rows] for column in per_row(rollup)),
        hist_row,
        rollup.hist_bucket[held],
        rollup.hist_count[held],
    )
    return Rollup.of(columns, rollup.step)


def per_row(rollup: Rollup) -> tuple[Array, ...]:
    """The columns of a rollup that have one value per row, in the order of its fields."""
    return (
        rollup.minute, rollup.endpoint, rollup.count, rollup.satisfied, rollup.tolerating, rollup.total_ms,
        rollup.max_ms, rollup.errors, rollup.timeouts, rollup.unreached,
    )  # fmt: skip


def group(minute: Array, endpoint: Array) -> tuple[Array, Array, Array]:
    """Distinct (minute, endpoint) in order, and for each given pair its place among them."""
    key = (minute.astype(np.int64) << _ENDPOINT_BITS) | endpoint.astype(np.int64)
    distinct, place = np.unique(key, return_inverse=True)
    return distinct >> _ENDPOINT_BITS, (distinct & ((1 << _ENDPOINT_BITS) - 1)).astype(np.int32), place


def histogram(row: Array, bucket: Array, count: Array | None) -> tuple[Array, Array, Array]:
    """Sparse histogram entries added up, sorted by (row, bucket). ``count`` None counts each entry as one."""
    key = row.astype(np.int64) * BUCKETS + bucket
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    ends = np.append(first[1:], len(key)) if len(first) else first
    total = ends - first if count is None else np.add.reduceat(count[order], first) if len(first) else first
    distinct = key[first]
    return (distinct // BUCKETS).astype(np.int32), (distinct % BUCKETS).astype(np.int32), total.astype(np.int64)


def _minutes(at_us: Array) -> Array:
    return np.where(at_us == NO_TIME, _UNTIMED, at_us // MINUTE_US)


def _roll(columns: Columns, minute: Array) -> Rollup:
    """The rollup, with untimed requests in a minute of their own."""
    table = columns.request
    named = np.flatnonzero(table.endpoint > 0)
    minutes, endpoints, place = group(minute[named], table.endpoint[named])
    size = len(minutes)
    service = table.service_ms[named].astype(np.int64)
    reached = (table.dyno[named] > 0) & (service >= 0)
    spent, where = service[reached], place[reached]
    timeout = columns.names["code"].index("H12") if "H12" in columns.names["code"] else -1

    def count(mask: Array) -> Array:
        return np.bincount(place[mask], minlength=size)

    slowest = np.full(size, -1, dtype=np.int32)
    np.maximum.at(slowest, where, spent.astype(np.int32))
    return Rollup(
        minutes, endpoints, np.bincount(where, minlength=size),
        np.bincount(where[spent <= APDEX_T_MS], minlength=size),
        np.bincount(where[(spent > APDEX_T_MS) & (spent <= 4 * APDEX_T_MS)], minlength=size),
        np.bincount(where, weights=spent, minlength=size).astype(np.int64), slowest,
        count(table.failed[named]), count(table.code[named] == timeout), count(~reached),
        *histogram(where, buckets(spent), None),
    )  # fmt: skip


def _endpoints(columns: Columns, whole: Rollup) -> EndpointSums:
    table, most = columns.request, len(columns.names["endpoint"])
    found = np.unique(whole.endpoint)

    def total(values: Array) -> Array:
        return np.bincount(whole.endpoint, weights=values, minlength=most).astype(np.int64)[found]

    reached = (table.endpoint > 0) & (table.dyno > 0) & (table.service_ms >= 0)
    owner, spent = table.endpoint[reached], table.service_ms[reached].astype(np.int64)
    square = spent * spent
    high, low = (np.bincount(owner, weights=part, minlength=most) for part in (square >> 26, square & 0x3FFFFFF))
    fastest, slowest = np.full(most, MAX_MS + 1, dtype=np.int64), np.full(most, -1, dtype=np.int64)
    np.minimum.at(fastest, owner, spent)
    np.maximum.at(slowest, owner, spent)
    return EndpointSums(
        found.astype(np.int64), total(whole.count), total(whole.satisfied), total(whole.tolerating),
        total(whole.total_ms), high[found].astype(np.int64), low[found].astype(np.int64), total(whole.errors),
        total(whole.timeouts), total(whole.unreached), fastest[found], slowest[found],
    )  # fmt: skip


def _per_minute(columns: Columns, minute: Array) -> dict[int, dict[str, int]]:
    table = columns.request
    coded = _minutes(columns.at_us[columns.code_row])
    hundred = np.where(table.status > 0, table.status // 100, -1)
    groups = [("requests", minute), ("errors", minute[table.failed])]
    groups += [(f"status_{digit}xx", minute[hundred == digit]) for digit in np.unique(hundred).tolist() if digit >= 0]
    for code, name in enumerate(columns.names["code"][1:], 1):
        groups.append((name, np.concatenate((minute[table.code == code], coded[columns.code == code]))))
    every = np.unique(np.concatenate((minute, coded)))
    every = every[every != _UNTIMED]
    cells: list[dict[str, int]] = [{} for _ in every]
    for label, minutes in groups:
        place = np.searchsorted(every, minutes[minutes != _UNTIMED])
        counts = np.bincount(place, minlength=len(every))
        for index in np.flatnonzero(counts).tolist():
            cells[index][label] = int(counts[index])
    return {at: cell for at, cell in zip(every.tolist(), cells, strict=True) if cell}


def _codes(columns: Columns) -> dict[str, CodeCount]:
    table, result = columns.request, dict[str, CodeCount]()
    named = np.flatnonzero(table.code > 0)
    row = np.concatenate((columns.request_row[named], columns.code_row))
    code = np.concatenate((table.code[named], columns.code))
    order = np.argsort(row, kind="stable")
    row, code = row[order], code[order]
    for index, name in enumerate(columns.names["code"][1:], 1):
        rows = row[code == index]
        if not len(rows):
            continue
        times = columns.at_us[rows]
        timed = np.flatnonzero(times != NO_TIME)
        if len(timed):
            first = timed[int(times[timed].argmin())]
            window = int(times[first]), int(times[timed].max())
            result[name] = CodeCount(len(rows), *window, int(columns.line[rows[first]]))
        else:
            result[name] = CodeCount(len(rows), first_line=int(columns.line[rows[0]]))
    return result
