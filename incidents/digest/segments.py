"""The text of a chunk as blocks: packed once, and read back no more than a page needs."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

import zstandard
from django.db.models import BinaryField, F, Func, QuerySet, Value

from incidents.ingest import blobs
from incidents.models import Chunk, Segment
from incidents.troubles import BlobMissing

logger = logging.getLogger(__name__)
UNREADABLE = (zstandard.ZstdError, BlobMissing)
"""What reading a text raises when it is not what was stored, or is no longer there."""
LOST = b"(this line is lost: what was stored of it is damaged or missing)"
BLOCK_BYTES = 256 * 1024
TAIL_BYTES = 64 * 1024


class Block(NamedTuple):
    """Where a block lies in the blob, and which rows (from 0 in the chunk) it holds."""

    first_row: int
    offset: int
    packed_bytes: int
    text_bytes: int


def pack(text: bytes) -> tuple[list[Block], bytes]:
    """Cut text at line ends into blocks of about 256 KiB, each a zstd frame of its own."""
    compressor = zstandard.ZstdCompressor(level=1)
    blocks: list[Block] = []
    frames: list[bytes] = []
    at = row = offset = 0
    while at < len(text):
        end = at + BLOCK_BYTES
        if end < len(text):
            end = text.rfind(b"\n", at, end) + 1 or text.find(b"\n", end) + 1 or len(text)
        piece = text[at:end]
        frame = compressor.compress(piece)
        blocks.append(Block(row, offset, len(frame), len(piece)))
        frames.append(frame)
        at, row, offset = end, row + piece.count(b"\n"), offset + len(frame)
    return blocks, b"".join(frames)


def lost(rows: int) -> bytes:
    """What stands in the place of lines that can't be read, so that all others keep their numbers."""
    return (LOST + b"\n") * rows


def read_text(chunk: Chunk) -> bytes:
    """The whole text of a chunk. Raises one of UNREADABLE."""
    segment = Segment.objects.get(chunk=chunk)
    return _opened(_blocks(segment), blobs.get(segment.text, segment.key))


def read_tail(chunk: Chunk) -> bytes:
    """The last 64 KiB of the chunk before this one, for context; empty at the beginning of a source."""
    if not chunk.number:
        return b""
    # Numbers have gaps where chunks of a live source were joined, and begin late where the oldest ones were dropped.
    before = _without_text().filter(chunk__source=chunk.source_id, chunk__number__lt=chunk.number)
    segment = before.order_by("-chunk__number").first()
    if segment is None:
        return b""
    try:
        return b"".join(_read(segment, _blocks(segment)[-1:]))[-TAIL_BYTES:]
    except UNREADABLE:  # that chunk is set aside for it; this one can be read without context
        logger.warning("the text before chunk %s is damaged", chunk.pk)
        return b""


def read_blocks(chunk: Chunk, first_row: int, last_row: int) -> Iterator[tuple[int, bytes]]:
    """The blocks that hold rows first to last (from 0 in the chunk), each with the number of its first row."""
    segment = _without_text().filter(chunk=chunk).first()
    if segment is None:
        yield from _read_joined(chunk, first_row, last_row)
        return
    blocks = _blocks(segment)
    starts = [block.first_row for block in blocks]
    wanted = blocks[max(0, bisect_right(starts, first_row) - 1) : bisect_right(starts, last_row)]
    at = 0
    try:
        for at, text in enumerate(_read(segment, wanted)):
            yield wanted[at].first_row, text
        return
    except UNREADABLE:
        logger.warning("the text of chunk %s is damaged or missing", segment.pk)
    ends = [*starts[1:], segment.chunk.lines]
    for block in wanted[at:]:
        yield block.first_row, lost(ends[blocks.index(block)] - block.first_row)


def _read_joined(chunk: Chunk, first_row: int, last_row: int) -> Iterator[tuple[int, bytes]]:
    """The same rows of the chunk into which this one was joined since the caller looked it up."""
    larger = (
        Chunk.objects.filter(source=chunk.source_id, first_line__lte=chunk.first_line).order_by("-first_line").first()
    )
    if larger is None or larger.pk == chunk.pk or larger.last_line < chunk.last_line:
        raise Segment.DoesNotExist
    before = chunk.first_line - larger.first_line
    for row, block in read_blocks(larger, first_row + before, last_row + before):
        rows = block.split(b"\n")[max(0, before - row) : before + chunk.lines - row]
        yield max(0, row - before), b"\n".join([*rows, b""]) if rows[-1:] != [b""] else b"\n".join(rows)


def _without_text() -> QuerySet[Segment]:
    return Segment.objects.defer("text")


def _blocks(segment: Segment) -> list[Block]:
    return [Block(*entry) for entry in segment.index]


def _read(segment: Segment, wanted: list[Block]) -> Iterator[bytes]:
    """Texts of neighbouring blocks; the database sends only their part of the blob."""
    if not wanted:
        return
    start, end = wanted[0].offset, wanted[-1].offset + wanted[-1].packed_bytes
    if segment.key:
        data = blobs.get(b"", segment.key)[start:end]
    else:
        piece = Func(F("text"), Value(start + 1), Value(end - start), function="SUBSTR", output_field=BinaryField())
        data = bytes(Segment.objects.filter(pk=segment.pk).values_list(piece, flat=True).get())
    for block in wanted:
        at = block.offset - start
        yield zstandard.ZstdDecompressor().decompress(data[at : at + block.packed_bytes])


def _opened(blocks: list[Block], data: bytes) -> bytes:
    unpacker = zstandard.ZstdDecompressor()
    return b"".join(unpacker.decompress(data[block.offset : block.offset + block.packed_bytes]) for block in blocks)
