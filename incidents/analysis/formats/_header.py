"""Headers that stand in many forms: Heroku's own, syslog's, and the names in them."""

from __future__ import annotations

import re
from functools import lru_cache

from ..types import Record, SourceSettings
from ..utc import STAMP, parse_iso

SOURCES = ("app", "heroku", "logplex")
HEADER = re.compile(
    rf"\[?({STAMP})\]?[ \t]{{1,8}}([A-Za-z][\w.-]{{0,63}})\[([\w.:-]{{1,64}})\] ?:(?: (.*)|(\S.*)|[ \t]*)$",
    re.DOTALL | re.ASCII,
)
"""A Heroku header at the start of a text: stamp, source, process, message."""

_BARE = re.compile(rf"\[?({STAMP})\]?[ \t]{{1,8}}(app|heroku|logplex) ?:(?: (.*)|[ \t]*)$", re.DOTALL | re.ASCII)
_FIND = re.compile(
    rf"(?<![\"'\w])(?:{STAMP}\]?[ \t]{{1,8}}(?:app|heroku|heroku-\w{{2,20}}|logplex)\[[\w.:-]{{1,64}}\]:|<\d{{1,3}}>1 \d{{4}}-)",
    re.ASCII,
)
_SYSLOG = re.compile(
    rf"(?:{STAMP}[ \t]+)?(?:\d{{1,7}}[ \t]+)?<\d{{1,3}}>(?:1 )?({STAMP}|-) (.*)$", re.DOTALL | re.ASCII
)
_NO_PRI = re.compile(
    rf"({STAMP}) (?=[\w.-]{{1,64}} [\w.:-]{{1,64}} - - |\S{{1,255}} (?:app|heroku|heroku-\w{{2,20}}) [\w.:-]{{1,64}} - )(.*)$",
    re.DOTALL | re.ASCII,
)
_PROCESS = re.compile(
    r"(?:router|api|logplex|nginx|slugc|slug-compiler|heroku-[\w-]+|postgres[\w.-]*|[a-z][\w-]*\.\d+|web-[0-9a-z]+-[0-9a-z]{5})$"
)
_PARAMS = re.compile(r'\[[^\s\]="]{1,32}(?: [^\s=\]"]{1,32}="(?:[^"\\]|\\.){0,2000}"){1,40}\] ?')
_PLATFORM = re.compile(
    r"State changed from |Process (?:exited|running mem)|Starting process with command|Stopping (?:all |remaining )?process|"
    r"Error [HRL]\d\d|Restarting$|Cycling$|Idling$|Unidling$|Relocating dyno|Awaiting client|Client connection |source=\S+ dyno=heroku"
)
_STARTS = frozenset("0123456789<[")
_UNFIT = re.compile(r"[^\w.:-]", re.ASCII)


def heroku(text: str, settings: SourceSettings) -> Record | None:
    """The record of a line with Heroku's own header at its start."""
    if text[:1] not in _STARTS:
        return None
    match = HEADER.match(text)
    if match:
        at_us = parse_iso(match[1], settings.offset_minutes)
        return Record(at_us, match[2], match[3], match[4] or match[5] or "")
    bare = _BARE.match(text)
    return Record(parse_iso(bare[1], settings.offset_minutes), bare[2], bare[2], bare[3] or "") if bare else None


def embedded(text: str, settings: SourceSettings, reach: int = 160) -> Record | None:
    """The record whose header stands somewhere in the first ``reach`` characters: behind a prompt, a host, a date."""
    found = _FIND.search(text, 0, reach + 120)
    if not found or found.start() > reach:
        return None
    return (syslog if text[found.start()] == "<" else heroku)(text[found.start() :], settings)


def syslog(text: str, settings: SourceSettings) -> Record | None:
    """The record of a line with a Logplex or RFC 5424 header: ``<190>1 TIME HOST APP PROC - MESSAGE``.

    Logplex leaves the structured data out when it writes to HTTPS (HOST is ``host``) and prints ``-`` for it to syslog. Receipt
    times and frame lengths may stand in front, forwarders drop the priority or the host.
    """
    match = (_SYSLOG.match(text) or _NO_PRI.match(text)) if text[:1] in _STARTS else None
    if not match:
        return None
    at_us = parse_iso(match[1], settings.offset_minutes)
    words = match[2].split(" ", 4)
    if (
        len(words) >= 3
        and words[2] == "-"
        and (words[0] in SOURCES or words[0].startswith("heroku-") or _PROCESS.match(words[1]))
    ):
        host, source, process = "", words[0], words[1]
        message = match[2].split(" ", 3)[3] if len(words) > 3 else ""
    elif len(words) >= 4:
        host, source, process = words[0], words[1], words[2]
        message = words[4] if len(words) > 4 else ""
    else:
        return None
    if host != "host":
        message = (
            message[2:] if message.startswith("- ") else "" if message == "-" else _PARAMS.sub("", message, count=1)
        )
    source, process = names(source, "" if process == "-" else process, message)
    return Record(at_us, source, process, message.removeprefix("\ufeff"))


def names(source: str, process: str, message: str = "") -> tuple[str, str]:
    """Source and process as Heroku prints them, from the names that a product keeps.

    ``heroku/router``, ``heroku router`` and ``heroku[router]`` may stand in either argument. Without a source the message decides
    whether the platform or the dyno wrote it.
    """
    known, process = _names(source, process)
    if known:
        return known, process
    platform = process.split(".")[0] in ("router", "logplex", "slugc", "slug-compiler") or _PLATFORM.match(message)
    return "heroku" if platform else "app", process


@lru_cache(maxsize=4096)
def _names(source: str, process: str) -> tuple[str, str]:
    """The two names cleaned up; no source where it is none of Heroku's."""
    for value in (process, source):
        for mark in ("/", "[", " "):
            left, found, right = value.partition(mark)
            if found and left and right:
                source, process = left, right.rstrip("]:")
                break
    source, process = source.strip().lower(), process.strip().rstrip(":")
    if source and not process:
        source, process = ("", source)
    known = source if source in SOURCES or source.startswith("heroku-") else ""
    return _UNFIT.sub("-", known)[:64], _UNFIT.sub("-", process)[:64] or "unknown"


def wrapped(at_us: int | None, source: str, process: str, message: str, settings: SourceSettings) -> Record:
    """The record of a message that some product filed under these names; a header inside the message wins."""
    if message[:1] and message[0] in "0123456789<[":
        inner = heroku(message, settings) or syslog(message, settings)
        if inner is not None:
            return inner if inner.at_us is not None else Record(at_us, inner.source, inner.process, inner.message)
    source, process = names(source, process, message)
    return Record(at_us, source, process, message)
