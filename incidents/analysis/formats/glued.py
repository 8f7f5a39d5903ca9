"""``heroku logs`` whose line ends were lost: a paste in one long line, records apart by a blank or by nothing.

They are put on lines of their own before the source is cut. A header behind a quotation mark stays where it is: it was quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from . import Format, Head, Sample
from ._header import heroku

_HEADER = re.compile(
    rb"[ \t]{0,200}(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d) (?:app|heroku)\[[\w.:-]{1,64}\]:)",
    re.ASCII,
)
_QUOTE = b'"\n'  # an apostrophe or a bracket may well end the record before
_LONGEST = 400  # of blanks and a header
_PER_LINE = 3


def reline(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text with a newline before every header."""
    pending = b""
    for block in blocks:
        pending += block
        if len(pending) > 4 * _LONGEST:
            split = _split(pending)
            pending = split[-_LONGEST:]
            yield split[:-_LONGEST]
    yield _split(pending)


def _split(text: bytes) -> bytes:
    parts, done = [], 0
    for header in _HEADER.finditer(text):
        start = header.start()
        if start and text[start - 1] not in _QUOTE:
            parts.append(text[done:start])
            done = header.start(1)
    return b"\n".join([*parts, text[done:]])


def detect(head: Head) -> float:
    headers = len(_HEADER.findall(head.raw))
    return 1.0 if headers > _PER_LINE and headers >= _PER_LINE * len(head.lines) else 0.0


FORMAT = Format(
    name="glued",
    title="heroku logs without line ends",
    read=heroku,
    detect=detect,
    reline=reline,
    rank=-1,
    samples=(
        Sample("2026-11-20T09:14:07.353034+00:00 heroku[web.1]: Cycling", "2026-11-20T09:14:07.353034Z", "heroku", "web.1", "Cycling"),
    ),
)  # fmt: skip
