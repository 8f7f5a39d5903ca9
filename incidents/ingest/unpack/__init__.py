"""Whatever people send (plain, gz, zst, zip) to streams of raw log bytes, under caps. No Django.

    for member in members(file, name="logs.zip", limits=Limits(), notes=notes):
        for block in member.blocks: ...

Names inside an archive are labels, never paths. What is cut, damaged or skipped is told in ``notes``, a sentence each.
Reading a member raises `NotOpened` if it is something that we can't unpack, and `Refused` if the whole upload must not
be read on. Both carry a sentence for the person who sent it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from .limits import Budget, Limits, Member, NotOpened, Refused
from .streams import BLOCK_BYTES, from_file, label_of, magic, unpacked
from .zips import zip_members

__all__ = ["Limits", "Member", "NotOpened", "Refused", "label_of", "members"]


def members(file: BinaryIO, *, name: str, limits: Limits, notes: list[str]) -> Iterator[Member]:
    """The logs in ``file`` (seekable, at its start), in order. Each must be read before the next is asked for."""
    budget = Budget(limits)
    kind = magic(file.read(BLOCK_BYTES))
    file.seek(0)
    if kind == "zip":
        yield from zip_members(file, name=name, budget=budget, notes=notes)
    else:
        yield Member(label_of(name), unpacked(from_file(file), budget, notes, levels=2))
