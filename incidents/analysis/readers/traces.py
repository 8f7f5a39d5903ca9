"""Stack traces of Python, Ruby, Node, Java, Go and PHP, each joined into one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..types import Facts, Note

if TYPE_CHECKING:
    from ..runs import Run


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; ``in_app`` when the file belongs to the application and not to a library or the language."""

    file: str
    line: int
    function: str
    in_app: bool


@dataclass(slots=True, eq=False)
class Trace:
    """One error as the program printed it. ``frames`` run from the outermost call to the place that raised.

    ``causes`` are the errors that led to it, the deepest last. ``phase`` is that of the run at its first line.
    """

    language: str
    type: str
    message: str
    process: str
    notes: list[Note]
    frames: list[Frame] = field(default_factory=list)
    causes: list[tuple[str, str]] = field(default_factory=list)
    path: str = ""
    request_id: str = ""
    run: Run | None = None
    phase: str = "unknown"
    headline: Note | None = None  # the line that names type and message

    @property
    def first(self) -> Note:
        return self.notes[0]

    @property
    def last(self) -> Note:
        return self.notes[-1]


def gather(facts: Facts, runs: list[Run]) -> list[Trace]:
    """All traces, by the place of their first line."""
    return []
