"""Every component in every state, for those who change the design."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.templatetags.triage import KINDS, SEVERITIES, VERDICTS

TONES = ("urgent", "high", "normal", "low", "ok", "none")


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    if not settings.STYLEGUIDE:
        raise Http404
    context = {
        "tones": TONES,
        "severities": list(SEVERITIES.items()),
        "verdicts": list(VERDICTS.items()),
        "kinds": list(KINDS.items()),
        "hostile": "\x1b[31mred\x1b[0m \u202etxt.exe\u202c <script>alert(1)</script> nul:\x00 zero\u200bwidth",
        "sample": '2026-03-14T09:12:07.353034+00:00 heroku[router]: at=error code=H12 desc="Request timeout" method=GET path="/reports/7/export"',
    }
    return render(request, "styleguide.html", context)
