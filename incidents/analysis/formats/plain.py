"""The bare output of an application: no header names who wrote it. Whatever fits nothing else is read like this.

A line's own stamp is used where it begins with one: gunicorn, Python logging, Ruby's Logger, log4j, Go, nginx.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ..types import Record, SourceSettings
from ..utc import STAMP, parse_iso
from . import Format, Head, Sample

_STAMPED = re.compile(rf"(?:[A-Z], )?\[?({STAMP})", re.ASCII)
_SLASHES = re.compile(r"\[?(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?)", re.ASCII)


def read(text: str, settings: SourceSettings) -> Record | None:
    match = _STAMPED.match(text) or _SLASHES.match(text)
    at_us = parse_iso(match[1].rstrip(), settings.offset_minutes) if match else None
    return Record(at_us, "app", "unknown", text)


def detect(head: Head) -> float:
    return 0.02


def settle(head: Head, settings: SourceSettings) -> SourceSettings:
    note = "No Heroku header was found: every line is read as output of the application."
    return replace(settings, assumptions=(*settings.assumptions, note))


FORMAT = Format(
    name="plain",
    title="application output without headers",
    read=read,
    detect=detect,
    settle=settle,
    rank=90,
    samples=(
        Sample("[2021-05-04 10:20:30 +0000] [132] [ERROR] The application did not start.", "2021-05-04T10:20:30.000000Z", "app", "unknown", "[2021-05-04 10:20:30 +0000] [132] [ERROR] The application did not start."),
        Sample("I, [2026-11-20T09:14:07.353034 #4]  INFO -- : ready", "2026-11-20T09:14:07.353034Z", "app", "unknown", "I, [2026-11-20T09:14:07.353034 #4]  INFO -- : ready"),
        Sample("2026/11/20 09:14:07 listening", "2026-11-20T09:14:07.000000Z", "app", "unknown", "2026/11/20 09:14:07 listening"),
        Sample("Traceback (most recent call last):", None, "app", "unknown", "Traceback (most recent call last):"),
    ),
)  # fmt: skip
