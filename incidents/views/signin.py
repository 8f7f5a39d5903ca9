"""Getting in by a one-time link (``manage.py signin_link`` prints one), and getting out."""

from __future__ import annotations

from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from incidents.models import SigninToken

PROBLEM = "This link has been used already, or is too old. Make a new one with: python manage.py signin_link"


@require_http_methods(["GET", "POST"])
@never_cache
@login_not_required
def signin(request: HttpRequest) -> HttpResponse:
    """Opening the link signs in. A browser that only fetches ahead gets a button, so that the token is not used up."""
    given = request.POST if request.method == "POST" else request.GET
    token, next_path = given.get("token", "").strip(), given.get("next", "/")
    if request.method == "GET" and request.user.is_authenticated:
        return redirect(_own_path(request, next_path))
    problem = ""
    if token and "prefetch" not in request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")):
        redeemed = SigninToken.objects.redeem(token)
        if redeemed:
            login(request, redeemed.user, backend="django.contrib.auth.backends.ModelBackend")
            return redirect(_own_path(request, redeemed.next_path if next_path == "/" else next_path))
        problem, token = PROBLEM, ""
    return render(
        request,
        "signin.html",
        {"token": token, "next": next_path, "problem": problem},
        status=403 if problem else 200,
    )


@require_POST
def signout(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("signin")


def _own_path(request: HttpRequest, path: str) -> str:
    """The path, if it lies on this site; else the list of incidents."""
    if url_has_allowed_host_and_scheme(path, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return path
    return "/"
