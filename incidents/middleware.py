"""What every answer carries, and how fragments meet a session that has ended."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from incidents import sessions
from incidents.access import TEAM
from incidents.accounts import remember_device
from incidents.analysis.redact import use_words
from incidents.display import display_of

GetResponse = Callable[[HttpRequest], HttpResponse]
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"


class SessionMiddleware:
    """Ends sessions that are too old, and tells the rest of the request which of the person's teams is looked at."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        use_words(())  # those of the last request of this thread
        if SESSION_KEY in request.session:
            if sessions.is_over(request.session):
                logout(request)
            elif request.user.is_authenticated:
                request.user.current_team_id = request.session.get(TEAM)  # type: ignore[attr-defined]
        before = request.user.pk if SESSION_KEY in request.session else None
        response = self.get_response(request)
        if request.user.is_authenticated and request.user.pk != before:
            remember_device(request, response, request.user)
        return response


class PageMiddleware:
    """Adds ``request.display`` and the headers of private pages.

    Everything behind the sign-in may quote a team's logs, so nothing is stored by browsers or proxies on the way.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.display = display_of(request)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.setdefault("Cache-Control", "private, no-store")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("Permissions-Policy", PERMISSIONS)
        patch_vary_headers(response, ("HX-Request", "HX-Target", "Cookie"))
        if request.headers.get("HX-Request") and _is_signin(response):
            # A fragment must not hold the sign-in page: send the whole page there instead.
            redirect = HttpResponse(status=200)
            redirect["HX-Redirect"] = reverse(settings.LOGIN_URL)
            redirect["Cache-Control"] = "private, no-store"
            return redirect
        return response


def _is_signin(response: HttpResponse) -> bool:
    return response.status_code in (301, 302) and response.get("Location", "").startswith(reverse(settings.LOGIN_URL))
