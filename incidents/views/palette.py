"""What the command palette finds beyond the page it stands on: pages, recent incidents, codes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from incidents.access import get_team_for
from incidents.analysis.catalogue import CODES
from incidents.models import App, Incident

MOST_INCIDENTS = 200
MOST_APPS = 50

Place = dict[str, Any]


@require_safe
def palette(request: HttpRequest) -> JsonResponse:
    """``places``: text, address, a hint what it is, further words to find it by; ``quiet`` ones only when asked for."""
    get_team_for(request.user)
    return JsonResponse({"places": [*_pages(), *_incidents(request), *_apps(request), *_codes()]})


def _pages() -> list[Place]:
    names = (("Incidents", "incident-list", "home list"), ("New incident", "incident-new", "upload paste log"),
             ("Apps", "app-list", "drains live tail alerts"),
             ("Error codes", "code-list", "H R L reference"))  # fmt: skip
    return [
        *({"text": text, "href": reverse(name), "hint": "Page", "words": words} for text, name, words in names),
        {"text": "Archived incidents", "href": f"{reverse('incident-list')}?show=archived", "hint": "Page"},
    ]


def _incidents(request: HttpRequest) -> list[Place]:
    rows = Incident.objects.visible_to(request.user).listed().filter(merged_into=None)[:MOST_INCIDENTS]
    return [
        {"text": row.heading, "href": row.get_absolute_url(), "hint": "Incident", "words": row.app_name} for row in rows
    ]


def _apps(request: HttpRequest) -> list[Place]:
    places: list[Place] = []
    for pk, name in App.objects.visible_to(request.user).order_by("name").values_list("pk", "name")[:MOST_APPS]:
        places.append({"text": name, "href": reverse("app-detail", args=[pk]), "hint": "App", "words": "drain"})
        places.append({"text": f"Live tail of {name}", "href": reverse("app-tail", args=[pk]), "hint": "App"})
    return places


def _codes() -> list[Place]:
    return [
        {"text": f"{code.code} {code.title}", "href": reverse("code-detail", args=[code.code]), "hint": "Code",
         "quiet": True}
        for code in CODES.values()
    ]  # fmt: skip
