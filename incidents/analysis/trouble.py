"""What to keep when not everything fits: the minutes around trouble first, then an even sample of the others."""

from __future__ import annotations

import numpy as np

from .rollup import MINUTE_US
from .types import NO_TIME, Array

NEAR = 10
"""Minutes before and after a bad one that belong to it."""
RECENT = 15
"""The last minutes read so far: trouble may begin just after them."""
_SAMPLE = 4
"""One of so many kept minutes is kept for its calm, to compare with."""
UNTIMED = -(2**40)
_CLOSE = 5_000_000  # minutes: ten years


def minute_of(at_us: Array) -> Array:
    """Whole minutes since the epoch; lines without a time are in one of their own."""
    return np.where(at_us == NO_TIME, UNTIMED, at_us // MINUTE_US)


def pick(minute: Array, weight: Array, most: int, errors: dict[int, int]) -> Array:
    """Which rows to keep, by their minutes, so that their ``weight`` adds up to ``most`` or less.

    ``errors`` counts as in `choose`. Of a minute that would take more than half of it, the beginning and the end stay.
    """
    minutes, place = _numbered(minute)
    sizes = np.bincount(place, weights=weight, minlength=len(minutes)).astype(np.int64)
    fits: Array | None = None
    if (sizes > most // 2).any():
        fits = _fitting(place, weight, sizes, most)
        sizes = np.bincount(place[fits], weights=weight[fits], minlength=len(minutes)).astype(np.int64)
    kept: Array = choose(minutes, sizes, most, errors)[place]
    return kept if fits is None else kept & fits


def _numbered(minute: Array) -> tuple[Array, Array]:
    """The distinct minutes, sorted, and the place of each row's among them. Without sorting where they are close."""
    timed = minute != UNTIMED
    low = int(minute[timed].min()) if timed.any() else 0
    if not timed.any() or int(minute.max()) - low > _CLOSE:
        distinct, place = np.unique(minute, return_inverse=True)
        return distinct, place
    offset = np.where(timed, minute - (low - 1), 0)
    seen = np.flatnonzero(np.bincount(offset))
    places = np.zeros(int(seen[-1]) + 1, dtype=np.int32)
    places[seen] = np.arange(len(seen))
    return np.where(seen > 0, seen + (low - 1), UNTIMED), places[offset]


def _fitting(place: Array, weight: Array, sizes: Array, most: int) -> Array:
    """Of a minute that is too large the rows at its beginning and at its end; of others all."""
    order = np.argsort(place, kind="stable")
    before = np.cumsum(weight[order]) - weight[order]
    ahead = np.zeros(len(place), dtype=np.int64)
    ahead[order] = before - before[np.searchsorted(place[order], np.arange(len(sizes)))][place[order]]
    behind = sizes[place] - ahead - weight
    fits: Array = (sizes[place] <= most // 2) | (ahead + weight <= most // 4) | (behind + weight <= most // 4)
    return fits


def choose(minutes: Array, sizes: Array, most: int, errors: dict[int, int]) -> Array:
    """Which of these distinct ``minutes`` (sorted) to keep, so that their ``sizes`` add up to ``most`` or less.

    ``errors`` counts what went wrong per minute. The answer depends on nothing else, so that it is the same every time.
    """
    worst = _worst(minutes, errors)
    recent = minutes > (int(minutes[-1]) if len(minutes) else 0) - RECENT
    spread = (minutes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    kept = np.zeros(len(minutes), dtype=np.bool_)
    _fill(kept, np.argsort(spread, kind="stable"), sizes, most // _SAMPLE)
    _fill(kept, np.lexsort((minutes, ~recent, -worst)), sizes, most)
    return kept


def _fill(kept: Array, order: Array, sizes: Array, most: int) -> None:
    """Keep further minutes in this order, until the next would be too much."""
    left = order[~kept[order]]
    fits = np.cumsum(sizes[left]) <= most - int(sizes[kept].sum())
    kept[left[fits]] = True


def _worst(minutes: Array, errors: dict[int, int]) -> Array:
    """The errors of each minute or of one near it, which count the less the farther away they are."""
    worst = np.zeros(len(minutes), dtype=np.int64)
    if not errors:
        return worst
    at = np.array(sorted(errors), dtype=np.int64)
    counts = np.array([errors[minute] for minute in at.tolist()], dtype=np.int64)
    for distance in range(-NEAR, NEAR + 1):
        place = np.minimum(np.searchsorted(at, minutes + distance), len(at) - 1)
        found = np.where(at[place] == minutes + distance, counts[place], 0)
        np.maximum(worst, found * (NEAR + 1 - abs(distance)), out=worst)
    return worst
