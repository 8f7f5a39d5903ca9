"""Bytes to text: which encoding a source has, and where it is cut into chunks."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from .types import Cut

CHUNK_BYTES = 8 * 1024 * 1024
MAX_LINE = 64 * 1024


def detect_encoding(head: bytes) -> str:
    """utf-8, utf-8-sig, utf-16-le, utf-16-be or latin-1, from a source's first bytes."""
    for bom, name in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(bom):
            return name
    if head and head[1::2].count(0) > len(head) // 4:
        return "utf-16-le"
    if head and head[0::2].count(0) > len(head) // 4:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def cut(stream: Iterable[bytes], encoding: str) -> Iterator[Cut]:
    """Cut a source into chunks of whole lines, as UTF-8. A chunk ends at the last newline before `CHUNK_BYTES`."""
    pending, number, first = bytearray(), 0, 1
    for block in _utf8(stream, encoding):
        pending += block
        while len(pending) >= CHUNK_BYTES:
            end = pending.rfind(b"\n", 0, CHUNK_BYTES) + 1 or pending.find(b"\n", CHUNK_BYTES) + 1
            if not end:
                break
            data = bytes(pending[:end])
            del pending[:end]
            lines = data.count(b"\n")
            yield Cut(number, first, lines, data)
            number, first = number + 1, first + lines
    if pending:
        data = bytes(pending)
        yield Cut(number, first, data.count(b"\n") + (not data.endswith(b"\n")), data)


def _utf8(stream: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    if encoding in ("utf-8", "latin-1"):
        yield from stream  # undecodable bytes are settled per line, so that the raw line stays as it came
        return
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8-sig" else encoding)(errors="replace")
    start = True
    for block in stream:
        text = decoder.decode(block)
        if start and text:
            text, start = text.removeprefix("\ufeff"), False
        yield text.encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")
