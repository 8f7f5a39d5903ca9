"""Grafana Loki: streams of ``[nanoseconds, line]``, put on lines of their own by `json_document`; ``logcli -o jsonl`` as it is."""

from __future__ import annotations

from typing import Any

from ..types import Record, SourceSettings
from . import Format, Head, Sample, share
from ._fields import flat, instant, load
from ._header import wrapped


def read(text: str, settings: SourceSettings) -> Record | None:
    fields = load(text)
    if fields is None:
        return None
    values = fields.get("values")
    if isinstance(values, list) and values and isinstance(values[0], list) and len(values[0]) > 1:
        time, line, labels = values[0][0], values[0][1], fields.get("stream")
    elif "line" in fields and "labels" in fields:
        time, line, labels = fields.get("timestamp"), fields["line"], fields["labels"]
    else:
        return None
    names: dict[str, Any] = flat(labels) if isinstance(labels, dict) else {}
    process = (
        names.get("procid") or names.get("proc") or names.get("dyno") or names.get("program") or names.get("app") or ""
    )
    source = names.get("appname") or names.get("source") or ""
    return wrapped(instant(time, settings), str(source), str(process), str(line).rstrip("\n"), settings)


def detect(head: Head) -> float:
    return share(read, head.lines)


FORMAT = Format(
    name="loki",
    title="Grafana Loki",
    read=read,
    detect=detect,
    rank=55,
    samples=(
        Sample('{"stream":{"appname":"heroku","procid":"router"},"values":[["1795166047353034000","at=info"]]}', "2026-11-20T09:14:07.353034Z", "heroku", "router", "at=info"),
        Sample('{"labels":{"app":"shop","proc":"web.1"},"line":"ready","timestamp":"2026-11-20T09:14:07.353034Z"}', "2026-11-20T09:14:07.353034Z", "app", "web.1", "ready"),
    ),
)  # fmt: skip
