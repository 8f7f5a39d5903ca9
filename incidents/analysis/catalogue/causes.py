"""The one list of causes: slugs that rules raise, and the words for each. The words stand in ``data/causes.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from incidents.analysis.types import Remedy, Severity

from .loading import CatalogueError, Entry, entries

Owner = Literal["app", "config", "data", "build", "client", "external", "platform", "none"]
"""Who can end a cause. Heroku Support can debug ``platform``, and look at Heroku's own side of ``data``."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause in plain words. ``severity`` is what a rule starts from; ``remedies`` hold in general, without names."""

    slug: str
    title: str
    meaning: str
    severity: Severity
    owner: Owner
    links: tuple[str, ...]
    remedies: tuple[Remedy, ...]
    source: str
    date: str


def _cause(entry: Entry) -> Cause:
    severity, owner = entry.text("severity"), entry.text("owner")
    if severity not in get_args(Severity) or owner not in get_args(Owner):
        raise CatalogueError(f"causes.toml: unknown severity {severity!r} or owner {owner!r}")
    cause = Cause(
        slug=entry.text("slug"),
        title=entry.text("title"),
        meaning=entry.text("meaning"),
        severity=cast(Severity, severity),
        owner=cast(Owner, owner),
        links=entry.texts("links"),
        remedies=entry.remedies("remedies"),
        source=entry.text("source"),
        date=entry.text("date"),
    )
    entry.end()
    return cause


CAUSES: dict[str, Cause] = {cause.slug: cause for cause in map(_cause, entries("causes.toml", "causes", "slug"))}

SLUGS: tuple[str, ...] = tuple(CAUSES)
"""Every slug that a finding may bear. A new cause is a new entry in ``data/causes.toml``, nothing else."""


def cause(slug: str) -> Cause:
    """The cause of a slug. Raises `KeyError` for a slug that the deck does not have."""
    return CAUSES[slug]
