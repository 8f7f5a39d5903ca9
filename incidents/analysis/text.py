"""Bytes to text: which encoding a source has, whether it is text at all, and where it is cut into chunks."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator

from .types import Cut, NotALog

CHUNK_BYTES = 8 * 1024 * 1024
MAX_LINE = 64 * 1024
"""Of a longer line only this much is kept; the text says how much was left out."""

_TOO_SHORT = 32  # to be judged by its bytes
_BLOCK = 1024 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CP1252 = "".join(bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(256))
_MAGIC = (
    (b"\x89PNG\r\n", "a PNG image"), (b"\xff\xd8\xff", "a JPEG image"), (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"\x7fELF", "a program (ELF)"), (b"MZ\x90", "a Windows program"), (b"\xca\xfe\xba\xbe", "a compiled Java class"),
    (b"\0asm", "a WebAssembly module"), (b"SQLite format 3\0", "an SQLite database"), (b"PGDMP", "a PostgreSQL dump"),
    (b"REDIS0", "a Redis dump"), (b"\x1f\x8b", "a gzip archive inside the one sent"),
    (b"PK\x03\x04", "a zip archive or an Office document inside the one sent"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive inside the one sent"), (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"), (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"), (b"Rar!\x1a", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"RIFF", "a media file"), (b"OggS", "a media file"), (b"ID3", "a media file"), (b"wOF2", "a font"),
    (b"bplist00", "a property list"),
)  # fmt: skip
# Control characters that no terminal or logger writes. NUL, BEL, BS, TAB, LF, VT, FF, CR and ESC do occur in real logs.
_CONTROL = bytes(code for code in [*range(1, 7), *range(14, 27), *range(28, 32), 127])
_LOG_LINE = re.compile(
    rb"\d\d:\d\d:\d\d[^\n]{0,80}(?:\]:|<\d|code=[HRL]\d\d|(?:app|heroku)[/\[ ])|^(?:app|heroku)[\[/][\w.-]+\]?:",
    re.MULTILINE,
)
# How records begin in the forms that logs come in: where a chunk may start without tearing one apart.
_RECORD = re.compile(
    rb"[>\xc2\xbb| \[]{0,6}\d{4}-\d\d-\d\d[T ]|\d{0,7} ?<\d{1,3}>|[A-Z][a-z]{2} [ \d]\d \d\d:|\{|\d{10,}\t|"
    rb"(?:app|heroku)[\[/]"
)


def detect_encoding(head: bytes) -> str:
    """utf-8, utf-8-sig, utf-16-le, utf-16-be, utf-32-le, utf-32-be or cp1252, from a source's first bytes."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    wide = _wide(head)
    if wide:
        return wide
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
        return "utf-8"
    except UnicodeDecodeError:
        text = head.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(not char.isascii() for char in text) - bad
    return "utf-8" if good > bad else "cp1252"


def _wide(head: bytes) -> str:
    """UTF-16 or UTF-32 without a mark: text in Latin letters leaves a regular pattern of NUL bytes."""
    if len(head) < 8 or b"\0" not in head:
        return ""
    lanes = [head[lane::4].count(0) / (len(head) / 4) for lane in range(4)]
    if min(lanes[1:]) > 0.9 and lanes[0] < 0.1:
        return "utf-32-le"
    if min(lanes[:3]) > 0.9 and lanes[3] < 0.1:
        return "utf-32-be"
    even, odd = (lanes[0] + lanes[2]) / 2, (lanes[1] + lanes[3]) / 2
    if odd > 0.5 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.5 and odd < 0.05 else ""


def refuse_binary(head: bytes, decoded: bytes) -> None:
    """Raise `NotALog` for bytes that are no text: by how they begin, or by control bytes in ``decoded``, their UTF-8.

    Colours, mojibake, NUL bytes and stray controls are no reason, nor is anything where one line reads like a log's.
    """
    for magic, what in _MAGIC:
        if head.startswith(magic):
            raise NotALog(
                f"This is {what}, not a log. Send the log itself as text, or packed once as .gz, .zip or .zst."
            )
    if len(decoded) < _TOO_SHORT or _LOG_LINE.search(decoded):
        return
    controls = len(decoded) - len(decoded.translate(None, _CONTROL))
    nuls = decoded.count(0)
    if controls > 0.05 * len(decoded) or nuls > 0.3 * len(decoded):
        share = round(100 * (controls + nuls) / len(decoded))
        raise NotALog(f"This is no log: {share} % of its first bytes are control bytes. Send the log as text.")


def decode_line(raw: bytes) -> tuple[str, bool]:
    """The text of one line, and whether every byte of it was UTF-8.

    A line whose other bytes are all wrong is read as Windows-1252, otherwise the wrong bytes become U+FFFD.
    """
    try:
        return raw.decode(), True
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "replace")
        if text.isascii() or all(char.isascii() or char == "\ufffd" for char in text):
            text = codecs.charmap_decode(raw, "strict", _CP1252)[0]
        return text, False


def utf8(stream: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The stream as UTF-8 without a byte order mark. Bytes that are wrong in UTF-8 stay: see `decode_line`."""
    if encoding == "cp1252":
        yield from (codecs.charmap_decode(block, "strict", _CP1252)[0].encode() for block in stream)
        return
    if encoding.startswith(("utf-16", "utf-32")):
        stream = _decoded(stream, encoding)
    start = b""
    blocks = iter(stream)
    for block in blocks:
        start += block
        if len(start) >= len(codecs.BOM_UTF8):
            break
    yield start.removeprefix(codecs.BOM_UTF8)
    yield from blocks


def _decoded(stream: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for block in stream:
        yield decoder.decode(block).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def cut(
    stream: Iterable[bytes],
    encoding: str,
    reline: Callable[[Iterable[bytes]], Iterable[bytes]] | None = None,
    most: int | None = None,
) -> Iterator[Cut]:
    """Cut a source into chunks of whole lines, as UTF-8, of at most ``most`` bytes (`CHUNK_BYTES`) or one line.

    ``reline`` puts the records of a format that has no lines on lines of their own. A chunk ends at the last newline
    before that size behind which a record begins, where there is one in reach.
    """
    blocks: Iterable[bytes] = utf8(_small(stream), encoding)
    if reline is not None:
        blocks = reline(blocks)
    most = most or CHUNK_BYTES
    parts: list[bytes] = []
    size, number, first = 0, 0, 1
    for block in _capped(blocks):
        parts.append(block)
        size += len(block)
        while size >= most:
            pending = b"".join(parts)
            end = _boundary(pending, most)
            if end:
                lines = pending.count(b"\n", 0, end)
                yield Cut(number, first, lines, pending[:end])
                number, first = number + 1, first + lines
            parts, size = [pending[end:]], size - end
            if not end:
                break
    data = b"".join(parts)
    if data:
        yield Cut(number, first, data.count(b"\n") + (not data.endswith(b"\n")), data)


def _small(stream: Iterable[bytes]) -> Iterator[bytes]:
    """Blocks of at most 1 MiB, so that one that holds a whole file is not moved about."""
    for block in stream:
        if len(block) <= _BLOCK:
            yield block
        else:
            yield from (block[start : start + _BLOCK] for start in range(0, len(block), _BLOCK))


def _boundary(pending: bytes, most: int) -> int:
    """Where to end a chunk: behind a newline. 0 if there is none yet."""
    end = last = pending.rfind(b"\n", 0, most) + 1
    for _ in range(200):
        if not end or _RECORD.match(pending, end):
            break
        end = pending.rfind(b"\n", 0, end - 1) + 1
    return end or last or pending.find(b"\n", most) + 1


def _capped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text with every line cut to `MAX_LINE`, and a note of what was left out in its place."""
    run = dropped = 0  # bytes of the current line let through and left out so far
    for block in blocks:
        start = 0
        while start < len(block):
            if dropped:
                newline = block.find(b"\n", start)
                dropped += (newline if newline >= 0 else len(block)) - start
                if newline < 0:
                    break
                yield _note(dropped)
                start, run, dropped = newline, 0, 0
            kept = start
            while len(block) - kept > MAX_LINE - run:  # the rest may hold a line that is too long
                newline = block.rfind(b"\n", kept, kept + MAX_LINE - run + 1)
                if newline < 0:
                    break
                kept, run = newline + 1, 0
            if len(block) - kept <= MAX_LINE - run:
                yield block[start:]
                newline = block.rfind(b"\n", kept)
                run = len(block) - newline - 1 if newline >= 0 else run + len(block) - kept
                break
            end = kept + MAX_LINE - run
            while end > kept and block[end] & 0xC0 == 0x80:  # not inside a character
                end -= 1
            yield block[start:end]
            start, dropped = end + 1, 1
    if dropped:
        yield _note(dropped)


def _note(dropped: int) -> bytes:
    return f" … [{dropped:,} bytes of this line left out]".encode()


CUT_NOTE = b" bytes of this line left out]"
