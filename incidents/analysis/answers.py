"""What each endpoint answered, and which dynos served it: exact sums over all chunks, in bounded space."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .types import Array, Requests

MOST_ROWS = 60_000
"""Of either table. Of more, those with the fewest requests are counted together: a log has to be made for that."""
_WAITING = 3 * MOST_ROWS
_SECOND, _THIRD = 20, 40  # bits at which the parts of a key begin
_MASK = (1 << _SECOND) - 1


@dataclass(slots=True)
class Sums:
    """Rows of three numbers with their sums. For answers: endpoint, status + 1, code. For dynos: endpoint, 0, dyno."""

    key: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    count: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    total_ms: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    errors: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.key)

    def rows(self) -> list[tuple[int, int, int, int, int, int]]:
        """(endpoint, second, third, count, total_ms, errors), sorted by the first three."""
        columns = (
            self.key >> _THIRD, self.key >> _SECOND & _MASK, self.key & _MASK, self.count, self.total_ms, self.errors,
        )  # fmt: skip
        return list(zip(*(column.tolist() for column in columns), strict=True))


@dataclass(slots=True)
class Answers:
    """All that was added up. Some requests of a log that was made for it are ``left_out`` of a table (`MOST_ROWS`)."""

    answers: Sums = field(default_factory=Sums)
    dynos: Sums = field(default_factory=Sums)
    left_out: int = 0


class Tally:
    """The sums so far."""

    def __init__(self) -> None:
        self._answers, self._dynos = _Table(), _Table()

    def add(self, request: Requests, moved: dict[str, Array]) -> None:
        """``moved`` gives for each name of the chunk its number among all."""
        endpoint = moved["endpoint"][request.endpoint].astype(np.int64) << _THIRD
        spent = np.maximum(request.service_ms, 0).astype(np.int64)
        failed = request.failed.astype(np.int64)
        status = (request.status.astype(np.int64) + 1) << _SECOND
        self._answers.add(endpoint | status | moved["code"][request.code], spent, failed)
        served = request.dyno > 0
        dyno = np.minimum(moved["dyno"][request.dyno[served]], _MASK)
        self._dynos.add(endpoint[served] | dyno, spent[served], failed[served])

    def result(self) -> Answers:
        answers, dynos = self._answers.joined(), self._dynos.joined()
        return Answers(answers, dynos, max(self._answers.left_out, self._dynos.left_out))


class _Table:
    """Sums of chunks, joined whenever they become too many."""

    def __init__(self) -> None:
        self.parts: list[Sums] = []
        self.left_out = 0

    def add(self, key: Array, spent: Array, failed: Array) -> None:
        if len(key):
            self.parts.append(_summed(key, np.ones(len(key), dtype=np.int64), spent, failed))
        if sum(map(len, self.parts)) > _WAITING:
            self.parts = [self.joined()]

    def joined(self) -> Sums:
        if not self.parts:
            return Sums()
        columns = ([getattr(part, name) for part in self.parts] for name in Sums.__slots__)
        whole = _summed(*(np.concatenate(column) for column in columns))
        if len(whole) <= MOST_ROWS:
            return whole
        kept = np.sort(np.argsort(-whole.count, kind="stable")[: MOST_ROWS // 2])
        self.left_out += int(whole.count.sum() - whole.count[kept].sum())
        return Sums(*(getattr(whole, name)[kept] for name in Sums.__slots__))


def _summed(key: Array, count: Array, spent: Array, failed: Array) -> Sums:
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    return Sums(key[first], *(np.add.reduceat(column[order], first) for column in (count, spent, failed)))
