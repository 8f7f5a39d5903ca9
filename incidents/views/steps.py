"""The few commands that a tired person may run now, each with what it changes and the way back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from incidents.analysis.catalogue.commands import command_of

MOST_STEPS = 3
ROLLBACK_WITHIN_SECONDS = 1800
"""A release so shortly before the trouble is worth taking back while the trouble goes on."""
_RELEASE = re.compile(r"\bv(\d{1,6})\b")
_CONFIG_NAME = re.compile(r"config:set ([A-Za-z_][A-Za-z0-9_]{0,80})=")
_PAIRS = {"maintenance": ("on", "off"), "features": ("enable", "disable"), "labs": ("enable", "disable")}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """``undo`` says how to go back, ``undo_command`` does it where one command can. Reading changes nothing."""

    text: str
    command: str
    changes: bool
    undo: str
    undo_command: str = ""


def steps_of(causes: list[Document], changes: list[Document], *, is_ongoing: bool, was_undone: bool) -> list[Step]:
    """At most three. A rollback comes first where a release stands just before trouble that goes on."""
    found: dict[str, Step] = {}
    newest = changes[0] if changes else None
    release = _RELEASE.search(str(newest["title"])) if newest else None
    is_near = newest is not None and (newest.get("before_seconds") or 0) <= ROLLBACK_WITHIN_SECONDS
    if newest and is_ongoing and is_near and not was_undone and newest["kind"] in ("release", "deploy"):
        found["heroku rollback"] = step(
            "Go back to the release before: this one came just before the trouble.", "heroku rollback", release
        )
    for finding in causes:
        for remedy in finding.get("remedies") or []:
            command = remedy.get("command")
            if command and len(found) < MOST_STEPS and _kind(command) not in {_kind(one) for one in found}:
                found[command] = step(remedy["text"], command, release)
    return list(found.values())


def step(text: str, command: str, release: re.Match[str] | None = None) -> Step:
    """One command with its way back. ``release``: the number of the release that a rollback would leave."""
    known = command_of(command)
    if known is None:
        return Step(text, command, changes=True, undo="Runs on your own machine.")
    if not known.changes:
        return Step(text, command, changes=False, undo="Only reads.")
    undo, undo_command = _way_back(known.name, command, release)
    return Step(text, command, changes=True, undo=undo, undo_command=undo_command)


def _kind(command: str) -> str:
    """Two restarts of different dynos say the same; two commands of one name with other words do not."""
    words = command.split()
    return " ".join(words[:2]) if words[1:2] == ["ps:restart"] else command


def _way_back(name: str, command: str, release: re.Match[str] | None) -> tuple[str, str]:
    topic, _, verb = name.partition(":")
    if verb in _PAIRS.get(topic, ()):
        other = _PAIRS[topic][1 - _PAIRS[topic].index(verb)]
        return "Undo with", command.replace(name, f"{topic}:{other}")
    if name == "rollback":
        return ("Undo with", f"heroku rollback v{release[1]}") if release else ("Undo by rolling forward again.", "")
    if name == "config:set":
        named = _CONFIG_NAME.search(command)
        return ("Note the present value first. Undo with", f"heroku config:unset {named[1]}") if named else (_NOTE, "")
    return _WORDS.get(name, _NOTE), ""


_NOTE = "Changes the app: note the present state first."
_WORDS = {
    "ps:scale": "Note the number that heroku ps shows first, and scale back to it.",
    "ps:type": "Note the size that heroku ps shows first, and set it back.",
    "ps:restart": "Cuts off what the dyno is doing; nothing to undo.",
    "ps:stop": "Cuts off what the dyno is doing; it starts again by itself.",
    "pg:kill": "Ends one connection; the app connects again.",
    "pg:killall": "Ends all connections; the app connects again.",
    "releases:retry": "Runs the release command again.",
}
