"""The forms in which people hold Heroku logs: one module each, found by its ``FORMAT``.

Adding a form is adding a module here: how its lines are read, how it is told apart, and samples that the tests check.
Modules whose names begin with an underscore hold what several forms share.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ..types import Record, SourceSettings

Read = Callable[[str, SourceSettings], Record | None]


class Head(NamedTuple):
    """The beginning of a source: its bytes as UTF-8, and its lines as cleaned text without blank ones."""

    raw: bytes
    lines: Sequence[str]


class Sample(NamedTuple):
    """A line of the form, and what must be read from it. ``utc`` is as `utc.iso` prints it, or None."""

    line: str
    utc: str | None
    source: str
    process: str
    message: str


@dataclass(frozen=True, slots=True)
class Format:
    """One form. ``read`` gives the record that a line holds, or None if the line is none of this form.

    ``detect`` says from 0 to 1 how well the head fits; of equals the lower ``rank`` wins. ``anywhere`` reads such a line in
    a source of another form, where that is safe. ``reline`` puts records on lines of their own before the source is cut,
    ``settle`` adds to the settings what only the head shows, ``skip`` names lines of the form that are no records, and
    ``rewrite`` turns the usual lines of a whole chunk into canonical ones, keeping the number of lines.
    """

    name: str
    title: str
    read: Read
    detect: Callable[[Head], float]
    samples: tuple[Sample, ...]
    rank: int = 50
    anywhere: Read | None = None
    reline: Callable[[Iterable[bytes]], Iterable[bytes]] | None = None
    settle: Callable[[Head, SourceSettings], SourceSettings] | None = None
    skip: Callable[[str, SourceSettings], str | None] | None = None
    rewrite: Callable[[bytes], bytes] | None = None


@lru_cache(maxsize=1)
def registry() -> dict[str, Format]:
    """All forms by name, in the order in which lines of a mixed source are tried."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            found.append(importlib.import_module(f"{__name__}.{module.name}").FORMAT)
    return {form.name: form for form in sorted(found, key=lambda form: (form.rank, form.name))}


def get(name: str) -> Format:
    """The form of this name; ``heroku-cli`` where a stored name is no longer known."""
    forms = registry()
    return forms.get(name) or forms["heroku-cli"]


def choose(head: Head) -> Format:
    """The form that fits the head best."""
    return max(registry().values(), key=lambda form: (round(form.detect(head), 3), -form.rank))


@lru_cache(maxsize=64)
def readers(name: str) -> tuple[Read, ...]:
    """The form's own reader, then those that may read a stray line of another form. `plain` reads anything, so it is asked last."""
    own = () if name == "plain" else (get(name).read,)
    return (*own, *(form.anywhere for form in registry().values() if form.anywhere is not None and form.name != name))


def share(read: Read, lines: Sequence[str], settings: SourceSettings | None = None) -> float:
    """The part of these lines that ``read`` can read: the usual ``detect``."""
    usual = settings or SourceSettings(year=2000)
    return sum(read(line, usual) is not None for line in lines) / len(lines) if lines else 0.0
