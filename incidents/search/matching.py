"""Which lines of a chunk meet the conditions on columns: whole arrays at a time, no line is opened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from incidents.analysis.types import NO_TIME, Array, Columns

from .query import KINDS, Query, Term


def matching_lines(query: Query, columns: Columns, first_line: int, lines: int) -> Array | None:
    """Numbers of the lines that may match, ascending; None if the columns rule nothing out."""
    if not query.terms:
        return None
    everything = np.arange(first_line, first_line + lines, dtype=np.int64)
    kept = np.ones(lines, dtype=bool)
    for term in query.terms:
        found = np.zeros(lines, dtype=bool)
        numbers = _lines_of(term, columns, everything) - first_line
        found[numbers[(numbers >= 0) & (numbers < lines)]] = True
        kept &= ~found if term.negated else found
    return everything[kept]


def rules_out(query: Query, summary: dict[str, Any] | None) -> bool:
    """Whether the summary of a chunk proves that no line in it matches."""
    if not summary:
        return False
    if "codes" in summary and not query.codes <= set(summary["codes"]):
        return True
    first, last = (_micros(summary.get(name)) for name in ("first_utc", "last_utc"))
    for term in query.terms:
        if first is None or last is None or term.negated:
            continue
        if (term.name == "after" and last < term.value) or (term.name == "before" and first >= term.value):
            return True
    return False


def _micros(text: str | None) -> int | None:
    return round(datetime.fromisoformat(text).timestamp() * 1_000_000) if text else None


def _lines_of(term: Term, columns: Columns, everything: Array) -> Array:
    request, lines = columns.request, np.zeros(0, dtype=np.int64)
    match term.name:
        case "kind" if term.value == "other":  # what no format could read has no row in the columns
            lines = np.setdiff1d(everything, columns.line)
        case "kind":
            lines = columns.line[columns.kind == KINDS[term.value]]
        case "code":
            code = _index(columns.names["code"], term.value)
            of_dynos = columns.line[columns.code_row[columns.code == code]]
            lines = np.concatenate((of_dynos, request.line[request.code == code]))
        case "status":
            lines = request.line[term.value.holds(request.status)]
        case "service":
            lines = request.line[term.value.holds(request.service_ms)]
        case "endpoint":
            lines = request.line[request.endpoint == _index(columns.names["endpoint"], term.value)]
        case "dyno":
            lines = _of_dyno(term.value, columns)
        case "after":
            lines = columns.line[(columns.at_us >= term.value) & (columns.at_us != NO_TIME)]
        case "before":
            lines = columns.line[(columns.at_us < term.value) & (columns.at_us != NO_TIME)]
    return lines


def _of_dyno(name: str, columns: Columns) -> Array:
    """Lines of a process (``web.1``, ``router``, ``api``) and requests that it served; ``web`` means every web dyno."""
    processes = [
        index
        for index, full in enumerate(columns.names["process"])
        if _is_named(full.partition("[")[2].rstrip("]"), name)
    ]
    dynos = [index for index, full in enumerate(columns.names["dyno"]) if _is_named(full, name)]
    request = columns.request
    return np.concatenate(
        (columns.line[np.isin(columns.process, processes)], request.line[np.isin(request.dyno, dynos)])
    )


def _is_named(full: str, name: str) -> bool:
    return bool(full) and (full == name or full.startswith((f"{name}.", f"{name}-")))


def _index(names: list[str], name: str) -> int:
    return names.index(name) if name in names else -1
