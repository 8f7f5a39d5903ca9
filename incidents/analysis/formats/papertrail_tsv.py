"""Papertrail's archives: ten columns apart by tabs, no header line; a tab in the message stays in the message.

id, generated_at, received_at, source_id, source_name, source_ip, facility_name, severity_name, program, message.
Source: papertrail.com/help/permanent-log-archives.
"""

from __future__ import annotations

import re

from ..types import Record, SourceSettings
from ..utc import parse_iso
from . import Format, Head, Sample, share
from ._header import wrapped

_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


# The usual row: a time without a zone, a program of Heroku's, a message that brings no header of its own.
_USUAL = re.compile(
    rb"\n\d{1,20}\t(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)Z?\t(?:[^\t\n]{0,300}\t){6}(app|heroku)/([\w.-]{1,64})\t(?![\d<[])",
    re.ASCII,
)


def read(text: str, settings: SourceSettings) -> Record | None:
    if not text[:1].isdigit() or text.count("\t") < 8:
        return None
    fields = text.split("\t", 9)
    if not fields[0].isdigit() or not _STAMP.match(fields[1]):
        return None
    message = fields[9] if len(fields) > 9 else ""
    return wrapped(parse_iso(fields[1].strip(), settings.offset_minutes), "", fields[8], message, settings)


def rewrite(data: bytes) -> bytes:
    """Usual rows to canonical lines."""
    return _USUAL.sub(rb"\n\1T\2.000000+00:00 \3[\4]: ", b"\n" + data)[1:]


def detect(head: Head) -> float:
    return share(read, head.lines)


_ROW = "1398746528374657025\t{}\t2026-11-20 09:14:09\t4729184251\tshop\t192.0.2.11\tLocal3\tInfo\t{}\t{}"

FORMAT = Format(
    name="papertrail-tsv",
    title="Papertrail archive",
    read=read,
    anywhere=read,
    detect=detect,
    rewrite=rewrite,
    rank=8,
    samples=(
        Sample(_ROW.format("2026-11-20 09:14:07", "heroku/router", "at=error code=H12"), "2026-11-20T09:14:07.000000Z", "heroku", "router", "at=error code=H12"),
        Sample(_ROW.format("2011-02-10 00:19:36 -0800", "app/web.1", "a\ttab"), "2011-02-10T08:19:36.000000Z", "app", "web.1", "a\ttab"),
        Sample(_ROW.format("2026-11-20T09:14:07Z", "app/postgres.1262692", ""), "2026-11-20T09:14:07.000000Z", "app", "postgres.1262692", ""),
    ),
)  # fmt: skip
