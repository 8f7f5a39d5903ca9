"""Commands that may be suggested: known to exist, with the app's name in the right place and without open blanks."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from incidents.analysis.types import Remedy

from .loading import entries

_APP_NAME = re.compile(r"[a-z][a-z0-9-]{1,28}[a-z0-9]\Z", re.ASCII)
_VALUE = re.compile(r"[\w.:@%+-]{1,64}\Z", re.ASCII)

DEFAULTS = {
    "dyno": "web.1",
    "process": "web",
    "count": "2",
    "size": "standard-2x",
    "release": "",  # without a number the CLI takes the current release
    "previous_release": "",  # … and rolls back to the one before
    "pid": "PID",
    "name": "NAME",
}
"""What stands in a command where a rule knows nothing better: the result can be run, or is plain to complete."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the Heroku CLI. ``changes``: it changes the app, so the page says so."""

    name: str
    purpose: str
    app: bool
    changes: bool


def _load() -> dict[str, Command]:
    found = {}
    for entry in entries("commands.toml", "commands", "name"):
        name = entry.text("name")
        found[name] = Command(name, entry.text("purpose"), entry.flag("app", True), entry.flag("changes"))
        entry.end()
    return found


COMMANDS: dict[str, Command] = _load()

OTHER_TOOLS = ("curl", "dig", "git")
"""Programs other than the Heroku CLI that a remedy may name."""


def command_of(text: str) -> Command | None:
    """The CLI command that ``heroku ps:scale web=2`` runs; None for other programs and unknown commands."""
    words = text.split()
    return COMMANDS.get(words[1]) if len(words) > 1 and words[0] == "heroku" else None


def fill(command: str, **values: str) -> str:
    """The command with its blanks (``{dyno}``, ``{previous_release}`` …) filled; what is not given takes its default.

    Values come from logs, so one that is no plain word is not used. Raises `KeyError` for a blank that does not exist.
    """
    unknown = values.keys() - DEFAULTS.keys()
    if unknown:
        raise KeyError(f"no such blank in commands: {', '.join(sorted(unknown))}")
    usable = {key: value for key, value in values.items() if _VALUE.match(value)}
    return " ".join(command.format(**{**DEFAULTS, **usable}).split())


def with_app(command: str, app: str) -> str:
    """``heroku run bash`` → ``heroku run -a shop bash``; unchanged if it takes no app, or that is no app's name."""
    known = command_of(command)
    if known is None or not known.app or not _APP_NAME.match(app) or " -a " in f"{command} ":
        return command
    head, name, *rest = command.split(maxsplit=2)
    return " ".join([head, name, "-a", shlex.quote(app), *rest])


def ready(remedy: Remedy, app: str = "", **values: str) -> Remedy:
    """A remedy whose command can be copied: blanks filled, app named where it is known."""
    return Remedy(remedy.text, with_app(fill(remedy.command, **values), app)) if remedy.command else remedy
