"""Metrics lines to series of points: log-runtime-metrics of dynos, samples of Postgres, Redis and other add-ons.

    source=web.1 dyno=heroku.2808254.d97d… sample#memory_total=21.00MB sample#memory_quota=512.00MB …

Lines of this form are read all together, others (negative or very long numbers, the form of 2013) one by one.
Source: devcenter.heroku.com/articles/log-runtime-metrics, /articles/heroku-postgres-metrics-logs.
"""

from __future__ import annotations

import re
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
    """One row per sample: ``row`` is the canonical line, ``key`` indexes ``keys``.

    ``lines`` are the lines that have any, and ``begins`` says where the first one of each stands.
    """

    row: Array
    key: Array
    value: Array
    keys: list[str]
    lines: Array
    begins: Array


def read(text: Text, heads: Heads) -> tuple[list[Gauge], dict[str, Gauge]]:
    """Read all metrics, by dyno instance and by add-on. Their lines are given the kind METRIC in ``heads``."""
    samples, doubtful = _clean(text, heads)
    owners = _Owners()
    owner, plain = _owners_of(text, heads, samples, owners)
    alone = np.concatenate((samples.lines[~plain], doubtful))
    samples, owner = _only(samples, plain), owner[plain]
    lines, owner = _alone(text, heads, alone, samples, owners, owner)
    heads.kind[lines] = Kind.METRIC
    timed = heads.at_us[lines] != NO_TIME
    return owners.gauges(heads.at_us, samples, lines[timed], owner[timed])


def _alone(
    text: Text, heads: Heads, rows: Array, samples: _Samples, owners: _Owners, owner: Array
) -> tuple[Array, Array]:
    """Read these lines one by one; add their samples, and give all lines of metrics and the owner of each."""
    lines: list[int] = []
    numbers: list[int] = []
    found: list[tuple[int, int, float]] = []
    index = {key: place for place, key in enumerate(samples.keys)}
    for row, said in zip(rows.tolist(), text.slices(heads.message[rows], text.ends[rows]), strict=True):
        message = said.decode("utf-8", "replace")
        if not is_metric(Kind(heads.kind[row]), message):
            continue
        lines.append(row)
        numbers.append(owners.number(heads.writers[heads.writer[row]].process, message))
        for key, number, unit in _SAMPLE.findall(message) or _MEASURE.findall(message):
            factor = _TO_MB.get(unit, 1.0) if key.startswith(_MEMORY) else 1.0
            found.append((row, index.setdefault(key, len(index)), float(number) * factor))
    samples.keys = list(index)
    row, key, value = zip(*found, strict=True) if found else ((), (), ())
    samples.row = np.append(samples.row, np.array(row, dtype=np.int64))
    samples.key = np.append(samples.key, np.array(key, dtype=np.int64))
    samples.value = np.append(samples.value, np.array(value, dtype=np.float64))
    return np.append(samples.lines, np.array(lines, dtype=np.int64)), np.append(
        owner, np.array(numbers, dtype=np.int64)
    )


def _clean(text: Text, heads: Heads) -> tuple[_Samples, Array]:
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
    doubtful = np.zeros(len(text.ends), dtype=np.bool_)
    doubtful[row[hard]] = True
    oldest = text.starts_with(heads.message, b"source=") | text.starts_with(heads.message, b"measure=")
    for index in np.flatnonzero(oldest & ~metric & ~doubtful & (heads.kind != Kind.ROUTER)).tolist():
        doubtful[index] = text.data.find(b"measure=", heads.message[index], text.ends[index]) >= 0
    return _Samples(row[kept], key[kept], value[kept], names, rows, start[kept][firsts]), np.flatnonzero(doubtful)


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
    """Numbers like ``12``, ``0.5``, ``.5``: value, whether there is one, whether it is too hard for here, its end."""
    whole, digits = _digits(text, at)
    point = text.bytes[at + digits] == ord(".")
    part, places = _digits(text, at + digits + 1)
    places = np.where(point, places, 0)
    more = text.bytes[at + digits + 1 + places] - np.uint8(ord("0")) < 10  # digits beyond the 16 that were read
    hard = (text.bytes[at] == ord("-")) | (digits >= 16) | (digits + places > 18) | (point & ((places == 0) | more))
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


def _owners_of(text: Text, heads: Heads, samples: _Samples, owners: _Owners) -> tuple[Array, Array]:
    """Whose samples each line has, and whether what stands before them says so: fewer than two fields do not."""
    known: dict[tuple[int, bytes], int] = {}
    writers = heads.writer[samples.lines].tolist()
    prefixes = text.slices(heads.message[samples.lines], samples.begins)
    found = np.array([known.setdefault(key, len(known)) for key in zip(writers, prefixes, strict=True)], dtype=np.int64)
    plain = np.array([prefix.count(b" ") >= 2 for _, prefix in known], dtype=np.bool_)
    numbers = [
        owners.number(heads.writers[writer].process, prefix.decode("utf-8", "replace")) if alone else -1
        for (writer, prefix), alone in zip(known, plain.tolist(), strict=True)
    ]
    return np.array(numbers, dtype=np.int64)[found], plain[found]


def _only(samples: _Samples, plain: Array) -> _Samples:
    """Without the samples of lines that are not ``plain``."""
    kept = plain[np.searchsorted(samples.lines, samples.row)]
    return _Samples(
        samples.row[kept], samples.key[kept], samples.value[kept], samples.keys, samples.lines[plain],
        samples.begins[plain],
    )  # fmt: skip


class _Owners:
    """Whose metrics there are: dyno instances and add-ons, numbered."""

    def __init__(self) -> None:
        self.index: dict[tuple[str, str, bool], int] = {}

    def number(self, process: str, said: str) -> int:
        """The owner that the first three fields name. ``said`` may end where the samples begin."""
        fields = dict(part.split("=", 1) for part in said.split(" ")[:3] if "=" in part and "#" not in part)
        source = fields.get("source", "")
        if "dyno" in fields or source == process:
            owner = (source or process)[:MOST_NAME], fields.get("dyno", process)[:MOST_NAME], True
        else:
            owner = process[:MOST_NAME], f"{process}/{source}"[:MOST_NAME], False
        return self.index.setdefault(owner, len(self.index))

    def gauges(
        self, at_us: Array, samples: _Samples, lines: Array, owner: Array
    ) -> tuple[list[Gauge], dict[str, Gauge]]:
        """One gauge for each owner of these lines, in order of appearance, with a point per line."""
        order = np.argsort(lines, kind="stable")
        lines, owner = lines[order], owner[order]
        number, first = bulk.distinct(owner)
        named = list(self.index)
        owned = [named[index] for index in owner[first].tolist()]
        gauges = [Gauge(process, instance) for process, instance, _ in owned]
        point = np.zeros(len(lines), dtype=np.int64)
        by_owner = np.argsort(number, kind="stable")
        for part in np.split(by_owner, np.flatnonzero(np.diff(number[by_owner])) + 1) if len(lines) else ():
            gauges[int(number[part[0]])].at_us = at_us[lines[part]].tolist()
            point[part] = np.arange(len(part))
        _fill(gauges, samples, lines, number, point)
        dynos = [gauge for gauge, (_, _, is_dyno) in zip(gauges, owned, strict=True) if is_dyno]
        return dynos, {
            gauge.instance: gauge for gauge, (_, _, is_dyno) in zip(gauges, owned, strict=True) if not is_dyno
        }


def _fill(gauges: list[Gauge], samples: _Samples, lines: Array, number: Array, point: Array) -> None:
    """Write the samples to the points of their lines; of a key that stands twice in a line the last one counts."""
    if not len(lines):
        return
    place = np.minimum(np.searchsorted(lines, samples.row), len(lines) - 1)
    timed = lines[place] == samples.row
    place, key, value = place[timed], samples.key[timed], samples.value[timed]
    group = number[place] * len(samples.keys) + key
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    firsts = order[starts].tolist()
    owners = [gauges[index] for index in number[place[firsts]].tolist()]
    begins = np.cumsum([0, *(len(gauge.at_us) for gauge in owners)])
    columns = np.full(int(begins[-1]), np.nan)
    within = np.repeat(begins[:-1], np.diff(np.append(starts, len(order))))
    columns[within + point[place[order]]] = value[order]
    values = columns.tolist()
    for gauge, name, start in zip(owners, key[firsts].tolist(), begins.tolist(), strict=False):
        gauge.values[samples.keys[name]] = values[start : start + len(gauge.at_us)]
