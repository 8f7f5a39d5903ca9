"""Bodies of an HTTPS or syslog drain: octet-counted frames, ``<length> <syslog message>`` directly behind one another.

Lengths are bytes; some messages end with a newline, some do not, and some hold newlines, so the lengths alone say where a frame
ends. Source: RFC 6587, devcenter.heroku.com/articles/log-drains, github.com/heroku/logplex.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from . import Format, Head, Sample
from ._header import syslog
from .syslog_lines import rewrite

MAX_FRAME = 1024 * 1024
_START = re.compile(rb"\n{0,4}(\d{1,7}) (?=<\d{1,3}>1 )")
_LIKE_HEADER = re.compile(rb"\n(?=\d{1,7} <|<\d|\d{4}-\d\d-\d\d)")


def reline(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """One syslog message a line, its length dropped. A line inside a message that looks like a header of its own is set in.

    Bytes between frames that are no frame become lines as they are.
    """
    pending = b""
    for block in blocks:
        pending += block
        done, text = _frames(pending, final=False)
        pending = pending[done:]
        if text:
            yield text
    yield _frames(pending, final=True)[1]


def _frames(data: bytes, *, final: bool) -> tuple[int, bytes]:
    """How far whole frames reach in these bytes, and their lines."""
    position, out = 0, []
    while position < len(data) and (final or len(data) - position > 2 * MAX_FRAME):
        start = _START.match(data, position)
        if not start or not 0 < int(start[1]) <= MAX_FRAME:
            found = _START.search(data, position + 1)
            end = found.start() if found else len(data)
            out.append(data[position:end].strip(b"\n") + b"\n")
            position = end
            continue
        end = _end(data, start.end(), int(start[1]))
        message = data[start.end() : end].strip(b"\n")
        out.append((_LIKE_HEADER.sub(b"\n\t", message) if b"\n" in message else message) + b"\n")
        position = end
    return position, b"".join(out)


def _end(data: bytes, start: int, length: int) -> int:
    """Where a frame ends. Some senders count one byte too few or too many: then the neighbour is taken where it fits."""
    end = start + length
    for guess in (end, end + 1, end - 1):
        if guess >= len(data) or _fits(data, guess):
            return min(guess, len(data))
    found = _START.search(data, start)
    return min(end, found.start()) if found else min(end, len(data))


def _fits(data: bytes, position: int) -> bool:
    """A frame begins here, and where it ends there is another one, or nothing."""
    start = _START.match(data, position)
    if not start:
        return len(data) - position <= 4 and not data[position:].strip(b"\n")
    after = start.end() + int(start[1])
    return (
        after >= len(data) - 1
        or data[after - 1 : after + 2].strip(b"\n")[-1:].isdigit()
        or bool(_START.match(data, after + 1))
    )


def detect(head: Head) -> float:
    """Frames whose lengths lead from one to the next; a pasted line whose length no longer fits is left to `syslog_lines`."""
    position = count = 0
    while count < 50 and (start := _START.match(head.raw, position)):
        end = start.end() + int(start[1])
        if end > len(head.raw):
            return 1.0
        if not any(_fits(head.raw, guess) for guess in (end, end + 1, end - 1)):
            return 0.0
        position, count = _end(head.raw, start.end(), int(start[1])), count + 1
    return 1.0 if count else 0.0


FORMAT = Format(
    name="logplex",
    title="log drain frames",
    read=syslog,
    detect=detect,
    rank=5,
    reline=reline,
    rewrite=rewrite,
    samples=(
        Sample("<190>1 2026-11-20T09:14:08.500120+00:00 host app web.1 - café ☕ ready", "2026-11-20T09:14:08.500120Z", "app", "web.1", "café ☕ ready"),
        Sample("<172>1 2026-11-20T09:14:09+00:00 host heroku logplex - Error L10 (output buffer overflow): 12 messages dropped since 2026-11-20T09:13:58+00:00.", "2026-11-20T09:14:09.000000Z", "heroku", "logplex", "Error L10 (output buffer overflow): 12 messages dropped since 2026-11-20T09:13:58+00:00."),
        Sample('<190>1 2026-11-20T09:14:09.100000+00:00 host app web.1 -   File "/app/shop/views.py", line 12, in report', "2026-11-20T09:14:09.100000Z", "app", "web.1", '  File "/app/shop/views.py", line 12, in report'),
    ),
)  # fmt: skip
