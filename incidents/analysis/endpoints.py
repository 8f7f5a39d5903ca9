"""Paths to endpoints, and the statistics of service times."""

from __future__ import annotations

import math
import re
from functools import lru_cache

APDEX_T_MS = 500
"""Apdex threshold T: satisfied up to T, tolerating up to 4T (Apdex Technical Specification 1.1)."""

_HEX = re.compile(r"^(?=.*\d)[0-9a-fA-F]{8,}$")
_UUID = re.compile(r"^[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$")
_DATE = re.compile(r"^\d{4}-\d\d(?:-\d\d)?$")
_EMAIL = re.compile(r"^[^@\s]{1,64}(?:@|%40)[^@\s]{1,255}$")
_SLUG = re.compile(r"^(?=.*\d)[\w.~-]*-[\w.~-]*$|^(?=(?:.*\d){3})[\w~-]{8,}$")


@lru_cache(maxsize=65_536)
def template(path: str) -> str:
    """``/orders/123/items?page=2`` -> ``/orders/{id}/items``. The query is left out; a file's extension stays."""
    path = path.partition("?")[0].partition("#")[0]
    return "/".join(_segment(part) for part in path.split("/")[:16]) or "/"


def _segment(part: str) -> str:
    stem, dot, extension = part.rpartition(".")
    if not (dot and stem and 1 <= len(extension) <= 5 and extension.isalnum() and not extension.isdigit()):
        stem, dot, extension = part, "", ""
    if stem.isdigit():
        name = "{id}"
    elif _UUID.match(stem):
        name = "{uuid}"
    elif _DATE.match(stem):
        name = "{date}"
    elif _EMAIL.match(part):
        return "{email}"
    elif _HEX.match(stem):
        name = "{hash}"
    elif _SLUG.match(stem):
        name = "{slug}"
    else:
        return part[:80]
    return name + dot + extension


def bucket(service_ms: int) -> int:
    """The log-linear bucket of a service time: 64 per doubling above 64 ms, so at most 1 % wide; exact below 128 ms."""
    if service_ms < 128:
        return max(service_ms, 0)
    shift = service_ms.bit_length() - 7
    return 64 * shift + (service_ms >> shift)


def bucket_value(index: int) -> int:
    """The middle of a bucket, in ms."""
    if index < 128:
        return index
    shift = index // 64 - 1
    low = (index - 64 * shift) << shift
    return low + (1 << shift) // 2


def percentile(histogram: dict[int, int], share: float) -> int:
    """Nearest-rank percentile of a histogram, in ms; 0 if it is empty."""
    total = sum(histogram.values())
    rank = max(1, math.ceil(share * total))
    seen = 0
    for index in sorted(histogram):
        seen += histogram[index]
        if seen >= rank:
            return bucket_value(index)
    return 0


def apdex(count: int, satisfied: int, tolerating: int) -> float:
    return (satisfied + tolerating / 2) / count if count else 1.0
