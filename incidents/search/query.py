"""The query language of the log: words just work, ``field:value`` narrows, ``-`` excludes, slashes hold an expression.

    dyno:web.1 code:H12 status:>=500 service:>5000 kind:router path:/api "exact words" /reg(ular)?/ -noise after:12:04

What cannot be understood is searched as text, and the page says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

import re2

from incidents.analysis.types import Kind

MOST_CHARACTERS = 500
MOST_TERMS = 20
FIELDS = ("dyno", "kind", "code", "status", "service", "endpoint", "method", "path", "after", "before")
KINDS = {kind.name.lower(): kind for kind in Kind}
_TERM = re.compile(
    r'\s*(?P<minus>-)?(?:(?P<name>[a-z]{2,10}):)?(?:"(?P<quoted>[^"]{0,400})"|/(?P<regex>(?:[^/\\]|\\.){1,400})/(?=\s|$)|(?P<word>\S{1,400}))'
)
_COMPARED = re.compile(r"(>=|<=|>|<|=)?(\d{1,9})(ms|s)?\Z")


class QueryProblem(ValueError):
    """The query can't be run; the message is one sentence for the person who wrote it."""


class Compared(NamedTuple):
    """``status:>=500``: an operator and a number."""

    operator: str
    number: int

    def holds(self, values: Any) -> Any:
        match self.operator:
            case ">":
                return values > self.number
            case ">=":
                return values >= self.number
            case "<":
                return (values < self.number) & (values >= 0)
            case "<=":
                return (values <= self.number) & (values >= 0)
        return values == self.number


class Term(NamedTuple):
    """One condition on the columns of a line."""

    name: str
    value: Any
    negated: bool = False


@dataclass(slots=True)
class Query:
    """``terms`` are looked up in columns, ``include`` and ``exclude`` in the text; ``notes`` are for the reader."""

    text: str = ""
    terms: list[Term] = field(default_factory=list)
    include: list[Any] = field(default_factory=list)
    exclude: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.terms or self.include or self.exclude)

    @property
    def codes(self) -> set[str]:
        """Codes without which no line can match: chunks that lack one are not opened."""
        return {term.value for term in self.terms if term.name == "code" and not term.negated}

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the searched words stand in a line: (start, end) in characters."""
        data = text.encode("utf-8", "replace")
        found = []
        for pattern in self.include:
            for match in pattern.finditer(data):
                if match.end() > match.start():
                    before, inside = data[: match.start()], data[match.start() : match.end()]
                    start = len(before.decode("utf-8", "replace"))
                    found.append((start, start + len(inside.decode("utf-8", "replace"))))
        return found

    def add(self, name: str, value: str) -> None:
        """One more condition, as from a field of a form. Empty values add nothing."""
        if value:
            _add_field(self, name, value[:400], negated=False)


def parse(text: str, *, day: date | None = None) -> Query:
    """Read a query. ``day`` is that of the log's first line, for ``after:12:04``. Raises `QueryProblem`."""
    query = Query(text=text.strip()[:MOST_CHARACTERS])
    for match in list(_TERM.finditer(query.text))[:MOST_TERMS]:
        negated, name = match["minus"] is not None, match["name"]
        if name in FIELDS and not match["regex"]:
            _add_field(query, name, match["quoted"] or match["word"] or "", negated=negated, day=day)
            continue
        if match["regex"]:
            pattern = _compile(f"(?m:{match['regex']})")
        else:
            plain = match["quoted"] if match["quoted"] is not None else match["word"]
            if name:
                plain = f"{name}:{plain}"
            if name and match["quoted"] is None and not name.startswith("http"):
                query.notes.append(
                    f"“{name}” is no field, so “{plain}” is searched as text. Fields are {', '.join(FIELDS)}."
                )
            if not plain:
                continue
            pattern = _compile(re2.escape(plain))
        (query.exclude if negated else query.include).append(pattern)
    return query


def _compile(pattern: str) -> Any:
    """RE2: linear in the text, so that nobody's expression can hang the page."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 4 << 20
    options.never_nl = True  # a block holds many lines, and no match runs over the end of one
    try:
        return re2.compile(pattern.encode("utf-8", "replace"), options=options)
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        shown = pattern.removeprefix("(?m:").removesuffix(")")
        raise QueryProblem(f"The expression /{shown}/ cannot be read: {reason.partition(': (?m:')[0][:200]}.") from None


def _add_field(query: Query, name: str, value: str, *, negated: bool, day: date | None = None) -> None:
    if name in ("status", "service"):
        found: Any = _compared(name, value)
    elif name in ("after", "before"):
        found = _moment(name, value, day)
    elif name == "kind":
        found = value.lower()
        if found not in KINDS:
            raise QueryProblem(f"There is no kind “{value}”. Kinds are {', '.join(KINDS)}.")
    elif name == "code":
        found = value.upper()
    elif name == "path":
        pattern = _compile(r'path="?[^" ]*' + re2.escape(value).replace(r"\*", r'[^" ]*'))
        (query.exclude if negated else query.include).append(pattern)
        return
    elif name == "method":
        pattern = _compile(rf"\bmethod={re2.escape(value)}\b")
        (query.exclude if negated else query.include).append(pattern)
        return
    else:
        found = value
    query.terms.append(Term(name, found, negated))


def _compared(name: str, value: str) -> Compared:
    if name == "status" and re.fullmatch(r"[1-5]xx", value.lower()):
        value = f">={value[0]}00"
    match = _COMPARED.match(value)
    if match is None:
        raise QueryProblem(f"“{name}:{value}” needs a number, as in {name}:>=500.")
    number = int(match[2]) * (1000 if name == "service" and match[3] == "s" else 1)
    return Compared(match[1] or "=", number)


def _moment(name: str, value: str, day: date | None) -> int:
    """Microseconds since 1970 of ``12:04``, ``12:04:30`` or ``2026-03-14T12:04Z``; UTC unless it says otherwise."""
    try:
        if "-" in value[:8]:
            at = datetime.fromisoformat(value)
        else:
            at = datetime.combine(day or datetime.now(UTC).date(), time.fromisoformat(value.rstrip("Zz")))
    except ValueError:
        raise QueryProblem(f"“{name}:{value}” needs a time, as in {name}:12:04 or {name}:2026-03-14T12:04.") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000_000)
