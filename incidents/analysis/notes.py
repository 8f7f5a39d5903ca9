"""Which lines are worth reading again: all where a chunk is small, the telling ones under a budget where it is not.

A chunk with at most `SMALL` lines that are neither requests nor metrics keeps all of them. Above that it keeps

- what the platform says (dyno states, releases, builds, log losses), of endless repeats the first and the last;
- output that speaks of trouble or of booting (`TRIGGER`), of each shape the first and the last;
- up to `TRAIL_LINES` lines of the same process behind such a line, within a second: the rest of its trace;
- what a process prints after its start: up to `BOOT_LINES` lines, and `BOOT_AFTER` once it is up or has crashed;
- the last `LAST_LINES` lines of a process before it ends in any but the ordinary way.

Router lines are in the columns already; of them only examples are kept. What is left out is counted, never silent.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any

import numpy as np
import re2

from .bulk import Text
from .heads import MOST_NAME, Heads
from .types import NO_TIME, Array, Kind, Requests

SMALL = 4_000
MAX_TEXT = 4_000
"""Longer lines are cut in notes, in characters."""

PLATFORM = frozenset((Kind.OTHER, Kind.DYNO, Kind.API, Kind.LOGPLEX, Kind.BUILD))
OUTPUT = frozenset((Kind.APP, Kind.POSTGRES, Kind.ADDON))
# (first, last): so many from the start of the chunk, so many from its end.
PLATFORM_CAP = (4_000, 2_000)
REPEAT_CAP = (500, 500)
TRIGGER_CAP = (2_000, 1_000)
SHAPE_CAP = (40, 10)
TRAIL_CAP = (3_000, 1_000)
BOOT_CAP = (3_000, 1_000)
TRAIL_LINES, TRAIL_US = 40, 1_000_000
BOOT_LINES, BOOT_AFTER = 200, 20
LAST_CAP = (2_000, 1_000)
LAST_LINES = 30
SHAPE_BYTES = 40
SHAPE_WORD = 6
"""Lines of one shape have one type of process, one telling word, and one beginning but for digits and hex letters."""

CODE_CAP = (50, 10)
PER_CODE_AND_ENDPOINT = 3
PER_STATUS_AND_ENDPOINT = 5
SLOWEST = 20
UNREAD_ROUTER = 50
ROUTER_CAP = 2_000

STARTING = b"Starting process with command"
STARTED = b"State changed from starting to"
EXITED = b"Process exited with status "
ORDINARY = (b"Process exited with status 0", b"Process exited with status 143")
MEMORY = b"Process running mem="

TRIGGER = (
    rb"(?i:err(?:or|no)|exception|traceback|fatal|panic|fail|refused|time.?out(?:[^=\n]|(?m:$))|timed.out|killed|\boom\b"
    rb"|out of memory|denied|cannot|can't|could not|not found|no such|unable|unavailable|unhandled|rejected|undefined"
    rb"|invalid|exceeded|too many|deadlock|abort|crash|critical|terminat|shutting down|listening|boot|starting"
    rb"|running on|duration:|\(\d{4,7}\.\dms\))"
    rb"|SIG[A-Z]{3,6}|WORKER"
)
"""What makes a line of output worth keeping. Both `re` and RE2 read it."""
_PLATFORM, _OUTPUT = (np.isin(np.arange(len(Kind)), list(kinds)) for kinds in (PLATFORM, OUTPUT))
_NUMBERS = bytes.maketrans(b"123456789abcdef", b"0" * 15)


def choose(
    text: Text, heads: Heads, codes: dict[int, str], request: Requests, request_row: Array, unread: Array
) -> tuple[Array, int]:
    """The rows that become notes, in order, and how many lines that are neither requests nor metrics are left out.

    ``codes`` names the rows that print a platform error, ``unread`` those of the router that are no requests.
    """
    plain = np.flatnonzero((heads.kind != Kind.ROUTER) & (heads.kind != Kind.METRIC))
    kept = plain
    if len(plain) > SMALL:
        kept = np.union1d(
            _platform(text, heads, plain[_PLATFORM[heads.kind[plain]]], codes), _output(text, heads, plain)
        )
    return np.union1d(kept, _router(request, request_row, unread)), len(plain) - len(kept)


def _ends(rows: Array, cap: tuple[int, int]) -> Array:
    """The first and the last of some rows."""
    first, last = cap
    return rows if len(rows) <= first + last else np.concatenate((rows[:first], rows[len(rows) - last :]))


def _platform(text: Text, heads: Heads, rows: Array, codes: dict[int, str]) -> Array:
    """Lines of the platform, with the repeats of one message thinned."""
    memory = text.starts_with(heads.message[rows], MEMORY)
    coded = np.isin(rows, np.fromiter(codes, dtype=np.int64))
    repeats: dict[str, list[int]] = defaultdict(list)
    for row in rows[coded].tolist():
        repeats[codes[row]].append(row)
    kept = [rows[~memory & ~coded], _ends(rows[memory & ~coded], REPEAT_CAP)]
    kept += [_ends(np.array(repeated, dtype=np.int64), REPEAT_CAP) for repeated in repeats.values()]
    return _ends(np.sort(np.concatenate(kept)), PLATFORM_CAP)


def _output(text: Text, heads: Heads, plain: Array) -> Array:
    """Output that speaks of trouble, what follows it, and what follows a start."""
    rows = plain[_OUTPUT[heads.kind[plain]]]
    told = _told(text, heads, rows)
    trail = _ends(_trail(heads, rows, told), TRAIL_CAP)
    dynos = plain[heads.kind[plain] == Kind.DYNO]
    starts, ends = (dynos[text.starts_with(heads.message[dynos], said)] for said in (STARTING, STARTED))
    boot = _ends(_boot(heads, rows, starts, ends), BOOT_CAP)
    exits = dynos[text.starts_with(heads.message[dynos], EXITED)]
    said = text.slices(heads.message[exits], text.ends[exits])
    bad = exits[np.array([message not in ORDINARY for message in said], dtype=np.bool_)]
    last = _ends(_last(heads, rows, exits, bad), LAST_CAP)
    return np.unique(np.concatenate((told, trail, boot, last)))


def _told(text: Text, heads: Heads, rows: Array) -> Array:
    """Lines that match `TRIGGER`: of each shape the first and the last."""
    messages = text.slices(heads.message[rows], text.ends[rows])
    blob = b"\n".join(messages)
    stops = np.cumsum([len(message) + 1 for message in messages])
    found = [match.start() for match in _trigger().finditer(blob)]
    shapes: dict[tuple[str, bytes, bytes], list[int]] = defaultdict(list)
    for start, place in zip(found, np.searchsorted(stops, found, side="right").tolist(), strict=True):
        row = int(rows[place])
        process = heads.writers[heads.writer[row]].process.split(".")[0]
        word = blob[start : min(start + SHAPE_WORD, int(stops[place]) - 1)].lower()
        beginning = messages[place][:SHAPE_BYTES].translate(_NUMBERS)
        shapes[process[:MOST_NAME], word, beginning].append(row)
    kept = [_ends(np.array(shape, dtype=np.int64), SHAPE_CAP) for shape in shapes.values()]
    return _ends(np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *kept])), TRIGGER_CAP)


@cache
def _trigger() -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # as bytes: what is no UTF-8 is searched too
    return re2.compile(b"(?:" + TRIGGER + rb")[^\n]*", options)


def _by_process(heads: Heads, rows: Array) -> tuple[Array, Array]:
    """Rows sorted by process, then by place; and the process of each as a number."""
    index: dict[str, int] = {}
    number = np.array([index.setdefault(writer.process, len(index)) for writer in heads.writers], dtype=np.int64)
    process = number[heads.writer[rows]]
    order = np.lexsort((rows, process))
    return rows[order], process[order]


def _since(process: Array, marked: Array) -> tuple[Array, Array]:
    """For each place the last marked place of the same process at or before it, and whether there is one."""
    place = np.arange(len(marked))
    last = np.maximum.accumulate(np.where(marked, place, -1))
    return last, (last >= 0) & (process[last] == process)


def _trail(heads: Heads, rows: Array, told: Array) -> Array:
    """What the process of a telling line prints next: its trace."""
    rows, process = _by_process(heads, rows)
    if not len(rows):
        return rows
    marked = np.isin(rows, told)
    last, known = _since(process, marked)
    at_us = heads.at_us[rows]
    untimed = (at_us == NO_TIME) | (at_us[last] == NO_TIME)
    far = ~untimed & (np.abs(at_us - at_us[last]) > TRAIL_US) & ~marked
    gone = np.cumsum(far)
    near = known & ~marked & (np.arange(len(rows)) - last <= TRAIL_LINES) & (gone == gone[last])
    return np.sort(rows[near])


def _boot(heads: Heads, rows: Array, starts: Array, ends: Array) -> Array:
    """What a process prints after its start, until some lines after it is up or has crashed."""
    rows, process = _by_process(heads, np.concatenate((rows, starts, ends)))
    if not len(rows):
        return rows
    opens, closes = np.isin(rows, starts), np.isin(rows, ends)
    printed = np.cumsum(~opens & ~closes)
    opened, known = _since(process, opens)
    closed, _ = _since(process, closes)
    closes &= np.append(-1, closed[:-1]) < opened  # only the first one after a start
    closed, _ = _since(process, closes)
    booting = known & ~opens & ~np.isin(rows, ends) & (printed - printed[opened] <= BOOT_LINES)
    return np.sort(rows[booting & ((closed < opened) | (printed - printed[closed] <= BOOT_AFTER))])


def _last(heads: Heads, rows: Array, exits: Array, bad: Array) -> Array:
    """What a process printed last before it ended badly."""
    rows, process = _by_process(heads, np.concatenate((rows, exits)))
    if not len(rows):
        return rows
    ended = np.isin(rows, exits)
    place = np.arange(len(rows))
    following = np.minimum.accumulate(np.where(ended, place, len(rows) - 1)[::-1])[::-1]
    printed = np.cumsum(~ended)
    known = ~ended & np.isin(rows[following], bad) & (process[following] == process)
    return np.sort(rows[known & (printed[following] - printed < LAST_LINES)])


def _router(request: Requests, rows: Array, unread: Array) -> Array:
    """Examples of requests: of each code, of each failing endpoint, and the slowest."""
    by_code, by_place, by_status = defaultdict(list), defaultdict(list), defaultdict(list)
    odd = np.flatnonzero((request.code > 0) | (request.status >= 500))
    for row, code, status, endpoint in zip(
        *(column[odd].tolist() for column in (rows, request.code, request.status, request.endpoint)), strict=True
    ):
        if code:
            by_code[code].append(row)
            by_place[code, endpoint].append(row)
        if status >= 500:
            by_status[status, endpoint].append(row)
    slow = np.flatnonzero(request.service_ms > 0)
    slowest = slow[np.argsort(-request.service_ms[slow], kind="stable")[:SLOWEST]]
    ranked = [_ends(np.array(shown), CODE_CAP) for shown in by_code.values()]
    first = np.unique(np.concatenate([rows[slowest], unread[:UNREAD_ROUTER], *ranked])).astype(np.int64)
    examples = [shown[:PER_CODE_AND_ENDPOINT] for shown in by_place.values()]
    examples += [shown[:PER_STATUS_AND_ENDPOINT] for shown in by_status.values()]
    more = np.unique(np.array([row for shown in examples for row in shown], dtype=np.int64))
    return np.union1d(first, np.setdiff1d(more, first)[:ROUTER_CAP])
