"""Which lines of a chunk meet a query: whole arrays at a time, from its columns first, from its text where needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from incidents.analysis.types import Array, Columns
from incidents.analysis.utc import parse_iso

from . import conditions as c
from .query import Query
from .syntax import All, Any, Field, Node, Not, Text

Masks = tuple[Array, Array]
"""Lines that certainly meet something, and lines that possibly do."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one chunk, or some of them. ``columns`` is None while they have not been read."""

    source: int
    first_line: int
    at_us: Array
    columns: Columns | None

    def __len__(self) -> int:
        return len(self.at_us)


class Matcher:
    """One query over one chunk. What the columns say of a condition is computed once."""

    def __init__(self, query: Query, lines: Lines) -> None:
        self.query = query
        self.lines = lines
        self._masks: dict[int, Array] = {}

    def by_columns(self) -> Masks:
        """What can be told of all lines without opening the text."""
        if self.query.node is None:
            every = np.ones(len(self.lines), dtype=np.bool_)
            return every, every
        return _combined(self.query.node, self._term)

    def _term(self, one: Text | Field) -> Masks:
        low, high = (np.zeros(len(self.lines), dtype=np.bool_) for _ in range(2))
        for condition in self.query.of(one):
            if isinstance(condition, c.ByText):
                high[:] = True
            else:
                low |= self._mask(condition)
                high |= self._mask(condition)
        return low, high

    def by_text(self, rows: Array, block: bytes, first_row: int, size: int) -> Array:
        """Which of ``rows`` (from 0 in the chunk, all in this block of ``size`` rows) meet the query."""
        if self.query.node is None:
            return np.ones(len(rows), dtype=np.bool_)
        starts: list[Array] = []

        def term(one: Text | Field) -> Masks:
            mask = np.zeros(len(rows), dtype=np.bool_)
            for condition in self.query.of(one):
                if not isinstance(condition, c.ByText):
                    mask |= self._mask(condition)[rows]
                elif hits := _hits(condition, block):
                    if not starts:
                        ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n"))
                        starts.append(np.concatenate((np.zeros(1, dtype=np.int64), ends + 1)))
                    told = np.zeros(size + 1, dtype=np.bool_)
                    told[np.minimum(np.searchsorted(starts[0], hits, side="right") - 1, size)] = True
                    mask |= told[:size][rows - first_row]
            return mask, mask

        return _combined(self.query.node, term)[0]

    def _mask(self, condition: c.ByColumns | c.ByTime | c.ByPlace) -> Array:
        found = self._masks.get(id(condition))
        if found is None:
            found = self._masks[id(condition)] = _mask(condition, self.lines)
        return found


def _mask(condition: c.ByColumns | c.ByTime | c.ByPlace, lines: Lines) -> Array:
    match condition:
        case c.ByTime():
            return condition.holds(lines.at_us)
        case c.ByPlace():
            return _at_places(condition.lines.get(lines.source, frozenset()), lines)
    if lines.columns is None:  # not read yet, so nothing is known about its lines
        return np.zeros(len(lines), dtype=np.bool_)
    return condition.lines_of(lines.columns, lines.first_line, len(lines))


def _at_places(wanted: frozenset[int] | None, lines: Lines) -> Array:
    if wanted is None:
        return np.ones(len(lines), dtype=np.bool_)
    mask = np.zeros(len(lines), dtype=np.bool_)
    for line in wanted:
        if lines.first_line <= line < lines.first_line + len(lines):
            mask[line - lines.first_line] = True
    return mask


def _combined(node: Node, term: Callable[[Text | Field], Masks]) -> Masks:
    match node:
        case Not(inner):
            low, high = _combined(inner, term)
            return ~high, ~low
        case All(nodes):
            pairs = [_combined(one, term) for one in nodes]
            return np.logical_and.reduce([low for low, _ in pairs]), np.logical_and.reduce([high for _, high in pairs])
        case Any(nodes):
            pairs = [_combined(one, term) for one in nodes]
            return np.logical_or.reduce([low for low, _ in pairs]), np.logical_or.reduce([high for _, high in pairs])
        case Text() | Field():
            return term(node)


def _hits(condition: c.ByText, block: bytes) -> list[int]:
    """Where the expression is found, at most once in each line."""
    found = []
    at = 0
    while match := condition.pattern.search(block, at):
        found.append(match.start())
        at = block.find(b"\n", match.start()) + 1
        if not at or at >= len(block):
            break
    return found


# -- by the summary of a chunk ----------------------------------------------------------------------------------------
def may_match(query: Query, source: int, summary: c.Summary | None, span: tuple[int, int] | None) -> bool:
    """False if the summary proves that no line of the chunk matches. ``span``: its first and last time."""
    if query.node is None:
        return True

    def can(condition: c.Condition) -> tuple[bool, bool]:
        """Whether some line can meet it, and whether some line can fail to."""
        match condition:
            case c.ByColumns() if summary:
                return condition.others or condition.needs(summary), True
            case c.ByTime() if span is not None:
                return condition.overlaps(span), not condition.covers(span)
            case c.ByPlace():
                wanted = condition.lines.get(source, frozenset())
                return wanted is None or bool(wanted), wanted is not None
        return True, True

    def told(node: Node) -> tuple[bool, bool]:
        match node:
            case Not(inner):
                yes, no = told(inner)
                return no, yes
            case All(nodes):
                pairs = [told(one) for one in nodes]
                return all(yes for yes, _ in pairs), any(no for _, no in pairs)
            case Any(nodes):
                pairs = [told(one) for one in nodes]
                return any(yes for yes, _ in pairs), all(no for _, no in pairs)
            case Text() | Field():
                pairs = [can(condition) for condition in query.of(node)]
                return any(yes for yes, _ in pairs), all(no for _, no in pairs)

    return told(query.node)[0]


def span_of(summary: c.Summary | None) -> tuple[int, int] | None:
    """First and last time of a chunk in microseconds since 1970."""
    first, last = ((summary or {}).get(name) for name in ("first_utc", "last_utc"))
    if not first or not last:
        return None
    low, high = parse_iso(first), parse_iso(last)
    return (low, high) if low is not None and high is not None else None
