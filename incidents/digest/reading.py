"""One log, from its raw bytes to what the analysis merges: the steps of the workers, in one process and in order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime

from incidents import analysis
from incidents.analysis.parallel import scan_all
from incidents.ingest.unpack import Member

HEAD_BYTES = 512 * 1024
"""How much of a source is looked at to settle its encoding, format and year."""
CHUNK_BYTES = 4 * 1024 * 1024
"""Smaller chunks than the stored ones, since two are read at a time beside all the results."""


def peek(blocks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first HEAD_BYTES of a stream, and the whole stream again."""
    head: list[bytes] = []
    size = 0
    while size < HEAD_BYTES and (block := next(blocks, b"")):
        head.append(block)
        size += len(block)
    return b"".join(head)[:HEAD_BYTES], itertools.chain(head, blocks)


def read_member(member: Member, *, received_at: datetime) -> analysis.SourceInput:
    """A whole log, read as its chunks are taken, by two processes if it is long.

    Raises `analysis.NotALog` or `NotOpened` with a sentence if it is none.
    """
    head, blocks = peek(member.blocks)
    how = analysis.inspect(head, name=member.label, received_at=received_at)
    source = analysis.SourceInput(member.label, how, ())
    source.chunks = scan_all(_counted(analysis.cut(blocks, how, most=CHUNK_BYTES), source), how)
    return source


def _counted(cuts: Iterator[analysis.Cut], source: analysis.SourceInput) -> Iterator[analysis.Cut]:
    for cut in cuts:
        source.size += len(cut.data)
        yield cut
