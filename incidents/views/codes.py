"""What every H, R and L code means: a reference to bookmark."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.analysis.catalogue import CAUSES, CODES, Code, lookup, ready
from incidents.http import render_page_or_fragment
from incidents.models import Analysis

GROUPS = (
    ("H", "Router", "heroku[router]"),
    ("R", "Dyno manager", "heroku[web.1]"),
    ("L", "Log system", "heroku[logplex]"),
)
RECENT_INCIDENTS = 50


@require_safe
def code_list(request: HttpRequest) -> HttpResponse:
    """All codes; ``q`` searches codes, titles and meanings."""
    query = request.GET.get("q", "").strip()[:100]
    words = query.lower().split()
    groups = []
    for letter, layer, source in GROUPS:
        entries = [code for code in CODES.values() if code.code[0] == letter and _matches(code, words)]
        if entries:
            groups.append({"letter": letter, "layer": layer, "source": source, "entries": entries})
    context = {"groups": groups, "query": query, "number": sum(len(group["entries"]) for group in groups)}
    return render_page_or_fragment(request, "codes/list.html", "codes/_results.html", context, target="codes")


def _matches(code: Code, words: list[str]) -> bool:
    text = " ".join((code.code, code.title, code.meaning, code.users_saw, *code.causes, *map(str, code.status))).lower()
    return all(word in text for word in words)


@require_safe
def code_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One code, and where it stands in the person's own incidents."""
    entry = lookup(code)
    if entry is None:
        raise Http404("A code is a letter and two digits, as in H12.")
    context = {
        "code": entry,
        "checks": [ready(check) for check in entry.checks],
        "remedies": [ready(remedy) for remedy in entry.remedies],
        "causes": [CAUSES[slug] for slug in entry.slugs if slug in CAUSES],
        "incidents": _seen_in(request, entry.code),
    }
    return render(request, "codes/detail.html", context)


def _seen_in(request: HttpRequest, code: str) -> list[dict[str, Any]]:
    """The person's newest incidents whose log has this code."""
    newest = (
        Analysis.objects.filter(incident__deleted_at=None, incident__team__memberships__user=request.user.pk)
        .select_related("incident")
        .order_by("-incident__created_at")[:RECENT_INCIDENTS]
    )
    found = []
    for stored in newest:
        counted = (stored.load().get("codes") or {}).get(code)
        if counted:
            found.append({"incident": stored.incident, **counted})
    return found
