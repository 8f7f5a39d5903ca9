"""AWS CloudWatch Logs events: ``timestamp`` in ms, ``message``, ``ingestionTime``. Its Insights CSV is read by `csv_export`."""

from __future__ import annotations

from . import Sample
from ._fields import json_format

FORMAT = json_format(
    "cloudwatch",
    "CloudWatch events",
    marks=('"ingestionTime"',),
    samples=(
        Sample('{"timestamp":1795166047353,"message":"2026-11-20T09:14:07.353034+00:00 host heroku router - at=info","ingestionTime":1795166048000}', "2026-11-20T09:14:07.353034Z", "heroku", "router", "at=info"),
        Sample('{"timestamp":1795166047353,"message":"ready\\n","ingestionTime":1795166048000}', "2026-11-20T09:14:07.353000Z", "app", "unknown", "ready"),
    ),
)  # fmt: skip
