"""One JSON document with many records in it: an array, or an object around one (``events``, ``data``, ``hits``, ``result``).

The document is taken apart while it streams by: every record gets a line of its own, which the forms of JSON lines then read. Of a
Loki stream every ``[time, line]`` does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from ..types import Record, SourceSettings
from . import Format, Head, Sample, loki
from ._fields import read_json

_OPEN = re.compile(rb'\s*(?:\[\s*\{\s*"|\{\s*"[^"\\]{1,60}"\s*:)')
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)
_MAX_RECORD = 32 * 1024 * 1024
_MAX_DEPTH = 12  # of arrays and objects around the records


def read(text: str, settings: SourceSettings) -> Record | None:
    return loki.read(text, settings) or read_json(text, settings)


def reline(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Each record of the document as one line. The envelope around them is left out."""
    splitter = _Splitter()
    for block in blocks:
        yield splitter.feed(block)
    rest = splitter.pending.strip(b" \t\r\n]},")
    if rest:
        yield b" ".join(rest.split(b"\n")) + b"\n"


class _Splitter:
    """Finds the records of a document: the objects in the first array that holds any.

    ``open`` holds the brackets that are open before ``pending``; ``records`` counts those around a record and its own (0: none met
    yet).
    """

    def __init__(self) -> None:
        self.pending = b""
        self.open = bytearray()
        self.records = 0

    def feed(self, block: bytes) -> bytes:
        """The lines of all records that end in this block."""
        data = self.pending + block
        done, start = 0, -1
        lines: list[bytes] = []
        for token in _TOKEN.finditer(data):
            mark = token[0]
            if mark[:1] == b'"':
                if len(mark) > 1 and mark.endswith(b'"') and token.end() < len(data):
                    continue
                break  # goes on in the next block
            if mark in b"{[":
                if start < 0 and mark == b"{" and self._is_record():
                    start = token.start()
                self.open += mark
            else:
                if start >= 0 and len(self.open) == self.records:
                    lines += _lines(data[start : token.end()])
                    start = -1
                del self.open[-1:]
            if start < 0:
                done = token.end()
        self.pending = data[done if start < 0 else start :]
        if start >= 0:
            del self.open[self.records - 1 :]
        if len(self.pending) > _MAX_RECORD:
            lines.append(self.pending[:_MAX_RECORD].replace(b"\n", b" ") + b"\n")
            self.pending = b""
        return b"".join(lines)

    def _is_record(self) -> bool:
        """An object that opens here is an element of the array of records."""
        if self.open[-1:] != b"[" or len(self.open) >= _MAX_DEPTH:
            return False
        self.records = self.records or len(self.open) + 1
        return len(self.open) + 1 == self.records


def _lines(record: bytes) -> list[bytes]:
    if b'"values"' in record and b'"stream"' in record:
        try:
            stream = json.loads(record)
            pairs = [{"stream": stream["stream"], "values": [pair]} for pair in stream["values"]]
            return [json.dumps(pair, ensure_ascii=False).encode() + b"\n" for pair in pairs]
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
    return [b" ".join(part.strip() for part in record.split(b"\n")) + b"\n"]


def detect(head: Head) -> float:
    if not _OPEN.match(head.raw):
        return 0.0
    if head.raw.lstrip()[:1] == b"{" and len(head.lines) > 1 and read_json(head.lines[1], SourceSettings(year=2000)):
        return 0.0  # JSON lines
    lines = _Splitter().feed(head.raw + b" ").splitlines()
    readable = sum(read(line.decode("utf-8", "replace"), SourceSettings(year=2000)) is not None for line in lines)
    alone = len(head.lines) == 1 and readable <= 1 and read_json(head.lines[0], SourceSettings(year=2000)) is not None
    return 0.0 if not readable else 0.5 if alone else 0.99


FORMAT = Format(
    name="json",
    title="JSON document",
    read=read,
    detect=detect,
    reline=reline,
    rank=44,
    samples=(
        Sample('{"id":"1","generated_at":"2026-11-20T01:14:07-08:00","program":"heroku/router","message":"at=info"}', "2026-11-20T09:14:07.000000Z", "heroku", "router", "at=info"),
    ),
)  # fmt: skip
