"""Does the matrix notice a missing guard? Each guard of each module of views is made permissive, one at a time."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.shortcuts import get_object_or_404
from django.urls import get_resolver

import incidents.views
from incidents import access
from incidents.models import App, Incident, LogSource, Membership, Team
from tests.access.cells import cells, complaint, expected, routes
from tests.access.world import World

pytestmark = pytest.mark.django_db


def _any_incident(user: Any, pk: Any, *, role: str = "") -> Incident:
    return get_object_or_404(Incident.objects.select_related("team"), pk=pk)


def _any_membership(user: Any, slug: str, *, role: str = "") -> Membership:
    return get_object_or_404(Membership.objects.select_related("team"), team__slug=slug, role="owner")


def _any_team(user: Any, *, role: str = "") -> Team:
    return Team.objects.get(slug="own")


def _any_source(user: Any, pk: Any, *, role: str = "") -> LogSource:
    return get_object_or_404(LogSource.objects.select_related("incident"), pk=pk)


def _any_app(user: Any, pk: Any, *, role: str = "") -> App:
    return get_object_or_404(App.objects.select_related("recorder"), pk=pk)


ANYONE: dict[str, Callable[..., Any]] = {
    "get_incident_for": _any_incident,
    "get_deleted_incident_for": _any_incident,
    "get_membership_for": _any_membership,
    "get_team_for": _any_team,
    "get_source_for": _any_source,
    "get_app_for": _any_app,
}
"""Each guard, and what is left of it when nobody is looked at."""


def _any_role(guard: Callable[..., Any]) -> Callable[..., Any]:
    """The guard without its look at the role."""
    return lambda *args, role="viewer", **kwargs: guard(*args, **kwargs)


def mutants() -> Iterator[Any]:
    """Module, name of the guard, and which half of it is gone."""
    for info in pkgutil.iter_modules(incidents.views.__path__):
        module = importlib.import_module(f"incidents.views.{info.name}")
        for name in ANYONE:
            if getattr(module, name, None) is getattr(access, name):
                yield pytest.param(module.__name__, name, "anyone", id=f"{info.name}.{name}-anyone")
                if re.search(rf"\b{name}\([^)]*role=", inspect.getsource(module)):
                    yield pytest.param(module.__name__, name, "any role", id=f"{info.name}.{name}-any-role")


@pytest.mark.parametrize(("module_name", "guard", "what"), list(mutants()))
def test_a_guard_that_is_gone_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch, module_name: str, guard: str, what: str
) -> None:
    module = importlib.import_module(module_name)
    real = getattr(module, guard)
    monkeypatch.setattr(module, guard, ANYONE[guard] if what == "anyone" else _any_role(real))
    found = list(routes(get_resolver().url_patterns))
    # A module without addresses helps the others.
    ours = {name for name, of in found if of == module_name} or {name for name, of in found if "views" in of}
    tried = (cell for cell in cells(world, ours.__contains__) if expected(world, cell) not in ("allow", "closed"))
    assert any(complaint(world, cell) for cell in tried)
