"""Other readings of a line in which a secret may stand: without invisible characters, and with escapes undone.

Each reading keeps a map back to the line, so that what a rule finds in it is masked in the line itself.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache

# ESC sequences, also as loggers and syslog print them; characters of no width; soft hyphen, byte order mark, bidi marks.
INVISIBLE_SOURCE = (
    rb"(?:\x1b|\\u001[bB]|\\x1[bB]|\\033|\\e|#033|\xe2\x90\x9b)(?:\[[0-9;?:]{0,32}[ -/]{0,4}[@-~]|[()][0-9A-B])"
    rb"|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xa4]|\xef\xbb\xbf|\xc2\xad|\\u200[b-fB-F]|\\u[fF][eE][fF][fF]|[\x00-\x08\x7f]"
)
_INVISIBLE = re.compile(INVISIBLE_SOURCE)
_ODD_BLANKS = re.compile(rb"\xc2\xa0|\xe2\x80[\x80-\x8a\xaf]|\xe3\x80\x80|\\u00[aA]0|&nbsp;")
_ESCAPES = re.compile(
    rb"%(?:25){0,2}[0-9A-Fa-f]{2}|\\{1,15}(?:u00[0-7]|x[2-7])[0-9A-Fa-f]|\\{1,15}/|\\{1,15}[nrt]|"
    rb"&(?i:quot|amp|lt|gt|apos|#[0-9]{1,4}|#[xX][0-9A-Fa-f]{1,4});"
)
_ODD = re.compile(rb"[\\%&#\x00-\x08\x1b\x7f\xc2\xe2\xe3\xef]")  # what any of these begins with
_INVISIBLE_HEAD = re.compile(rb"[\\#\x00-\x08\x1b\x7f\xc2\xe2\xef]")
_ODD_BLANK_HEAD = re.compile(rb"[\\&\xc2\xe2\xe3]")
_NAMED = {b"&quot;": b'"', b"&amp;": b"&", b"&lt;": b"<", b"&gt;": b">", b"&apos;": b"'"}


class View:
    """A reading of a line and the way back to it. Here the line as it is."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place in the line of ``[start, end)`` of this text."""
        return start, end


class _Replaced(View):
    """The line with each match of a pattern replaced. The way back is worked out when something was found, which is seldom."""

    def __init__(self, text: bytes, line: bytes, pattern: re.Pattern[bytes], new: Callable[[bytes], bytes]) -> None:
        super().__init__(text)
        self._line, self._pattern, self._new = line, pattern, new
        self._starts: list[int] = []  # places in this text where the distance to the line changes
        self._shifts: list[
            tuple[int, int]
        ] = []  # for each: its place in the line, the length of a replaced piece there

    def span(self, start: int, end: int) -> tuple[int, int]:
        if not self._starts:
            self._measure()
        return self._back(start, last=False), self._back(end - 1, last=True)

    def _measure(self) -> None:
        starts, shifts = [0], [(0, 0)]
        done = length = 0
        for match in self._pattern.finditer(self._line):
            start, end = match.span()
            length += start - done
            if put := len(self._new(match[0])):
                starts.append(length)
                shifts.append((start, end - start))
                length += put
            starts.append(length)
            shifts.append((end, 0))
            done = end
        self._starts, self._shifts = starts, shifts

    def _back(self, at: int, last: bool) -> int:
        i = bisect_right(self._starts, at) - 1
        place, length = self._shifts[i]
        if length:  # inside a replaced piece: the whole piece
            return place + length if last else place
        return place + at - self._starts[i] + last


def visible(line: bytes) -> bytes:
    """The line without what cannot be seen."""
    return _INVISIBLE.sub(b"", line)


def _replace(line: bytes, pattern: re.Pattern[bytes], new: Callable[[bytes], bytes]) -> View | None:
    """The line with each match replaced by what ``new`` says (nothing: it is left out); None where nothing matches."""
    text, count = pattern.subn(lambda match: new(match[0]), line)
    return _Replaced(text, line, pattern, new) if count else None


def _nothing(_: bytes) -> bytes:
    return b""


def _blank(_: bytes) -> bytes:
    return b" "


@lru_cache(maxsize=4096)
def _decode(escape: bytes) -> bytes:
    """The one byte that an escape stands for; FILL and unreadable ones become a blank."""
    if (named := _NAMED.get(escape.lower())) is not None:
        return named
    if escape[:1] == b"%":
        code = int(escape[-2:], 16)
    elif escape[:1] == b"&":
        code = int(escape[3:-1], 16) if escape[2:3] in b"xX" else int(escape[2:-1])
    elif escape[-3:-2] == b"x" or escape[-5:-4] == b"u":
        code = int(escape[-2:], 16)
    else:
        return b"/" if escape.endswith(b"/") else b" "
    return bytes([code]) if 0x20 <= code < 0xFF or code == 0x1B else b" "


class _Chained(View):
    """A view of a view."""

    def __init__(self, inner: View, outer: View) -> None:
        super().__init__(inner.text)
        self._inner, self._outer = inner, outer

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self._outer.span(*self._inner.span(start, end))


def readings(line: bytes) -> Iterator[View]:
    """The line as it stands (without what cannot be seen), then with escapes undone, once and again where needed."""
    if not _ODD.search(line):
        yield View(line)
        return
    base = (_replace(line, _INVISIBLE, _nothing) if _INVISIBLE_HEAD.search(line) else None) or View(line)
    odd = _replace(base.text, _ODD_BLANKS, _blank) if _ODD_BLANK_HEAD.search(base.text) else None
    if odd is not None:
        joined = _replace(base.text, _ODD_BLANKS, _nothing)
        assert joined is not None
        yield _Chained(joined, base)
        base = _Chained(odd, base)
    yield base
    view = base
    for _ in range(2):
        undone = _replace(view.text, _ESCAPES, _decode)
        if undone is None:
            return
        view = _Chained(undone, view)
        if _INVISIBLE_HEAD.search(view.text) and (seen := _replace(view.text, _INVISIBLE, _nothing)) is not None:
            view = _Chained(seen, view)
        yield view
