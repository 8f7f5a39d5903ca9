"""Router lines of every era, read by key and never by column.

Source: devcenter.heroku.com/articles/http-routing, /articles/heroku-routing-2-dot-0; the form of 2010 to 2012 from public logs of
that time. ``at`` and ``code`` together tell an error from an answer; ``status`` alone does not (H18 with 200, H80 with 503).
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

LONGEST = 20_000
"""Of a longer message only this much is read: paths end at 8,192 bytes."""

_OLD = re.compile(r"(?:Error ([A-Z]\d\d) \(([^)]{0,60})\) -> )?([A-Z]{3,16}) (\S{1,9000}?)? {0,2}(dyno=.*)$", re.DOTALL)
_PAIR = re.compile(r'(?<![\w.&?/%+-])([a-z_]{1,24})=(?:"((?:[^"\\]|\\.){0,9000})"|(\S{0,9000}))', re.DOTALL)
_PATH = re.compile(r'(?:^|[\s"])path=')
_PATH_END = re.compile(r'" host=[^\s"]{0,300} (?:request_id|fwd|dyno)=')
_PATH_CUT = re.compile(r'"(?=\s?(?:host|request_id|fwd|dyno|connect|service|status|bytes|protocol)=|\s*$)')
_BLANK = re.compile(r"\s")
_DIGITS = re.compile(r"(\d{1,11})(?!\d)", re.ASCII)
_CODE = re.compile(r"[A-Z]\d\d(?!\d)")
_ENTITY = re.compile(r"=&(?:quot|#34|#x22);|\) -&(?:gt|#62);")
_OWN = frozenset(("request_id", "fwd", "dyno", "connect", "service", "host", "sock", "desc", "protocol", "bytes"))
_QUOTES = str.maketrans("“”„‟″", '"""""')


class RouterLine(NamedTuple):
    """Durations in ms. None stands for 'not printed'; ``dyno`` is empty when the request reached none.

    ``fields`` has every key as printed, unknown ones too; of a key that stands twice the first counts.
    """

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
    """The fields of a router line, or None if it is none. A line that lost its beginning or its end gives what is left of it."""
    text = message[:LONGEST].rstrip()
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text)
    if not text.isascii():
        text = text.translate(_QUOTES) if "=“" in text or "=„" in text else text
    old = _OLD.match(text)
    fields = _old(old) if old else _pairs(text)
    code = _CODE.match(fields.get("code", ""))
    known = len(_OWN & fields.keys())
    said = fields.get("at") in ("info", "error", "warning") or code or old
    if not (said and (known or code or "method" in fields)) and known < 3:
        return None
    return RouterLine(
        fields.get("method", ""),
        fields.get("path", ""),
        fields.get("host", ""),
        fields.get("dyno", ""),
        code[0] if code else "",
        _number(fields, "status", text),
        _number(fields, "service", text),
        _number(fields, "connect", text),
        _number(fields, "bytes", text),
        fields.get("fwd", ""),
        fields.get("request_id", ""),
        fields.get("at") or ("error" if code else "info"),
        fields.get("sock", ""),
        fields,
    )


def _old(match: re.Match[str]) -> dict[str, str]:
    """The form until 2012: ``Error H12 (Request timeout) -> GET shop.example.com/path dyno=web.1 queue= wait= service=30000ms …``."""
    host, slash, rest = (match[4] or "").partition("/")
    fields = _pairs(match[5]) | {"method": match[3], "path": slash + rest, "host": host}
    return fields | {"at": "error", "code": match[1], "desc": match[2]} if match[1] else fields


def _pairs(text: str) -> dict[str, str]:
    """All ``key=value`` of a text. The path is cut out first: it may hold blanks, quotes and what looks like fields."""
    found: dict[str, str] = {}
    start = _PATH.search(text)
    if start:
        path, end = _path(text, start.end())
        found["path"] = path
        text = text[: start.start()] + " " + text[end:]
    for key, quoted, bare in _PAIR.findall(text):
        found.setdefault(key, quoted or bare.removeprefix('"'))
    return found


def _path(text: str, start: int) -> tuple[str, int]:
    """The path whose value begins here, and where what follows it begins.

    In quotes it ends before the last ``" host=`` that other fields follow; before 2014 it had no quotes and ends at a blank.
    """
    if text[start : start + 1] != '"':
        blank = _BLANK.search(text, start)
        end = blank.start() if blank else len(text)
        return text[start:end], end
    ends = [match.start() for match in _PATH_END.finditer(text, start + 1)] or [text.rfind('" host=', start + 1)]
    if ends[-1] < 0:
        cut = _PATH_CUT.search(text, start + 1)
        if cut is None:  # the line ends inside the path
            return text[start + 1 :], len(text)
        return text[start + 1 : cut.start()], cut.end()
    return text[start + 1 : ends[-1]], ends[-1] + 1


def _number(fields: dict[str, str], key: str, text: str) -> int | None:
    """The number of a field, without its unit. Digits at which the line breaks off may be half a number: they are none."""
    value = fields.get(key, "")
    digits = _DIGITS.match(value)
    if not digits or (key in ("service", "connect") and value == digits[0] and text.endswith(f"{key}={value}")):
        return None
    return int(digits[1])
