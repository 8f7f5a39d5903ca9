"""Lines as syslog daemons of the BSD tradition write them: ``Nov 20 09:14:07 host program: message``."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..types import Record, SourceSettings
from ..utc import MONTHS, STAMP, parse_bsd, parse_iso
from ._header import wrapped

_BSD = r"[A-Z][a-z]{2} [ \d]?\d(?:,? \d{4},?)? \d\d:\d\d:\d\d(?:\.\d{1,9})?(?: (?:UTC|[+-]\d{4}))?"
_LINE = re.compile(
    rf"(?:<\d{{1,3}}>)?(?:({_BSD})|({STAMP}))\s{{1,4}}(?:(\S{{1,255}})\s{{1,4}})??"
    r"((?:app|heroku|[\w.-]{1,64})[/\[][\w.:-]{1,64}\]?|(?:app|heroku) [\w-]{1,32}(?:\.\d{1,9})?|[A-Za-z][\w.-]{0,63}(?=:))(:?)(?:[ \t](.*)|)$",
    re.DOTALL | re.ASCII,
)


class Parts(NamedTuple):
    """A line taken apart. ``at_us`` is None for a stamp that is no time."""

    at_us: int | None
    host: str
    program: str
    colon: str
    message: str


def parts(text: str, settings: SourceSettings) -> Parts | None:
    """The line's parts, or None if it does not begin like one."""
    if text[:3] not in MONTHS and not text[:1].isdigit() and text[:1] != "<":
        return None
    match = _LINE.match(text)
    if not match:
        return None
    if match[1]:
        at_us = parse_bsd(
            match[1], year=settings.year, latest_us=settings.latest_us, offset_minutes=settings.offset_minutes
        )
    else:
        at_us = parse_iso(match[2], settings.offset_minutes)
    return Parts(at_us, match[3] or "", match[4], match[5], match[6] or "")


def record(found: Parts, settings: SourceSettings) -> Record:
    """The record; a header inside the message wins. Up to two blanks belong to the separator, more to the message."""
    return wrapped(found.at_us, "", found.program, found.message.removeprefix(" ").rstrip(" "), settings)
