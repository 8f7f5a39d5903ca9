"""One page of matches, and the places that links name."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field

from incidents.models import Incident

from .catalogue import entries
from .conditions import ByTime
from .query import Query
from .walking import BEGINNING, END, Hit, Place, Walk, behind

BUDGET_SECONDS = 1.2


@dataclass(frozen=True, slots=True)
class Page:
    """What part of the matches is asked for: ``count`` from ``start`` on, or backwards before it."""

    start: Place | None = None
    backwards: bool = False
    count: int = 200


@dataclass(slots=True)
class Found:
    """Matches in the order of time. ``earlier`` and ``later`` say where pages beside this one begin; None: nowhere.

    ``timed_out`` means that not everything on the way was looked at within the time: ``reached`` is how far it came.
    ``damaged`` lines could not be opened.
    """

    hits: list[Hit] = field(default_factory=list)
    earlier: Place | None = None
    later: Place | None = None
    timed_out: bool = False
    reached: Place | None = None
    damaged: int = 0
    has_unread: bool = False


def find(
    incident: Incident,
    query: Query,
    page: Page,
    *,
    sources: Collection[int] | None = None,
    within: ByTime | None = None,
) -> Found:
    """One page of matches, within a budget of time. ``sources``: positions of the only files to be looked at."""
    deadline = time.monotonic() + BUDGET_SECONDS
    walk = Walk(
        incident, query, page.start, backwards=page.backwards, sources=sources,
        deadline=None if query.is_empty else deadline, within=within,
    )  # fmt: skip
    hits: list[Hit] = []
    more = False
    for hit in walk:
        if len(hits) == page.count:
            more = True
            break
        hits.append(hit)
    timed_out = walk.reached is not None and not more
    ahead = _next(hits, page.backwards) if more else walk.reached
    found = Found(hits, timed_out=timed_out, reached=ahead, damaged=walk.damaged, has_unread=walk.has_unread)
    if page.backwards:
        found.hits.reverse()
        found.earlier, found.later = ahead, _inside(page.start, END)
    else:
        found.earlier, found.later = _inside(page.start, BEGINNING), ahead
    return found


def _next(hits: list[Hit], backwards: bool) -> Place:
    return hits[-1].place if backwards else behind(hits[-1].place)


def _inside(start: Place | None, edge: Place) -> Place | None:
    return None if start is None or start == edge else start


def place_of(incident: Incident, source: int, line: int) -> Place | None:
    """Where a line stands among all; None if there is no such line."""
    for entry in entries(incident, [source]):
        if entry.first_line <= line <= entry.last_line:
            return Place(int(entry.at_us[line - entry.first_line]), source, line)
    return None
