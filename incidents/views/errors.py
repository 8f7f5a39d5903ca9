"""The page for our own failures: it needs no session, no database and no template context."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def server_error(request: HttpRequest) -> HttpResponse:
    """500, with the id under which our log tells what happened."""
    return render(None, "500.html", {"request_id": request.META.get("REQUEST_ID", "")}, status=500)
