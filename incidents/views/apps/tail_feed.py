"""The newest lines of an app, read once per process for all who watch it.

A feed reads what is new at most twice a second, as one batch: masked, cut, marked and written as JSON once. Each viewer
then gets the batches behind their cursor. Queries are the log's own (`incidents.search`), over the batch's columns.
"""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from incidents.analysis import SourceSettings, levels, scan_chunk
from incidents.analysis.redact import Scrubber
from incidents.analysis.types import NO_TIME, ChunkResult
from incidents.digest.recorder.reading import RecordedLine, tail
from incidents.models import App, LogSource
from incidents.search import Query
from incidents.search.masks import Lines, Matcher
from incidents.templatetags.triage import visible
from incidents.views.logs.parts import parts_of

REFRESH_SECONDS = 0.4
MOST_LINES = 6_000
"""Kept per app and process: who falls further behind is told how many lines were left out."""
MOST_READ = 2_000
MOST_ANSWERED = 1_500
MOST_SHOWN = 2_000
"""Characters of a line; its own page shows more."""
MOST_APPS = 32
_FORGET_SECONDS = 120.0
_HOW = SourceSettings(format="heroku-cli", encoding="utf-8")

Cursor = dict[int, int]
"""How far somebody has read: number of the last line by position of its source."""


def read_cursor(text: str) -> Cursor | None:
    """``0.1234-1.88``; None for what is no cursor."""
    found: Cursor = {}
    for part in text[:400].split("-"):
        position, _, number = part.partition(".")
        if not (position.isdecimal() and number.isdecimal() and len(position) < 6 and len(number) < 16):
            return None
        found[int(position)] = int(number)
    return found


def write_cursor(cursor: Cursor) -> str:
    return "-".join(f"{position}.{cursor[position]}" for position in sorted(cursor))


class Page(NamedTuple):
    """What a viewer gets: lines as JSON, and how many lines there were that are not among them."""

    rows: list[str]
    cursor: Cursor
    skipped: int
    lines_per_s: float


@dataclass(slots=True)
class Batch:
    """Lines that were read together, as JSON in ``rows``. ``before`` and ``after`` are cursors.

    ``skipped`` lines lie between ``before`` and the first of them: more had come than are read at once.
    """

    before: Cursor
    after: Cursor
    lines: list[RecordedLine]
    rows: list[str]
    skipped: int = 0
    _result: ChunkResult | None = None
    _block: bytes = b""
    _matches: dict[str, frozenset[int]] = field(default_factory=dict)

    def matching(self, query: Query) -> frozenset[int] | None:
        """Indices of the lines that match; None for all of them."""
        if query.is_empty:
            return None
        known = self._matches.get(query.text)
        if known is None:
            known = self._matches[query.text] = frozenset(self._match(query))
        return known

    def _match(self, query: Query) -> list[int]:
        if self._result is None:
            self._block = "".join(f"{line.text.replace(chr(13), ' ')}\n" for line in self.lines).encode()
            self._result = scan_chunk(self._block, _HOW, first_line=1)
        size = len(self.lines)
        at_us = np.full(size, NO_TIME, dtype=np.int64)
        columns = self._result.columns
        inside = (columns.line >= 1) & (columns.line <= size)
        at_us[columns.line[inside] - 1] = columns.at_us[inside]
        matcher = Matcher(query, Lines(0, 1, at_us, columns))
        rows = np.arange(size)
        return [int(index) for index in np.flatnonzero(matcher.by_text(rows, self._block, 0, size))]


class Feed:
    """One app's newest lines in this process."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.used_at = time.monotonic()
        self._lock = threading.Lock()
        self._read_at = 0.0
        self._place: dict[str, int] = {}
        self._positions: dict[str, int] = {}
        self._batches: deque[Batch] = deque()
        self._scrubber = Scrubber()
        self._rates: deque[tuple[float, int]] = deque(maxlen=64)
        self._answers: OrderedDict[Any, bytes] = OrderedDict()

    def refresh(self) -> None:
        """Read what is new, unless somebody just has."""
        with self._lock:
            self.used_at = time.monotonic()
            if self.used_at - self._read_at < REFRESH_SECONDS:
                return
            first = not self._place
            found = tail(self.app, self._place or None, limit=MOST_READ)
            before, self._place = self._cursor(self._place), found.place
            after = self._cursor(found.place)
            self._read_at = time.monotonic()
            if not found.lines:
                return
            if first:  # history has no rate
                before = {position: min(self._numbers(found.lines, position)) - 1 for position in after}
            else:
                self._rates.append((self._read_at, len(found.lines) + found.skipped))
            rows = [self._row(line) for line in found.lines]
            self._batches.append(Batch(before, after, found.lines, rows, 0 if first else found.skipped))
            self._trim()

    def page(self, after: Cursor | None, query: Query, *, limit: int = MOST_ANSWERED) -> Page:
        """The newest lines behind a cursor; without one the last of all that are known here."""
        with self._lock:
            batches = list(self._batches)
            cursor = self._cursor(self._place)
        skipped, rows = 0, []
        if after is not None and batches:
            oldest = batches[0].before
            skipped = sum(max(0, number - after.get(position, number)) for position, number in oldest.items())
        for batch in batches:
            if after is not None and all(batch.after[at] <= after.get(at, 0) for at in batch.after):
                continue
            if after is not None and all(after.get(at, 0) <= number for at, number in batch.before.items()):
                skipped += batch.skipped
            rows += list(_rows(batch, after, query))
        return Page(rows[-limit:], cursor, skipped + max(0, len(rows) - limit), self._rate())

    def cursor(self) -> Cursor:
        return self._cursor(self._place)

    def answer(self, after: Cursor | None, query: Query) -> bytes:
        """The page as packed JSON. Viewers who ask for the same get the same bytes."""
        key = (write_cursor(after) if after is not None else None, write_cursor(self.cursor()), query.text)
        with self._lock:
            known = self._answers.get(key)
        if known is None:
            page = self.page(after, query)
            text = f'{{"cursor":{json.dumps(write_cursor(page.cursor))},"skipped":{page.skipped},' + (
                f'"lines_per_s":{page.lines_per_s:.1f},"rows":[{",".join(page.rows)}]}}'
            )
            known = gzip.compress(text.encode(), compresslevel=1, mtime=0)
            with self._lock:
                self._answers[key] = known
                while len(self._answers) > 64:
                    self._answers.popitem(last=False)
        return known

    def _cursor(self, place: dict[str, int]) -> Cursor:
        if any(pk not in self._positions for pk in place):
            rows = LogSource.objects.filter(incident=self.app.recorder_id, position__isnull=False)
            self._positions = {str(pk): position or 0 for pk, position in rows.values_list("pk", "position")}
        return {self._positions[pk]: number for pk, number in place.items() if pk in self._positions}

    def _numbers(self, lines: list[RecordedLine], position: int) -> list[int]:
        return [line.number for line in lines if line.position == position] or [1]

    def _row(self, line: RecordedLine) -> str:
        text = self._scrubber.feed(line.text)
        shown = visible(text[:MOST_SHOWN])
        tone = {"error": "bad", "warning": "warn"}.get(levels.level_of(shown), "")
        row = {"s": line.position, "n": line.number, "t": tone, "p": parts_of(shown)}
        if len(text) > MOST_SHOWN:
            row["more"] = len(text) - MOST_SHOWN
        return json.dumps(row, ensure_ascii=False, separators=(",", ":"))

    def _rate(self) -> float:
        now = time.monotonic()
        recent = [(at, count) for at, count in list(self._rates) if now - at < 10]
        return sum(count for _, count in recent) / 10

    def _trim(self) -> None:
        total = sum(len(batch.lines) for batch in self._batches)
        while len(self._batches) > 1 and total - len(self._batches[0].lines) > MOST_LINES:
            total -= len(self._batches.popleft().lines)


def _rows(batch: Batch, after: Cursor | None, query: Query) -> Iterator[str]:
    wanted = batch.matching(query)
    for index, (line, row) in enumerate(zip(batch.lines, batch.rows, strict=True)):
        is_new = after is None or line.number > after.get(line.position, 0)
        if is_new and (wanted is None or index in wanted):
            yield row


class Feeds:
    """The feeds of this process: those that somebody watches."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._feeds: dict[UUID, Feed] = {}

    def of(self, app: App) -> Feed:
        with self._lock:
            now = time.monotonic()
            stale = [pk for pk, feed in self._feeds.items() if now - feed.used_at > _FORGET_SECONDS]
            if app.pk not in self._feeds and len(self._feeds) - len(stale) >= MOST_APPS:
                stale.append(min(self._feeds, key=lambda pk: self._feeds[pk].used_at))
            for pk in stale:
                self._feeds.pop(pk, None)
            feed = self._feeds.setdefault(app.pk, Feed(app))
            feed.used_at = now
            return feed


feeds = Feeds()
