"""Metrics lines to series of points: log-runtime-metrics of dynos, and the samples of Postgres, Redis and other add-ons.

    source=web.1 dyno=heroku.2808254.d97d… sample#memory_total=21.00MB sample#memory_quota=512.00MB …

Lines of this form are read all together, others (negative or very long numbers, the form of 2013) one by one.
Source: devcenter.heroku.com/articles/log-runtime-metrics, /articles/heroku-postgres-metrics-logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from . import bulk
from .bulk import Text
from .heads import MOST_NAME, Heads
from .types import NO_TIME, Array, Gauge, Kind

_NUMBER = r"(-?(?:\d{1,20}(?:\.\d{1,20})?|\.\d{1,20}))"
_SAMPLE = re.compile(rf"(?:^| )(?:sample|measure|count)#([\w.-]{{1,64}})={_NUMBER}([A-Za-z%]*)", re.ASCII)
_MEASURE = re.compile(rf"(?:^| )measure=([\w.-]{{1,64}}) val={_NUMBER}(?: units=(\w{{1,16}}))?", re.ASCII)
_METRIC = re.compile(r"(?:^| )sample#[\w.-]{1,64}=-?\.?\d", re.ASCII)
_OLD_METRIC = re.compile(r"(?:^| )(?:measure|count)#[\w.-]{1,64}=-?\.?\d", re.ASCII)
_KEY = re.compile(rb"[\w.-]{1,63}", re.ASCII)
_UNIT = re.compile(rb"[A-Za-z%]*")
_TO_MB = {"kB": 1 / 1024, "KB": 1 / 1024, "bytes": 1 / 1048576, "GB": 1024.0}
_MEMORY = ("memory_", "memory-")
_U = np.uint64
_EXACT = 2**53


def is_metric(kind: Kind, message: str) -> bool:
    """Whether a line that is no request says how much there is of something, and nothing else."""
    if _METRIC.search(message):
        return True
    if message.startswith(("source=", "measure=")) and _MEASURE.search(message):
        return True
    return kind is not Kind.APP and _OLD_METRIC.search(message) is not None


@dataclass(slots=True)
class _Samples:
    """One row per sample of the lines that were read together: ``row`` is the line, ``key`` indexes ``keys``."""

    row: Array
    key: Array
    value: Array
    keys: list[str]
    prefix_end: dict[int, int]  # canonical row -> where its first sample begins, in order of rows


def read(text: Text, heads: Heads) -> tuple[list[Gauge], dict[str, Gauge]]:
    """Read all metrics, by dyno instance and by add-on. Their lines are given the kind METRIC in ``heads``."""
    samples, doubtful = _clean(text, heads)
    prefixes = _prefixes(text, heads, samples)
    slow = [row for row in samples.prefix_end if row not in prefixes]
    odd = {row: text.data[heads.message[row] : text.ends[row]].decode("utf-8", "replace") for row in [*slow, *doubtful]}
    odd = {row: said for row, said in odd.items() if is_metric(Kind(heads.kind[row]), said)}
    series = _Series(heads)
    for row in sorted([*prefixes, *odd]):
        heads.kind[row] = Kind.METRIC
        if row in prefixes:
            series.add(row, prefixes[row])
        else:
            series.add_line(row, odd[row])
    series.fill(samples)
    return series.result()


def _clean(text: Text, heads: Heads) -> tuple[_Samples, list[int]]:
    """The samples of well-formed lines, and the rows of lines that must be looked at one by one."""
    at, start, sample = _marks(text)
    row = np.searchsorted(text.ends, at)
    begins = (text.bytes[start - 1] == ord(" ")) | (start == heads.message[row])
    inside = begins & (start >= heads.message[row]) & (heads.kind[row] != Kind.ROUTER)
    at, start, sample, row = at[inside], start[inside], sample[inside], row[inside]
    blocks = text.blocks(at + 1)
    size = bulk.find(blocks, lambda words: bulk.mark_byte(words, b"="))
    key, first = bulk.same_blocks(bulk.cut(blocks, size))
    keys = text.slices(at[first] + 1, at[first] + 1 + size[first])
    named = np.array([_KEY.fullmatch(name) is not None for name in keys], dtype=np.bool_)[key]
    value, found, hard, after = _values(text, np.minimum(at + size + 2, text.ends[row]))
    hard = (hard & named) | (size == 64)
    found &= named & ~hard
    names = [name.decode("utf-8", "replace") for name in keys]
    memory = np.array([name.startswith(_MEMORY) for name in names], dtype=np.bool_)[key]
    value = np.where(memory, value * _factors(text, after), value)
    metric = np.zeros(len(text.ends), dtype=np.bool_)
    metric[row[found & (sample | (heads.kind[row] != Kind.APP))]] = True
    metric[row[hard]] = False
    kept = found & metric[row]
    rows, firsts = np.unique(row[kept], return_index=True)
    ends = dict(zip(rows.tolist(), start[kept][firsts].tolist(), strict=True))
    doubtful = np.zeros(len(text.ends), dtype=np.bool_)
    doubtful[row[hard]] = True
    oldest = text.starts_with(heads.message, b"source=") | text.starts_with(heads.message, b"measure=")
    for index in np.flatnonzero(oldest & ~metric & ~doubtful & (heads.kind != Kind.ROUTER)).tolist():
        doubtful[index] = text.data.find(b"measure=", heads.message[index], text.ends[index]) >= 0
    return _Samples(row[kept], key[kept], value[kept], names, ends), np.flatnonzero(doubtful).tolist()


def _marks(text: Text) -> tuple[Array, Array, Array]:
    """Where ``sample#``, ``measure#`` and ``count#`` stand: of the ``#``, of the word, and whether it is ``sample``."""
    at = text.places(b"#")
    at = at[at >= 8]
    kind = np.zeros(len(at), dtype=np.int64)
    for word in (b"sample#", b"measure#", b"count#"):
        kind[text.starts_with(at - len(word) + 1, word)] = len(word) - 1
    found = kind > 0
    return at[found], (at - kind)[found], kind[found] == len("sample")


def _values(text: Text, at: Array) -> tuple[Array, Array, Array, Array]:
    """Numbers like ``12``, ``0.5`` and ``.5``: value, whether there is one, whether it is too hard for here, and its end."""
    whole, digits = _digits(text, at)
    point = text.bytes[at + digits] == ord(".")
    part, places = _digits(text, at + digits + 1)
    places = np.where(point, places, 0)
    hard = (text.bytes[at] == ord("-")) | (digits >= 16) | (places >= 16) | (digits + places > 18) | (point & (places == 0))
    places[hard] = 0
    mantissa = np.where(hard, 0, whole) * 10**places + np.where(places > 0, part, 0)
    hard |= mantissa >= _EXACT
    found = (digits > 0) | (places > 0)
    # Both are exact, so that the quotient is the nearest number, as it is when the text is read as a whole.
    return mantissa / 10.0**places, found, hard, at + digits + np.where(places > 0, places + 1, 0)


def _digits(text: Text, at: Array) -> tuple[Array, Array]:
    """A number of up to 16 digits, and how many there are."""
    words = text.words(at)
    digits = bulk.leading_digits(words)
    value = bulk.number(words, digits)
    long = np.flatnonzero(digits == 8)
    words = text.words(at[long] + 8)
    more = bulk.leading_digits(words)
    value[long] = value[long] * 10**more + bulk.number(words, more)
    digits[long] += more
    return value, digits


def _factors(text: Text, at: Array) -> Array:
    """What makes megabytes of the units that stand here."""
    words = text.words(at)
    units, first = bulk.distinct(words & bulk.below(bulk.first_mark(bulk.mark_unprintable(words))))
    found = [_UNIT.match(unit) for unit in text.slices(at[first], at[first] + 8)]
    return np.array([_TO_MB.get(unit[0].decode(), 1.0) if unit else 1.0 for unit in found])[units]


def _prefixes(text: Text, heads: Heads, samples: _Samples) -> dict[int, tuple[str, str]]:
    """Canonical row -> process and what stands before the first sample, of lines on which that says whose sample it is."""
    known: dict[tuple[int, bytes], tuple[str, str] | None] = {}
    result = {}
    rows = np.array(list(samples.prefix_end), dtype=np.int64)
    heads_of = zip(heads.writer[rows].tolist(), heads.message[rows].tolist(), strict=True)
    for (row, end), (writer, start) in zip(samples.prefix_end.items(), heads_of, strict=True):
        key = writer, text.data[start:end]
        if key not in known:
            # With fewer than two fields before the samples, the third field of the line stands behind them.
            plain = key[1].count(b" ") >= 2
            known[key] = (heads.writers[writer].process, key[1].decode("utf-8", "replace")) if plain else None
        who = known[key]
        if who is not None:
            result[row] = who
    return result


class _Series:
    """Gauges in the making, line by line in the order of the log."""

    def __init__(self, heads: Heads) -> None:
        self.heads = heads
        self.gauges: dict[tuple[str, str], Gauge] = {}
        self.samples: dict[str, Gauge] = {}
        self.order: dict[int, int] = {}  # id() of a gauge -> its number
        self.known: dict[tuple[str, str], Gauge] = {}
        self.place: dict[int, tuple[int, int]] = {}  # canonical row -> number of the gauge, number of the point
        self.extra: list[tuple[int, str, float]] = []

    def add(self, row: int, who: tuple[str, str]) -> None:
        """A point of the gauge that these first fields name."""
        at_us = int(self.heads.at_us[row])
        if at_us == NO_TIME:
            return
        gauge = self.known.get(who)
        if gauge is None:
            gauge = self.known[who] = self._gauge(*who)
        self.place[row] = self.order.setdefault(id(gauge), len(self.order)), len(gauge.at_us)
        gauge.at_us.append(at_us)

    def add_line(self, row: int, said: str) -> None:
        """A line that is read by itself."""
        self.add(row, (self.heads.writers[self.heads.writer[row]].process, said))
        for key, number, unit in _SAMPLE.findall(said) or _MEASURE.findall(said):
            factor = _TO_MB.get(unit, 1.0) if key.startswith(_MEMORY) else 1.0
            self.extra.append((row, key, float(number) * factor))

    def _gauge(self, process: str, said: str) -> Gauge:
        fields = dict(part.split("=", 1) for part in said.split(" ")[:3] if "=" in part and "#" not in part)
        source = fields.get("source", "")
        if "dyno" in fields or source == process:
            who = ((source or process)[:MOST_NAME], fields.get("dyno", process)[:MOST_NAME])
            return self.gauges.setdefault(who, Gauge(*who))
        name = f"{process}/{source}"[:MOST_NAME]
        return self.samples.setdefault(name, Gauge(process[:MOST_NAME], name))

    def fill(self, samples: _Samples) -> None:
        """Write the values to their points."""
        names = {name: index for index, name in enumerate(samples.keys)}
        extra = [(row, names.setdefault(key, len(names)), value) for row, key, value in self.extra]
        row = np.concatenate((samples.row, np.array([item[0] for item in extra], dtype=np.int64)))
        key = np.concatenate((samples.key, np.array([item[1] for item in extra], dtype=np.int64)))
        value = np.concatenate((samples.value, np.array([item[2] for item in extra], dtype=np.float64)))
        place = np.full((int(row.max(initial=0)) + 1, 2), -1, dtype=np.int64)
        placed = np.array(list(self.place), dtype=np.int64)
        place[placed] = np.array(list(self.place.values()), dtype=np.int64).reshape(-1, 2)
        read_alone = np.zeros(len(place), dtype=np.bool_)
        read_alone[[item[0] for item in extra]] = True
        kept = (place[row, 0] >= 0) & ((np.arange(len(row)) >= len(samples.row)) | ~read_alone[row])
        owner, point = place[row[kept]].T
        key, value = key[kept], value[kept]
        group = owner * len(names) + key
        order = np.argsort(group, kind="stable")
        listed, labels = {number: gauge for gauge, number in self._numbered()}, list(names)
        for part in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
            if len(part):
                gauge = listed[int(owner[part[0]])]
                column = np.full(len(gauge.at_us), np.nan)
                column[point[part]] = value[part]
                gauge.values[labels[int(key[part[0]])]] = column.tolist()

    def _numbered(self) -> Iterator[tuple[Gauge, int]]:
        for gauge in (*self.gauges.values(), *self.samples.values()):
            yield gauge, self.order[id(gauge)]

    def result(self) -> tuple[list[Gauge], dict[str, Gauge]]:
        return list(self.gauges.values()), self.samples
