"""Endpoints of many requests: numbers and ids are blanked in bulk first, so that `template` sees few of the paths."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from . import bulk
from .bulk import Bytes, Text
from .paths import template
from .types import Array

MOST_ENDPOINTS = 20_000
OTHER_ENDPOINT = "? (other)"
MOST_ENDPOINT = 300
"""Longer names of endpoints are cut, in characters."""
_NEWLINE, _SLASH, _QUERY, _FRAGMENT, _ZERO = (ord(char) for char in "\n/?#0")
_UUID = np.frombuffer(b"00000000-0000-4000-8000-000000000000", dtype=np.uint8)
_HYPHEN = ord("-") == _UUID
_HEX = np.isin(np.arange(256), list(b"0123456789abcdef"))
_UUID_HEX = np.isin(np.arange(256), list(b"0123456789abcdefABCDEF"))
_HASHES = (24, 32, 40, 64)


def endpoint(method: str, path: str) -> str:
    """``GET /orders/{id}``; empty where the router printed no path."""
    return f"{method or '?'} {template(path)}"[:MOST_ENDPOINT] if path else ""


@lru_cache(maxsize=65_536)
def endpoint_of(method: str, path: bytes) -> str:
    """The same, for a path as `like` gives it: these come again in every chunk."""
    return endpoint(method, path.decode("utf-8", "replace"))


def like(text: Text, start: Array, end: Array) -> tuple[Array, list[bytes]]:
    """Number the paths between these positions, so that paths of one number have one template; and one path of each.

    The query is left out. Segments that are numbers count as equal, and so do UUIDs, and hashes of one length.
    """
    size = end - start
    stop = np.cumsum(size + 1)
    begin = stop - size - 1
    blob = text.bytes[np.arange(int(stop[-1]) if len(stop) else 0) + np.repeat(start - begin, size + 1)]
    blob[stop - 1] = _NEWLINE
    query = np.append(np.flatnonzero((blob == _QUERY) | (blob == _FRAGMENT)), len(blob))
    size = np.minimum(size, query[np.searchsorted(query, begin)] - begin)
    before = np.append(0, np.cumsum(_blank(blob)))
    begin, size = before[begin], before[begin + size] - before[begin]
    paths = Bytes(blob[np.diff(before) > 0].tobytes())
    ids, first = bulk.same_blocks(paths.blocks(begin, size))
    long = np.flatnonzero(size > 64)
    if len(long):
        index: dict[bytes, int] = {}
        found = paths.slices(begin[long], begin[long] + size[long])
        ids[long] = [len(first) + index.setdefault(path, len(index)) for path in found]
        ids, first = bulk.distinct(ids)
    return ids, paths.slices(begin[first], begin[first] + size[first])


def _blank(blob: Array) -> Array:
    """Write over what tells ids of one shape apart. Returns which bytes are needed: of a number only one."""
    stop = np.flatnonzero((blob == _SLASH) | (blob == _NEWLINE) | (blob == _QUERY) | (blob == _FRAGMENT))
    needed = np.ones(len(blob), dtype=np.bool_)
    if not len(stop):
        return needed
    start = np.append(0, stop[:-1] + 1)
    size = stop - start
    digit = blob - np.uint8(_ZERO) < 10
    other = ~digit
    other[stop] = False
    whole = ~np.logical_or.reduceat(other, start) & (size > 0)
    needed[np.repeat(whole, size + 1) & digit] = False
    needed[start[whole]] = True
    blob[start[whole]] = _ZERO
    at = start[size == len(_UUID)]
    if len(at):
        letters = blob[at[:, None] + np.arange(len(_UUID))]
        shaped = ((letters == ord("-")) == _HYPHEN).all(axis=1) & (_UUID_HEX[letters] | _HYPHEN).all(axis=1)
        blob[at[shaped][:, None] + np.arange(len(_UUID))] = _UUID
    for length in _HASHES:
        at = start[size == length]
        if len(at):
            letters = blob[at[:, None] + np.arange(length)]
            digits = letters <= ord("9")
            shaped = _HEX[letters].all(axis=1) & digits.any(axis=1) & ~digits.all(axis=1)
            blob[at[shaped][:, None] + np.arange(length)] = np.resize(np.frombuffer(b"0a", dtype=np.uint8), length)
    return needed
