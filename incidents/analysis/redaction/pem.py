"""Private keys in PEM: on one line, with escaped line ends, or over many drained lines between those of other dynos."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .marks import Span
from .views import visible

_DASHES = rb"-{4,5}[ ]?"
_EDGE = re.compile(_DASHES + rb"(BEGIN|END)[ ][A-Z0-9 ]{0,40}PRIVATE[ ]KEY(?:[ ]BLOCK)?[ ]?-{4,5}")
_BODY_RUN = re.compile(rb"[A-Za-z0-9+/=]{16,}")
_BODY_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\%"
_BODY = re.compile(
    rb"(?>(?:[\s\"'>|+#*,.]|\\[nrt\\])*)((?:[A-Za-z0-9+/]{1,128}+={0,3}|=[A-Za-z0-9+/]{4})(?>(?:\\[nr]|[\s\"'+,\\\\])*))\Z"
)
_QUOTE = re.compile(rb"\\{0,15}[\"'`]")
_LAST_RUN = re.compile(rb"(?:\A|[\s\"'=:>])([A-Za-z0-9+/]{40,}+={0,3})[\s\"',\\nr+]*+\Z")
_HEX = re.compile(rb"[0-9a-f]+")
_HEADER_FIELD = re.compile(
    rb"\s*+(?:Proc-Type|DEK-Info|Comment|Version|Key-ID|Subject|[A-Z][\w\-]{2,30}+):[ ]?[^\n]{0,200}\Z"
)
_WORD = re.compile(rb"[A-Za-z]?[a-z]*+\s*+")
_STREAM = re.compile(
    rb"\[([\w.\-]{1,64})\]: ?|\b((?:app|heroku)/[\w.\-]{1,64}): |>1 \S{1,40} \S{1,64} (\S{1,64} \S{1,64}) \S{1,16} (?:- )?"
)
_LONGEST = 400  # lines of one dyno that a key may be long


def inline(text: bytes) -> Iterator[Span]:
    """A key that stands in one line, whole or cut at either end; and what opens or closes one of many lines."""
    open_at: re.Match[bytes] | None = None
    for edge in _EDGE.finditer(text):
        if edge[1] == b"END":
            yield Span(open_at.start() if open_at else _body_before(text, edge.start()), edge.end(), "private-key")
            open_at = None
            continue
        if open_at:  # a second BEGIN: the first key was cut short
            yield _cut(text, open_at, edge.start())
        open_at = edge
    if open_at:
        yield _cut(text, open_at, len(text))


def _cut(text: bytes, begin: re.Match[bytes], end: int) -> Span:
    """A key without its END: to the closing quote or ``end`` where a body follows, else only the BEGIN."""
    if quote := _QUOTE.search(text, begin.end(), end):
        end = quote.start()
    return Span(begin.start(), end if _BODY_RUN.search(text, begin.end(), end) else begin.end(), "private-key")


def _body_before(text: bytes, end: int) -> int:
    """Where the rest of a body begins that stands right before an END."""
    before = text[max(0, end - 4096) : end]
    length = len(before) - len(before.rstrip(_BODY_BYTES))
    return end - length if length >= 16 else end


class PemLines:
    """Finds the lines of a key that was logged line by line. Keeps one state per dyno; feed it every line in order."""

    def __init__(self) -> None:
        self._left: dict[bytes, int] = {}  # dyno: how many lines its open key may still have
        self.closed = 0  # keys whose END was seen; each has two markers of its own, and is one key

    @property
    def is_open(self) -> bool:
        return bool(self._left)

    def feed(self, line: bytes) -> Span | None:
        """The part of ``line`` (without its newline) that belongs to a key begun on an earlier line, if any."""
        if not self._left and b"PRIVATE KEY" not in line:
            return None
        stream, start = split_head(line)
        span = self._continue(line, stream, start)
        edges = _EDGE.findall(line)
        if edges and edges[-1] == b"BEGIN":
            self._left[stream] = _LONGEST
        return span

    def _continue(self, line: bytes, stream: bytes, start: int) -> Span | None:
        owner = stream if stream in self._left else next(iter(self._left), None) if not stream else None
        if owner is None:
            return None
        if b"PRIVATE KEY" in line and _EDGE.search(line):  # masked by `inline`, as every BEGIN and END is
            del self._left[owner]
            self.closed += 1
            return None
        if b"\x1b" in line:  # coloured: judge what is seen, mask the whole message
            plain = visible(line[start:])
            body, ends = _BODY.match(plain), (start, len(line))
        else:
            body = _BODY.match(line, start)
            ends = (body.start(1), len(line.rstrip())) if body else (0, 0)
        if body and not _WORD.fullmatch(body[1]):
            self._left[owner] -= 1
            if self._left[owner] <= 0:
                del self._left[owner]
            return Span(*ends, "private-key")
        if not line[start:].strip() or _HEADER_FIELD.match(line, start):
            return None
        if stream or line[:1].isspace():
            del self._left[owner]  # cut: the key's end was lost
            return None
        # A line of an unknown format: its dyno cannot be told, so only what must be a key's body is masked.
        self._left[owner] -= 20
        if self._left[owner] <= 0:
            del self._left[owner]
        run = _LAST_RUN.search(line, max(0, len(line) - 400))
        return Span(run.start(1), run.end(1), "private-key") if run and not _HEX.fullmatch(run[1]) else None


def orphans(lines: list[bytes]) -> Iterator[tuple[int, Span]]:
    """Bodies whose END is there but whose BEGIN was in an earlier chunk: (number of the line, span)."""
    for number, line in enumerate(lines):
        if b"PRIVATE KEY" not in line:
            continue
        edge = _EDGE.search(line)
        if not edge or edge[1] != b"END":
            continue
        stream, _ = split_head(line)
        for above in range(number - 1, max(-1, number - _LONGEST), -1):
            other, at = split_head(lines[above])
            if other != stream:
                continue
            body = _BODY.match(lines[above], at)
            if not body or (len(body[1]) < 16 and above != number - 1) or _WORD.fullmatch(body[1]):
                break
            yield above, Span(body.start(1), len(lines[above].rstrip()), "private-key")


def split_head(line: bytes) -> tuple[bytes, int]:
    """The dyno that wrote a line (empty where the line does not say) and where its message begins."""
    head = _STREAM.search(line, 0, 200)
    return (head[head.lastindex or 0], head.end()) if head else (b"", 0)
