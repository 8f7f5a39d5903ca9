"""Getting in by a one-time link (``manage.py signin_link`` prints one) or as accounts do, and getting out."""

from __future__ import annotations

import ipaddress

from allauth.account.views import login as account_login
from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
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
    """With a token: one button, which uses it up. Without: address and password, or a passkey.

    On the machine's own address opening the link is enough (unless a browser only fetches ahead).
    """
    given = request.POST if request.method == "POST" else request.GET
    token, next_path = given.get("token", "").strip(), given.get("next", "/")
    if request.method == "GET" and request.user.is_authenticated:
        return redirect(_own_path(request, next_path))
    if "token" not in given:
        response: HttpResponse = account_login(request)
        return response
    problem = ""
    if request.method == "POST" or _opens_at_once(request):
        redeemed = SigninToken.objects.redeem(token)
        if redeemed:
            request.signed_in_by = "link"  # type: ignore[attr-defined]  # for the audit log
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


def _opens_at_once(request: HttpRequest) -> bool:
    """On this machine's own address, where no scanner of mails or chats opens links before people do."""
    ahead = "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    if not settings.SIGNIN_LINK_OPENS or ahead:
        return False
    host = split_domain_port(request.get_host())[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _own_path(request: HttpRequest, path: str) -> str:
    """The path, if it lies on this site; else the list of incidents."""
    if url_has_allowed_host_and_scheme(path, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return path
    return "/"
