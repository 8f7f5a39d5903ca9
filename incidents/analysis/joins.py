"""Records torn apart or stuck together on their way: by a terminal's width, a lost newline, a network packet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from .utc import STAMP

_GLUED = re.compile(rf"{STAMP} (?:app|heroku)\[[\w.:-]{{1,64}}\]:(?= |$)", re.ASCII)
_QUOTED = re.compile(r'"[^"]*"')
_KEY = re.compile(r"([a-z_]{2,11})=")
_KEYS = frozenset(
    """
    sock at code desc cause method path host request_id fwd dyno queue wait connect service status bytes protocol tls
    tls_version agent
    """.split()  # noqa: SIM905 - words read better in rows
)
_INNER = re.compile(rf"(?:{'|'.join(sorted(_KEYS, key=len, reverse=True))})=")
_OLD = re.compile(r"Error [A-Z]\d\d\b|[A-Z]{3,16}(?: |$)")  # the form until 2012: words, then fields
_OLD_BLANK = re.compile(r"(?:->|\b[A-Z]{3,16}|[A-Z]\d\d|\([A-Z][\w ]{1,60}\)?)$")
_COMMAND = "Starting process with command `"
_COLUMNS = 80
_NARROW = 85  # up to this many columns mail programs break lines between words; wider lines were broken by terminals


def split(text: str) -> list[str]:
    """The records that share a line, in order; one element if there is only one.

    A header in the middle begins a record where it is stuck to what is before, or where that is the platform's: the
    words of an application may quote a log line, and a quoted one stays in its message.
    """
    first = text.find("]:")
    if first < 0 or text.find("]:", first + 2) < 0:
        return [text]
    starts = [0]
    for match in _GLUED.finditer(text, 1):
        before = text[starts[-1] : match.start()]
        if match.start() - starts[-1] < 20 or before[-1] in "\"'`([{<=":
            continue
        if before.count('"') % 2 == 0 and (
            before[-1] not in " \t" or before.endswith("  ") or " app[" not in before[:60]
        ):
            starts.append(match.start())
    return [text[start:end].rstrip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def router(before: str, after: str, *, gap: str, full: bool) -> str | None:
    """A router line continued by a line without a header, or None if that is no part of it.

    Both ways to join are tried, with a blank and without; what gives more fields and fewer loose words wins, and
    ``gap`` where both give the same. ``full`` says that the first part fills its line to the edge, so that even a part
    without a field belongs to it.
    """
    if _OLD.match(before) and "bytes=" not in before and ("dyno=" in after or "-> " in after):
        return f"{before} {after.lstrip()}" if _OLD_BLANK.search(before) or "dyno=" in before else before + after
    ways = before + after, f"{before} {after.lstrip()}"
    best = max(reversed(ways) if gap else ways, key=_fields)
    return best if _fields(best) > _fields(before) or (full and _fields(best) == _fields(before)) else None


def _fields(text: str) -> int:
    """How much of a router line this text is."""
    bare = _QUOTED.sub('""', text[:20_000])
    found, loose = set(), 0
    for word in bare.replace('""', '"" ').split():
        key = _KEY.match(word)
        if key and key[1] in _KEYS and (key[1] == "path" or not _INNER.search(word, key.end())):
            found.add(key[1])
        else:
            loose += 1
    return 2 * len(found) - loose - ('"' in bare.replace('""', ""))


def gap(printed: int, width: int) -> str:
    """What was lost behind a line of this length: nothing at the edge of a terminal, a blank between words."""
    edge = printed == width if width else printed == _COLUMNS or printed > _NARROW
    return "" if edge else " "


def command(before: str, after: str, *, gap: str) -> str | None:
    """A command line of a dyno whose closing back-quote stands on the next line, or None."""
    start = before.find(_COMMAND)
    if start < 0 or "`" in before[start + len(_COMMAND) :] or "`" not in after:
        return None
    return before + gap + (after.lstrip() if gap else after)


def width(lines: Sequence[str], headed: Sequence[bool]) -> int:
    """The column at which a terminal broke these lines, or 0.

    It is the greatest length, if many of the lines without a header follow a line of that length.
    """
    longest = max(map(len, lines), default=0)
    before = [len(lines[index - 1]) for index in range(1, len(lines)) if not headed[index] and lines[index].strip()]
    counts = Counter(before)
    full = counts[longest] + counts[longest - 1]
    return longest if 60 <= longest <= 400 and counts[longest] >= 2 and full >= 0.4 * len(before) else 0


def captured(headed: Sequence[bool]) -> bool:
    """Nearly every line has a header, as `heroku logs` prints it: then one without was torn off the line before."""
    return len(headed) >= 30 and sum(headed) >= 0.9 * len(headed)
