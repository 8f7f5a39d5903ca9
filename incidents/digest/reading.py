"""One log, from its raw bytes to what the analysis merges: the steps of the workers, in one process and in order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime

from incidents import analysis
from incidents.ingest.unpack import Member

from .segments import TAIL_BYTES

HEAD_BYTES = 512 * 1024
"""How much of a source is looked at to settle its encoding, format and year."""


def peek(blocks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first HEAD_BYTES of a stream, and the whole stream again."""
    head: list[bytes] = []
    size = 0
    while size < HEAD_BYTES and (block := next(blocks, b"")):
        head.append(block)
        size += len(block)
    return b"".join(head)[:HEAD_BYTES], itertools.chain(head, blocks)


def read_member(member: Member, *, received_at: datetime) -> analysis.SourceInput:
    """Read a whole log. Raises `analysis.NotALog` or `NotOpened` with a sentence if it is none."""
    head, blocks = peek(member.blocks)
    how = analysis.inspect(head, name=member.label, received_at=received_at)
    chunks, tail, size = [], b"", 0
    for cut in analysis.cut(blocks, how):
        chunks.append(analysis.scan_chunk(cut.data, how, first_line=cut.first_line, tail=tail))
        tail, size = cut.data[-TAIL_BYTES:], size + len(cut.data)
    return analysis.SourceInput(member.label, how, chunks, size)
