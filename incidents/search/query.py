"""A query that can be run: its tree, the conditions of its terms, and what to tell the person who wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from . import conditions as c
from . import syntax
from .fields import BY_NAME, FieldProblem, condition
from .known import Known
from .syntax import All, Any, Field, Node, Not, Note, Text

MOST_HITS = 50
MOST_CHIPS = 30
_NARROWING = frozenset({"dyno", "source", "kind", "file", "release", "after", "before", "between"})


class QueryProblem(ValueError):
    """The query can't be run. The message is for the person who wrote it; ``start`` and ``end`` say where it is."""

    def __init__(self, words: str, start: int = 0, end: int = 0) -> None:
        super().__init__(words)
        self.start = start
        self.end = end


class Chip(NamedTuple):
    """One term of the query, and the query without it."""

    text: str
    negated: bool
    without: str


@dataclass(slots=True)
class Query:
    """``found`` holds the conditions of each term; several of one term are alternatives."""

    text: str = ""
    node: Node | None = None
    notes: list[Note] = field(default_factory=list)
    found: dict[int, tuple[c.Condition, ...]] = field(default_factory=dict)  # by id() of the term

    @property
    def is_empty(self) -> bool:
        return self.node is None

    def of(self, term: Text | Field) -> tuple[c.Condition, ...]:
        return self.found[id(term)]

    @property
    def is_wanting(self) -> bool:
        """Something is looked for, not only left out or narrowed by time and place."""
        return any(isinstance(term, Text) or term.name not in _NARROWING for term in _wanted(self.node))

    @property
    def wanted_texts(self) -> Iterator[c.ByText]:
        """What is looked for in the text of a line, to be marked there."""
        for term in _wanted(self.node):
            yield from (one for one in self.of(term) if isinstance(one, c.ByText))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the searched words stand in a line: (start, end) in characters, in order, not overlapping."""
        data = text.encode("utf-8", "replace")
        found = [
            match.span()
            for one in self.wanted_texts
            for match in one.pattern.finditer(data)
            if match.end() > match.start()
        ]
        spans: list[tuple[int, int]] = []
        for start, end in sorted(found)[:MOST_HITS]:
            low, high = (len(data[:at].decode("utf-8", "replace")) for at in (start, end))
            if not spans or low >= spans[-1][1]:
                spans.append((low, high))
        return spans

    # -- changing it --------------------------------------------------------------------------------------------------
    @property
    def parts(self) -> tuple[Node, ...]:
        """What all has to be met."""
        return self.node.nodes if isinstance(self.node, All) else (self.node,) if self.node else ()

    def chips(self) -> list[Chip]:
        """One per part, to be taken away."""
        parts = self.parts
        chips = []
        for index, part in enumerate(parts[:MOST_CHIPS]):
            others = syntax.all_of([*parts[:index], *parts[index + 1 :]])
            inner = part.node if isinstance(part, Not) else part
            chips.append(Chip(syntax.write(inner), isinstance(part, Not), syntax.write(others)))
        return chips

    def toggled(self, name: str, value: str, *, negated: bool = False) -> str:
        """The query with this term, or without it where it has it. Its opposite goes."""
        term = Field(name, value)
        wanted: Node = Not(term) if negated else term
        rest = [part for part in self.parts if part not in (term, Not(term))]
        return syntax.write(syntax.all_of(rest if wanted in self.parts else [*rest, wanted]))

    def has(self, name: str, value: str, *, negated: bool = False) -> bool:
        term = Field(name, value)
        return (Not(term) if negated else term) in self.parts


def _wanted(node: Node | None) -> Iterator[Text | Field]:
    match node:
        case Text() | Field():
            yield node
        case All(nodes) | Any(nodes):
            for inner in nodes:
                yield from _wanted(inner)


def parse(text: str, known: Known | None = None) -> Query:
    """Read a query. Raises `QueryProblem` where a term can't be meant as it stands."""
    known = known or Known()
    text = text.strip()[: syntax.MOST_CHARACTERS]
    node, notes = syntax.read(text, BY_NAME)
    query = Query(text, node, notes)
    for term in syntax.terms(node):
        query.found[id(term)] = _meant(term, known)
    return query


def _meant(term: Text | Field, known: Known) -> tuple[c.Condition, ...]:
    written = syntax.write(term)
    end = term.at + len(written)
    try:
        if isinstance(term, Text):
            return (c.expression(term.text) if term.is_regex else c.words(term.text),)
        found = condition(term.name, term.value, known)
        return found if isinstance(found, tuple) else (found,)
    except FieldProblem as problem:
        raise QueryProblem(str(problem), term.at, end) from None
    except c.BadExpression as problem:
        hint = (
            ""
            if not isinstance(term, Text) or not term.is_regex
            else f' To search for it as text, write "{term.text}".'
        )
        raise QueryProblem(f"The expression {written} cannot be read: {problem}.{hint}", term.at, end) from None


def with_fields(text: str, fields: dict[str, str]) -> str:
    """The query with more fields, as links from other pages name them. Empty values add nothing."""
    node, _ = syntax.read(text.strip()[: syntax.MOST_CHARACTERS], BY_NAME)
    more: list[Node] = [Field(name, value[:400]) for name, value in fields.items() if value]
    if not more:
        return text.strip()
    return syntax.write(syntax.all_of([node, *more] if node is not None else more))
