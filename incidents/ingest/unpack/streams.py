"""Streams: recognise what a stream of bytes is by its content, and unpack gz and zst block by block."""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, BinaryIO, cast

import zstandard

from .limits import Budget, NotOpened
from .zstd_frames import FrameWatch

BLOCK_BYTES = 256 * 1024
WINDOW_BYTES = 8 * 1024 * 1024
"""Largest zstd window that is opened; the library's default would let a few bytes claim 128 MiB."""

_FOREIGN = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"7z\xbc\xaf'\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def magic(head: bytes) -> str:
    """``gz``, ``zst``, ``zip``, or ``""`` for anything else. Raises `NotOpened` for archives that we can't open."""
    if head.startswith(b"\x1f\x8b"):
        return "gz"
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F):
        return "zst"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    foreign = next((name for mark, name in _FOREIGN.items() if head.startswith(mark)), "")
    if not foreign and head[257:262] == b"ustar":
        foreign = "tar"
    if foreign:
        raise NotOpened(f"This is a {foreign} archive, which is not read here. Send plain text, .gz, .zst or .zip.")
    return ""


def label_of(name: str) -> str:
    """A name to show: without control characters, at most 200 characters. It is never used as a path."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", name).strip()[-200:] or "unnamed"


def from_file(file: BinaryIO) -> Iterator[bytes]:
    """The file's bytes in blocks."""
    while block := file.read(BLOCK_BYTES):
        yield block


def unpacked(
    blocks: Iterable[bytes], budget: Budget, notes: list[str], *, levels: int, prefix: str = ""
) -> Iterator[bytes]:
    """The text of a stream, unpacked at most ``levels`` times. ``prefix`` begins each note ("web.log: ")."""
    stream = iter(blocks)
    head = b""
    while len(head) < 512 and (block := next(stream, b"")):
        head += block
    kind = magic(head)
    whole = itertools.chain([head] if head else [], stream)
    outermost = levels == 2
    if not kind:
        yield from _counted(whole, budget, is_packed=outermost)
    elif kind == "zip":
        raise NotOpened("A zip inside another archive is not opened. Send the inner archive itself.")
    elif levels == 0:
        raise NotOpened("Archives inside archives inside archives are not opened. Send the inner archive itself.")
    else:
        counted = _packed(whole, budget) if outermost else whole
        inner = _gunzip(counted, notes, prefix) if kind == "gz" else _unzstd(counted, notes, prefix)
        yield from unpacked(_limited(inner, budget), budget, notes, levels=levels - 1, prefix=prefix)


def _packed(blocks: Iterable[bytes], budget: Budget) -> Iterator[bytes]:
    for block in blocks:
        budget.consumed(len(block))
        yield block


def _counted(blocks: Iterable[bytes], budget: Budget, *, is_packed: bool) -> Iterator[bytes]:
    """Plain text: counted both ways if nothing was unpacked."""
    for block in blocks:
        if is_packed:
            budget.consumed(len(block))
            budget.produced(len(block))
        yield block


def _limited(blocks: Iterable[bytes], budget: Budget) -> Iterator[bytes]:
    for block in blocks:
        budget.produced(len(block))
        yield block


class Lines:
    """Holds back the line that is still incomplete, so that it can be left out where an archive is cut."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, block: bytes) -> bytes:
        """All of ``block`` up to its last line end, after what was held back."""
        block = self.rest + block
        end = block.rfind(b"\n") + 1
        if block[end : end + 1] == b"\0":
            end += 1  # UTF-16: the newline is two bytes
        if not end and len(block) > BLOCK_BYTES:
            end = len(block)  # a line as long as this is not kept in memory
        self.rest = block[end:]
        return block[:end]


def _gunzip(blocks: Iterable[bytes], notes: list[str], prefix: str) -> Iterator[bytes]:
    """Members one after the other. What follows the last is noted; a cut or damage ends the text at a whole line."""
    lines, at, unpacker = Lines(), 0, zlib.decompressobj(31)
    stream, data = iter(blocks), b""
    while data or (data := next(stream, b"")):
        if unpacker.eof:
            while len(data) < 2 and (block := next(stream, b"")):
                data += block
            if not data.startswith(b"\x1f\x8b"):
                _note_trailing(data, stream, notes, prefix)
                break
            unpacker = zlib.decompressobj(31)
        before, spare = len(data), unpacker.copy()
        try:
            text = unpacker.decompress(data, BLOCK_BYTES)
        except zlib.error as error:
            if whole := lines.feed(_salvaged(spare, data)):
                yield whole
            reason = str(error).rpartition(": ")[2][:80]
            notes.append(f"{prefix}The archive is damaged near byte {at:,} ({reason}): what stands before it was read.")
            return
        data = unpacker.unconsumed_tail or unpacker.unused_data
        at += before - len(data)
        while text:
            if whole := lines.feed(text):
                yield whole
            # All input may be used up while output still waits inside.
            text = b"" if data or unpacker.eof else unpacker.decompress(b"", BLOCK_BYTES)
    if unpacker.eof:
        if lines.rest:
            yield lines.rest
    else:
        notes.append(_cut_note(prefix, at, lines.rest))


def _salvaged(unpacker: zlib._Decompress, data: bytes) -> bytes:
    """The text before the damage in ``data``, which the failing call has thrown away."""
    text = b""
    try:
        for at in range(0, len(data), 16):
            text += unpacker.decompress(data[at : at + 16], BLOCK_BYTES)
            if len(text) > BLOCK_BYTES:
                break
    except zlib.error:
        pass
    return text


def _note_trailing(data: bytes, stream: Iterator[bytes], notes: list[str], prefix: str) -> None:
    """Zeros are padding and mean nothing; anything else is told."""
    size, zeros = len(data), not data.strip(b"\0")
    for block in stream:
        size += len(block)
        zeros = zeros and not block.strip(b"\0")
    if not zeros:
        notes.append(f"{prefix}{size:,} bytes after the end of the archive are no archive and were left out.")


def _unzstd(blocks: Iterable[bytes], notes: list[str], prefix: str) -> Iterator[bytes]:
    lines, watch = Lines(), FrameWatch(blocks)
    unpacker = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES)
    reader = unpacker.stream_reader(cast(IO[bytes], watch), read_across_frames=True)
    try:
        while text := reader.read(BLOCK_BYTES):
            if whole := lines.feed(text):
                yield whole
    except zstandard.ZstdError as error:
        if "too much memory" in str(error):
            raise NotOpened(
                "This zst archive needs a window of more than 8 MiB. Pack it without --long or --ultra."
            ) from None
        if not watch.is_garbage:
            notes.append(f"{prefix}The archive is damaged near byte {watch.at:,}: what stands before it was read.")
            return
    if watch.is_garbage:
        notes.append(f"{prefix}Bytes after the end of the archive are no archive and were left out.")
    elif not watch.is_complete:
        notes.append(_cut_note(prefix, watch.at, lines.rest))
        return
    if lines.rest:
        yield lines.rest


def _cut_note(prefix: str, at: int, rest: bytes) -> str:
    left_out = f"; {len(rest):,} bytes of an incomplete last line were left out" if rest else ""
    return f"{prefix}The archive is cut at byte {at:,}: all whole lines before it were read{left_out}."
