"""Hits of Elasticsearch, OpenSearch or Logz.io: ``_source`` with ``@timestamp`` and ``message``."""

from __future__ import annotations

from . import Sample
from ._fields import json_format

FORMAT = json_format(
    "elastic",
    "Elastic or OpenSearch hits",
    marks=('"@timestamp"',),
    samples=(
        Sample('{"_index":"logs","_source":{"@timestamp":"2026-11-20T09:14:07.353Z","message":"2026-11-20T09:14:07.353034+00:00 app[web.1]: ready"}}', "2026-11-20T09:14:07.353034Z", "app", "web.1", "ready"),
        Sample('{"@timestamp":"2026-11-20T09:14:07.353Z","message":"Idling","program":"heroku/web.1"}', "2026-11-20T09:14:07.353000Z", "heroku", "web.1", "Idling"),
    ),
)  # fmt: skip
