"""From lines to rows: credentials masked, trouble and matches marked, stack traces and repetitions folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from incidents.analysis.levels import level_of
from incidents.analysis.redact import Scrubber
from incidents.analysis.utc import iso
from incidents.display import Display
from incidents.models import Incident
from incidents.models.notes import notes_of
from incidents.search import Query
from incidents.templatetags.triage import format_time
from incidents.views.logs import ansi

MOST_SHOWN = 4_000
"""Characters of a line in a list; its own page shows more."""
LEAST_REPEATS = 3
LEAST_FRAMES = 3
SILENCE_US = 300_000_000
LAST_US = 2**57
"""About as far as a calendar goes."""
_HEAD = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d[T ][\d:.,]{8,18}(?:Z|[+-]\d\d:?\d\d)?) (?P<src>[\w.-]{1,40}\[[\w.:-]{1,60}\]): ?"
)
_FRAME = re.compile(
    r"\s+\S|\tat |at [\w$.<>/]{1,200}\s?\(|Caused by: |\.\.\. \d+ (?:more|common frames)|During handling of the above"
    r"|The above exception was the direct cause|Traceback \(most recent call last\)|/\S{1,300}:\d+:in [`']"
    r"|from /\S{1,300}:\d+"
    r"|\s*File \"[^\"]{1,300}\", line \d+|goroutine \d+ \[|\s*\^+\s*$|#\d+ /\S+\(\d+\)"
)
_OPENER = re.compile(r"Traceback \(most recent call last\)")
_CLOSER = re.compile(r"[A-Za-z_][\w.]{2,100}(?:Error|Exception|Warning|Interrupt|Exit|Timeout)\b")
_BLANK = re.compile(r"\s*\Z")
_VARIABLE = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{12,64}\b|\d+", re.IGNORECASE)
_ROUTED = re.compile(r'\b(?:at|code|method|dyno|status|path)=(?:"[^"]*"|\S+)')


class Line(NamedTuple):
    """A line to be shown, as it stands in the log."""

    source: int
    number: int
    text: str
    at_us: int = 0
    cut_bytes: int = 0
    copies: tuple[tuple[int, int], ...] = ()


class Part(NamedTuple):
    """A piece of a line. ``look`` is at (its time), src (who wrote it), hit (searched for), colours, or nothing.

    Of a time ``at`` is for programs and ``shown`` for people.
    """

    text: str
    look: str
    at: str = ""
    shown: str = ""


@dataclass(slots=True)
class Row:
    """One line as shown. ``level`` is error, warning or info; ``hidden`` characters are left out of a list."""

    source: int
    number: int
    at_us: int
    text: str
    parts: list[Part]
    level: str
    hidden: int
    is_masked: bool
    process: str
    message: str
    copies: tuple[tuple[int, int], ...] = ()

    @property
    def tone(self) -> str:
        return {"error": "bad", "warning": "warn"}.get(self.level, "")

    @property
    def place(self) -> str:
        return f"{self.source}.{self.number}"

    @property
    def moment(self) -> str | None:
        """Its time as the document writes times."""
        return iso(self.at_us) if self.at_us and abs(self.at_us) < LAST_US else None


@dataclass(slots=True)
class Item:
    """What stands in the list: one line, several folded into one, or a mark between lines.

    ``kind`` is line, trace, repeat or mark; ``head`` stands for the others.
    """

    kind: str
    head: Row | None = None
    rows: list[Row] = field(default_factory=list)
    mark: dict[str, Any] | None = None

    @property
    def span_seconds(self) -> float:
        return (self.rows[-1].at_us - self.rows[0].at_us) / 1e6 if self.rows else 0.0


def rows_of(
    lines: Iterable[Line], *, reveal: bool = False, whole: frozenset[tuple[int, int]] = frozenset(),
    query: Query | None = None, display: Display | None = None, raw: bool = False,
) -> list[Row]:  # fmt: skip
    """Lines as rows. ``whole`` are places that are not cut; ``raw`` keeps escape sequences and the time as printed."""
    scrubbers: dict[int, Scrubber] = {}
    display = display or Display()
    rows = []
    for one in lines:
        scrubber = scrubbers.setdefault(one.source, Scrubber())
        text = one.text if reveal else scrubber.feed(one.text)
        shown = text if (one.source, one.number) in whole else text[:MOST_SHOWN]
        bare = ansi.plain(shown)
        process, message = split_head(bare)
        rows.append(
            Row(
                one.source, one.number, one.at_us, shown, list(_parts(shown, query, display, raw=raw)), level_of(bare),
                len(text) - len(shown) + one.cut_bytes, text != one.text, process, message, one.copies,
            )
        )  # fmt: skip
    return rows


def split_head(text: str) -> tuple[str, str]:
    """Who wrote a line and what it says; the former empty where the line does not begin as Heroku's do."""
    head = _HEAD.match(text)
    return (head["src"], text[head.end() :]) if head else ("", text)


def _parts(text: str, query: Query | None, display: Display, *, raw: bool) -> Iterator[Part]:
    """The line in pieces that look different, nothing left out but what colours it."""
    runs = [ansi.Run(text.replace("\x1b", "\u241b"), "")] if raw else ansi.split(text)
    bare = "".join(run.text for run in runs)
    head = _HEAD.match(bare)
    spans = [(head.span(name), name) for name in ("at", "src")] if head else []
    spans = [(span, "hit") for span in (query.spans(bare) if query else [])] + spans
    at = 0
    for run in runs:
        spans.append(((at, at + len(run.text)), run.look))
        at += len(run.text)
    cuts = sorted({0, len(bare), *(at for span, _ in spans for at in span)})
    for start, end in pairwise(cuts):
        look = next((name for (low, high), name in spans if low <= start < high), "")
        piece = bare[start:end]
        whole = look == "at" and head is not None and (start, end) == head.span("at")
        yield (whole and not raw and _time(piece, display)) or Part(piece, look)


def _time(text: str, display: Display) -> Part | None:
    """A time as the person wants to read it; None where it has no zone."""
    try:
        at = datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return None
    return Part(text, "at", at.isoformat(), format_time(at, display, "ms")) if at.tzinfo else None


def pinned(incident: Incident) -> set[str]:
    """Places of the lines that stand on the incident's timeline."""
    return {f"{note.source}.{note.line}" for note in notes_of(incident) if note.is_pin}


# -- folding ----------------------------------------------------------------------------------------------------------
def folded(rows: list[Row], *, repeats: bool, marks: list[dict[str, Any]], silence: bool) -> list[Item]:
    """Rows with stack traces and (if asked for) repeated lines as one item each, and marks where they belong."""
    items: list[Item] = []
    for group in _traces(rows):
        if len(group) > 1:
            items.append(Item("trace", _headline(group), group))
        else:
            items.append(Item("line", group[0], group))
    if repeats:
        items = list(_repeated(items))
    return list(_marked(items, marks, silence=silence))


def flat(rows: list[Row], *, marks: list[dict[str, Any]], silence: bool) -> list[Item]:
    """Every row on its own."""
    return list(_marked([Item("line", row, [row]) for row in rows], marks, silence=silence))


def _traces(rows: list[Row]) -> Iterator[list[Row]]:
    at = 0
    while at < len(rows):
        end, frames = at + 1, 0
        opened = bool(_OPENER.match(rows[at].message))
        while end < len(rows) and _belongs(rows[at], rows[end]):
            if not _is_frame(rows[end].message) or (_OPENER.match(rows[end].message) and not frames):
                break
            frames += 1
            end += 1
        if frames + opened >= LEAST_FRAMES and not _is_frame_only(rows[at]):
            if opened and end < len(rows) and _belongs(rows[at], rows[end]) and _CLOSER.match(rows[end].message):
                end += 1
            yield rows[at:end]
            at = end
        else:
            yield [rows[at]]
            at += 1


def _belongs(head: Row, row: Row) -> bool:
    """Of the same file and process, or without a header of its own."""
    return row.source == head.source and (not row.process or row.process == head.process)


def _is_frame(message: str) -> bool:
    return bool(_FRAME.match(message)) or bool(_BLANK.match(message))


def _is_frame_only(row: Row) -> bool:
    return not _OPENER.match(row.message) and _is_frame(row.message)


def _headline(group: list[Row]) -> Row:
    """The line that names the error: in Python's tracebacks the last one."""
    return group[-1] if _OPENER.match(group[0].message) and _CLOSER.match(group[-1].message) else group[0]


def _repeated(items: list[Item]) -> Iterator[Item]:
    at, shapes = 0, [_shape(item) for item in items]
    while at < len(items):
        end = at + 1
        while shapes[at] and end < len(items) and shapes[end] == shapes[at]:
            end += 1
        if end - at >= LEAST_REPEATS:
            rows = [row for item in items[at:end] for row in item.rows]
            yield Item("repeat", rows[0], rows)
        else:
            yield from items[at:end]
        at = end


def _shape(item: Item) -> str:
    """What repeated lines have in common: their words without numbers; of requests what was asked and answered."""
    row = item.head
    if item.kind != "line" or row is None or not row.message.strip():
        return ""
    message = " ".join(_ROUTED.findall(row.message)) if row.process.endswith("[router]") else row.message[:300]
    return f"{row.process} {row.level} {_VARIABLE.sub('#', message)}"


def _marked(items: list[Item], marks: list[dict[str, Any]], *, silence: bool) -> Iterator[Item]:
    """Marks before the first line that is not older; silence where the log says nothing for minutes."""
    waiting = list(marks)
    before: int | None = None
    for item in items:
        first = item.rows[0].at_us
        while waiting and waiting[0]["at_us"] <= first:
            mark = waiting.pop(0)
            if before is not None and mark["at_us"] > before:
                yield Item("mark", mark=mark)
        if silence and before and first - before >= SILENCE_US:
            yield Item("mark", mark={"kind": "silence", "seconds": (first - before) / 1e6})
        yield item
        before = item.rows[-1].at_us
