"""What the lines of a chunk are, counted once while it is read: the log viewer offers it and scans nothing for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from .levels import level_of
from .types import NO_TIME, Array, ChunkResult

MOST_NAMES = 200
MOST_STEPS = 128
"""Of the strip of one chunk."""
STEPS_S = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    1_800,
    3_600,
    7_200,
    21_600,
    86_400,
    604_800,
    31_536_000,
    3_153_600_000,
)
_SECOND_US = 1_000_000


def facets(result: ChunkResult) -> dict[str, Any]:
    """Lines per writer (``app[web.1]``), requests per status class and method, and the strip, ready for JSON."""
    columns = result.columns
    request, names = columns.request, columns.names
    classes = request.status[request.status > 0] // 100
    methods: Counter[str] = Counter()
    for endpoint, count in zip(
        *(part.tolist() for part in np.unique(request.endpoint, return_counts=True)), strict=True
    ):
        methods[names["endpoint"][endpoint].partition(" ")[0]] += count
    return {
        "writers": _counted(names["process"], columns.process),
        "statuses": {f"{digit}xx": count for digit, count in Counter(classes.tolist()).items()},
        "methods": {name: count for name, count in methods.items() if name},
        "strip": _strip(result),
    }


def _counted(names: list[str], column: Array) -> dict[str, int]:
    counts = np.bincount(column, minlength=len(names)).tolist()
    found = Counter({name: count for name, count in zip(names, counts, strict=False) if count and name})
    return dict(found.most_common(MOST_NAMES))


def _strip(result: ChunkResult) -> dict[str, Any] | None:
    """Lines and bad lines per step of time; None where no line has a time."""
    columns = result.columns
    timed = columns.at_us != NO_TIME
    if not timed.any():
        return None
    seconds = columns.at_us[timed] // _SECOND_US
    bad = np.isin(columns.line[timed], _bad_lines(result))
    start_s, step_s = frame(int(seconds.min()), int(seconds.max()), MOST_STEPS)
    place = (seconds - start_s) // step_s
    return {
        "start_s": start_s, "step_s": step_s, "lines": np.bincount(place).tolist(),
        "bad": np.bincount(place[bad], minlength=int(place.max()) + 1).tolist(),
    }  # fmt: skip


def frame(first_s: int, last_s: int, most: int) -> tuple[int, int]:
    """Start and length of steps that cover this stretch: at most so many, and at round times."""
    fitting = (step_s for step_s in STEPS_S if (last_s - first_s // step_s * step_s) // step_s < most)
    step_s = next(fitting, STEPS_S[-1])
    return first_s // step_s * step_s, step_s


def _bad_lines(result: ChunkResult) -> Array:
    columns = result.columns
    request = columns.request
    told = [note.line for note in result.notes if level_of(note.text) == "error"]
    return np.concatenate(
        (request.line[request.failed], columns.line[columns.code_row], np.array(told, dtype=np.int32))
    )


def merged(parts: Iterable[dict[str, Any]], most_steps: int) -> dict[str, Any]:
    """Facets of chunks added up; the strip has at most so many steps, or is None."""
    every = list(parts)
    counts = {
        name: dict(sum((Counter(part.get(name) or {}) for part in every), Counter[str]()).most_common(MOST_NAMES))
        for name in ("writers", "statuses", "methods")
    }
    return {**counts, "strip": _merged_strip([strip for part in every if (strip := part.get("strip"))], most_steps)}


def _merged_strip(strips: list[dict[str, Any]], most: int) -> dict[str, Any] | None:
    if not strips:
        return None
    last_s = max(strip["start_s"] + (len(strip["lines"]) - 1) * strip["step_s"] for strip in strips)
    start_s, step_s = frame(min(strip["start_s"] for strip in strips), last_s, most)
    size = (last_s - start_s) // step_s + 1
    sums = {name: np.zeros(size, dtype=np.int64) for name in ("lines", "bad")}
    for strip in strips:
        place = (strip["start_s"] + np.arange(len(strip["lines"])) * strip["step_s"] - start_s) // step_s
        for name, total in sums.items():
            np.add.at(total, place, strip[name])
    return {"start_s": start_s, "step_s": step_s} | {name: total.tolist() for name, total in sums.items()}
