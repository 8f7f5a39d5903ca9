"""A team's own words and patterns, compiled once and refused where they could mask everything or hang."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from .expressions import compile_re2
from .marks import FILL, Span

LEAST_LENGTH = 4
MOST_LITERAL = 256
MOST_PATTERN = 512
MOST_RULES = 200

_SAMPLE = b"2026-03-14T09:00:00.000000+00:00 heroku[router]: at=info method=GET path=/ dyno=web.1 status=200"


class WordsError(ValueError):
    """A word or pattern that cannot be used; the message is a sentence for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """One word or pattern of a team. ``source`` is what the person wrote."""

    source: str
    expression: Any

    def find(self, text: bytes) -> Iterator[Span]:
        """Where it stands in ``text``; what is shorter than ``LEAST_LENGTH`` bytes or only touches markers is left."""
        for match in self.expression.finditer(text):
            start, end = match.span()
            if end - start >= LEAST_LENGTH and FILL not in text[start:end]:
                yield Span(start, end, "word")


def compile_words(literals: Iterable[str] = (), patterns: Iterable[str] = ()) -> Sequence[Compiled]:
    """Rules of a team: ``literals`` are found as they stand, ``patterns`` are RE2. Raises ``WordsError`` with one sentence."""
    rules = [_literal(word) for word in literals] + [_pattern(pattern) for pattern in patterns]
    if len(rules) > MOST_RULES:
        raise WordsError(f"There are {len(rules)} words and patterns; at most {MOST_RULES} can be used.")
    return tuple(rules)


def _literal(word: str) -> Compiled:
    text = word.strip()
    if len(text.encode("utf-8", "surrogatepass")) < LEAST_LENGTH:
        raise WordsError(
            f"The word {word!r} is too short: {LEAST_LENGTH} characters or more are needed, or it would mask too much."
        )
    if len(text) > MOST_LITERAL:
        raise WordsError(f"The word that begins with {text[:20]!r} is longer than {MOST_LITERAL} characters.")
    if "\n" in text:
        raise WordsError(
            f"The word {text[:20]!r} holds a line break; log lines are searched one by one, so enter it as two words."
        )
    return Compiled(word, compile_re2(re2.escape(text.encode("utf-8", "surrogatepass")), megabytes=8))


def _pattern(pattern: str) -> Compiled:
    if not pattern.strip():
        raise WordsError("An empty pattern would mask everything; remove it or write one.")
    if len(pattern) > MOST_PATTERN:
        raise WordsError(f"The pattern that begins with {pattern[:20]!r} is longer than {MOST_PATTERN} characters.")
    try:
        expression = compile_re2(pattern.encode("utf-8"), latin1=False, megabytes=8)
    except (re2.error, UnicodeEncodeError) as error:
        raise WordsError(f"The pattern {pattern!r} is not valid RE2: {_reason(error)}.") from None
    if expression.search(b""):
        raise WordsError(
            f"The pattern {pattern!r} also matches nothing at all; make it match {LEAST_LENGTH} characters or more."
        )
    found = expression.search(_SAMPLE)
    if found and found.end() - found.start() > len(_SAMPLE) // 2:
        raise WordsError(f"The pattern {pattern!r} would mask whole log lines; make it narrower.")
    return Compiled(pattern, expression)


def _reason(error: Exception) -> str:
    message = error.args[0] if error.args else str(error)
    return message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
