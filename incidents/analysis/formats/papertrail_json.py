"""Papertrail's API and ``papertrail -j``: ``generated_at``, ``program`` and ``message`` an event."""

from __future__ import annotations

from . import Sample
from ._fields import json_format

FORMAT = json_format(
    "papertrail-json",
    "Papertrail events (JSON)",
    marks=('"program"', '"received_at"'),
    samples=(
        Sample('{"id":"1","received_at":"2026-11-20T01:14:08-08:00","generated_at":"2026-11-20T01:14:07-08:00","display_received_at":"Nov 20 01:14:08","source_name":"shop","hostname":"shop","program":"heroku/router","severity":"Info","message":"at=info"}', "2026-11-20T09:14:07.000000Z", "heroku", "router", "at=info"),
    ),
)  # fmt: skip
