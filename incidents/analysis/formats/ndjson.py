"""One JSON object a line, of any product: fields are found by the names that most of them use. The application's own JSON as well."""

from __future__ import annotations

from ..types import Record, SourceSettings
from . import Format, Head, Sample, share
from ._fields import from_fields, load, read_json


def read(text: str, settings: SourceSettings) -> Record | None:
    fields = load(text)
    if fields is None:
        return None
    return from_fields(fields, settings) or Record(None, "app", "unknown", text)


def _stray(text: str, settings: SourceSettings) -> Record | None:
    """In a source of another form only objects that name their process: an application may print JSON of its own."""
    found = read_json(text, settings) if text[:2] in ('{"', "{ ") else None
    return found if found is not None and found.at_us is not None and found.process != "unknown" else None


def detect(head: Head) -> float:
    return 0.9 * share(read_json, head.lines) or 0.5 * share(read, head.lines)


FORMAT = Format(
    name="ndjson",
    title="JSON lines",
    read=read,
    anywhere=_stray,
    detect=detect,
    rank=70,
    samples=(
        Sample('{"ts": 1795166047353, "msg": "ready", "dyno": "web.1"}', "2026-11-20T09:14:07.353000Z", "app", "web.1", "ready"),
        Sample('{"time":"2026-11-20T10:14:07+01:00","log":"<45>1 2026-11-20T09:14:07.1+00:00 host heroku web.1 - Idling"}', "2026-11-20T09:14:07.100000Z", "heroku", "web.1", "Idling"),
        Sample('{"level": "info"}', None, "app", "unknown", '{"level": "info"}'),
        Sample('{"timestamp":1795166047353,"applicationName":"heroku","subsystemName":"router","severity":3,"text":"at=info"}', "2026-11-20T09:14:07.353000Z", "heroku", "router", "at=info"),
        Sample('{"raw":"<190>1 2026-11-20T09:14:07.353034+00:00 host app web.2 - ready","logmsg":"ready","timestamp":1795166047353,"event":{"syslog":{"appName":"app","procid":"web.2"}}}', "2026-11-20T09:14:07.353034Z", "app", "web.2", "ready"),
        Sample('{"timestamp":"2026-11-20T09:14:07.353034123Z","textPayload":"ready","resource":{"labels":{"program":"app/web.1"}}}', "2026-11-20T09:14:07.353034Z", "app", "web.1", "ready"),
    ),
)  # fmt: skip
