"""Every component in every state, for those who change the design."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.analysis.catalogue import CODES
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
        "sample": CODES["H12"].samples[0].line,
    }
    return render(request, "styleguide.html", context)
