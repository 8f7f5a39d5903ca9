"""What is written in the search field, as a tree, and the tree as it would be written.

    code:H12 -path:/health (status:>=500 OR "Request timeout") /reg(ular)?/

Blanks mean *and*; ``OR`` (in capitals) binds less; ``-`` or ``NOT`` excludes; parentheses group. Reading never fails:
what makes no sense as syntax is text, and a note says so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

MOST_CHARACTERS = 1_000
MOST_TERMS = 40
MOST_DEPTH = 8
NAME = re.compile(r"([A-Za-z][A-Za-z_]{1,14}):")
_REGEX = re.compile(r"/((?:[^/\\]|\\.){1,400})/(?=[\s)]|$)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED_SLASH = re.compile(r"(\\[^/])|\\(/)", re.DOTALL)
_BARE_SLASH = re.compile(r"\\.|/", re.DOTALL)
_VALUE = re.compile(r'[^\s"()]+')
_PLAIN = re.compile(r"[^\s\"()/-][^\s\"()]*")
_WORDS = frozenset({"OR", "AND", "NOT"})


@dataclass(frozen=True, slots=True)
class Text:
    """Words to be found in a line, or an expression. ``at`` is where it stands in the query."""

    text: str
    is_regex: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """``name:value``, the value as it was written."""

    name: str
    value: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    node: Node


@dataclass(frozen=True, slots=True)
class All:
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    nodes: tuple[Node, ...]


Node = Text | Field | Not | All | Any


class Note(NamedTuple):
    """Something for the person who wrote the query; ``start`` and ``end`` say which part of it is meant."""

    words: str
    start: int
    end: int


def all_of(nodes: list[Node]) -> Node | None:
    """One node that means all of these; None for none."""
    flat = [inner for node in nodes for inner in (node.nodes if isinstance(node, All) else (node,))]
    return All(tuple(flat)) if len(flat) > 1 else flat[0] if flat else None


def any_of(nodes: list[Node]) -> Node | None:
    flat = [inner for node in nodes for inner in (node.nodes if isinstance(node, Any) else (node,))]
    return Any(tuple(flat)) if len(flat) > 1 else flat[0] if flat else None


def terms(node: Node | None) -> Iterator[Text | Field]:
    """Every word and field in the tree, in the order of the query."""
    match node:
        case Text() | Field():
            yield node
        case Not(inner):
            yield from terms(inner)
        case All(nodes) | Any(nodes):
            for inner in nodes:
                yield from terms(inner)


# -- reading ----------------------------------------------------------------------------------------------------------
def read(text: str, names: Collection[str]) -> tuple[Node | None, list[Note]]:
    """The tree of a query, None for an empty one. ``names`` are the fields that exist, aliases included."""
    reader = _Reader(text[:MOST_CHARACTERS], names)
    node = reader.alternatives()
    return node, reader.notes


class _Reader:
    """``open`` counts parentheses that wait to be closed, ``depth`` everything that is nested."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        self.text = text
        self.names = names
        self.at = self.count = self.open = self.depth = 0
        self.notes: list[Note] = []

    def alternatives(self) -> Node | None:
        """``a b OR c``, up to the end or to the parenthesis that closes the group."""
        found = [self._sequence()]
        while self._takes("OR"):
            found.append(self._sequence())
        return any_of([node for node in found if node is not None])

    def _sequence(self) -> Node | None:
        found: list[Node] = []
        while not self._ends():
            if not self._takes("AND") and (node := self._one()) is not None:
                found.append(node)
        return all_of(found)

    def _one(self) -> Node | None:
        """A term, one that is excluded, or a group."""
        sign, after = self.text[self.at], self.text[self.at + 1 : self.at + 2]
        if self.depth >= MOST_DEPTH:
            return self._term()
        self.depth += 1
        try:
            if sign == "-" and after not in ("", "-", ")") and not after.isspace():
                self.at += 1
                return _without(self._one())
            start = self.at
            if self._takes("NOT"):
                return Text("NOT", at=start) if self._ends() else _without(self._one())
            return self._group() if sign == "(" else self._term()
        finally:
            self.depth -= 1

    def _group(self) -> Node | None:
        start = self.at
        self.at += 1
        self.open += 1
        node = self.alternatives()
        self.open -= 1
        if self.at < len(self.text):
            self.at += 1
        else:
            self.notes.append(Note("This parenthesis is never closed; it is taken to end here.", start, self.at))
        return node

    def _term(self) -> Node | None:
        start = self.at
        self.count += 1
        name = NAME.match(self.text, start)
        if name and name[1].lower() in self.names:
            self.at = name.end()
            return self._kept(Field(name[1].lower(), self._value(), start))
        regex = _REGEX.match(self.text, start)
        if regex:
            self.at = regex.end()
            return self._kept(Text(_ESCAPED_SLASH.sub(r"\1\2", regex[1]), True, start))
        text = self._value()
        if name and not text.startswith(f"{name[0]}//"):
            self._note_unknown(name[1], text, start)
        return self._kept(Text(text, at=start)) if text else None

    def _kept(self, node: Node) -> Node | None:
        if self.count == MOST_TERMS + 1:
            note = f"Only the first {MOST_TERMS} terms are searched; from here on the query is left out."
            self.notes.append(Note(note, self.at, len(self.text)))
        return node if self.count <= MOST_TERMS else None

    def _value(self) -> str:
        """A quoted text, or all up to the next blank (or the parenthesis that closes the group)."""
        quoted = _QUOTED.match(self.text, self.at)
        if quoted:
            self.at = quoted.end()
            return re.sub(r"\\([\"\\])", r"\1", quoted[1])
        start, inner = self.at, 0
        if self.text[start : start + 1] == '"':
            note = "This quotation mark has no partner, so it is searched as it stands."
            self.notes.append(Note(note, start, start + 1))
        while self.at < len(self.text) and not self.text[self.at].isspace():
            sign = self.text[self.at]
            inner += (sign == "(") - (sign == ")")
            if inner < 0 and self.open:
                break
            inner = max(inner, 0)
            self.at += 1
        return self.text[start : self.at]

    def _note_unknown(self, name: str, text: str, start: int) -> None:
        near = get_close_matches(name.lower(), self.names, n=1, cutoff=0.7)
        hint = f"Did you mean {near[0]}:?" if near else "The fields are listed under Help."
        words = f"“{name}” is no field, so “{text[:60]}” is searched as text. {hint}"
        self.notes.append(Note(words, start, start + len(name)))

    # -- signs --------------------------------------------------------------------------------------------------------
    def _ends(self) -> bool:
        """Whether a sequence ends here: with the query, its group, or an alternative."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        if self.at >= len(self.text):
            return True
        return bool(self.open and self.text[self.at] == ")") or self._stands("OR")

    def _stands(self, word: str) -> bool:
        after = self.text[self.at + len(word) : self.at + len(word) + 1]
        return self.text.startswith(word, self.at) and (not after or after in "()" or after.isspace())

    def _takes(self, word: str) -> bool:
        if not self._stands(word):
            return False
        self.at += len(word)
        return True


def _without(node: Node | None) -> Node | None:
    return None if node is None else Not(node)


# -- writing ----------------------------------------------------------------------------------------------------------
def write(node: Node | None) -> str:
    """The query that `read` reads as this tree."""
    match node:
        case None:
            return ""
        case Field(name, value):
            return f"{name}:{value if _VALUE.fullmatch(value) else _quoted(value)}"
        case Text(text, True):
            return f"/{_BARE_SLASH.sub(_slash, text)}/"
        case Text(text):
            is_plain = _PLAIN.fullmatch(text) and not NAME.match(text) and text not in _WORDS
            return text if is_plain else _quoted(text)
        case Not(Not() as inner):
            return f"NOT {write(inner)}"
        case Not(inner):
            return f"-({write(inner)})" if isinstance(inner, All | Any) else f"-{write(inner)}"
        case All(nodes):
            return " ".join(f"({write(inner)})" if isinstance(inner, Any) else write(inner) for inner in nodes)
        case Any(nodes):
            return " OR ".join(write(inner) for inner in nodes)


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _slash(match: re.Match[str]) -> str:
    return "\\/" if match[0] == "/" else match[0]
