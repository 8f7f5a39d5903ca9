"""Better Stack Telemetry, formerly Logtail: ``dt`` and ``message``, Heroku's names in ``heroku`` or ``syslog``."""

from __future__ import annotations

from . import Sample
from ._fields import json_format

FORMAT = json_format(
    "betterstack",
    "Better Stack (Logtail)",
    marks=('"dt"', '"message"'),
    samples=(
        Sample('{"dt":"2026-11-20T09:14:07.353034Z","message":"Cycling","level":"info","heroku":{"appname":"heroku","procid":"web.1"}}', "2026-11-20T09:14:07.353034Z", "heroku", "web.1", "Cycling"),
        Sample('{"dt":1795166047353034,"message":"ready","syslog":{"appname":"app","procid":"web.2","hostname":"host"}}', "2026-11-20T09:14:07.353034Z", "app", "web.2", "ready"),
    ),
)  # fmt: skip
