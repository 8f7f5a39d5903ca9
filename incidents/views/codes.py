"""What every H, R and L code means, and every cause that Triage can name: a reference to bookmark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Min, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.analysis.catalogue import CAUSES, CODES, Cause, Code, command_of, lookup, ready
from incidents.analysis.types import Remedy
from incidents.http import render_page_or_fragment
from incidents.models import Sighting

GROUPS = (
    ("H", "Router", "heroku[router]"),
    ("R", "Dyno manager", "heroku[web.1]"),
    ("L", "Log system", "heroku[logplex]"),
)
CAUSE_GROUP = "causes"
OWNERS = {
    "app": "The app's code", "config": "The app's settings", "data": "The database or Redis", "build": "The build",
    "client": "The client", "external": "A service outside Heroku", "platform": "Heroku",
    "none": "Nobody: nothing is wrong",
}  # fmt: skip
INCIDENTS_SHOWN = 12
MOST_RELATED = 6
_NAMED = re.compile(r"\b[HRL]\d\d\b")


@dataclass(frozen=True, slots=True)
class Advice:
    """A check or remedy with its command; ``changes``: the command changes the app."""

    text: str
    command: str
    changes: bool


@require_safe
def code_list(request: HttpRequest) -> HttpResponse:
    """Codes and causes; ``q`` searches their words, ``group`` is H, R, L or causes."""
    query = request.GET.get("q", "").strip()[:100]
    words = query.lower().split()
    group = request.GET.get("group", "")
    group = group if group in ("H", "R", "L", CAUSE_GROUP) else ""
    seen = _counts(request)
    found = [code for code in CODES.values() if _matches(_text_of_code(code), words)]
    causes = [cause for cause in CAUSES.values() if _matches(_text_of_cause(cause), words)]
    groups = [
        {"letter": letter, "layer": layer, "source": source,
         "entries": [(code, seen.get(code.code)) for code in _exact_first(found, query) if code.code[0] == letter]}
        for letter, layer, source in GROUPS
    ]  # fmt: skip
    shown_causes = [(cause, seen.get(cause.slug)) for cause in causes] if group in ("", CAUSE_GROUP) else []
    shown = [entry for entry in groups if entry["entries"] and group in ("", entry["letter"])]
    context = {
        "groups": shown, "causes": shown_causes, "query": query, "group": group,
        "number": sum(len(entry["entries"]) for entry in shown) + len(shown_causes),
        "filters": [(letter, layer, sum(code.code[0] == letter for code in found)) for letter, layer, _ in GROUPS],
        "number_of_causes": len(causes), "all_number": len(found) + len(causes),
    }  # fmt: skip
    return render_page_or_fragment(request, "codes/list.html", "codes/_results.html", context, target="codes")


@require_safe
def code_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One code (H12) or one cause (slow-endpoint), and where it stands in the person's own incidents."""
    if code in CAUSES:
        return _cause_page(request, CAUSES[code])
    entry = lookup(code)
    if entry is None:
        raise Http404("A code is a letter and two digits, as in H12; a cause is named like slow-endpoint.")
    seen = _counts(request)
    before, after = _neighbours(list(CODES), entry.code)
    context = {
        "code": entry,
        "checks": _advice(entry.checks),
        "remedies": _advice(entry.remedies),
        "causes": [(CAUSES[slug], seen.get(slug)) for slug in entry.slugs if slug in CAUSES],
        "related": [(other, seen.get(other.code)) for other in related(entry)],
        "before": _turn(before), "after": _turn(after),
    }  # fmt: skip
    return render(request, "codes/detail.html", context | _incidents(request, entry.code))


def _cause_page(request: HttpRequest, cause: Cause) -> HttpResponse:
    seen = _counts(request)
    before, after = _neighbours(list(CAUSES), cause.slug)
    codes = [(code, seen.get(code.code)) for code in CODES.values() if cause.slug in code.slugs]
    context = {
        "cause": cause, "owner": OWNERS[cause.owner], "remedies": _advice(cause.remedies), "codes": codes,
        "before": _turn(before), "after": _turn(after),
    }  # fmt: skip
    return render(request, "codes/cause.html", context | _incidents(request, cause.slug))


def related(code: Code) -> list[Code]:
    """Codes that its words name, then those that share causes with it, the most shared first."""
    prose = " ".join((code.meaning, code.misdescribed, code.note, code.retired, *code.causes, *code.former))
    named = [name for name in dict.fromkeys(_NAMED.findall(prose)) if name in CODES and name != code.code]
    shared = {other.code: len({*other.slugs} & {*code.slugs}) for other in CODES.values() if other.code != code.code}
    close = sorted((name for name, number in shared.items() if number), key=lambda name: (-shared[name], name))
    return [CODES[name] for name in dict.fromkeys([*named, *close])][:MOST_RELATED]


def _neighbours(names: list[str], name: str) -> tuple[str, str]:
    """The one before and the one after; empty at the ends and for a name that is not in the list."""
    if name not in names:
        return "", ""
    place = names.index(name)
    return names[place - 1] if place else "", names[place + 1] if place + 1 < len(names) else ""


def _turn(name: str) -> tuple[str, str] | None:
    """Name and heading of a neighbour."""
    if name in CODES:
        return name, f"{name} {CODES[name].title}"
    return (name, CAUSES[name].title) if name in CAUSES else None


def _exact_first(codes: list[Code], query: str) -> list[Code]:
    return sorted(codes, key=lambda code: code.code != query.upper())


def _text_of_code(code: Code) -> str:
    return " ".join(
        (code.code, code.title, *code.descs, code.meaning, code.users_saw, code.misdescribed, code.layer, *code.causes,
         *map(str, code.status))
    )  # fmt: skip


def _text_of_cause(cause: Cause) -> str:
    return " ".join((cause.slug, cause.slug.replace("-", " "), cause.title, cause.meaning, OWNERS[cause.owner]))


def _matches(text: str, words: list[str]) -> bool:
    lowered = text.lower()
    return all(word in lowered for word in words)


def _advice(remedies: tuple[Remedy, ...]) -> list[Advice]:
    found = []
    for remedy in map(ready, remedies):
        known = command_of(remedy.command)
        found.append(Advice(remedy.text, remedy.command, known is not None and known.changes))
    return found


def _sightings(request: HttpRequest) -> QuerySet[Sighting]:
    return Sighting.objects.visible_to(request.user)


def _counts(request: HttpRequest) -> dict[str, int]:
    """In how many of the person's incidents each code and cause stands."""
    return dict(_sightings(request).values_list("name").annotate(number=Count("incident", distinct=True)))


def _incidents(request: HttpRequest, name: str) -> dict[str, Any]:
    """The newest of the person's incidents with this code or cause, and all of them together."""
    rows = _sightings(request).filter(name=name).distinct()
    together = rows.aggregate(
        number=Count("incident", distinct=True), times=Sum("count"), first=Min("first_at"), last=Max("last_at")
    )
    newest = rows.select_related("incident").order_by("-incident__created_at", "incident_id")
    return {"sightings": newest[:INCIDENTS_SHOWN], "together": together, "more": together["number"] - INCIDENTS_SHOWN}
