"""Which lines of a chunk are canonical as they stand: decided for all of them at once, on their first bytes.

A clean chunk is never looked at line by line. What is not clean is no error: it is read again, one line at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .types import Array

WINDOW = 72
"""Bytes of a line that are looked at; a header that is longer makes the line unclean."""

_BLOCK = 256 * 1024
_LONGEST = 9_990  # Heroku splits messages at 10,000 bytes: from here on a line may go on in the next record
_PATTERN = b"dddd-dd-ddTdd:dd:dd.dddddd+00:00"
_HEROKU = int.from_bytes(b" heroku[", "little")
_APP = int.from_bytes(b" app[\0\0\0", "little")
_APP_MASK = int.from_bytes(b"\xff\xff\xff\xff\xff\0\0\0", "little")


class Lines(NamedTuple):
    """Where the lines of a chunk begin and end (without the newline), and which are clean."""

    starts: Array
    ends: Array
    clean: Array


def survey(data: bytes) -> Lines:
    """Find the lines of a chunk and tell which are canonical.

    They have 32 bytes of time, a usual header, and no byte that needs care. The text ends with a newline.
    """
    text = np.frombuffer(data, dtype=np.uint8)
    low, brackets = _marks(text)
    newline = text[low] == 10
    newlines, controls = low[newline], low[~newline]
    starts = np.concatenate(([0], newlines + 1))
    ends = np.append(newlines, len(text))
    if starts[-1] == len(text):
        starts, ends = starts[:-1], ends[:-1]
    clean = np.zeros(len(starts), dtype=bool)
    inside = int(np.searchsorted(starts, len(text) - WINDOW, side="right")) if len(text) >= WINDOW else 0
    clean[:inside] = _headed(data, starts[:inside])
    if inside < len(starts):
        rest = int(starts[inside])
        clean[inside:] = _headed(data[rest:] + bytes(WINDOW), starts[inside:] - rest)
    long = np.flatnonzero(ends - starts > _LONGEST)
    clean[long] = False
    clean[np.minimum(long + 1, len(starts) - 1)] = False
    last = np.maximum(ends - 1, 1)
    if len(text) > 1:
        clean &= (text[last] != 32) | (text[last - 1] != 32)  # a message that ends in blanks was padded by a terminal
    for positions in (
        controls[text[controls] != 9],
        _undecodable(data, text),
        _coloured(text, brackets),
        _glued(text, brackets),
    ):
        if len(positions):
            clean[np.searchsorted(starts, positions, side="right") - 1] = False
    return Lines(starts, ends, clean)


def _marks(text: Array) -> tuple[Array, Array]:
    """Positions of all control characters, and of all opening brackets. In blocks that fit the processor's cache."""
    low, brackets = [], []
    for start in range(0, len(text), _BLOCK):
        block = text[start : start + _BLOCK]
        low.append(np.flatnonzero(block < 32) + start)
        brackets.append(np.flatnonzero(block == 91) + start)
    empty = np.zeros(0, dtype=np.int64)
    return np.concatenate([empty, *low]), np.concatenate([empty, *brackets])


def _headed(data: bytes, starts: Array) -> Array:
    """The lines that begin with a UTC time of six digits and ``app[…]: `` or ``heroku[…]: ``."""
    if not len(starts):
        return np.zeros(0, dtype=bool)
    windows = np.ndarray((len(data) - WINDOW + 1,), dtype=f"V{WINDOW}", buffer=data, strides=(1,))[starts]
    rows = windows.view(np.uint8).reshape(-1, WINDOW)
    words = windows.view(np.uint64).reshape(-1, WINDOW // 8)
    good = np.ones(len(rows), dtype=bool)
    for number in range(4):
        good &= _digits_and_marks(words[:, number], _PATTERN[8 * number : 8 * number + 8])
    good &= (words[:, 4] == _HEROKU) | ((words[:, 4] & np.uint64(_APP_MASK)) == _APP)
    good &= _possible(rows)
    blank = (rows[:, 36:] == 32).argmax(axis=1) + 36
    every = np.arange(len(rows))
    good &= (rows[every, blank] == 32) & (rows[every, blank - 1] == 58) & (rows[every, blank - 2] == 93)
    return good


def _digits_and_marks(word: Array, pattern: bytes) -> Array:
    """Eight bytes at once: digits where the pattern has ``d``, the pattern's own bytes elsewhere."""
    marks = bytes(0 if byte == 100 else 255 for byte in pattern)
    digits = bytes(0xF0 if byte == 100 else 0 for byte in pattern)
    fixed = np.uint64(int.from_bytes(bytes(a & b for a, b in zip(pattern, marks, strict=True)), "little"))
    zeros = np.uint64(int.from_bytes(bytes(a & 0x30 for a in digits), "little"))
    sixes = np.uint64(int.from_bytes(bytes(6 if a else 0 for a in digits), "little"))
    high = np.uint64(int.from_bytes(digits, "little"))
    same: Array = (word & np.uint64(int.from_bytes(marks, "little"))) == fixed
    same &= ((word & high) == zeros) & (((word + sixes) & high) == zeros)
    return same


def _possible(rows: Array) -> Array:
    """Times that exist: no month 13, no 25 o'clock, no 30 February."""
    month = (rows[:, 5] - 48) * 10 + (rows[:, 6] - 48)
    day = (rows[:, 8] - 48) * 10 + (rows[:, 9] - 48)
    hour = (rows[:, 11] - 48) * 10 + (rows[:, 12] - 48)
    date: Array = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    late = np.flatnonzero(date & (day > 28))
    if len(late):
        year = rows[late, :4].astype(np.int32) @ np.array([1000, 100, 10, 1], dtype=np.int32) - 48 * 1111
        leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
        length = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[month[late]]
        date[late] &= day[late] <= length + (leap & (month[late] == 2))
    year_zero = (rows[:, 0] == 48) & (rows[:, 1] == 48) & (rows[:, 2] == 48) & (rows[:, 3] == 48)
    date &= ~year_zero & (hour <= 23) & (rows[:, 14] <= 53) & (rows[:, 17] <= 53)
    return date


def _undecodable(data: bytes, text: Array) -> Array:
    """Positions of bytes that may not be UTF-8, if any is not."""
    none = np.zeros(0, dtype=np.int64)
    if data.isascii():
        return none
    high = np.flatnonzero(text >= 128)
    # ASCII bytes stand for themselves, so that it is enough to decode what stands between them.
    runs = np.insert(text[high], np.flatnonzero(np.diff(high) > 1) + 1, 32) if len(high) < len(text) // 4 else text
    try:
        runs.tobytes().decode()
    except UnicodeDecodeError:
        return high
    return none


def _coloured(text: Array, brackets: Array) -> Array:
    """Positions of ``[36m`` and its like: what is left of colours after ESC was lost."""
    at: Array = brackets[brackets < len(text) - 6]
    at = at[(text[at + 1] >= 48) & (text[at + 1] <= 57)]
    at = at[(text[at + 2] == 109) | (text[at + 3] == 109) | (text[at + 4] == 109) | (text[at + 5] == 109)]
    return at


def _glued(text: Array, brackets: Array) -> Array:
    """Positions in the middle of lines where a second header may stand: ``:00 app[`` or ``:00 heroku[``."""
    at = brackets[brackets > 50]
    app = at[(text[at - 1] == 112) & (text[at - 3] == 97) & (text[at - 4] == 32)]
    app = app[(text[app - 5] == 48) & (text[app - 7] == 58) & (text[app - 37] != 10)]
    heroku = at[(text[at - 1] == 117) & (text[at - 6] == 104) & (text[at - 7] == 32)]
    heroku = heroku[(text[heroku - 8] == 48) & (text[heroku - 10] == 58) & (text[heroku - 40] != 10)]
    return np.concatenate((app, heroku))
