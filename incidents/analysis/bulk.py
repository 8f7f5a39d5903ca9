"""Reading many lines at once: eight bytes of every line as one number, and arithmetic on all of them together.

A word is eight bytes as a little-endian integer, so that its lowest byte is the first. A block is eight words. What
looks for bytes inside a word marks them by the high bit of their byte, and the lowest mark is the first (Bit Twiddling
Hacks, "Determine if a word has a zero byte"). Nothing here knows what a log is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .types import Array

PAD = 128
_U = np.uint64
_ONES, _HIGHS = _U(0x0101010101010101), _U(0x8080808080808080)
_DIGIT, _NINE = _U(0x3030303030303030), _U(0x7676767676767676)
_BLANK = _U(0x2121212121212121)
_MASKS = np.array(
    [[(1 << 8 * min(max(size - 8 * word, 0), 8)) - 1 for word in range(8)] for size in range(65)], dtype=_U
)
_SLOTS = 16


def _constants(count: int) -> Array:
    """Odd numbers without a pattern (splitmix64)."""
    value = np.arange(1, count + 1, dtype=_U) * _U(0x9E3779B97F4A7C15)
    value = (value ^ (value >> _U(30))) * _U(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> _U(27))) * _U(0x94D049BB133111EB)
    odd: Array = (value ^ (value >> _U(31))) | _U(1)
    return odd


CONSTANTS = _constants(32)


class Bytes:
    """Bytes that can be read by words and blocks, some way past their end too."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        padded = data + bytes(PAD)
        self.bytes = np.frombuffer(padded, dtype=np.uint8)
        self._words = np.ndarray((len(padded) - 7,), "<u8", padded, strides=(1,))
        self._blocks = np.ndarray((len(padded) - 63,), "V64", padded, strides=(1,))

    def places(self, byte: bytes) -> Array:
        """Where this byte stands."""
        return np.flatnonzero(self.bytes[: len(self.data)] == byte[0])

    def words(self, at: Array) -> Array:
        """The eight bytes from each position."""
        return self._words[at]

    def blocks(self, at: Array, size: Array | None = None) -> Array:
        """64 bytes from each position as rows of eight words; bytes from ``size`` on are zero."""
        rows = self._blocks[at].view("<u8").reshape(len(at), 8)
        return rows if size is None else cut(rows, size)

    def starts_with(self, at: Array, prefix: bytes) -> Array:
        """Whether these bytes stand at each position."""
        found = np.ones(len(at), dtype=np.bool_)
        for offset in range(0, len(prefix), 8):
            part = prefix[offset : offset + 8]
            found &= (self.words(at + offset) & _U((1 << 8 * len(part)) - 1)) == _U(int.from_bytes(part, "little"))
        return found

    def slices(self, start: Array, end: Array) -> list[bytes]:
        """The bytes between each pair of positions."""
        data = self.data
        return [data[low:high] for low, high in zip(start.tolist(), end.tolist(), strict=True)]


class Text(Bytes):
    """A text of lines, each ended by a newline. ``starts[i]`` to ``ends[i]`` is line i without its newline."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.ends = self.places(b"\n")
        self.starts = np.zeros_like(self.ends)
        self.starts[1:] = self.ends[:-1] + 1


def first_mark(marks: Array) -> Array:
    """Place (0 to 7) of the first marked byte of each word, 8 where there is none."""
    return np.bitwise_count((marks & (~marks + _U(1))) - _U(1)).astype(np.int64) >> 3


def mark_byte(words: Array, byte: bytes) -> Array:
    """Mark the first byte that equals ``byte``. Marks above it may be wrong."""
    other = words ^ (_ONES * _U(byte[0]))
    marks: Array = (other - _ONES) & ~other & _HIGHS
    return marks


def mark_unprintable(words: Array) -> Array:
    """Mark bytes that are no printable ASCII: blanks, controls, bytes above 127."""
    marks: Array = (~((words | _HIGHS) - _BLANK) | words) & _HIGHS
    return marks


def find(blocks: Array, mark: Callable[[Array], Array]) -> Array:
    """Place (0 to 63) of the first marked byte of each block, 64 where there is none."""
    marks = mark(blocks)
    word = (marks != 0).argmax(axis=1)
    rows = np.arange(len(blocks))
    inside = first_mark(marks[rows, word])
    return np.where(inside < 8, word * 8 + inside, 64)


def leading_digits(words: Array) -> Array:
    """How many digits each word begins with, 0 to 8."""
    other = words ^ _DIGIT
    return first_mark((((other & ~_HIGHS) + _NINE) | other) & _HIGHS)


def number(words: Array, digits: Array | int) -> Array:
    """The number that the first ``digits`` (0 to 8) bytes of each word spell, as int64."""
    count = np.asarray(digits, dtype=_U)
    value = (words ^ _DIGIT) << np.minimum((_U(8) - count) << _U(3), _U(63))
    value = (value * _U(2561)) >> _U(8)
    value = ((value & _U(0x00FF00FF00FF00FF)) * _U(6553601)) >> _U(16)
    value = ((value & _U(0x0000FFFF0000FFFF)) * _U(42949672960001)) >> _U(32)
    return np.where(count > 0, value, _U(0)).astype(np.int64)


def are_digits(words: Array, where: np.uint64) -> Array:
    """Whether the bytes that the mask ``where`` names are all digits."""
    other = words ^ _DIGIT
    found: Array = ((((other & ~_HIGHS) + _NINE) | other) & _HIGHS & where) == 0
    return found


def below(size: Array) -> Array:
    """Masks for words that keep their first ``size`` (0 to 8) bytes."""
    return np.take(_MASKS[:, 0], size)


def cut(blocks: Array, size: Array) -> Array:
    """Blocks with the bytes from ``size`` on set to zero."""
    rows: Array = blocks & np.take(_MASKS, size, axis=0, mode="clip")
    return rows


def mix(blocks: Array, seed: int = 0) -> Array:
    """One number per row of words; different rows seldom share one."""
    mixed: Array = blocks @ CONSTANTS[seed : seed + blocks.shape[1]]
    return mixed


def distinct(keys: Array) -> tuple[Array, Array]:
    """Number the different keys in order of appearance: the number of each, and the row where each appears first."""
    rows = np.arange(len(keys))
    slots = (keys.astype(_U) * CONSTANTS[0]) >> _U(64 - _SLOTS)
    table = np.zeros(1 << _SLOTS, dtype=np.int64)
    table[slots[::-1]] = rows[::-1]
    first = table[slots]
    wrong = np.flatnonzero(keys[first] != keys)
    if len(wrong):  # keys that share a slot with an earlier one
        _, where, back = np.unique(keys[wrong], return_index=True, return_inverse=True)
        first[wrong] = wrong[where[back]]
    seen = np.zeros(len(keys), dtype=np.bool_)
    seen[first] = True
    order = np.cumsum(seen) - 1
    return order[first], np.flatnonzero(seen)


def same_blocks(blocks: Array) -> tuple[Array, Array]:
    """Like `distinct`, for whole blocks."""
    ids, first = distinct(mix(blocks))
    if not np.array_equal(blocks, blocks[first[ids]]):  # two blocks with one mix: number them one by one
        index: dict[bytes, int] = {}
        ids = np.array([index.setdefault(row.tobytes(), len(index)) for row in blocks], dtype=np.int64)
        first = np.unique(ids, return_index=True)[1]
    return ids, first
