"""Searching the lines of one log, a page at a time, however long the log is.

Nothing is opened that the summary of a chunk rules out; conditions on columns are met by whole arrays; and a search
stops when its time is up and says how far it came.
"""

from __future__ import annotations

from .query import Query, QueryProblem, parse
from .reading import Found, last_line, search

__all__ = ["Found", "Query", "QueryProblem", "last_line", "parse", "search"]
