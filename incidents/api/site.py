"""The API as one object: its parts, who may call, how it says no."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern
from ninja import NinjaAPI, Router
from ninja.errors import AuthenticationError, HttpError, ValidationError

from incidents.models import ApiToken

from . import apps, incidents
from .keys import Caller
from .schemas import Problem, Who

VERSION = "1"
api = NinjaAPI(
    title="Triage", version=VERSION, urls_namespace="api", auth=Caller(), docs_url=None, openapi_url="/openapi.json",
    description="Incidents, their logs, analyses and tickets; apps and their drains. All of the team of the token.",
)  # fmt: skip
you = Router(tags=["you"])


@you.get("", response={200: Who, 401: Problem}, summary="What this token may do")
def me(request: HttpRequest) -> Any:
    token: ApiToken = request.auth  # type: ignore[attr-defined]
    return {"team": token.team.name, "scopes": token.scopes, "expires_at": token.expires_at}


api.add_router("/me", you)
api.add_router("/incidents", incidents.router)
api.add_router("/apps", apps.router)


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    answer = _problem(request, "Send a valid token: Authorization: Bearer tri_…", 401)
    answer["WWW-Authenticate"] = 'Bearer realm="api"'
    return answer


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _problem(request, error.message, error.status_code)


@api.exception_handler(Http404)
def _nothing(request: HttpRequest, error: Http404) -> HttpResponse:
    return _problem(request, "There is nothing here, or it is not your team's.", 404)


@api.exception_handler(ValidationError)
def _wrong(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0] if error.errors else {}
    place = ".".join(str(part) for part in first.get("loc", ())[-1:])
    return _problem(request, f"{place}: {first.get('msg', 'not as expected')}"[:300], 422)


@api.exception_handler(OperationalError)
def _away(request: HttpRequest, error: OperationalError) -> HttpResponse:
    answer = _problem(request, "The database does not answer; try again in a moment.", 503)
    answer["Retry-After"] = "5"
    return answer


def _problem(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    return api.create_response(request, {"error": sentence}, status=status)


def urls() -> Any:
    """For ``path("api/v1/", …)``: programs bring a token, so that no session is asked for."""
    patterns, *rest = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern) and pattern.callback is not None:
            pattern.callback = login_not_required(pattern.callback)
    return (patterns, *rest)
