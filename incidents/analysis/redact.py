"""Masks credentials, and personal data where asked, in log text. Pure: no Django, no database, no files.

    >>> redact("DATABASE_URL=postgres://app:" + "s3cr3tpass" + "@db.example.com/app")
    'DATABASE_URL=postgres://app:[REDACTED:database-password]@db.example.com/app'

A marker never holds any part of what it replaces, masking twice changes nothing, and ids that support needs (request
ids, trace ids, dynos, commits) stay. Whatever is masked should also be rotated: it has been in a log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from .redaction.aliases import Aliases
from .redaction.engine import Engine
from .redaction.marks import KINDS, PERSONAL_KINDS
from .redaction.words import Compiled, WordsError, compile_words

__all__ = ["KINDS", "PERSONAL_KINDS", "RULES_VERSION", "Aliases", "Compiled", "Redacted", "Scrubber", "WordsError",
           "compile_words", "redact", "redact_bytes", "scrub", "use_words", "using_words"]  # fmt: skip

RULES_VERSION = 2
"""Raised with every change of the rules, so that documents that were stored under older ones are masked anew."""


_words: ContextVar[Sequence[Compiled]] = ContextVar("words", default=())


def use_words(words: Sequence[Compiled]) -> None:
    """Mask these words, too, wherever none are given, from now on in this context (a request, a task)."""
    _words.set(words)


@contextmanager
def using_words(words: Sequence[Compiled]) -> Iterator[None]:
    """As `use_words`, for the time of a ``with`` block."""
    token = _words.set(words)
    try:
        yield
    finally:
        _words.reset(token)


class Redacted(NamedTuple):
    """Masked text and how many secrets of each kind (see ``KINDS``) were masked in it."""

    text: str
    counts: Counter[str]


class Scrubber:
    """Masks successive lines of one source, or of several dynos mixed: a private key that runs over lines is followed.

    ``personal`` adds e-mail addresses, public IP addresses and card numbers; ``words`` are a team's own, from
    ``compile_words`` (by default those of `use_words`); ``aliases`` names personal data (client-1) instead of
    marking it. ``counts`` grows.
    """

    def __init__(
        self, *, personal: bool = False, words: Sequence[Compiled] = (), aliases: Aliases | None = None
    ) -> None:
        self._engine = Engine(personal, words or _words.get(), aliases)

    @property
    def counts(self) -> Counter[str]:
        return self._engine.counts

    def feed(self, text: str) -> str:
        """One or more whole lines, masked. Line ends are only ``\\n``; their number never changes."""
        return self._engine.run(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def feed_bytes(self, data: bytes) -> bytes:
        """As ``feed``, for UTF-8 bytes (other bytes pass through)."""
        return self._engine.run(data)


def scrub(
    text: str, *, personal: bool = False, words: Sequence[Compiled] = (), aliases: Aliases | None = None
) -> Redacted:
    """Mask ``text``, of any number of lines, and count what was masked. Never raises on any text."""
    scrubber = Scrubber(personal=personal, words=words, aliases=aliases)
    return Redacted(scrubber.feed(text), scrubber.counts)


def redact(text: str, *, personal: bool = False, words: Sequence[Compiled] = ()) -> str:
    """Mask ``text``, of any number of lines. Never raises on any text; ``redact(redact(x)) == redact(x)``."""
    return Scrubber(personal=personal, words=words).feed(text)


def redact_bytes(data: bytes, *, personal: bool = False, words: Sequence[Compiled] = ()) -> bytes:
    """As ``redact``, for a chunk of UTF-8 lines."""
    return Scrubber(personal=personal, words=words).feed_bytes(data)
