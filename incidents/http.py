"""One address gives the whole page, or only the part that HTMX asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from incidents.display import Display


class PageRequest(HttpRequest):
    """What the middleware has added by the time a view runs."""

    user: User
    htmx: HtmxDetails
    display: Display


def as_uuid(text: str) -> UUID | None:
    """None where the text is no UUID."""
    try:
        return UUID(text)
    except ValueError:
        return None


def wants(request: HttpRequest, target: str) -> bool:
    """HTMX asks for the element with this id, and not to restore a page from its history."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return htmx is not None and htmx.target == target and not htmx.history_restore_request


def render_page_or_fragment(
    request: HttpRequest, page: str, fragment: str, context: dict[str, Any], *, target: str
) -> HttpResponse:
    """The template ``fragment`` if HTMX asked for ``target``, else the template ``page``, which includes it."""
    return render(request, fragment if wants(request, target) else page, context)
