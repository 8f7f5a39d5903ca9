"""Mezmo, formerly LogDNA (JSON lines): ``_line`` and ``_ts``, or without the underscore. Source: docs.mezmo.com, export."""

from __future__ import annotations

from . import Format, Head, Sample, share
from ._fields import read_json


def detect(head: Head) -> float:
    marked = sum('"_line"' in line or ('"line"' in line and '"_' in line) for line in head.lines)
    return 0.95 * share(read_json, head.lines) if marked > 0.5 * len(head.lines) else 0.0


FORMAT = Format(
    name="mezmo",
    title="Mezmo (LogDNA) export",
    read=read_json,
    detect=detect,
    rank=60,
    samples=(
        Sample('{"_line":"at=error code=H10","_ts":1795166047353,"_app":"heroku router","_host":"shop","_account":"1","_id":"2"}', "2026-11-20T09:14:07.353000Z", "heroku", "router", "at=error code=H10"),
        Sample('{"line":"State changed from up to down","timestamp":1795166047353,"app":"web.1","_host":"shop"}', "2026-11-20T09:14:07.353000Z", "heroku", "web.1", "State changed from up to down"),
    ),
)  # fmt: skip
