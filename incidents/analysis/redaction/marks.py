"""Markers: what stands where a secret was, and how text that already holds markers is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

KINDS: dict[str, str] = {
    "private-key": "private keys",
    "database-password": "database passwords",
    "url-password": "passwords in URLs",
    "password": "passwords",
    "secret": "secrets",
    "token": "tokens",
    "api-key": "API keys",
    "vendor-token": "keys and tokens of vendors",
    "aws-key": "AWS keys",
    "heroku-token": "Heroku tokens",
    "jwt": "JSON web tokens",
    "authorization": "authorization headers",
    "cookie": "session cookies",
    "signature": "signatures of signed URLs",
    "code": "one-time codes",
    "email": "e-mail addresses",
    "ip": "IP addresses",
    "card": "card numbers",
    "word": "words of the team's own list",
}
"""Every kind of marker and what it is called in the plural."""

PERSONAL_KINDS = frozenset({"email", "ip", "card"})

MARKER = re.compile(rb"\[REDACTED:(?:" + b"|".join(kind.encode() for kind in KINDS) + rb")\]")
FILL = b"\xff"
"""Stands for each byte of a marker while rules look at a line; it never occurs in UTF-8."""


class Span(NamedTuple):
    """A secret at ``[start, end)`` of a line, in bytes."""

    start: int
    end: int
    kind: str


_MARKERS = {kind: b"[REDACTED:%b]" % kind.encode() for kind in KINDS}
_FILLED = {text: FILL * len(text) for text in _MARKERS.values()}


def marker(kind: str) -> bytes:
    return _MARKERS[kind]


def hide_markers(line: bytes) -> bytes:
    """The line with every marker replaced by as many ``FILL`` bytes, so that no rule reads what a marker says."""
    if b"[REDACTED:" not in line:
        return line
    return MARKER.sub(lambda found: _FILLED[found[0]], line)


def merge(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, overlapping ones joined; a joined span has the kind of the one that starts first, then of the longer."""
    merged: list[Span] = []
    last_start = last_end = -1
    for span in sorted(spans):
        if span.start < last_end:
            if span.end > last_end:
                kind = span.kind if span.start == last_start else merged[-1].kind
                merged[-1] = Span(last_start, span.end, kind)
                last_end = span.end
        else:
            merged.append(span)
            last_start, last_end = span.start, span.end
    return merged
