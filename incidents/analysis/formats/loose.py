"""Lines that lost a part: no time, a placeholder for it, a dash for the colon, or bare codes as articles print them.

A bare code is put into the words of the platform, so that whatever follows reads one form only.
"""

from __future__ import annotations

import re

from ..types import Record, SourceSettings
from ..utc import STAMP, parse_iso
from . import Format, Head, Sample, share
from ._header import heroku, names

_PLACEHOLDER = r"[\[<({][^\]>)}\n]{0,40}[\]>)}]|\.{2,6}|…"
# A clock, or a stamp whose beginning was not copied: no whole date stands in it.
_REST = r"(?![\d:.)-]{0,8}\d{4}-\d\d-)[\dT:.,+Z-]{1,31}|\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\ ?[AP]M"
_WHEN = rf"(?:\[?({STAMP})\]?|{_PLACEHOLDER}|{_REST})"
_PROCESS = (
    r"(?:router|api|logplex|nginx|slugc|slug-compiler|log-shuttle|(?:heroku-)?(?:postgres|redis|pgbouncer)[\w.-]{0,40}|"
    r"[a-z][\w-]{0,40}\.\d{1,9})"
)
_NAMED = re.compile(
    rf"{_WHEN}?[ \t]{{0,8}}(?:[\w.-]{{1,64}}[ \t]{{1,4}})??(app|heroku|logplex)(?:\[([\w.:-]{{1,64}})\]|/({_PROCESS})) ?(:?)"
    r"(?:[ \t]{1,2}(.*)|)$",
    re.DOTALL | re.ASCII,
)
_DASHED = re.compile(
    rf"{_WHEN}?[ \t]{{0,8}}(app|heroku) ({_PROCESS})(?: ?:| -){{1,3}}[ \t]{{1,4}}(.*)$", re.DOTALL | re.ASCII
)
_BARE_ROUTER = re.compile(rf"{_WHEN}?[ \t]{{0,8}}(heroku) (router) (at=.*)$", re.DOTALL | re.ASCII)
_CUT = re.compile(rf"(?:e?r?o?ku?|u|p?p)?\[({_PROCESS})\]:(?: (.*)|)$", re.DOTALL | re.ASCII)
_HINT = re.compile(r"(?:app|heroku|logplex)[\[/ ]", re.ASCII)
_CODE = re.compile(r"([HRL]\d\d) ([A-Z][\w ]{3,60}?)(?:: ?(?:([A-Z]{3,8}) (\S{1,4000}))?(.{0,400}))?$", re.DOTALL)


def read(text: str, settings: SourceSettings) -> Record | None:
    if not _HINT.search(text, 0, 120):
        return _cut(text)
    named = _NAMED.match(text)
    if named and (named[1] or named[4] or named[5]):
        return Record(_time(named[1], settings), named[2], named[3] or named[4], named[6] or "")
    dashed = _DASHED.match(text) or _BARE_ROUTER.match(text)
    if not dashed:
        return _cut(text)
    return _platform(_time(dashed[1], settings), dashed[2], dashed[3], dashed[4])


def _cut(text: str) -> Record | None:
    """A line whose beginning was not copied, up to somewhere in the source's name: ``ku[web.1]: Cycling``."""
    match = _CUT.match(text)
    if not match:
        return None
    source, process = names("", match[1], match[2] or "")
    return Record(None, source, process, match[2] or "")


def _time(stamp: str | None, settings: SourceSettings) -> int | None:
    return parse_iso(stamp, settings.offset_minutes) if stamp else None


def _platform(at_us: int | None, source: str, process: str, message: str) -> Record:
    """``app web.1 - H12 Request timeout: POST /x`` as the router would have put it, ``R14 Memory …`` as the dyno manager."""
    code = _CODE.match(message)
    if not code:
        return Record(at_us, source, process, message)
    if code[1][0] != "H":
        rest = f" -> {code[5].strip()}" if code[5] and code[5].strip() else ""
        return Record(
            at_us, "heroku", "logplex" if code[1][0] == "L" else process, f"Error {code[1]} ({code[2]}){rest}"
        )
    words = [f'at=error code={code[1]} desc="{code[2]}"']
    if code[3]:
        words.append(f'method={code[3]} path="{code[4]}"')
    if process != "router":
        words.append(f"dyno={process}")
    return Record(at_us, "heroku", "router", " ".join(words))


def _only(text: str, settings: SourceSettings) -> Record | None:
    return None if heroku(text, settings) else read(text, settings)


def detect(head: Head) -> float:
    return 0.9 * share(_only, head.lines)


FORMAT = Format(
    name="loose",
    title="Heroku lines without their usual header",
    read=read,
    anywhere=read,
    detect=detect,
    rank=20,
    samples=(
        Sample("heroku[worker.1]: Error R15 (Memory quota vastly exceeded)", None, "heroku", "worker.1", "Error R15 (Memory quota vastly exceeded)"),
        Sample("[timestamp] heroku[web.1]: Stopping process with SIGKILL", None, "heroku", "web.1", "Stopping process with SIGKILL"),
        Sample("heroku/router:  at=error code=H12", None, "heroku", "router", "at=error code=H12"),
        Sample("2025-08-03T12:22:01.123Z app web.1 - R14 Memory quota exceeded", "2025-08-03T12:22:01.123000Z", "heroku", "web.1", "Error R14 (Memory quota exceeded)"),
        Sample("2025-08-03T12:23:45.456Z app web.1 - H12 Request timeout: POST /api/process", "2025-08-03T12:23:45.456000Z", "heroku", "router", 'at=error code=H12 desc="Request timeout" method=POST path="/api/process" dyno=web.1'),
        Sample("<app> heroku/router at=error code=H13", None, "heroku", "router", "at=error code=H13"),
        Sample("shop heroku[web.1]: Cycling", None, "heroku", "web.1", "Cycling"),
        Sample("26-11-20T09:14:07.353034+00:00 heroku[web.1]: Cycling", None, "heroku", "web.1", "Cycling"),
        Sample("roku[web.1]: Error R14 (Memory quota exceeded)", None, "heroku", "web.1", "Error R14 (Memory quota exceeded)"),
        Sample("[web.1]: listening", None, "app", "web.1", "listening"),
        Sample("09:14:07 app[web.1]: ready", None, "app", "web.1", "ready"),
        Sample("2026-11-20T09:14:07Z heroku router at=info method=GET", "2026-11-20T09:14:07.000000Z", "heroku", "router", "at=info method=GET"),
    ),
)  # fmt: skip
