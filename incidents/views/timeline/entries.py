"""The timeline as its page and its files show it: what the log tells and what people noted, in lanes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from incidents.models import Incident, TimelineNote, notes_of
from incidents.templatetags.triage import KINDS as LOOKS
from incidents.templatetags.triage import LANES, parse_time

Document = dict[str, Any]

_LANES_OF_KINDS = {
    "release": "releases", "deploy": "releases", "config": "releases", "scale": "releases", "crash": "app",
    "code": "platform", "restart": "platform", "gap": "platform", "onset": "app", "person": "people", "pin": "people",
}  # fmt: skip
_EARLY = datetime.min.replace(tzinfo=UTC)
_FIRST_SIGN = "First sign: "
_RANK = ("onset", "crash", "release", "deploy", "code", "gap", "config", "scale", "restart", "person", "pin", "note")
"""What a mark shows where several entries share its place: the weightiest first."""
_NEAR = 2.4
"""Marks nearer than this, in percent of the picture's width, become one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline. ``anchor`` stays while the analysis grows; ``line`` is 0 where none shows it."""

    anchor: str
    at: datetime | None
    utc: str
    kind: str
    title: str
    lane: str
    source: int = 0
    line: int = 0
    note: TimelineNote | None = None

    @property
    def place(self) -> tuple[bool, datetime, bool, int]:
        """Its place in the order; what people noted comes after what the log tells of the same moment."""
        return self.at is None, self.at or _EARLY, self.note is not None, self.note.pk if self.note else 0


def entries_of(incident: Incident, document: Document) -> list[Entry]:
    """Everything, in order."""
    told = [_told(entry) for entry in document.get("timeline") or []]
    noted = [_noted(note) for note in notes_of(incident)]
    timed = sorted((one for one in (*told, *noted) if one.at is not None), key=lambda one: one.place)
    return [*timed, *(one for one in told if one.at is None)]


def _told(entry: Document) -> Entry:
    source, line = int(entry.get("source", 0)), int(entry.get("line") or 0)
    name = "|".join((str(entry["utc"]), entry["kind"], str(source), str(line), entry["title"] if not line else ""))
    lane = _LANES_OF_KINDS.get(entry["kind"], "")
    if not lane:
        lane = "app" if entry["title"].startswith(_FIRST_SIGN) else "platform"
    return Entry(
        f"e-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}",
        parse_time(entry["utc"]), entry["utc"] or "", entry["kind"], entry["title"], lane, source, line,
    )  # fmt: skip


def _noted(note: TimelineNote) -> Entry:
    return Entry(
        f"note-{note.pk}", note.at, note.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "pin" if note.is_pin else "person", note.title, "people", note.source or 0, note.line or 0, note,
    )  # fmt: skip


# -- the picture ------------------------------------------------------------------------------------------------------
class Mark(NamedTuple):
    """One glyph of a lane at ``x`` percent; so many entries share it."""

    x: float
    entry: Entry
    number: int
    title: str


class Lane(NamedTuple):
    key: str
    name: str
    y: int
    marks: list[Mark]


class Picture(NamedTuple):
    """Four lanes over one time axis. ``onset_x`` is a line through all of them; None where it is not shown."""

    lanes: list[Lane]
    height: int
    onset_x: float | None
    ticks: list[tuple[float, datetime]]


LANE_HEIGHT = 40


def picture_of(entries: Sequence[Entry], low: datetime | None, high: datetime | None) -> Picture | None:
    """None where there is nothing to compare: fewer than two moments."""
    timed = [entry for entry in entries if entry.at is not None]
    moments = [entry.at for entry in timed if entry.at is not None] + [at for at in (low, high) if at is not None]
    if not timed or max(moments) <= min(moments):
        return None
    first, last = min(moments), max(moments)
    span = (last - first).total_seconds()

    def x(at: datetime) -> float:
        return round(1.5 + 97 * (at - first).total_seconds() / span, 2)

    lanes = [
        Lane(key, look.word, index * LANE_HEIGHT, _marks([one for one in timed if one.lane == key], x))
        for index, (key, look) in enumerate(LANES.items())
    ]
    onset = next((entry for entry in timed if entry.kind == "onset" and entry.at), None)
    ticks = [(round(1.5 + 97 * step / 5, 2), first + (last - first) * step / 5) for step in range(6)]
    return Picture(lanes, LANE_HEIGHT * len(LANES), x(onset.at) if onset and onset.at else None, ticks)


def _marks(entries: Iterable[Entry], x: Any) -> list[Mark]:
    groups: list[tuple[float, list[Entry]]] = []
    for entry in entries:
        at = x(entry.at)
        if groups and at - groups[-1][0] < _NEAR:
            groups[-1][1].append(entry)
        else:
            groups.append((at, [entry]))
    return [_mark(at, group) for at, group in groups]


def _mark(x: float, group: list[Entry]) -> Mark:
    first = min(group, key=lambda entry: _RANK.index(entry.kind) if entry.kind in _RANK else len(_RANK))
    words = [f"{entry.at:%H:%M:%S} UTC {look_of(entry.kind)}: {entry.title[:120]}" for entry in group[:4] if entry.at]
    if len(group) > 4:
        words.append(f"and {len(group) - 4} more")
    return Mark(x, first, len(group), "\n".join(words))


def look_of(kind: str) -> str:
    """The word for a kind."""
    return LOOKS[kind].word if kind in LOOKS else kind.capitalize()
