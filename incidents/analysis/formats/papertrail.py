"""Papertrail's event view, its e-mail alerts and its command line: ``Nov 20 09:14:07 shop heroku/router: message``.

The command line prints no colon. There is no year, and the zone is a setting of the account.
Source: papertrail.com/help, github.com/papertrail/papertrail-cli.
"""

from __future__ import annotations

from ..types import Record, SourceSettings
from . import Format, Head, Sample, share
from ._bsd import parts, record


def read(text: str, settings: SourceSettings) -> Record | None:
    found = parts(text, settings)
    if found is None or not ("/" in found.program or (" " in found.program and found.host)):
        return None
    return record(found, settings)


def detect(head: Head) -> float:
    return share(read, head.lines)


FORMAT = Format(
    name="papertrail",
    title="Papertrail events",
    read=read,
    anywhere=read,
    detect=detect,
    rank=12,
    samples=(
        Sample('Nov 20 09:14:07 shop heroku/router: at=error code=H12 desc="Request timeout"', "2000-11-20T09:14:07.000000Z", "heroku", "router", 'at=error code=H12 desc="Request timeout"'),
        Sample("Nov  2 09:14:07 shop heroku/web.1:  State changed from starting to crashed ", "2000-11-02T09:14:07.000000Z", "heroku", "web.1", "State changed from starting to crashed"),
        Sample("Nov 20 09:14:07 shop app/web.1 no colon here", "2000-11-20T09:14:07.000000Z", "app", "web.1", "no colon here"),
        Sample("Nov 20 09:14:08 d.00000000-0000-4000-8000-000000000001 app/worker.12 ready", "2000-11-20T09:14:08.000000Z", "app", "worker.12", "ready"),
        Sample("2026-11-20T09:14:08+02:00 shop heroku/web.1: Cycling", "2026-11-20T07:14:08.000000Z", "heroku", "web.1", "Cycling"),
        Sample("Nov 20 09:14:07 shop heroku router at=info method=GET", "2000-11-20T09:14:07.000000Z", "heroku", "router", "at=info method=GET"),
    ),
)  # fmt: skip
