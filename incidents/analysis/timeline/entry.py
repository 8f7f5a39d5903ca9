"""One entry of the timeline, and the order of kinds."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("gap", "deploy", "release", "config", "scale", "restart", "crash", "code", "onset", "note")
"""Also the order of entries of one instant: what may have caused something stands before what it caused."""

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline. ``line`` is 0 where no single line shows it."""

    at_us: int
    kind: str
    title: str
    source: int = 0
    line: int = 0

    @property
    def place(self) -> tuple[int, int, int, int, str]:
        """Its place in the order: time, kind, source, line, title."""
        return self.at_us, KINDS.index(self.kind), self.source, self.line, self.title
