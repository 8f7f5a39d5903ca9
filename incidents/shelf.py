"""What was opened lately, kept in the process: a bounded shelf, so that ten pages of an incident unpack it once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Shelf(Generic[T]):
    """The values used last, while their sizes together stay below ``most_bytes``. Safe to use from several threads.

    Values are shared: whoever takes one must not change it.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], tuple[T, int]]) -> T:
        """The value under this key, else what ``make`` gives with its size in bytes."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key][0]
        value, size = make()
        with self._lock:
            self._put(key, value, size)
        return value

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self.bytes = 0

    def __len__(self) -> int:
        return len(self._values)

    def _put(self, key: Hashable, value: T, size: int) -> None:
        if size > self.most_bytes or key in self._values:
            return
        self._values[key] = value, size
        self.bytes += size
        while self.bytes > self.most_bytes:
            _, (_, gone) = self._values.popitem(last=False)
            self.bytes -= gone
