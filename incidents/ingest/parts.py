"""Bytes that are still arriving: stored part by part, read back as one file."""

from __future__ import annotations

import hashlib
import io
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

import zstandard
from django.conf import settings

from incidents.models import LogSource, UploadPart

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def store_part(source: LogSource, number: int, data: bytes) -> UploadPart:
    """Keep one part; a repeated one replaces the first. Compressed where that helps: most uploads are plain text."""
    packed = zstandard.ZstdCompressor(level=1).compress(data)
    is_compressed = len(packed) < len(data)
    part, _ = UploadPart.objects.update_or_create(
        source=source,
        number=number,
        defaults={
            "team_id": source.team_id,
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "is_compressed": is_compressed,
            "data": packed if is_compressed else data,
        },
    )
    return part


def in_parts(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Blocks of any size as parts of exactly PART_BYTES; the last one may be shorter. No bytes give no part."""
    waiting = bytearray()
    for block in blocks:
        waiting += block
        while len(waiting) >= settings.PART_BYTES:
            yield bytes(waiting[: settings.PART_BYTES])
            del waiting[: settings.PART_BYTES]
    if waiting:
        yield bytes(waiting)


def open_parts(source: LogSource) -> io.BufferedReader:
    """The parts of a source as one seekable file. Holds one part in memory."""
    return io.BufferedReader(_PartsFile(source), 256 * 1024)


class _PartsFile(io.RawIOBase):
    def __init__(self, source: LogSource) -> None:
        super().__init__()
        rows = list(UploadPart.objects.filter(source=source).order_by("number").values_list("pk", "bytes"))
        self._keys = [key for key, _ in rows]
        self._ends = list(accumulate(size for _, size in rows))
        self._at = 0
        self._open = -1
        self._data = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = (0, self._at, self._ends[-1] if self._ends else 0)[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        index = bisect_right(self._ends, self._at)
        if index >= len(self._keys):
            return 0
        start = self._ends[index - 1] if index else 0
        data = self._part(index)
        piece = data[self._at - start : self._at - start + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _part(self, index: int) -> bytes:
        if index != self._open:
            part = UploadPart.objects.get(pk=self._keys[index])
            data = bytes(part.data)
            self._data = zstandard.ZstdDecompressor().decompress(data) if part.is_compressed else data
            self._open = index
        return self._data
