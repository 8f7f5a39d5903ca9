"""New Relic Logs: ``app.name`` and ``procid``, the exact time in ``log.timestamp``. Source: docs.newrelic.com, syslog ingestion."""

from __future__ import annotations

from . import Sample
from ._fields import json_format

FORMAT = json_format(
    "newrelic",
    "New Relic logs",
    marks=('"logType"',),
    samples=(
        Sample('{"app.name":"heroku","log.timestamp":"2026-11-20T09:14:07.353034+00:00","logType":"syslog-rfc5424","message":"at=info","plugin.type":"syslog-heroku","pri":"158","procid":"router","timestamp":1795166047353,"version":"1"}', "2026-11-20T09:14:07.353034Z", "heroku", "router", "at=info"),
    ),
)  # fmt: skip
