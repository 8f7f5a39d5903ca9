"""Stack traces of Python, Ruby, Node, JVM, Go, PHP and others, each joined into one.

Every line of a trace is a record of its own in the log, the lines of several dynos are mixed, and newer command line
clients trim the indentation. So the lines of one process are read as one stream, and nothing relies on leading
blanks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import re2

from incidents.analysis.types import Facts, Kind, Note

if TYPE_CHECKING:
    from incidents.analysis.runs import Run

MAX_TRACES = 4000
MAX_LINES = 400
"""Lines of one trace; deeper ones are cut."""

_INTEREST = re2.compile(
    r"Traceback \(most recent call last\)|(?:^|\\n|\n)\s*at \S|\.(?:rb|erb|haml|slim|rake|ru|jbuilder):\d+:in "
    r"|\[running\]:"
    r"|^\s*(?:panic|fatal error): |panic serving |PHP (?:Fatal|Parse|Recoverable|Warning)|[Ss]tack ?trace[:\]]"
    r"|^\s*#\d+ |panicked at "
    r"|\*\* \(\w|\w(?:Error|Exception|Rejection)\b"
    r"|^\s*(?:[EF], \[\S+ #\d+\]\s+\w+ -- : )?(?:\[[\w-]+\] )?[A-Z]\w*(?:::[A-Z]\w*)+ \("
    r"|aborted!|APPLICATION FAILED TO START"
)
_PREFIXES = re.compile(
    r"(?:\x1b?\[\d{1,3}(?:;\d{1,3}){0,4}m"  # colours whose escape may be lost
    r"|[DIWEFA], \[[^\]]{10,60}\]\s{1,2}[A-Z]{3,7} -- [^:]{0,60}: "  # Ruby's Logger
    r"|\[[0-9a-f-]{20,40}\] "  # request id of Rails' tagged logging
    r"|\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d[^\]\s]{0,16}(?: [+-]\d{4})?\]?:? ?"
    r"|\[\d{2}-\w{3}-\d{4} \d\d:\d\d:\d\d \w{2,5}\] "  # PHP
    r"|NOTICE: PHP message: |\[\d{1,7}\] |\[?(?:ERROR|CRITICAL|FATAL|SEVERE|WARN|WARNING|error|fatal)\]?(?::\s"
    r"|\s+(?:\d{1,7} --- )?)"
    r"|production\.(?:ERROR|CRITICAL|EMERGENCY): |[|+]\s|\d{1,3}\|[\w.-]{1,40} {0,12}\| |\(node:\d{1,7}\) )"
)
_JSON_KEYS = (
    "message",
    "msg",
    "error",
    "err",
    "exception",
    "exc_info",
    "stack",
    "stack_trace",
    "stacktrace",
    "backtrace",
    "trace",
)
_CONTEXT = re.compile(
    r"Internal Server Error: (/\S*)|Exception on (/\S*) \[|Error handling request (/\S*)"
    r"|Started [A-Z]{3,7} \"(/[^\"]*)\""
    r"|Exception in ASGI application()|Processing (/\S*)"
)
_TAG = re.compile(r"\[([0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32})\]|request_id=([\w-]{20,64})")


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
    ``type`` is empty where the log does not show it (its beginning is cut off).
    """

    language: str
    type: str
    message: str
    notes: list[Note]
    frames: list[Frame] = field(default_factory=list)
    causes: list[tuple[str, str]] = field(default_factory=list)
    headline: Note | None = None
    path: str = ""
    request_id: str = ""
    run: Run | None = None
    phase: str = "unknown"

    @property
    def process(self) -> str:
        return self.notes[0].process

    @property
    def first(self) -> Note:
        return self.notes[0]

    @property
    def last(self) -> Note:
        return self.notes[-1]

    @property
    def text(self) -> str:
        """Type and message of the error and of those that led to it, in one string, to be matched."""
        return " | ".join(f"{kind}: {message}" for kind, message in [(self.type, self.message), *self.causes])

    @property
    def culprit(self) -> Frame | None:
        """The innermost frame in the application's own code."""
        return next((frame for frame in reversed(self.frames) if frame.in_app), None)


class Line(NamedTuple):
    text: str
    note: Note


class Stream:
    """The output of one process, line by line, without colours, log prefixes and indentation."""

    def __init__(self, notes: list[Note]) -> None:
        self.lines: list[Line] = []
        self.marks: list[int] = []  # lines that may belong to a trace
        for note in notes:
            marked = _INTEREST.search(note.text) is not None
            parts = _parts(note.text) if marked else (note.text,)
            for part in parts:
                if marked:
                    self.marks.append(len(self.lines))
                self.lines.append(Line(part, note))

    def __len__(self) -> int:
        return len(self.lines)

    def text(self, index: int) -> str:
        return clean(self.lines[index].text) if 0 <= index < len(self.lines) else ""

    def note(self, index: int) -> Note:
        return self.lines[index].note

    def notes(self, start: int, stop: int) -> list[Note]:
        """The notes of these lines, each once."""
        found = {id(line.note): line.note for line in self.lines[start : min(stop, start + MAX_LINES)]}
        return list(found.values())


Parser = Callable[[Stream, int, int], "tuple[Trace, int] | None"]
"""Reads the trace at a marked line. Arguments: stream, line, first line not yet used. Gives the trace and the line after it."""


def clean(text: str) -> str:
    """A line without colours, the prefixes of common loggers, and indentation."""
    for _ in range(6):
        text = text.lstrip()
        found = _PREFIXES.match(text)
        if not found:
            return text.rstrip()
        text = text[found.end() :]
    return text.rstrip()


def gather(facts: Facts, runs: list[Run]) -> list[Trace]:
    """All traces, by the place of their first line."""
    home = {
        id(note): (run, phase)
        for run in runs
        for note, phase in zip(run.notes, run.phases, strict=True)
        if note.kind == Kind.APP
    }
    streams: dict[tuple[int, str], list[Note]] = {}
    for note in facts.notes:
        if note.kind in (Kind.APP, Kind.OTHER):
            streams.setdefault((note.source, note.process), []).append(note)
    found: list[Trace] = []
    for notes in streams.values():
        for trace in _joined(islice(_read(Stream(notes)), MAX_TRACES)):
            trace.run, trace.phase = home.get(id(trace.headline or trace.first), (None, "unknown"))
            found.append(trace)
    return sorted(found, key=lambda trace: (trace.first.at_us or 0, trace.first.source, trace.first.line))


def _read(stream: Stream) -> Iterator[Trace]:
    from . import traces_other, traces_python, traces_ruby, traces_stack

    parsers: tuple[Parser, ...] = (
        traces_python.parse,
        traces_stack.parse,
        traces_ruby.parse,
        traces_other.parse,
        traces_other.alone,
    )
    used = 0
    pending: list[int] = stream.marks
    for mark in pending:
        if mark < used:
            continue
        for parser in parsers:
            hit = parser(stream, mark, used)
            if hit:
                trace, end = hit
                _place(trace, stream, mark)
                used = max(end, mark + 1)
                yield trace
                break


def _joined(found: Iterable[Trace]) -> list[Trace]:
    """Frames without a headline belong to the error beside them: lines of one moment are often out of order."""
    whole: list[Trace] = []
    orphans: list[Trace] = []
    for trace in found:
        near = whole[-1] if whole and _close(whole[-1].last, trace.first) else None
        if trace.type or trace.causes:
            orphan = orphans[-1] if orphans and orphans[-1] in whole and near is orphans[-1] else None
            if orphan and not trace.frames and orphan.language in (trace.language or orphan.language):
                whole.remove(orphan)
                _absorb(trace, orphan)
            whole.append(trace)
        elif near and (near.language in ("", trace.language)) and (near.type or near.message or not trace.message):
            _absorb(near, trace)
        else:
            whole.append(trace)
            orphans.append(trace)
    return whole


def _absorb(trace: Trace, orphan: Trace) -> None:
    trace.language = trace.language or orphan.language
    trace.frames = [*trace.frames, *orphan.frames]
    trace.notes = [*trace.notes, *(note for note in orphan.notes if note not in trace.notes)]


def _close(one: Note, other: Note) -> bool:
    if one.at_us is None or other.at_us is None:
        return abs(other.line - one.line) <= 6
    return abs(other.at_us - one.at_us) <= 1_500_000


def _place(trace: Trace, stream: Stream, mark: int) -> None:
    """The request that the error belongs to, where the lines before it name one."""
    tag = next((found[1] or found[2] for note in trace.notes[:3] if (found := _TAG.search(note.text))), "")
    trace.request_id = trace.request_id or tag
    start = mark - max(0, len(trace.notes))
    for index in range(mark, max(-1, start - 60), -1):
        found = _CONTEXT.search(stream.lines[index].text)
        if not found or (tag and "Started" in found[0] and tag not in stream.lines[index].text):
            continue
        if "Started" not in found[0] and index < mark - 4:
            continue
        trace.path = next((group for group in found.groups() if group), "")
        return


def _parts(text: str) -> tuple[str, ...] | list[str]:
    """The lines inside one record: a JSON log line with a stack, or newlines written as two characters."""
    if text.lstrip().startswith("{") and text.rstrip().endswith("}"):
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            data = None
        if isinstance(data, dict):
            return _flatten(data) or (text,)
    if "\\n" in text:
        return text.replace("\\t", "  ").split("\\n")[:MAX_LINES]
    return text.split("\n")[:MAX_LINES] if "\n" in text else (text,)


def _flatten(data: dict[str, object], depth: int = 0) -> list[str]:
    found: list[str] = []
    for key in _JSON_KEYS:
        value = data.get(key)
        if isinstance(value, str):
            found += value.split("\n")
        elif isinstance(value, list):
            found += [line for line in value if isinstance(line, str)]
        elif isinstance(value, dict) and depth < 3:
            found += _flatten(value, depth + 1)
    return found[:MAX_LINES]
