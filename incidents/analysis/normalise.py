"""Chunks of any format to canonical lines, the one form that the scanner reads."""

from __future__ import annotations

import re

import numpy as np

from .types import Canonical, SourceSettings
from .utc import UNDATED, canonical, parse_iso

CANONICAL = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 [\w.-]+\[[\w.:-]+\]: ?")
_HEADER = re.compile(r"(\d{4}-\d\d-\d\d[T ]\S{8,30}) ([\w.-]{1,64})\[([\w.:-]{1,64})\]:(?: (.*))?$", re.DOTALL)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")


def normalise(data: bytes, settings: SourceSettings, *, tail: bytes = b"") -> Canonical:
    out: list[bytes] = []
    rows: list[int] = []
    skipped: dict[str, int] = {}
    skipped_rows: list[tuple[int, str]] = []
    lines = data.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    who = ""
    for row, raw in enumerate(lines):
        raw = raw.rstrip(b"\r")
        if CANONICAL.match(raw) and b"\x1b" not in raw and b"\0" not in raw:
            out.append(raw)
            rows.append(row)
            who = raw[33 : raw.index(b"]:") + 2].decode()
            continue
        text = _ANSI.sub("", raw.decode("utf-8", "replace").replace("\0", "\u2400"))
        match = _HEADER.match(text.strip())
        at_us = parse_iso(match[1]) if match else None
        if match and at_us is not None:
            who = f"{match[2]}[{match[3]}]:"
            out.append(canonical(at_us) + f" {who} {match[4] or ''}".encode())
            rows.append(row)
        elif who and text.strip():
            out.append(UNDATED + f" {who} {text}".encode())
            rows.append(row)
        else:
            reason = "blank" if not text.strip() else "no-header"
            skipped[reason] = skipped.get(reason, 0) + 1
            if len(skipped_rows) < 200:
                skipped_rows.append((row, reason))
    buf = b"\n".join(out) + b"\n" if out else b""
    return Canonical(data, buf, np.array(rows, dtype=np.int32), len(lines), skipped, skipped_rows)
