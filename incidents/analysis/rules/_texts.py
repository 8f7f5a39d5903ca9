"""Causes that show in the words of a line: found by signs, judged by what the line is to blame for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from incidents.analysis.events import trace_of
from incidents.analysis.types import Facts, Finding, Note, Remedy, Severity

from ._blame import Blame, blame, proof, ruled_out, story
from .base import build

MOST = 12
"""Subjects of one cause in one log: who has more has another problem."""
Describe = Callable[[str, Blame], "tuple[str, tuple[Remedy, ...]]"]
"""(subject, blame) to the sentence that names the cause, without its consequences, and the remedies for it."""


def by_subject(notes: Iterable[Note], patterns: Sequence[re.Pattern[str]]) -> dict[str, list[Note]]:
    """Lines by what they speak of: the first group of the first pattern that matches, else the empty subject."""
    groups: dict[str, list[Note]] = {}
    for note in notes:
        groups.setdefault(subject_of(note.text, patterns), []).append(note)
    if "" in groups and len(groups) > 1:  # lines that name nothing belong to those that do
        named = max((name for name in groups if name), key=lambda name: len(groups[name]))
        groups[named] = sorted(groups[named] + groups.pop(""), key=place)
    return groups


def place(note: Note) -> tuple[int, int, int]:
    """What lines are ordered by."""
    return note.at_us or 0, note.source, note.line


def subject_of(text: str, patterns: Sequence[re.Pattern[str]]) -> str:
    for pattern in patterns:
        found = pattern.search(text)
        if found:
            return next((group for group in found.groups() if group), "").strip()[:200]
    return ""


def findings(
    facts: Facts,
    slug: str,
    groups: dict[str, list[Note]],
    describe: Describe,
    *,
    sure: float = 0.95,
    worst: Severity = "urgent",
    needs_harm: bool = False,
    explains: tuple[str, ...] = (),
    extra: Callable[[Sequence[Note]], Iterable[Note]] = lambda notes: (),
) -> Iterator[Finding]:
    """One finding per subject. With ``needs_harm``, lines that ended nothing and failed no request raise nothing."""
    for subject, notes in sorted(groups.items(), key=lambda item: -len(item[1]))[:MOST]:
        found = blame(facts, notes)
        if needs_harm and not found.fatal and not found.requests:
            continue
        found = replace(found, notes=tuple(_telling(facts, found)))
        sentence, remedies = describe(subject, found)
        after = story(facts, found)
        yield build(
            facts,
            slug,
            f"{sentence}: {after}." if after else f"{sentence}.",
            found.confidence(sure),
            [found.notes[0], *extra(found.notes), *proof(facts, found), *found.notes[1:3]],
            severity=found.severity(worst),
            subject=subject,
            count=len(notes),
            span=notes,
            explains=(*found.explains, *explains) if found.fatal or found.requests else explains,
            ruled_out=ruled_out(facts, found),
            remedies=remedies,
            harmless=found.survived,
        )


def _telling(facts: Facts, found: Blame) -> list[Note]:
    """The lines, those first that a reader should see first: last words, and what names an error rather than its code."""
    last = {id(note) for run in found.deaths for note in run.notes}

    def rank(note: Note) -> tuple[bool, bool]:
        trace = trace_of(facts, note)
        named = (
            trace is None or trace.headline is note or any(text and text[:40] in note.text for _, text in trace.causes)
        )
        return bool(last) and id(note) not in last, not named

    return sorted(found.notes, key=rank)
