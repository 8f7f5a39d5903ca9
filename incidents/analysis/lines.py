"""Lines that need care, one at a time: records of any format, torn or glued ones, and what is no record at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import cleaning, formats, joins, noise, text
from .formats._header import embedded, heroku
from .types import Record, SourceSettings
from .utc import STAMP, UNDATED, canonical

MAX_SKIPPED_ROWS = 200
MAX_MESSAGE = 64 * 1024
_SPLIT_BYTES = 10_000  # Heroku cuts longer messages into records of this size, without a mark
_PASTED = frozenset(("heroku-cli", "loose", "plain"))  # in other forms a product put every record on its line
_ENDS_CONTEXT = frozenset(
    ("prompt", "markdown", "text")
)  # what follows such a line does not go on with the record before
_LINE_NUMBER = re.compile(r"\s{0,8}\d{1,6}[:.)|]?(?:\s{1,2}|$)")
_ONLY_STAMP = re.compile(rf"{STAMP}\s{{0,4}}$", re.ASCII)


@dataclass(slots=True)
class _Last:
    """The record that was read last, as long as the next line may still belong to it."""

    row: int
    head: bytes  # the time, or its absence
    who: str  # "app[web.1]"
    message: str
    printed: int  # length of its last line as printed
    headed: bool  # the line had a header of its own
    split: bool = False  # its message has the size at which Heroku splits


class LineReader:
    """Reads raw lines in order. `take` hands out what they gave; ``skipped`` and ``repaired`` count reasons."""

    def __init__(self, settings: SourceSettings) -> None:
        self.settings = settings
        self.form = formats.get(settings.format)
        self.plain = settings.format == "plain"
        self.framed = settings.format == "logplex"  # lengths say where records end: text inside one cannot be another
        self.readers = formats.readers(settings.format)
        self.skipped: dict[str, int] = {}
        self.skipped_rows: list[tuple[int, str]] = []
        self.repaired: dict[str, int] = {}
        self._out: list[bytes] = []
        self._rows: list[int] = []
        self._last: _Last | None = None
        self._next_row = 0  # the row on which the last record would go on
        self._full = False  # the line read now has the size at which Heroku splits
        self._who = ""  # whom a line without a header belongs to
        self._lead = ""  # what stands before every line: a quote mark, a list mark
        self._held: tuple[int, str] | None = None  # the first part of a header that a newline tore apart

    def prime(self, lines: list[bytes]) -> None:
        """Learn from the lines before the chunk whom its first ones belong to."""
        for row, raw in enumerate(lines):
            self.read(row - len(lines), raw, None)
        self.skipped, self.skipped_rows, self.repaired = {}, [], {}
        self._out, self._rows, self._last, self._held = [], [], None, None

    def take(self) -> tuple[list[bytes], list[int]]:
        """The canonical lines and their rows since the last call."""
        self._settle()
        out, rows = self._out, self._rows
        self._out, self._rows = [], []
        return out, rows

    def clean(self, row: int, raw: bytes) -> None:
        """A line that is canonical as it stands."""
        end = raw.index(b"]: ", 33)
        self._settle()
        who = raw[33 : end + 1].decode()
        message = raw[end + 3 :]
        split = len(message) == _SPLIT_BYTES
        self._last = _Last(row, raw[:32], who, message.decode("utf-8", "replace"), len(raw), True, split)
        self._who, self._next_row = who, row + 1

    def read(self, row: int, raw: bytes, following: bytes | None) -> None:
        """A raw line of any kind. ``following`` is the next one, None at the end."""
        line = self._text(raw)
        self._full = len(raw) > _SPLIT_BYTES and len(raw) - raw.find(b"]: ") - 3 == _SPLIT_BYTES
        if self._held is not None:
            row, line = self._held[0], self._held[1] + line
            self._held = None
        if not line.strip():
            self._skip(row, "blank")
            return
        if self.form.skip is not None and (reason := self.form.skip(line, self.settings)):
            self._skip(row, reason)
            return
        if "<" in line or "&" in line or line[0] == '"' or not line.isascii():
            line, done = cleaning.repaired(line)
            if done:
                self._count(done)
            if not line.strip():
                self._skip(row, "html")
                return
        pieces = joins.split(line) if self.settings.format in _PASTED else [line]
        if len(pieces) > 1:
            self._count("split")
        for piece in pieces:
            record = self._record(piece)
            if record is not None:
                self._add(row, record, len(line))
            else:
                self._headless(row, piece, following)

    def _text(self, raw: bytes) -> str:
        """The line as it is read: decoded, cut, without escape sequences, control characters and blanks at its end."""
        if len(raw) > text.MAX_LINE:
            raw = raw[: text.MAX_LINE]
            self._count("cut")
        line, good = text.decode_line(raw)
        if not good:
            self._count("undecodable")
        return cleaning.plain(line).rstrip()

    def _record(self, line: str) -> Record | None:
        """The record of a line with a header: at its start, behind quote marks, or behind anything short."""
        if self.framed:
            return self.form.read(line, self.settings) or heroku(line, self.settings)  # as the form's rewrite has it
        found = self._by_form(line)
        if found is None and not line[0].isalpha() and line[0] != "{":
            lead = noise.LEAD.match(line)
            end = lead.end() if lead else 0
            if end and (found := self._by_form(line[end:])) is not None:
                self._lead = line[:end]
                self._count("prefix")
        if found is None and ("[" in line or ">1 " in line) and (found := embedded(line, self.settings)) is not None:
            self._count("prefix")
        return found

    def _by_form(self, line: str) -> Record | None:
        for reader in self.readers:
            found = reader(line, self.settings)
            if found is not None:
                return found
        return None

    def _headless(self, row: int, line: str, following: bytes | None) -> None:
        """A line without a header: the rest of a record, noise, or words."""
        if self.framed:
            if self._who:
                self._emit(row, UNDATED, self._who, line, len(line), headed=False)
            else:
                self._skip(row, "text")
            return
        line = self._without_lead(line)
        if not line:
            self._skip(row, "blank")
            return
        if following is not None and self._torn(line, following):
            self._held = (row, line)
            self._count("joined")
            return
        if self._goes_on(row, line, following):
            return
        reason = noise.reason(line) or ("time" if _ONLY_STAMP.match(line) else "")
        if reason:
            self._skip(row, reason)
        elif noise.looks_like_router(line):
            self._emit(row, UNDATED, "heroku[router]", line, len(line), headed=False)
        elif noise.looks_like_platform(noise.bare(line)):
            self._emit(row, UNDATED, "heroku[unknown]", noise.bare(line), len(line), headed=False)
        elif self.plain and (found := self.form.read(line, self.settings)) is not None:
            self._add(row, found, len(line))
        elif self._who.startswith("app[") and not self._who.startswith("app[api]"):
            self._emit(row, UNDATED, self._who, line, len(line), headed=False)
        elif noise.looks_like_output(line):
            self._emit(row, UNDATED, "app[unknown]", line, len(line), headed=False)
            self._who = "app[unknown]"
        else:
            self._skip(row, "text")

    def _without_lead(self, line: str) -> str:
        """The line without the quote mark or the number that stands before all lines, and one blank behind it."""
        mark = self._lead.strip()
        if mark[:1].isdigit():
            number = _LINE_NUMBER.match(line)
            return line[number.end() :] if number else line
        return line.removeprefix(mark).removeprefix(" ") if mark and line.startswith(mark) else line

    def _goes_on(self, row: int, line: str, following: bytes | None) -> bool:
        """Join a line to the record right before it, where the evidence is clear."""
        last = self._last
        if last is None or row != self._next_row:
            return False
        joined = self._joined(last, line)
        if joined is None and self._was_torn_off(last, line, following):
            joined = last.message + line
        if joined is not None:
            self._join(last, joined, row, line)
        return joined is not None

    def _joined(self, last: _Last, line: str) -> str | None:
        """The message of a record with the line that continues it, or None."""
        if not last.message and last.who.startswith("heroku[") and line[:1] in " \t":
            return line.strip()  # the whole message stands on the next line
        if last.message.endswith("\\") and len(last.message) > 1:
            return last.message[:-1].rstrip() + " " + line.lstrip()  # as books and shells break a line
        width = self.settings.width
        full = width > 0 and last.printed >= width - 1
        gap = joins.gap(last.printed, width)
        if last.who.endswith("[router]"):
            joined = joins.router(last.message, line, gap=gap if full else "", full=full)
        else:
            joined = joins.command(last.message, line, gap=gap)
        return last.message + gap + line if joined is None and full else joined

    def _was_torn_off(self, last: _Last, line: str, following: bytes | None) -> bool:
        """The only line without a header far and wide is the rest of the one before it."""
        if not (self.settings.captured and last.headed and following is not None) or last.who.endswith("[router]"):
            return False
        return not noise.reason(line) and self._peek(following)[1] is not None

    def _join(self, last: _Last, message: str, row: int, line: str) -> None:
        last.message, last.printed = message[:MAX_MESSAGE], len(line)
        self._next_row = row + 1
        self._count("joined")

    def _torn(self, line: str, following: bytes) -> bool:
        """A newline tore a header apart: neither part can be read, both together can."""
        if not line[:1].isdigit() or len(line) > 80:
            return False
        rest, part = self._peek(following)
        whole = self._by_form(line + rest)
        return bool(rest) and whole is not None and whole.at_us is not None and (part is None or part.at_us is None)

    def _peek(self, following: bytes) -> tuple[str, Record | None]:
        """The text of the next line and its record, without counting anything."""
        line = cleaning.plain(text.decode_line(following[: text.MAX_LINE])[0]).rstrip()
        return line, self._by_form(noise.bare(line))

    def _add(self, row: int, record: Record, printed: int) -> None:
        """A record with its own header.

        Lines inside its message become records of the same time, unless they have headers too.
        """
        message = record.message
        if not message.isascii() or not message.isprintable():
            message = cleaning.plain(message)
        who = f"{record.source}[{record.process}]"
        if "\n" not in message:
            last = self._last
            if last is not None and row == self._next_row and last.who == who and last.split:
                self._join(last, last.message + message, row, message)
            else:
                self._emit(row, canonical(record.at_us), who, message, printed, headed=True)
            if self._last is not None:
                self._last.split = self._full
            return
        for part in [part for part in message.split("\n") if part.strip()] or [""]:
            inner = heroku(part, self.settings)
            if inner is not None:
                self._emit(
                    row,
                    canonical(inner.at_us),
                    f"{inner.source}[{inner.process}]",
                    inner.message,
                    len(part),
                    headed=True,
                )
            else:
                self._emit(row, canonical(record.at_us), who, part.rstrip(), len(part), headed=True)

    def _emit(self, row: int, head: bytes, who: str, message: str, printed: int, *, headed: bool) -> None:
        self._settle()
        self._last = _Last(row, head, who, message[:MAX_MESSAGE], printed, headed)
        self._next_row = row + 1
        if headed:
            self._who = who

    def _settle(self) -> None:
        """Write the record that can no longer grow."""
        last = self._last
        if last is not None:
            self._out.append(last.head + f" {last.who}: {last.message}".encode("utf-8", "replace"))
            self._rows.append(last.row)
            self._last = None

    def _skip(self, row: int, reason: str) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + 1
        if reason != "blank" and len(self.skipped_rows) < MAX_SKIPPED_ROWS:
            self.skipped_rows.append((row, reason))
        if reason in _ENDS_CONTEXT:
            self._who = ""

    def _count(self, reason: str) -> None:
        self.repaired[reason] = self.repaired.get(reason, 0) + 1
