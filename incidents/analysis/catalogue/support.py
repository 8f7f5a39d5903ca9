"""How Heroku Support works with tickets: priorities, what it asks for by kind of problem, notes for those who file."""

from __future__ import annotations

from dataclasses import dataclass

from .loading import entries


@dataclass(frozen=True, slots=True)
class Priority:
    """A priority of a ticket as Heroku defines it, in our words."""

    name: str
    definition: str
    remark: str
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class SupportKind:
    """A kind of problem: what Support asks for, and commands whose output answers it."""

    slugs: tuple[str, ...]
    asks: str
    commands: tuple[str, ...]
    source: str
    date: str


def _priorities() -> dict[str, Priority]:
    found = {}
    for entry in entries("support.toml", "priorities", "name"):
        name = entry.text("name")
        found[name] = Priority(
            name, entry.text("definition"), entry.text("remark"), entry.text("source"), entry.text("date")
        )
        entry.end()
    return found


def _notes() -> dict[str, str]:
    found = {}
    for entry in entries("support.toml", "notes", "key"):
        found[entry.text("key")] = entry.text("text")
        entry.end()
    return found


def _kinds() -> list[SupportKind]:
    found = []
    for entry in entries("support.toml", "kinds", "asks"):
        found.append(
            SupportKind(
                slugs=entry.texts("slugs"),
                asks=entry.text("asks"),
                commands=entry.texts("commands"),
                source=entry.text("source"),
                date=entry.text("date"),
            )
        )
        entry.end()
    return found


PRIORITIES: dict[str, Priority] = _priorities()
SUPPORT_NOTES: dict[str, str] = _notes()
SUPPORT_KINDS: tuple[SupportKind, ...] = tuple(_kinds())


def support_kind(slug: str) -> SupportKind | None:
    """What Support asks for where this is the cause; None where nothing particular."""
    return next((kind for kind in SUPPORT_KINDS if slug in kind.slugs), None)
