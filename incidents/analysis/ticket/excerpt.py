"""Which lines of the log go into the ticket: the fewest that prove every sentence, of the app and of the platform."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..types import Kind, Note

MOST_LINES = 40
MOST_CHARACTERS = 1_000
"""Of one line; Heroku cuts lines at 10,000 bytes, and a ticket is read by people."""
MOST_TRACE_LINES = 25

Side = Literal["app", "platform", ""]
Place = tuple[int, int]
"""(source, line): where a line stands."""

_HEADER = re.compile(r"(?:^|[\s<>])(app|heroku[\w-]{0,20})(?:\[|/| )([A-Za-z][\w.-]{0,40})")
_PLATFORM_PROCESSES = ("api", "postgres", "heroku-", "log-shuttle", "logplex", "router")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that may be quoted. ``side`` is empty where the line does not say who printed it."""

    source: int
    line: int
    text: str
    at_us: int | None = None
    side: Side = ""

    @property
    def place(self) -> Place:
        return self.source, self.line


def side_of(text: str) -> Side:
    """Who printed a raw line, by its header in any form: ``heroku[router]:``, ``app/web.1``, ``heroku router -``."""
    found = _HEADER.search(text[:200])
    if not found:
        return ""
    if found[1] != "app" or found[2].startswith(_PLATFORM_PROCESSES):
        return "platform"
    return "app"


def side_of_note(note: Note) -> Side:
    """The same for a line that has been read."""
    if note.kind == Kind.APP:
        return "app"
    return "platform" if note.kind not in (Kind.OTHER, Kind.BUILD) else side_of(note.raw)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one sentence needs: all lines of ``every``, and one of ``any_of`` if there are any."""

    every: tuple[Place, ...] = ()
    any_of: tuple[Place, ...] = ()


def choose(claims: Sequence[Claim], known: dict[Place, Line], extra: Iterable[Line] = ()) -> list[Line]:
    """The fewest known lines that prove the claims, in the order of the log, at most `MOST_LINES`.

    Claims come in order of weight: where the limit is reached, later ones go unproved. ``extra`` are lines worth adding
    while one side (app or platform) is missing.
    """
    chosen: dict[Place, Line] = {}

    def take(place: Place) -> None:
        if place in known and len(chosen) < MOST_LINES:
            chosen[place] = known[place]

    for claim in claims:
        for place in claim.every:
            take(place)
    open_claims = [set(claim.any_of) & known.keys() for claim in claims]
    open_claims = [places for places in open_claims if places and not places & chosen.keys()]
    while open_claims:
        # The line that proves most of what is still open; the earlier one where two prove as much.
        best = min(
            set().union(*open_claims), key=lambda place: (-sum(place in places for places in open_claims), place)
        )
        take(best)
        open_claims = [places for places in open_claims if best not in places]
    for line in extra:
        sides = {one.side for one in chosen.values()}
        if line.side and line.side not in sides and len(chosen) < MOST_LINES:
            chosen.setdefault(line.place, line)
    return sorted(chosen.values(), key=lambda one: (one.at_us is None, one.at_us or 0, one.place))


def missing_sides(lines: Iterable[Line]) -> list[Side]:
    """Which of the two kinds of lines the excerpt lacks."""
    sides = {line.side for line in lines}
    return [side for side in ("app", "platform") if side not in sides]


def shorten_trace(lines: Sequence[str], most: int = MOST_TRACE_LINES) -> list[str]:
    """A stack trace of at most ``most`` lines: its head and its end, where the reason stands."""
    if len(lines) <= most:
        return list(lines)
    head = 4
    tail = most - head - 1
    return [*lines[:head], f"… {len(lines) - head - tail} lines left out …", *lines[-tail:]]


def cut(text: str) -> str:
    """A line as it is quoted: at most `MOST_CHARACTERS`, with the number of those left out."""
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]}… ({len(text) - MOST_CHARACTERS:,} more characters)"
