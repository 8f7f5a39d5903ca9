"""What a rule is, and the tools that rules share: signs, quotes, findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import re2

from incidents.analysis import catalogue
from incidents.analysis.events import of
from incidents.analysis.types import Evidence, Facts, Finding, Kind, Note, Remedy, Severity

READ = frozenset((Kind.APP, Kind.OTHER, Kind.BUILD, Kind.POSTGRES, Kind.ADDON, Kind.DYNO, Kind.API))
"""What signs are looked for in: not in router lines, whose paths are the clients' words."""


@dataclass(frozen=True)
class Rule:
    """One cause. A module in this package exposes one constant ``RULE``; its docstring is the help page.

    ``slugs`` are the causes it may raise. ``catches`` are logs on which it must raise its first slug, ``ignores`` logs
    on which it must raise nothing; a test runs them all. ``check`` is pure: it reads facts and yields findings.

    ``signs`` are RE2 patterns by name. One pass over the lines looks for the signs of all rules at once; ``check`` asks
    `hits` for those it wants. Names that begin with an underscore are signs of something else than a cause.
    """

    slugs: tuple[str, ...]
    check: Callable[[Facts], Iterable[Finding]]
    catches: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    signs: Mapping[str, str] = field(default_factory=dict)
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


def hits(facts: Facts, *names: str) -> list[Note]:
    """The lines that bear one of these signs, in order, each once."""
    index = _index(facts)
    if len(names) == 1:
        return list(index.get(names[0], ()))
    wanted = {id(note) for name in names for note in index.get(name, ())}
    return [note for note in facts.notes if id(note) in wanted] if wanted else []


def signed(facts: Facts) -> set[int]:
    """``id`` of every line that bears a sign of a cause. Signs whose names begin with an underscore are no causes."""
    if "signed lines" not in facts.cache:
        index = _index(facts)
        facts.cache["signed lines"] = {id(note) for name, notes in index.items() if name[0] != "_" for note in notes}
    found: set[int] = facts.cache["signed lines"]
    return found


def build(
    facts: Facts,
    slug: str,
    summary: str,
    confidence: float,
    evidence: Iterable[Note],
    *,
    severity: Severity | None = None,
    subject: str = "",
    count: int = 1,
    span: Iterable[Note] = (),
    explains: tuple[str, ...] = (),
    ruled_out: tuple[str, ...] = (),
    remedies: tuple[Remedy, ...] = (),
    harmless: bool = False,
    most: int = 6,
) -> Finding:
    """A finding with the catalogue's title, links and general remedies behind the rule's own.

    ``span`` are the lines from whose first to whose last it lasted; without it, the evidence.
    """
    cause = catalogue.cause(slug)
    proof = list(evidence)
    times = sorted(note.at_us for note in (list(span) or proof) if note.at_us is not None)
    return Finding(
        slug, summary, round(min(confidence, 0.99), 3), quotes(proof, most), severity or cause.severity, subject,
        cause.title, count,
        times[0] if times else None, times[-1] if times else None, explains, ruled_out,
        [_filled(facts, remedy) for remedy in (*remedies, *cause.remedies)], cause.links, harmless=harmless,
    )  # fmt: skip


def previous_release(facts: Facts) -> str:
    """``v41`` where the log shows that v42 was the last one made; empty where it shows none."""
    versions = [int(event.detail["version"][1:]) for event in of(facts, "release")]
    return f"v{max(versions) - 1}" if versions and max(versions) > 1 else ""


def _filled(facts: Facts, remedy: Remedy) -> Remedy:
    if "{" not in remedy.command:
        return remedy
    return Remedy(remedy.text, catalogue.fill(remedy.command, previous_release=previous_release(facts)))


def _index(facts: Facts) -> dict[str, list[Note]]:
    """Sign -> lines, by one pass with all signs at once."""
    if "signs" not in facts.cache:
        matcher = _matcher()
        index: dict[str, list[Note]] = {}
        for note in facts.notes:
            if note.kind not in READ:
                continue
            for name in matcher(note.text):
                index.setdefault(name, []).append(note)
        facts.cache["signs"] = index
    found: dict[str, list[Note]] = facts.cache["signs"]
    return found


def signs() -> Iterator[tuple[str, str]]:
    """All signs of all rules: (name, pattern)."""
    from . import all_rules  # rules import this module

    for rule in all_rules():
        yield from rule.signs.items()


def _matcher() -> Callable[[str], list[str]]:
    global _compiled
    if _compiled is None:
        # A filter looks for the literals of all patterns at once and runs only those patterns whose literals are there.
        # One set of all patterns would need an automaton larger than a dyno's memory.
        names: list[str] = []
        matcher = re2.Filter()
        for name, pattern in signs():
            matcher.Add(pattern)
            names.append(name)
        matcher.Compile()

        def find(text: str) -> list[str]:
            return [names[number] for number in sorted(matcher.Match(text) or ())]

        _compiled = find
    return _compiled


_compiled: Callable[[str], list[str]] | None = None
