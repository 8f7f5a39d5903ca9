"""Analysis documents of our own making, complete as `report.analyse` writes them."""

from __future__ import annotations

from typing import Any


def finding(slug: str = "slow-endpoint", **changes: Any) -> dict[str, Any]:
    return {
        "slug": slug, "title": "One endpoint holds the workers", "severity": "high", "confidence": 0.93,
        "subject": "GET /reports/{id}/export", "summary": "GET /reports/{id}/export holds the workers of web.1.", "count": 3,
        "first_utc": "2026-03-14T09:12:07.353034Z", "last_utc": "2026-03-14T09:31:02.000000Z",
        "evidence": [evidence(1, 'heroku[router]: at=error code=H12 desc="Request timeout" method=GET path="/reports/7/export"')],
        "remedies": [{"text": "Restart a stuck dyno.", "command": "heroku ps:restart web.1"}],
        "links": ["https://devcenter.heroku.com/articles/request-timeout"], "ruled_out": [], "folded_into": "", **changes,
    }  # fmt: skip


def evidence(line: int, text: str, *, source: int = 0, at: str = "09:12:07.353034") -> dict[str, Any]:
    return {
        "source": source, "line": line, "utc": f"2026-03-14T{at}Z", "text": f"2026-03-14T{at}+00:00 {text}"
    }  # fmt: skip


def endpoint(path: str = "/reports/{id}/export", **changes: Any) -> dict[str, Any]:
    return {
        "method": "GET", "path": path, "count": 40, "apdex": 0.4, "mean_ms": 900.0, "sd_ms": 10.0, "min_ms": 5, "p50_ms": 40,
        "p95_ms": 30001, "p99_ms": 30002, "max_ms": 30113, "total_ms": 36000, "total_share": 0.5, "dissatisfied_share": 0.5,
        "errors": 0, "timeouts": 0, "unreached": 0, "own_p50_ms": 40, "waited_p50_ms": 0, "blame_share": 0.0,
        "role": "normal", **changes,
    }  # fmt: skip


def event(kind: str, at: str, title: str, line: int = 0, source: int = 0) -> dict[str, Any]:
    return {"utc": f"2026-03-14T{at}.000000Z", "kind": kind, "title": title, "line": line, "source": source}


def document(**changes: Any) -> dict[str, Any]:
    """A slow endpoint with a victim, after a release; ``changes`` replace whole members."""
    base: dict[str, Any] = {
        "schema": "triage/analysis@1",
        "sources": [
            {"name": "app.log", "format": "heroku-cli", "encoding": "utf-8", "bytes": 9000, "lines": 60, "parsed": 60,
             "unparsed": 0, "skipped": {}, "assumptions": []},
        ],
        "window": {"first_utc": "2026-03-14T09:00:00.000000Z", "last_utc": "2026-03-14T09:31:30.000000Z"},
        "codes": {
            "H12": {"count": 87, "first_utc": "2026-03-14T09:12:37.000000Z", "last_utc": "2026-03-14T09:31:02.000000Z"}
        },
        "verdict": {
            "status": "likely", "slug": "slow-endpoint", "sentence": "GET /reports/{id}/export holds the workers of web.1."
        },
        "onset": {
            "utc": "2026-03-14T09:12:07.353034Z", "low_utc": "2026-03-14T09:11:00.000000Z",
            "high_utc": "2026-03-14T09:13:00.000000Z", "ended_utc": None,
        },
        "findings": [finding()],
        "endpoints": [
            endpoint(errors=14, timeouts=14, own_p50_ms=25_100, blame_share=0.9, role="culprit"),
            endpoint("/orders/{id}", count=400, errors=73, timeouts=73, role="victim"),
        ],
        "slowest_request": {
            "method": "GET", "path": "/reports/7/export?x=1", "service_ms": 30113, "line": 40, "source": 0,
            "utc": "2026-03-14T09:14:00.000000Z",
        },
        "dynos": [{"name": "web.1", "memory_max_mb": 300.0, "memory_quota_mb": 512.0, "restarts": 0, "crashes": 0}],
        "timeline": [event("deploy", "09:06:00", "Release v42: deploy of 8c456a46", 12)],
        "gaps": [],
    }  # fmt: skip
    return base | changes
