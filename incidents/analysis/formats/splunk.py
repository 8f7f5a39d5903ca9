"""Splunk's JSON export: ``{"preview": false, "result": {"_time": …, "_raw": …}}`` a line; its CSV is read by `csv_export`."""

from __future__ import annotations

from . import Sample
from ._fields import json_format

FORMAT = json_format(
    "splunk",
    "Splunk export",
    marks=('"_raw"',),
    samples=(
        Sample('{"preview":false,"result":{"_time":"2026-11-20T09:14:07.000+00:00","_raw":"<158>1 2026-11-20T09:14:07.353034+00:00 host heroku router - at=info","host":"shop"}}', "2026-11-20T09:14:07.353034Z", "heroku", "router", "at=info"),
        Sample('{"_time":"2026-11-20 10:14:07.353 +0100","_raw":"ready","source":"x"}', "2026-11-20T09:14:07.353000Z", "app", "unknown", "ready"),
    ),
)  # fmt: skip
