"""Causes that show in the words of a line: found by signs, judged by what the line is to blame for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from incidents.analysis.types import Facts, Finding, Note, Remedy, Severity

from ._blame import Blame, blame, proof, ruled_out, story
from .base import build

Describe = Callable[[str, Blame], "tuple[str, tuple[Remedy, ...]]"]
"""(subject, blame) to the sentence that names the cause, without its consequences, and the remedies for it."""


def by_subject(notes: Iterable[Note], patterns: Sequence[re.Pattern[str]]) -> dict[str, list[Note]]:
    """Lines by what they speak of: the first group of the first pattern that matches, else the empty subject."""
    groups: dict[str, list[Note]] = {}
    for note in notes:
        groups.setdefault(subject_of(note.text, patterns), []).append(note)
    return groups


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
    for subject, notes in groups.items():
        found = blame(facts, notes)
        if needs_harm and not found.fatal and not found.requests:
            continue
        sentence, remedies = describe(subject, found)
        after = story(facts, found)
        first = found.notes[0]
        if found.deaths:
            first = next(
                (note for note in notes if any(note is mine for run in found.deaths for mine in run.notes)), first
            )
        yield build(
            facts,
            slug,
            f"{sentence}: {after}." if after else f"{sentence}.",
            found.confidence(sure),
            [first, *extra(notes), *proof(facts, found), *[note for note in notes if note is not first][:2]],
            severity=found.severity(worst),
            subject=subject,
            count=len(notes),
            span=notes,
            explains=(*found.explains, *explains) if found.fatal or found.requests else explains,
            ruled_out=ruled_out(facts, found),
            remedies=remedies,
            harmless=found.survived,
        )
