"""Bodies of HTTPS drains to lines: ``<length> <syslog message>`` directly behind one another, lengths in bytes.

A line comes out as ``heroku logs`` prints it: ``2026-11-20T09:14:08.500120+00:00 app[web.1]: ready``. What is no
message becomes a line as it stands, so that no byte is lost; how often the framing was wrong is counted.
Source: RFC 6587, devcenter.heroku.com/articles/log-drains, github.com/heroku/logplex (src/logplex_syslog_utils.erl).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from incidents.analysis.utc import canonical, parse_iso

LONGEST_LINE = 60_000
"""Longer messages are told in several lines, each with the same head: readers look at 64 KiB of a line."""
_LENGTH = re.compile(rb"([0-9]{1,7}) (?=<)")
_NEXT = re.compile(rb"[0-9]{1,7} <[0-9]{1,3}>1 [0-9]{4}-")
_HEAD = re.compile(rb"<[0-9]{1,3}>1 (\S{1,40}) (\S{1,255}) (\S{1,255}) (\S{1,255}) \S{1,64}(?: |$)")
_USUAL_TIME = re.compile(rb"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{6}\+00:00\Z")
_OVERFLOW = re.compile(rb"heroku\[logplex\]: Error L10 [^\n]{0,60}?([0-9]{1,9}) messages? dropped")


class Line(NamedTuple):
    """``at`` is its time as 32 bytes (UTC, 6 digits), which sort as the times do; empty if it has none."""

    at: bytes
    text: bytes


@dataclass(slots=True)
class Read:
    """What a body holds. ``damaged`` counts places where lengths did not fit; ``overflow`` is what L10 lines say."""

    lines: list[Line] = field(default_factory=list)
    messages: int = 0
    damaged: int = 0
    overflow: int = 0


def read(body: bytes) -> Read:
    """Every line of a body. Never fails: whatever the bytes are, they come out."""
    found = Read()
    for message, is_whole in _messages(body):
        found.messages += 1
        found.damaged += not is_whole
        lines = list(_lines(message))
        if b"Error L10" in message:
            found.overflow += sum(int(told[1]) for line in lines if (told := _OVERFLOW.search(line.text[:400])))
        found.lines += lines
    return found


def _messages(body: bytes) -> Iterator[tuple[bytes, bool]]:
    """The messages of a body, and whether each stood in a frame of the right length."""
    at = 0
    while at < len(body):
        start = _LENGTH.match(body, at)
        if start is None or not int(start[1]):
            following = _NEXT.search(body, at + 1)
            end = following.start() if following else len(body)
            if body[at:end].strip(b"\n"):
                yield body[at:end], False
            at = end
            continue
        begin, announced = start.end(), start.end() + int(start[1])
        end = _end(body, begin, announced)
        yield body[begin:end], end == announced
        at = end


def _end(body: bytes, begin: int, announced: int) -> int:
    """Where a message ends: where its length says if another one begins there, else before the next one that does."""
    if announced == len(body) or _NEXT.match(body, announced):
        return announced
    for near in (announced + 1, announced - 1):  # some senders count a newline too many or too few
        if near > begin and (near == len(body) or _NEXT.match(body, near)):
            return near
    following = _NEXT.search(body, begin)
    return following.start() if following else len(body)


def _lines(message: bytes) -> Iterator[Line]:
    """The lines of one message, each with its head, so that none can pass for another's."""
    head = _HEAD.match(message)
    at = time_of(head[1]) if head else b""
    if head is None or not at:
        for piece in message.removesuffix(b"\n").split(b"\n"):
            yield from (Line(b"", part) for part in _parts(piece))
        return
    text = message[head.end() :]
    if head[2].startswith(b"d."):  # of a syslog drain, which writes the structured data that Logplex else leaves out
        text = text.removeprefix(b"- ")
    yield from told(at, head[3], head[4], text)


def told(at: bytes, origin: bytes, process: bytes, text: bytes) -> Iterator[Line]:
    """Lines as ``heroku logs`` prints them, of a message at this time (32 bytes)."""
    prefix = b"%b %b[%b]: " % (at, origin, process)
    for piece in text.removesuffix(b"\n").split(b"\n"):
        for part in _parts(piece):
            yield Line(at, prefix + part)


def time_of(text: bytes) -> bytes:
    """An RFC 3339 time as 32 bytes in UTC; empty if it is none."""
    if _USUAL_TIME.match(text):
        return text
    at_us = parse_iso(text.decode("ascii", "replace"))
    return b"" if at_us is None else canonical(at_us)


def _parts(piece: bytes) -> Iterator[bytes]:
    """A piece of at most LONGEST_LINE bytes at a time, never cut inside a character."""
    at = 0
    while len(piece) - at > LONGEST_LINE:
        end = at + LONGEST_LINE
        while end > at + LONGEST_LINE - 4 and piece[end] & 0xC0 == 0x80:
            end -= 1
        yield piece[at:end]
        at = end
    yield piece[at:]


def first_message(body: bytes) -> bytes:
    """The first message of a body, without its length."""
    return next(_messages(body), (b"", False))[0]
