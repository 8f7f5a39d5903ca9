"""Walks along a zstd stream while it is read: is it cut, and does anything follow that is no frame?

The library tells neither. The frame format is that of RFC 8878, sections 3.1.1 and 3.1.2.
"""

from __future__ import annotations

from collections.abc import Iterable

MAGIC = 0xFD2FB528
SKIPPABLE = range(0x184D2A50, 0x184D2A60)


class FrameWatch:
    """A readable object that passes ``blocks`` on, and keeps account of the frames in them.

    ``at`` is how many bytes were passed on, ``is_complete`` whether they end where a frame ends, ``is_garbage`` whether
    something else than a frame follows a complete frame (it is not passed on).
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._waiting = b""  # read from blocks, not yet passed on
        self._header = b""  # bytes of an incomplete field
        self._skip = 0  # bytes until the next field
        self._next = self._magic
        self._need = 4
        self._has_checksum = False
        self.at = 0
        self.is_garbage = False

    @property
    def is_complete(self) -> bool:
        return self._expects_magic and not self._header

    def read(self, size: int) -> bytes:
        while not self.is_garbage:
            if len(self._waiting) < 4:
                block = next(self._blocks, b"")
                if not block and self._expects_magic and self._waiting:
                    self.is_garbage = True  # too short for a frame
                    break
                self._waiting += block
            if not self._waiting:
                break
            given, self._waiting = self._waiting[:size], self._waiting[size:]
            piece = given[: self._walk(given)]
            if not self.is_garbage:
                self._waiting = given[len(piece) :] + self._waiting
            self.at += len(piece)
            if piece:
                return piece
        return b""

    @property
    def _expects_magic(self) -> bool:
        return self._next == self._magic and not self._skip

    def _walk(self, piece: bytes) -> int:
        """Follow the frames through ``piece``. Returns how much may be passed on: never a part of a magic number."""
        position = 0
        while position < len(piece):
            if self._skip:
                step = min(self._skip, len(piece) - position)
                self._skip -= step
                position += step
                continue
            step = self._need - len(self._header)
            field_start = position
            self._header += piece[position : position + step]
            position += step
            if len(self._header) < self._need:
                held = len(self._header) if self._expects_magic else 0
                self._header = b"" if held else self._header
                return len(piece) - held
            field, self._header = self._header, b""
            self._next(field)
            if self.is_garbage:
                return field_start
        return len(piece)

    def _expect(self, what: str, size: int) -> None:
        self._next, self._need = getattr(self, f"_{what}"), size

    def _magic(self, field: bytes) -> None:
        number = int.from_bytes(field, "little")
        if number == MAGIC:
            self._expect("descriptor", 1)
        elif number in SKIPPABLE:
            self._expect("skippable", 4)
        else:
            self.is_garbage = True

    def _skippable(self, field: bytes) -> None:
        self._skip = int.from_bytes(field, "little")
        self._expect("magic", 4)

    def _descriptor(self, field: bytes) -> None:
        flags = field[0]
        single_segment, content_size = bool(flags & 0x20), flags >> 6
        self._has_checksum = bool(flags & 0x04)
        self._skip = (0 if single_segment else 1) + (0, 1, 2, 4)[flags & 3]
        self._skip += (1 if single_segment else 0, 2, 4, 8)[content_size]
        self._expect("block", 3)

    def _block(self, field: bytes) -> None:
        header = int.from_bytes(field, "little")
        is_last, kind, size = header & 1, (header >> 1) & 3, header >> 3
        self._skip = 1 if kind == 1 else size  # a run-length block holds one byte
        if is_last:
            self._skip += 4 if self._has_checksum else 0
            self._expect("magic", 4)
