"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..types import Evidence, Facts, Finding, Note


@dataclass(frozen=True)
class Rule:
    """One cause. A module in this package exposes one constant ``RULE``; its docstring is the help page.

    ``slugs`` are the causes it may raise. ``catches`` are logs on which it must raise its first slug, ``ignores`` logs on
    which it must raise nothing; a test runs them all. ``check`` is pure: it reads facts and yields findings.
    """

    slugs: tuple[str, ...]
    check: Callable[[Facts], Iterable[Finding]]
    catches: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    version: int = 1
    name: str = field(default="", compare=False)


def quote(note: Note) -> Evidence:
    """A note as evidence: the line as it stands in the log."""
    return Evidence(note.source, note.line, note.at_us, note.raw)


def quotes(notes: Iterable[Note], most: int = 6) -> list[Evidence]:
    """The first notes as evidence, each line once, in the order given."""
    seen: dict[tuple[int, int], Evidence] = {}
    for note in notes:
        seen.setdefault((note.source, note.line), quote(note))
        if len(seen) >= most:
            break
    return list(seen.values())
