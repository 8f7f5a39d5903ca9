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
from incidents.context import People
from incidents.display import display_of

GetResponse = Callable[[HttpRequest], HttpResponse]
HEADERS = {
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    "X-Frame-Options": "DENY",
}
"""Static files have a Cache-Control of their own."""


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


class HeadersMiddleware:
    """Headers of every answer, also of static files, redirects and failures, where nothing below has set them.

    Everything behind the sign-in may quote a team's logs, so nothing is stored by browsers or proxies on the way.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        return response


class PageMiddleware:
    """Adds ``request.display``, and tells caches what a page depends on."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        people = People(request)
        request.people = people  # type: ignore[attr-defined]
        request.display = display_of(request, people)  # type: ignore[attr-defined]
        response = self.get_response(request)
        patch_vary_headers(response, ("HX-Request", "HX-Target", "Cookie"))
        if request.headers.get("HX-Request") and _is_signin(response):
            # A fragment must not hold the sign-in page: send the whole page there instead.
            redirect = HttpResponse(status=200)
            redirect["HX-Redirect"] = reverse(settings.LOGIN_URL)
            return redirect
        return response


def _is_signin(response: HttpResponse) -> bool:
    return response.status_code in (301, 302) and response.get("Location", "").startswith(reverse(settings.LOGIN_URL))
