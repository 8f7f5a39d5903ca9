"""Searching the logs of an incident, a page at a time, however long they are.

Nothing is opened that the summary of a chunk rules out; conditions on columns are met by whole arrays; files are merged
by time; and a search stops when its time is up and says how far it came.
"""

from __future__ import annotations

from .known import Known
from .paging import Found, Page, find, place_of
from .query import Chip, Query, QueryProblem, parse, with_fields
from .walking import BEGINNING, END, Hit, Place, Walk, behind

__all__ = [
    "BEGINNING", "END", "Chip", "Found", "Hit", "Known", "Page", "Place", "Query", "QueryProblem", "Walk", "behind",
    "find", "parse", "place_of", "with_fields",
]  # fmt: skip
