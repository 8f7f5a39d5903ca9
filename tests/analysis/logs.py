"""Logs of our own making, and the way from text to facts."""

from __future__ import annotations

from datetime import UTC, datetime

from incidents.analysis import SourceInput, analyse, cut, inspect, merge, scan_chunk
from incidents.analysis.types import Facts

RECEIVED_AT = datetime(2026, 3, 15, tzinfo=UTC)
HOST = "example-3f2a9c1b7d6e.herokuapp.com"


def facts_of(*logs: str, names: tuple[str, ...] = ("app.log", "second.log", "third.log")) -> Facts:
    """Facts of one incident; each log is one source."""
    sources = []
    for name, log in zip(names, logs, strict=False):
        data = log.encode()
        settings = inspect(data[:65536], name=name, received_at=RECEIVED_AT)
        chunks = [scan_chunk(part.data, settings, first_line=part.first_line) for part in cut([data], settings)]
        sources.append(SourceInput(name, settings, chunks, size=len(data)))
    return merge(sources)


def document_of(*logs: str):
    """The whole analysis document of one incident."""
    return analyse(facts_of(*logs))


def router(
    at: str, path: str = "/", *, method: str = "GET", code: str = "", desc: str = "", dyno: str = "web.1",
    service: int = 41, status: int = 200, host: str = HOST, fwd: str = "203.0.113.7",
) -> str:  # fmt: skip
    """One line of Router 2.0. ``at`` is the time of day of 2026-03-14, with or without a fraction."""
    clock = at if "." in at else f"{at}.000000"
    level = f'at=error code={code} desc="{desc}"' if code else "at=info"
    return (
        f'2026-03-14T{clock}+00:00 heroku[router]: {level} method={method} path="{path}" host={host} '
        f'request_id=0b6f2d6e-8a55-4f0e-9b1d-5c7a1e2f3a4b fwd="{fwd}" dyno={dyno} connect=0ms '
        f"service={service}ms status={status} bytes=567 protocol=http1.1 tls=true tls_version=tls1.3"
    )


def line(at: str, source: str, text: str) -> str:
    """``line("09:14:00", "heroku[web.1]", "Restarting")``."""
    clock = at if "." in at else f"{at}.000000"
    return f"2026-03-14T{clock}+00:00 {source}: {text}"


def log(*lines: str) -> str:
    return "\n".join(lines) + "\n"
