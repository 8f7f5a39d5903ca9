"""Bodies of requests of programs: read with a cap, chunked or not, packed or not."""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import Any

from django.http import HttpRequest

MOST_BODY_BYTES = 4 * 1024 * 1024
_STEP = 64 * 1024


class TooLarge(Exception):
    """The body is larger than is taken."""


class NotReadable(Exception):
    """The body is packed in a way that is not read, or damaged."""


def announced_bytes(request: HttpRequest) -> int | None:
    """Content-Length; None for a chunked request. Raises `TooLarge`."""
    text = request.META.get("CONTENT_LENGTH") or ""
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    size = int(text) if text.isascii() and text.isdigit() else None if chunked else 0
    if size is not None and size > MOST_BODY_BYTES:
        raise TooLarge
    return size


def read_body(request: HttpRequest) -> bytes:
    """The whole body, unpacked. Raises `TooLarge`, `NotReadable`, and OSError if the sender goes away."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise NotReadable(f"Content-Encoding {encoding[:40]} is not read; send the body plain or as gzip.")
    data = _plain(request)
    return _unpacked(data) if encoding == "gzip" else data


def discard(request: HttpRequest) -> None:
    """Read a body that nobody wants: servers close a connection on which too much of it is left."""
    with suppress(TooLarge, OSError):
        _plain(request)


def _plain(request: HttpRequest) -> bytes:
    size = announced_bytes(request)
    # Django reads Content-Length bytes; a chunked body has none, and the server ends it.
    stream: Any = request if size is not None else request.META["wsgi.input"]
    limit = MOST_BODY_BYTES + 1 if size is None else size
    data = bytearray()
    while len(data) < limit and (block := stream.read(min(_STEP, limit - len(data)))):
        data += block
    if len(data) > MOST_BODY_BYTES:
        raise TooLarge
    if size is not None and len(data) < size:
        raise ConnectionError("the sender went away in the middle of the body")
    return bytes(data)


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(data, MOST_BODY_BYTES + 1)
    except zlib.error:
        raise NotReadable("The body is announced as gzip, and is none.") from None
    if len(text) > MOST_BODY_BYTES:
        raise TooLarge
    if not unpacker.eof:
        raise NotReadable("The gzip body is cut off.")
    return text
