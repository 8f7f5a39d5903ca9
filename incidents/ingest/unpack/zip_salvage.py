"""A zip without a directory: follow the local headers from the start, as far as the bytes go."""

from __future__ import annotations

import struct
import zlib
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from .limits import Budget, Refused
from .streams import BLOCK_BYTES, Lines, label_of

_HEADER = struct.Struct("<4sHHHHHIIIHH")
_LOCAL = b"PK\x03\x04"
_DESCRIPTOR = b"PK\x07\x08"


def salvaged(file: BinaryIO, budget: Budget, notes: list[str]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Name and text of each file. What the caller leaves unread of one is passed over before the next."""
    count = 0
    while len(header := file.read(_HEADER.size)) == _HEADER.size:
        mark, _, flags, method, _, _, _, packed_size, _, name_size, extra_size = _HEADER.unpack(header)
        if mark != _LOCAL:
            return
        name = file.read(name_size).decode("utf-8", "replace")
        file.seek(extra_size, 1)
        count += 1
        if count > budget.limits.members:
            raise Refused(f"This zip holds more than {budget.limits.members:,} files. Send only the logs.")
        label, size_follows = label_of(name), bool(flags & 0x8)
        if flags & 0x1 or method not in (0, 8) or (method == 0 and size_follows):
            reason = "it is encrypted" if flags & 0x1 else f"it is packed by method {method}"
            notes.append(f"{label} was left out: {reason}.")
            if size_follows:
                return  # where the next entry begins can't be known
            file.seek(packed_size, 1)
        elif method == 0:
            blocks = _stored(file, packed_size, budget, notes, label)
            if not name.endswith("/"):
                yield name, blocks
            deque(blocks, maxlen=0)
        else:
            blocks = _inflated(file, budget, notes, label)
            yield name, blocks
            deque(blocks, maxlen=0)
            if size_follows:
                _pass_descriptor(file)


def _stored(file: BinaryIO, size: int, budget: Budget, notes: list[str], label: str) -> Iterator[bytes]:
    lines, left = Lines(), size
    while left and (block := file.read(min(left, BLOCK_BYTES))):
        left -= len(block)
        budget.consumed(len(block))
        budget.produced(len(block))
        if whole := lines.feed(block):
            yield whole
    if left:
        notes.append(f"{label}: cut; all whole lines before the cut were read.")
    elif lines.rest:
        yield lines.rest


def _inflated(file: BinaryIO, budget: Budget, notes: list[str], label: str) -> Iterator[bytes]:
    lines, unpacker = Lines(), zlib.decompressobj(-15)
    try:
        while not unpacker.eof and (data := unpacker.unconsumed_tail or file.read(BLOCK_BYTES)):
            if not unpacker.unconsumed_tail:
                budget.consumed(len(data))
            text = unpacker.decompress(data, BLOCK_BYTES)
            while text:
                budget.produced(len(text))
                if whole := lines.feed(text):
                    yield whole
                text = b"" if unpacker.unconsumed_tail or unpacker.eof else unpacker.decompress(b"", BLOCK_BYTES)
    except zlib.error:
        notes.append(f"{label}: damaged; what stands before the damage was read.")
        return
    file.seek(-len(unpacker.unused_data), 1)
    if not unpacker.eof:
        notes.append(f"{label}: cut; all whole lines before the cut were read.")
    elif lines.rest:
        yield lines.rest


def _pass_descriptor(file: BinaryIO) -> None:
    """Sizes that follow the data: 12 bytes, with or without a mark of 4."""
    mark = file.read(4)
    file.seek(12 if mark == _DESCRIPTOR else 8, 1)
