"""Records kept as named fields (JSON, CSV) to records: one table of the names that products use.

The tables follow the exports of Papertrail, Better Stack, Datadog, Mezmo, New Relic, Coralogix, Sumo Logic, Loggly, CloudWatch,
Splunk, Elastic, Graylog, Google Cloud Logging and Loki.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..types import Record, SourceSettings
from ..utc import parse_bsd, parse_epoch, parse_iso
from . import Format, Head, Read, Sample, share
from ._header import wrapped

TIME = (
    "syslog.timestamp", "log.timestamp", "@timestamp", "_time", "generated_at", "dt", "date", "timestamp", "time", "ts", "_ts",
    "_messagetime", "eventtime", "datetime", "received_at", "display_received_at",
)  # fmt: skip
MESSAGE = (
    "message",
    "_raw",
    "@message",
    "_line",
    "line",
    "msg",
    "raw",
    "logmsg",
    "log",
    "text",
    "textpayload",
    "content",
    "body",
)
SOURCE = ("app.name", "syslog.appname", "appname", "app_name", "applicationname")
PROCESS = ("program", "procid", "proc_id", "syslog.procid", "dyno", "_app", "app", "subsystemname", "process")
_PARENTS = frozenset(name.partition(".")[0] for name in (*TIME, *SOURCE, *PROCESS) if name.count(".") == 1)
_DEPTH = 4


def flat(value: dict[str, Any]) -> dict[str, Any]:
    """All fields by their lower-case name, of some also by ``parent.name``; what stands nearer to the top wins."""
    found: dict[str, Any] = {}
    level: list[tuple[str, dict[str, Any]]] = [("", value)]
    for _ in range(_DEPTH):
        below: list[tuple[str, dict[str, Any]]] = []
        for parent, fields in level:
            for name, item in fields.items():
                key = name.lower()
                if isinstance(item, dict):
                    below.append((key, item))
                else:
                    found.setdefault(key, item)
                    if parent in _PARENTS:
                        found.setdefault(f"{parent}.{key}", item)
        level = below[:16]
    return found


def instant(value: Any, settings: SourceSettings) -> int | None:
    """Microseconds since the epoch of a field: a stamp of any form, or a count whose size tells its unit."""
    text = str(value).strip() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
    if not text:
        return None
    if text[:1].isdigit():
        at_us = parse_iso(text, settings.offset_minutes)
        return at_us if at_us is not None else parse_epoch(text)
    return parse_bsd(text, year=settings.year, latest_us=settings.latest_us, offset_minutes=settings.offset_minutes)


def from_fields(fields: dict[str, Any], settings: SourceSettings) -> Record | None:
    """The record in these fields, or None if none of them holds a message."""
    found = flat(fields)
    message = _first(found, MESSAGE)
    if message is None:
        return None
    at_us = None
    for name in TIME:
        if found.get(name) is not None:
            at_us = instant(found[name], settings)
            if at_us is not None:
                break
    source, process = str(_first(found, SOURCE) or ""), str(_first(found, PROCESS) or "")
    text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
    return wrapped(at_us, source, process, text.rstrip("\r\n"), settings)


def _first(found: dict[str, Any], names: Sequence[str]) -> Any:
    """The value of the first of these names that has one; an empty text only if none has more."""
    empty = None
    for name in names:
        value = found.get(name)
        if value:
            return value
        if value == "":
            empty = ""
    return empty


def load(text: str) -> dict[str, Any] | None:
    """The JSON object on a line, or None. A comma behind it is forgiven, as left by an array with one element a line."""
    if text[:1] != "{":
        return None
    try:
        value = json.loads(text.rstrip().removesuffix(","))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read_json(text: str, settings: SourceSettings) -> Record | None:
    """The record of a line that is one JSON object."""
    fields = load(text)
    return None if fields is None else from_fields(fields, settings)


def json_format(
    name: str, title: str, *, marks: Sequence[str], samples: tuple[Sample, ...], rank: int = 60, read: Read = read_json
) -> Format:
    """A product that keeps one JSON object a line. All of ``marks`` stand in its lines, with the quotes of their keys."""

    def detect(head: Head) -> float:
        marked = sum(all(mark in line for mark in marks) for line in head.lines)
        return 0.95 * share(read, head.lines) if marked > 0.5 * len(head.lines) else 0.0

    return Format(name=name, title=title, read=read, detect=detect, samples=samples, rank=rank)
