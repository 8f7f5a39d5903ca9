"""Every component in every state, for those who change the design: each once in light and once in dark."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.analysis.catalogue import CODES
from incidents.templatetags.triage import KINDS, SEVERITIES, VERDICTS
from incidents.views.chain import chain_of
from incidents.views.checks import GREEN, GREY, RED, YELLOW, Check
from incidents.views.steps import step
from incidents.views.summary import Summary

TONES = ("urgent", "high", "normal", "low", "ok", "none")
BEGIN = datetime(2026, 3, 14, 9, tzinfo=UTC)


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    if not settings.STYLEGUIDE:
        raise Http404
    context = {
        "themes": ("light", "dark"),
        "tones": TONES,
        "severities": list(SEVERITIES.items()),
        "verdicts": list(VERDICTS.items()),
        "kinds": list(KINDS.items()),
        "hostile": "\x1b[31mred\x1b[0m \u202etxt.exe\u202c <script>alert(1)</script> nul:\x00 zero\u200bwidth",
        "sample": CODES["H12"].samples[0].line,
        "chain": chain_of(Summary(_document())),
        "checks": _checks(),
        "steps": [
            step("Go back to the release before.", "heroku rollback v141 -a harbour-shop"),
            step("See what the database does.", "heroku pg:outliers -a harbour-shop"),
        ],
        "stages": [("Receiving", "2.0 MB", True), ("Unpacking", "", True), ("Reading", "40 of 90 lines", False)],
    }
    return render(request, "styleguide.html", context)


def _utc(minutes: int) -> str:
    return (BEGIN + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def _document() -> dict[str, Any]:
    """An invented incident: a release, a cause, what follows from it, what users saw, and the way back."""
    cause = {
        "slug": "slow-endpoint", "title": "One endpoint holds the workers", "severity": "high", "confidence": 0.8,
        "first_utc": _utc(10), "last_utc": _utc(30), "folded_into": "", "evidence": [],
    }  # fmt: skip
    symptom = cause | {"slug": "worker-timeout", "title": "Workers were killed", "folded_into": "slow-endpoint",
                       "first_utc": _utc(14), "severity": "normal"}  # fmt: skip
    return {
        "verdict": {"status": "likely", "slug": "slow-endpoint", "sentence": ""},
        "window": {"first_utc": _utc(0), "last_utc": _utc(60)},
        "onset": {"utc": _utc(10), "low_utc": None, "high_utc": None, "ended_utc": _utc(30)},
        "findings": [cause, symptom],
        "codes": {"H12": {"count": 144, "first_utc": _utc(11), "last_utc": _utc(30)}},
        "timeline": [
            {"utc": _utc(9), "kind": "deploy", "title": "Release v142", "line": 0, "source": 0},
            {"utc": _utc(29), "kind": "release", "title": "Release v143: rollback to v141", "line": 0, "source": 0},
        ],
    }


def _checks() -> list[Check]:
    return [
        Check("Timeouts (H12)", RED, "144 requests cut off after 30 s", advice="What opens stands here."),
        Check("Changes", YELLOW, "Release v142 stands before it"),
        Check("Memory", GREY, "not measured", advice="Turn it on:", command="heroku labs:enable log-runtime-metrics"),
        Check("Crashes", GREEN, "none"),
    ]
