"""The page for our own failures: it needs no session, no database and no template context."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from incidents import troubles

RETRY_SECONDS = 10


def server_error(request: HttpRequest) -> HttpResponse:
    """500, with the id under which our log tells what happened; 507 and 503 for what passes, with what to do."""
    error = sys.exc_info()[1]  # Django calls this where it caught it
    status, sentence = 500, ""
    if error is not None and troubles.is_full(error):
        status, sentence = 507, troubles.FULL
    elif error is not None and troubles.is_passing(error):
        status, sentence = 503, troubles.AWAY
    context = {"request_id": request.META.get("REQUEST_ID", ""), "status": status, "sentence": sentence}
    answer = render(None, "500.html", context, status=status)
    if status == 503:
        answer["Retry-After"] = str(RETRY_SECONDS)
    return answer
