"""Router lines to columns. Lines of today's form are read all together, others one by one by `readers.router`.

A clean line is proven to be one, key by key with nothing in between, so that both ways give the same answer:

    [sock=… ]at=… [code=… desc="…" ]method=… path="…" host=… request_id=<36 bytes> fwd="…" dyno=… connect=…ms
    service=…ms status=… bytes=…[ protocol=…][ tls=…][ tls_version=…]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from . import bulk
from .bulk import Text
from .heads import MOST_NAME, Heads, Names
from .naming import MOST_ENDPOINTS, OTHER_ENDPOINT, endpoint, endpoint_of, like
from .readers import router
from .types import MAX_MS, NO_TIME, Array, Requests, Slowest

MAX_TEXT = 4_000
"""Longer quoted values are read one by one."""
_U = np.uint64
_DESCRIPTION = re.compile(rb"[\w ':,().-]*", re.ASCII)
_TAIL = re.compile(rb"(?: protocol=[\w.]*)?(?: tls=\w*)?(?: tls_version=[\w.]*)?", re.ASCII)
_CODE = re.compile(r"[A-Z]\d\d", re.ASCII)
_NUMBERS = ("status", "service_ms", "connect_ms", "bytes")


@dataclass(slots=True)
class Read:
    """What the router lines of a chunk say. ``unread`` are rows of lines that are no requests after all."""

    row: Array  # canonical rows of the requests
    request: Requests
    names: dict[str, list[str]]
    slowest: Slowest | None
    unread: Array


@dataclass(slots=True)
class _Fields:
    """Per router line. Names are local numbers into lists; ``valid`` says whether the line is a request."""

    valid: Array
    numbers: dict[str, Array]
    error: Array  # bool: at=error
    dyno: Array
    endpoint: Array
    code: Array
    fwd: tuple[Array, Array]  # where the addresses stand; start < 0 where only ``said`` knows
    lists: dict[str, list[str]]
    said: dict[int, router.RouterLine]  # the lines that were read one by one


def read(text: Text, heads: Heads, line: Array, rows: Array) -> Read:
    """Read the router lines ``rows``. ``line`` numbers all canonical lines."""
    at, end = heads.message[rows], text.ends[rows]
    fields = _clean(text, at, end)
    _others(text, fields, at, end)
    valid, numbers = fields.valid, fields.numbers
    failed = valid & ((numbers["status"] >= 500) | fields.error)
    clients, client_names = _clients(text, fields, np.flatnonzero(failed))
    client = np.zeros(len(rows), dtype=np.int64)
    client[failed] = clients
    settled, names = {}, {}
    for key, ids, local, known in (
        ("dyno", fields.dyno, fields.lists["dyno"], Names()),
        ("endpoint", fields.endpoint, fields.lists["endpoint"], Names(MOST_ENDPOINTS, OTHER_ENDPOINT)),
        ("code", fields.code, fields.lists["code"], Names()),
        ("client", client, client_names, Names()),
    ):
        settled[key] = _settle(ids[valid], local, known)
        names[key] = known.list()
    kept = rows[valid]
    table = Requests(
        heads.at_us[kept], line[kept], settled["dyno"].astype(np.uint16), settled["endpoint"].astype(np.int32),
        numbers["status"][valid].astype(np.int16), settled["code"].astype(np.uint16),
        numbers["service_ms"][valid].astype(np.int32), numbers["connect_ms"][valid].astype(np.int32),
        numbers["bytes"][valid], failed[valid], settled["client"].astype(np.uint16),
    )  # fmt: skip
    return Read(kept, table, names, _slowest(text, heads, table, kept), rows[~valid])


def message(text: Text, start: int, end: int) -> str:
    """A message as text."""
    return text.data[start:end].decode("utf-8", "replace")


def _settle(ids: Array, local: list[str], names: Names) -> Array:
    """Local numbers to numbers of the chunk's dictionary, given in order of appearance."""
    numbers, first = bulk.distinct(ids)
    return np.array([names(local[index]) for index in ids[first].tolist()], dtype=np.int64)[numbers]


def _slowest(text: Text, heads: Heads, table: Requests, rows: Array) -> Slowest | None:
    if not len(table) or int(table.service_ms.max()) < 0:
        return None
    place = int(table.service_ms.argmax())
    row = int(rows[place])
    found = router.read(message(text, heads.message[row], text.ends[row]))
    if found is None:
        return None
    at_us = int(heads.at_us[row])
    return Slowest(
        found.method,
        found.path[:MAX_TEXT],
        int(table.service_ms[place]),
        int(table.line[place]),
        None if at_us == NO_TIME else at_us,
    )


def _clients(text: Text, fields: _Fields, rows: Array) -> tuple[Array, list[str]]:
    """A number for the last forwarded address of each of these lines, and the hashes that they stand for."""
    start, end = fields.fwd
    index: dict[str, int] = {"": 0}
    ids = []
    for row, low, high in zip(rows.tolist(), start[rows].tolist(), end[rows].tolist(), strict=True):
        fwd = text.data[low:high] if low >= 0 else fields.said[row].fwd.encode("utf-8", "replace")
        ids.append(index.setdefault(_client(fwd), len(index)))
    return np.array(ids, dtype=np.int64), list(index)


@lru_cache(maxsize=16_384)
def _client(fwd: bytes) -> str:
    address = fwd.decode("utf-8", "replace").rpartition(",")[2].strip()
    return blake2b(address.encode(), digest_size=8, key=b"client").hexdigest() if address else ""


def _others(text: Text, fields: _Fields, at: Array, end: Array) -> None:
    """Read the lines that are not clean one by one, into the same fields."""
    index = {key: {name: place for place, name in enumerate(names)} for key, names in fields.lists.items()}
    for row in np.flatnonzero(~fields.valid).tolist():
        found = router.read(message(text, int(at[row]), int(end[row])))
        if found is None:
            continue
        fields.valid[row], fields.said[row] = True, found
        fields.error[row] = found.at == "error"
        fields.fwd[0][row] = -1
        named = {"dyno": found.dyno[:MOST_NAME], "endpoint": endpoint(found.method, found.path), "code": found.code}
        if not _CODE.fullmatch(found.code):
            named["code"] = ""
        for key, name in named.items():
            getattr(fields, key)[row] = index[key].setdefault(name, len(index[key]))
        for key in _NUMBERS:
            value = getattr(found, key)
            fields.numbers[key][row] = -1 if value is None else value
    _cap(fields.numbers)
    fields.lists = {key: list(names) for key, names in index.items()}


def _cap(numbers: dict[str, Array]) -> None:
    numbers["status"][numbers["status"] > 999] = -1
    for key in ("service_ms", "connect_ms"):
        np.minimum(numbers[key], MAX_MS, out=numbers[key])


class _Reader:
    """Walks along many lines at once. ``ok`` is lost by every line that is not what is expected."""

    def __init__(self, text: Text, at: Array, end: Array) -> None:
        self.text = text
        self.at = at
        self.end = end
        self.ok = np.ones(len(at), dtype=np.bool_)

    def expect(self, literal: bytes) -> None:
        """These bytes come next; go behind them."""
        self.ok &= self.text.starts_with(self.at, literal)
        self.go(self.at + len(literal))

    def go(self, at: Array) -> None:
        # Lines that are lost may point anywhere; there is always room for a block behind the last line's end.
        self.at = np.minimum(at, self.end)

    def number(self, unit: bytes) -> Array:
        """A number of at most 8 digits and its unit, or nothing (-1)."""
        words = self.text.words(self.at)
        digits = bulk.leading_digits(words)
        value = np.where(digits > 0, bulk.number(words, digits), -1)
        self.go(self.at + digits)
        if unit:
            self.ok &= (digits == 0) | self.text.starts_with(self.at, unit)
            self.go(self.at + np.where(digits > 0, len(unit), 0))
        return value

    def within(self, stop: Array, pattern: re.Pattern[bytes]) -> None:
        """What stands before ``stop`` is short and matches. Few different texts are expected."""
        size = stop - self.at
        self.ok &= (size >= 0) & (size < 64)
        rows = np.flatnonzero(self.ok)
        ids, first = bulk.same_blocks(self.text.blocks(self.at[rows], size[rows]))
        found = self.text.slices(self.at[rows[first]], stop[rows[first]])
        known = np.array([pattern.fullmatch(part) is not None for part in found], dtype=np.bool_)
        self.ok[rows] = known[ids]

    def word(self) -> Array:
        """Printable bytes up to a blank, at most 63: as blocks."""
        blocks = self.text.blocks(self.at)
        size = bulk.find(blocks, bulk.mark_unprintable)
        self.ok &= (size < 64) & (self.text.bytes[np.minimum(self.at + size, self.end)] == ord(" "))
        self.go(self.at + size)
        return bulk.cut(blocks, size)


def _clean(text: Text, at: Array, end: Array) -> _Fields:
    quotes = np.append(text.places(b'"'), np.full(8, len(text.data)))
    first = np.searchsorted(quotes, at)
    count = np.searchsorted(quotes, end) - first
    lead = _lead(text, at, end, quotes, first)
    reader, first = lead.reader, first + lead.quotes
    reader.ok &= count == lead.quotes + 4
    opening, closing, fwd, last = (quotes[first + place] for place in range(4))
    method = reader.word()
    reader.expect(b' path="')
    reader.ok &= (reader.at == opening + 1) & (closing - opening <= MAX_TEXT)
    reader.go(closing + 1)
    reader.expect(b" host=")
    _host(reader, fwd - 5)
    reader.go(fwd - 5)
    reader.expect(b' fwd="')
    reader.ok &= (last - fwd <= MAX_TEXT) & (text.bytes[last - 1] != ord("\\"))
    reader.go(last + 1)
    reader.expect(b" dyno=")
    dyno = reader.word()
    numbers = {}
    for literal, unit, key in (
        (b" connect=", b"ms", "connect_ms"), (b" service=", b"ms", "service_ms"),
        (b" status=", b"", "status"), (b" bytes=", b"", "bytes"),
    ):  # fmt: skip
        reader.expect(literal)
        numbers[key] = reader.number(unit)
    reader.within(end, _TAIL)
    _plain(reader, at, end)
    return _gather(reader, lead, method, dyno, numbers, (opening + 1, closing), (fwd + 1, last))


def _plain(reader: _Reader, start: Array, end: Array) -> None:
    """Between these positions is neither ``=&`` nor ``=`` with a byte of a curly quote: the reader undoes both."""
    for byte in (b"&", b"\xe2"):
        marks = reader.text.places(byte)
        marks = marks[reader.text.bytes[marks - 1] == ord("=")]
        reader.ok &= np.searchsorted(marks, start) == np.searchsorted(marks, end)


@dataclass(slots=True)
class _Lead:
    """What stands before the method. ``quotes`` counts the quote marks in it."""

    reader: _Reader
    quotes: Array
    error: Array
    code: Array  # the code's three bytes as a number, 0 for none


def _lead(text: Text, at: Array, end: Array, quotes: Array, first: Array) -> _Lead:
    """Go behind ``method=``."""
    plain = text.starts_with(at, b"at=info method=")
    error, code = np.zeros(len(at), dtype=np.bool_), np.zeros(len(at), dtype=_U)
    reader = _Reader(text, at + len(b"at=info method="), end)
    rest = np.flatnonzero(~plain)
    if not len(rest):
        return _Lead(reader, np.zeros(len(at), dtype=np.int64), error, code)
    some = _Reader(text, at[rest], end[rest])
    for sock in (b"sock=client ", b"sock=backend "):
        some.go(some.at + np.where(text.starts_with(some.at, sock), len(sock), 0))
    level = np.zeros(len(rest), dtype=np.int64)
    for size, literal in ((8, b"at=info "), (9, b"at=error "), (11, b"at=warning ")):
        level[text.starts_with(some.at, literal)] = size
    some.ok &= level > 0
    some.go(some.at + level)
    some.expect(b"code=")
    word = text.words(some.at)
    letter = word & _U(0xFF)
    some.ok &= (letter >= _U(ord("A"))) & (letter <= _U(ord("Z"))) & bulk.are_digits(word, _U(0xFFFF00))
    some.go(some.at + 3)
    some.expect(b' desc="')
    opening, closing = quotes[first[rest]], quotes[first[rest] + 1]
    some.ok &= (some.at == opening + 1) & (closing - opening <= 64)
    some.within(closing, _DESCRIPTION)
    some.go(closing + 1)
    some.expect(b" method=")
    reader.ok[rest], reader.at[rest] = some.ok, some.at
    error[rest], code[rest] = level == 9, word & _U(0xFFFFFF)
    return _Lead(reader, np.where(plain, 0, 2), error, code)


def _host(reader: _Reader, stop: Array) -> None:
    """``host= request_id=`` up to ``stop``, with nothing hidden in between."""
    head = b" request_id="
    key = np.maximum(stop - 36 - len(head), reader.at)
    size = bulk.find(reader.text.blocks(reader.at), bulk.mark_unprintable)
    reader.ok &= (reader.at + size == key) & reader.text.starts_with(key, head)
    start = np.minimum(key + len(head), reader.end)
    reader.ok &= (start + 36 == stop) & (bulk.find(reader.text.blocks(start), bulk.mark_unprintable) == 36)


def _gather(
    reader: _Reader,
    lead: _Lead,
    method: Array,
    dyno: Array,
    numbers: dict[str, Array],
    path: tuple[Array, Array],
    fwd: tuple[Array, Array],
) -> _Fields:
    """Number the names of the clean lines."""
    text, rows = reader.text, np.flatnonzero(reader.ok)
    start, stop = path[0][rows], path[1][rows]
    dynos, endpoints, codes = (np.zeros(len(reader.ok), dtype=np.int64) for _ in range(3))
    fields = _Fields(reader.ok, numbers, lead.error & reader.ok, dynos, endpoints, codes, fwd, {}, {})
    ids, first = bulk.same_blocks(dyno[rows])
    fields.dyno[rows] = ids
    fields.lists["dyno"] = [_ascii(block)[:MOST_NAME] for block in dyno[rows[first]]]
    ids, first = bulk.distinct(lead.code[rows])
    fields.code[rows] = ids
    fields.lists["code"] = [_ascii(word) for word in lead.code[rows[first]]]
    verbs, verb = bulk.same_blocks(method[rows])
    methods = [_ascii(block) for block in method[rows[verb]]]
    kinds, paths = like(text, start, stop)
    ids, first = bulk.distinct(kinds * len(methods) + verbs)
    named: dict[str, int] = {}
    found = [
        named.setdefault(endpoint_of(methods[which], paths[kind]), len(named))
        for which, kind in zip(verbs[first].tolist(), kinds[first].tolist(), strict=True)
    ]
    fields.endpoint[rows] = np.array(found, dtype=np.int64)[ids]
    fields.lists["endpoint"] = list(named)
    return fields


def _ascii(block: Array) -> str:
    return block.tobytes().rstrip(b"\0").decode("ascii")
