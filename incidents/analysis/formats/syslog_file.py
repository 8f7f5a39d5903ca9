"""Files that rsyslog or syslog-ng wrote: ``Nov 20 09:14:07 host heroku[router]: message``, BSD or ISO stamps.

Other programs' lines in the same file are read as output of the application, under the program's name.
"""

from __future__ import annotations

from ..types import Record, SourceSettings
from . import Format, Head, Sample, share
from ._bsd import parts, record
from ._header import SOURCES

_NAMED = tuple(f"{name}[" for name in SOURCES)


def read(text: str, settings: SourceSettings) -> Record | None:
    found = parts(text, settings)
    if found is None or not (found.colon or (found.host and found.program.startswith(_NAMED))):
        return None
    return record(found, settings)


def _stray(text: str, settings: SourceSettings) -> Record | None:
    """In a source of another form only lines that name Heroku's sources: a message may well begin with a date and a word."""
    found = parts(text, settings)
    if found is None or not found.program.startswith(_NAMED) or not (found.colon or found.host):
        return None
    return record(found, settings)


def detect(head: Head) -> float:
    return 0.95 * share(read, head.lines)


FORMAT = Format(
    name="syslog-file",
    title="syslog file",
    read=read,
    anywhere=_stray,
    detect=detect,
    rank=14,
    samples=(
        Sample("Nov 20 09:14:07 host heroku[router]: at=info", "2000-11-20T09:14:07.000000Z", "heroku", "router", "at=info"),
        Sample("<158>Nov 20 09:14:07 d.00000000-0000-4000-8000-000000000001 app[web.1]: ready", "2000-11-20T09:14:07.000000Z", "app", "web.1", "ready"),
        Sample("2026-11-20T09:14:08.5+00:00 shop app[web.1]: ready", "2026-11-20T09:14:08.500000Z", "app", "web.1", "ready"),
        Sample("Nov 20 2025 09:14:07 host app[web.1]: ready", "2025-11-20T09:14:07.000000Z", "app", "web.1", "ready"),
        Sample("2026-11-20T09:14:08+00:00 d.00000000-0000-4000-8000-000000000001 heroku[router] at=info", "2026-11-20T09:14:08.000000Z", "heroku", "router", "at=info"),
        Sample("Nov 20 09:14:07 host nginx: upstream timed out", "2000-11-20T09:14:07.000000Z", "app", "nginx", "upstream timed out"),
        Sample("Nov 20 09:14:07 host forward: 2026-11-20T09:14:06.000001+00:00 heroku[web.1]: Idling", "2026-11-20T09:14:06.000001Z", "heroku", "web.1", "Idling"),
    ),
)  # fmt: skip
