"""Output of ``heroku local``, foreman or docker compose: ``09:14:07 web.1   |  text``. It never left the machine that ran it."""

from __future__ import annotations

import re
from dataclasses import replace

from ..types import Record, SourceSettings
from . import Format, Head, Sample, share

_LINE = re.compile(
    r"(?:\[?\d\d:\d\d:\d\d(?: [AP]M)?\]? )?([A-Za-z][\w-]{0,40}(?:[.-]\d{1,4})) {1,40}\| ?(.*)$", re.DOTALL
)


def read(text: str, settings: SourceSettings) -> Record | None:
    match = _LINE.match(text)
    if not match:
        return None
    message = match[2].removeprefix(" ")
    return Record(None, "app", re.sub(r"-(\d+)$", r".\1", match[1]), message)


def detect(head: Head) -> float:
    return 0.9 * share(read, head.lines)


def settle(head: Head, settings: SourceSettings) -> SourceSettings:
    note = "These lines were printed by a local process manager, not by Heroku: router and platform lines are missing."
    return replace(settings, assumptions=(*settings.assumptions, note))


FORMAT = Format(
    name="foreman",
    title="heroku local, foreman or docker compose",
    read=read,
    detect=detect,
    settle=settle,
    rank=30,
    samples=(
        Sample("09:14:07 web.1     |  listening on 5000", None, "app", "web.1", "listening on 5000"),
        Sample("web-1  | listening on 5000", None, "app", "web.1", "listening on 5000"),
        Sample("[09:14:07 AM] worker.2 | done", None, "app", "worker.2", "done"),
    ),
)  # fmt: skip
