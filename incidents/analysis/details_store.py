"""`Details` as bytes: magic | zstd( u32 length of header | header as JSON | arrays, end to end ). No pickle."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import zstandard

from .details import Details
from .types import Array, Rollup

MAGIC = b"TriageE\x01"
MOST_BYTES = 256 * 1024 * 1024
_TYPES = ("<i1", "<u1", "<i2", "<u2", "<i4", "<i8")
_COLUMNS = tuple(name for name in Rollup.__slots__ if name != "step")
_DIFFERENCES = frozenset({"minute", "hist_row"})


def dump(details: Details) -> bytes:
    """See `Details.dump`."""
    index, parts = [], []
    for name in _COLUMNS:
        array = np.asarray(getattr(details.rollup, name), dtype=np.int64)
        if name in _DIFFERENCES and len(array):
            array = np.diff(array, prepend=np.int64(0))
        low, high = (int(array.min()), int(array.max())) if len(array) else (0, 0)
        kind = next(kind for kind in _TYPES if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
        index.append([kind, len(array)])
        parts.append(array.astype(kind).tobytes())
    head = {
        "names": details.names, "step": details.rollup.step, "arrays": index, "endpoints": details.endpoints,
        "releases": details.releases, "left_out": details.left_out, "complete": details.complete,
    }  # fmt: skip
    header = json.dumps(head, separators=(",", ":")).encode()
    body = b"".join((struct.pack("<I", len(header)), header, *parts))
    return MAGIC + zstandard.ZstdCompressor(level=6, write_checksum=True).compress(body)


def load(data: bytes) -> Details:
    """See `Details.load`."""
    if not data.startswith(MAGIC):
        raise ValueError("These bytes are no details of endpoints.")
    try:
        body = zstandard.ZstdDecompressor().decompress(data[len(MAGIC) :], max_output_size=MOST_BYTES)
        (size,) = struct.unpack_from("<I", body)
        head = json.loads(body[4 : 4 + size])
        rollup = Rollup.of(_arrays(head["arrays"], body, 4 + size), head["step"])
        return Details(head["names"], rollup, head["endpoints"], head["releases"], head["left_out"], head["complete"])
    except (zstandard.ZstdError, struct.error, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"The stored details of endpoints are damaged: {error}") from error


def _arrays(index: list[list[Any]], body: bytes, at: int) -> list[Array]:
    found: list[Array] = []
    for name, (kind, count) in zip(_COLUMNS, index, strict=True):
        if kind not in _TYPES:
            raise ValueError("The stored details of endpoints name an array of an unknown type.")
        array = np.frombuffer(body, dtype=kind, count=count, offset=at).astype(np.int64)
        at += count * np.dtype(kind).itemsize
        found.append(np.cumsum(array) if name in _DIFFERENCES else array)
    return found
