"""Router lines of every era, read by key and never by column.

Source: devcenter.heroku.com/articles/http-routing; the form of 2010-2012 from public logs of that time.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PATH = re.compile(r' path="(.*)" host=', re.DOTALL)
_PAIR = re.compile(r'([a-z_]{1,24})=(?:"((?:[^"\\]|\\.){0,4000})"|(\S{0,8000}))')
_OLD = re.compile(r"(?:Error ([A-Z]\d{2}) \([^)]{0,60}\) -> )?(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\S{1,4000}) (dyno=.*)$")


class RouterLine(NamedTuple):
    """Durations in ms. None stands for 'not printed'; ``dyno`` is empty when the request reached none."""

    method: str
    path: str
    host: str
    dyno: str
    code: str
    status: int | None
    service_ms: int | None
    connect_ms: int | None
    bytes: int | None
    fwd: str
    request_id: str
    at: str
    sock: str
    fields: dict[str, str]


def read(message: str) -> RouterLine | None:
    """The fields of a router line, or None if it is none."""
    old = _OLD.match(message)
    if old:
        host, slash, rest = old[3].partition("/")
        fields = _pairs(old[4]) | {"method": old[2], "path": slash + rest, "host": host}
        if old[1]:
            fields |= {"code": old[1], "at": "error"}
    elif "at=" in message and ("method=" in message or "path=" in message or "code=" in message):
        path = _PATH.search(message)
        if path:
            fields = _pairs(message[: path.start()] + " host=" + message[path.end() :]) | {"path": path[1]}
        else:
            fields = _pairs(message)
        if "at" not in fields:
            return None
    else:
        return None
    return RouterLine(
        fields.get("method", ""),
        fields.get("path", ""),
        fields.get("host", ""),
        fields.get("dyno", ""),
        fields.get("code", ""),
        _number(fields.get("status")),
        _number(fields.get("service")),
        _number(fields.get("connect")),
        _number(fields.get("bytes")),
        fields.get("fwd", ""),
        fields.get("request_id", ""),
        fields.get("at", "info"),
        fields.get("sock", ""),
        fields,
    )


def _pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, quoted, bare in _PAIR.findall(text):
        found.setdefault(key, quoted or bare)
    return found


def _number(text: str | None) -> int | None:
    digits = (text or "").removesuffix("ms")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else None
