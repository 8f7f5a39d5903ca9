"""Datadog's archives (NDJSON): ``attributes.syslog`` holds Heroku's own names and time. Source: docs.datadoghq.com, log archives."""

from __future__ import annotations

from . import Sample
from ._fields import json_format

FORMAT = json_format(
    "datadog",
    "Datadog archive",
    marks=('"attributes"', '"service"'),
    samples=(
        Sample('{"_id":"AQ","date":"2026-11-20T09:14:07.353Z","host":"d.1","source":"heroku","service":"shop","status":"info","message":"at=info method=GET","attributes":{"syslog":{"appname":"heroku","procid":"router","prival":158,"timestamp":"2026-11-20T09:14:07.353034+00:00"}},"tags":["env:x"]}', "2026-11-20T09:14:07.353034Z", "heroku", "router", "at=info method=GET"),
        Sample('{"id":"AQ","attributes":{"timestamp":"2026-11-20T09:14:07.353Z","message":"ready","service":"shop","attributes":{"syslog":{"appname":"app","procid":"web.1"}}}}', "2026-11-20T09:14:07.353000Z", "app", "web.1", "ready"),
    ),
)  # fmt: skip
