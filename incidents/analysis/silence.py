"""When a stream that normally has lines fell silent. A pause is judged by the pauses that are usual at its time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

DAY = 1440
COOL_DOWN = 30
"""Minutes: what begins again within them is the same trouble."""
_LEAST_KNOWN = 120
_LATELY = 360
_AROUND = 60


class Gap(NamedTuple):
    """Silent from minute ``began`` to ``last``; it was long enough to be noticed at ``noticed``."""

    began: int
    noticed: int
    last: int
    is_open: bool


def find_gaps(heard: Sequence[bool], least: int, watched_from: int = 0) -> list[Gap]:
    """Silences among minutes (by index, the last one is the present) that had lines or not.

    A silence has at least ``least`` minutes, and twice those of any pause in the six hours before it or around its
    time yesterday. It counts from ``watched_from`` on: before, nobody listened.
    """
    spoken = [index for index, any_line in enumerate(heard) if any_line]
    if not spoken:
        return []
    pauses = [(before, after) for before, after in pairwise(spoken) if after - before > 1]
    end = len(heard) - 1
    if spoken[-1] < end:
        pauses.append((spoken[-1], end))
    found: list[Gap] = []
    for before, after in pauses:
        is_open = after == end and not heard[end]
        since = max(before, watched_from)
        bar = _bar(pauses, before, least)
        if after - since - 1 < bar or before - spoken[0] < max(_LEAST_KNOWN, 6 * bar):
            continue
        gap = Gap(before + 1, since + 1 + bar, end if is_open else after - 1, is_open)
        if found and gap.began - found[-1].last <= COOL_DOWN:
            gap = gap._replace(began=found[-1].began, noticed=found.pop().noticed)
        found.append(gap)
    return found


def _bar(pauses: list[tuple[int, int]], before: int, least: int) -> int:
    earlier = pauses[: bisect_left(pauses, (before, -1))]
    lately = max((after - start for start, after in earlier if after > before - _LATELY), default=0)
    then = before - DAY
    yesterday = [after - start for start, after in earlier if start < then + _AROUND and after > then - _AROUND]
    return max(least, 2 * max(lately, *yesterday, 0))
