"""What a line must be like: conditions on its columns, its text, its time or its place.

Each says which of a chunk's lines meet it (``lines_of``), and whether a chunk can have such lines at all by its summary
(``may_hold``), so that most chunks are never opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np
import re2

from incidents.analysis.types import Array, Columns, Kind

Summary = Mapping[str, Any]
KINDS = {kind.name.lower(): kind for kind in Kind}


class Compared(NamedTuple):
    """Numbers from ``low`` to ``high``, both included; None is open. What was not printed is never meant."""

    low: int | None = None
    high: int | None = None

    def holds(self, values: Array) -> Array:
        found: Array = values >= max(0, self.low or 0)
        return found if self.high is None else found & (values <= self.high)


@dataclass(frozen=True, slots=True)
class ByColumns:
    """``lines`` gives the numbers of the lines that meet it, or with ``others`` of those that don't.

    ``needs`` says by a chunk's summary whether it can have any.
    """

    lines: Callable[[Columns], Array]
    needs: Callable[[Summary], bool] = lambda summary: True
    others: bool = False

    def lines_of(self, columns: Columns, first_line: int, size: int) -> Array:
        mask = np.zeros(size, dtype=np.bool_)
        numbers = self.lines(columns).astype(np.int64) - first_line
        mask[numbers[(numbers >= 0) & (numbers < size)]] = True
        return ~mask if self.others else mask


@dataclass(frozen=True, slots=True)
class ByText:
    """An expression that is found in the line."""

    pattern: re2._Regexp[bytes]


@dataclass(frozen=True, slots=True)
class ByTime:
    """From ``low_us`` on, and before ``high_us``. Lines without a time have that of the one before them."""

    low_us: int | None = None
    high_us: int | None = None

    def holds(self, at_us: Array) -> Array:
        found: Array = np.ones(len(at_us), dtype=np.bool_)
        if self.low_us is not None:
            found &= at_us >= self.low_us
        if self.high_us is not None:
            found &= at_us < self.high_us
        return found

    def overlaps(self, span: tuple[int, int]) -> bool:
        """Whether some moment of the span (both ends included) can meet it."""
        return (self.low_us is None or span[1] >= self.low_us) and (self.high_us is None or span[0] < self.high_us)

    def covers(self, span: tuple[int, int]) -> bool:
        return (self.low_us is None or span[0] >= self.low_us) and (self.high_us is None or span[1] < self.high_us)


@dataclass(frozen=True, slots=True)
class ByPlace:
    """Lines by source and number; ``lines`` None means every line of a source."""

    lines: Mapping[int, frozenset[int] | None]


Condition = ByColumns | ByText | ByTime | ByPlace


# -- by columns -------------------------------------------------------------------------------------------------------
def of_kinds(names: list[str]) -> ByColumns:
    wanted = [int(KINDS[name]) for name in names]

    def lines(columns: Columns) -> Array:
        return columns.line[np.isin(columns.kind, wanted)]

    return ByColumns(lines, lambda summary: not summary.get("kinds") or any(name in summary["kinds"] for name in names))


def unread() -> ByColumns:
    """What no format could read has no row in the columns."""

    return ByColumns(lambda columns: columns.line, others=True)


def of_codes(names: list[str]) -> ByColumns:
    def lines(columns: Columns) -> Array:
        wanted = _indices(columns.names["code"], lambda name: name in names)
        of_dynos = columns.line[columns.code_row[np.isin(columns.code, wanted)]]
        return np.concatenate((of_dynos, columns.request.line[np.isin(columns.request.code, wanted)]))

    return ByColumns(lines, lambda summary: any(name in summary.get("codes", names) for name in names))


def of_numbers(column: str, wanted: Compared) -> ByColumns:
    """Requests by ``status``, ``service_ms``, ``connect_ms`` or ``bytes``."""

    def lines(columns: Columns) -> Array:
        return columns.request.line[wanted.holds(getattr(columns.request, column))]

    return ByColumns(lines, _has_requests)


def of_endpoints(matches: Callable[[str], bool]) -> ByColumns:
    """Requests whose ``GET /orders/{id}`` matches."""

    def lines(columns: Columns) -> Array:
        wanted = _indices(columns.names["endpoint"], matches)
        return columns.request.line[np.isin(columns.request.endpoint, wanted)]

    return ByColumns(lines, _has_requests)


def of_processes(names: list[str]) -> ByColumns:
    """Lines of a process (``web.1``, ``router``, ``api``) and requests that it served; ``web`` means every web dyno."""

    def lines(columns: Columns) -> Array:
        writers = _indices(columns.names["process"], lambda full: is_named(full.partition("[")[2].rstrip("]"), names))
        dynos = _indices(columns.names["dyno"], lambda full: is_named(full, names))
        request = columns.request
        return np.concatenate(
            (columns.line[np.isin(columns.process, writers)], request.line[np.isin(request.dyno, dynos)])
        )

    return ByColumns(lines)


def of_origins(names: list[str]) -> ByColumns:
    """Lines by what stands before the brackets: ``app`` or ``heroku``."""

    def lines(columns: Columns) -> Array:
        writers = _indices(columns.names["process"], lambda full: full.partition("[")[0] in names)
        return columns.line[np.isin(columns.process, writers)]

    return ByColumns(lines)


def is_named(full: str, names: list[str]) -> bool:
    """Whether a process is one of these: by its whole name, by its type, or by a pattern with a star."""
    return bool(full) and any(
        full == name or full.startswith((f"{name}.", f"{name}-")) or ("*" in name and fnmatchcase(full, name))
        for name in names
    )


def _indices(names: list[str], matches: Callable[[str], bool]) -> list[int]:
    return [index for index, name in enumerate(names) if name and matches(name)]


def _has_requests(summary: Summary) -> bool:
    return bool(summary.get("requests", 1))


# -- by text ----------------------------------------------------------------------------------------------------------
class BadExpression(ValueError):
    """An expression that cannot be read; the message is the reason, without a subject."""


def expression(pattern: str, *, ignore_case: bool = True) -> ByText:
    """RE2: linear in the text, so that nobody's expression can hang a page. No match runs over the end of a line."""
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    options.max_mem = 4 << 20
    options.never_nl = True
    try:
        return ByText(re2.compile(f"(?m:{pattern})".encode("utf-8", "replace"), options=options))
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise BadExpression(reason.partition(": (?m:")[0][:200]) from None


def words(text: str) -> ByText:
    """The text as it stands, without regard to case."""
    return expression(re2.escape(text))
