"""The heads of canonical lines: time, writer and kind of each, and where its message begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from . import bulk
from .bulk import Text
from .types import NO_TIME, Array, Kind
from .utc import parse_iso

MOST_NAMES = 65_000
"""Of one kind of name per chunk; all further ones share `OTHER`, so that no hostile log fills our memory."""
OTHER = "(other)"
MOST_NAME = 100
"""Longer names are cut, in characters."""
ERROR = re.compile(r"Error ([HRL]\d\d)\b", re.ASCII)
_U = np.uint64
# A time is read by its parts: "2026-03-14T09:26" once per minute, ":53.5897" and "93+00:00" as numbers.
_SECOND_FIXED, _SECOND_MASK = _U(int.from_bytes(b":\0\0.\0\0\0\0", "little")), _U(0x00000000FF0000FF)
_ZONE_FIXED, _ZONE_MASK = _U(int.from_bytes(b"\0\0+00:00", "little")), _U(0xFFFFFFFFFFFF0000)
_SECOND_DIGITS, _ZONE_DIGITS = _U(0xFFFFFFFF00FFFF00), _U(0xFFFF)


class Writer(NamedTuple):
    """Who wrote a line: ``origin[process]``, as in ``app[web.1]``."""

    origin: str
    process: str

    @property
    def kind(self) -> Kind:
        """What such a line is, unless its message shows it to be a metric."""
        name = self.process.split(".")[0]
        if name == "router" or self.origin == "heroku-router":
            return Kind.ROUTER
        if name == "api" or self.origin == "heroku-api":
            return Kind.API
        if name in ("logplex", "log-shuttle") or self.origin == "logplex":
            return Kind.LOGPLEX
        if name in ("slug-compiler", "slugc", "build"):
            return Kind.BUILD
        if name == "postgres":
            return Kind.POSTGRES
        if name.startswith("heroku-"):
            return Kind.ADDON
        return Kind.DYNO if self.origin in ("heroku", "heroku-runtime") else Kind.APP


@dataclass(slots=True)
class Heads:
    """One row per canonical line. ``message`` is where the line's message begins; `Text.ends` has its end."""

    at_us: Array
    writer: Array
    writers: list[Writer]
    kind: Array
    message: Array
    identity: Array


class Names:
    """The dictionary of one column: name -> small number; 0 is the empty name."""

    def __init__(self, most: int = MOST_NAMES, other: str = OTHER) -> None:
        self.index = {"": 0}
        self._most, self._other = most, other

    def __call__(self, name: str) -> int:
        if name not in self.index and len(self.index) >= self._most:
            name = self._other
        return self.index.setdefault(name, len(self.index))

    def list(self) -> list[str]:
        return list(self.index)


def read(text: Text) -> Heads:
    """The heads of all lines. Every line is at least 33 bytes long."""
    blocks = text.blocks(text.starts + 32)
    size = bulk.find(blocks, lambda words: bulk.mark_byte(words, b"]"))  # with the blank before it, without the bracket
    close = text.starts + 32 + size
    clean = (size < 63) & (close + 1 < text.ends) & (text.bytes[close + 1] == ord(":"))
    message = close + 2
    message += (text.bytes[np.minimum(message, text.ends)] == ord(" ")) & (message < text.ends)
    ids, first = bulk.same_blocks(text.blocks(text.starts + 32, np.where(clean, size, 0)))
    known: dict[Writer, int] = {}
    heads = (
        text.data[start:end]
        for start, end in zip((text.starts[first] + 33).tolist(), close[first].tolist(), strict=True)
    )
    ids = np.array([known.setdefault(_writer(head), len(known)) for head in heads], dtype=np.int64)[ids]
    odd = np.flatnonzero(~clean)
    for row, line in zip(odd.tolist(), text.slices(text.starts[odd] + 33, text.ends[odd]), strict=True):
        head, found, _ = line.partition(b"]:")
        after = text.starts[row] + 33 + len(head) + len(found)
        message[row] = after + (text.bytes[after] == ord(" ") and after < text.ends[row])
        ids[row] = known.setdefault(_writer(head), len(known))
    writers = list(known)
    kinds = np.array([writer.kind for writer in writers], dtype=np.uint8)[ids]
    return Heads(times(text), ids, writers, kinds, message, identities(text, blocks))


@lru_cache(maxsize=4_096)
def _writer(head: bytes) -> Writer:
    origin, _, process = head.decode("utf-8", "replace").partition("[")
    return Writer(origin, process)


def times(text: Text) -> Array:
    """``at_us`` of every line, `NO_TIME` where it carries none."""
    starts = text.starts
    day, hour = text.words(starts), text.words(starts + 8)
    seconds, zone = text.words(starts + 16), text.words(starts + 24)
    clean = ((seconds & _SECOND_MASK) == _SECOND_FIXED) & ((zone & _ZONE_MASK) == _ZONE_FIXED)
    clean &= bulk.are_digits(seconds, _SECOND_DIGITS) & bulk.are_digits(zone, _ZONE_DIGITS)
    second = bulk.number(seconds >> _U(8), 2)
    micro = bulk.number((seconds >> _U(32)) | (zone << _U(32)), 6)
    minutes, first = bulk.distinct(bulk.mix(np.stack((day, hour), axis=1)))
    bases = [_minute(prefix.decode("utf-8", "replace")) for prefix in text.slices(starts[first], starts[first] + 16)]
    base = np.array(bases, dtype=np.int64)[minutes]
    clean &= (second < 60) & (base != NO_TIME)
    at_us = base + second * 1_000_000 + micro
    at_us[~clean] = NO_TIME
    odd = np.flatnonzero(~clean & (text.bytes[starts] != ord("-")))
    for row, stamp in zip(odd.tolist(), text.slices(starts[odd], starts[odd] + 32), strict=True):
        value = parse_iso(stamp.decode("utf-8", "replace"))
        at_us[row] = NO_TIME if value is None else value
    return at_us


def _minute(prefix: str) -> int:
    """When this minute begins; `NO_TIME` unless it is an ordinary one, to which seconds can be added."""
    first, last = (parse_iso(f"{prefix}:{rest}+00:00") for rest in ("00.000000", "59.999999"))
    return first if first is not None and last == first + 59_999_999 else NO_TIME


def identities(text: Text, blocks: Array) -> Array:
    """A hash of each line's length, and of its bytes behind the time: the first 128 (``blocks``: 64), the last 64."""
    size = text.ends - text.starts
    last = np.maximum(text.starts + 32, text.ends - 64)
    mixed = size.astype(_U) * bulk.CONSTANTS[24]
    mixed += bulk.mix(bulk.cut(blocks, size - 32))
    mixed += bulk.mix(text.blocks(text.starts + 96, size - 96), 8)
    mixed += bulk.mix(text.blocks(last, text.ends - last), 16)
    return (mixed >> _U(32)).astype(np.uint32)
