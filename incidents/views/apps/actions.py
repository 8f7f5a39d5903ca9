"""What people change about an app: drains, the recorder, windows that become incidents. Every one is a POST."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from incidents import audit, tasks
from incidents.access import get_app_for
from incidents.digest.recorder.reading import held
from incidents.digest.recorder.windows import open_window
from incidents.forms import first_error
from incidents.forms_apps import OVERLAP_HOURS, DrainForm, RecorderForm, RotateForm
from incidents.http import PageRequest
from incidents.ingest.accept import Rejected
from incidents.ingest.apps import add_drain, remove_app, remove_drain
from incidents.models import App, Drain, DrainKind, Role
from incidents.views.apps.context import app_context
from incidents.views.apps.pages import remember_origin, render_setup, to_app
from incidents.views.window import parse_window

MOST_WINDOW = timedelta(hours=48)
UNDO_DAYS = 7


@require_safe
def settings_page(request: PageRequest, pk: UUID) -> HttpResponse:
    """Drains, the recorder, and taking the app away."""
    app = get_app_for(request.user, pk, role=Role.ADMIN)
    return render_settings(request, app)


def render_settings(request: PageRequest, app: App, **more: Any) -> HttpResponse:
    since = timezone.now() - timedelta(days=UNDO_DAYS)
    drains = app.drains.order_by("created_at", "pk")
    context = app_context(request, app, "settings") | {
        "drains": drains.filter(revoked_at=None),
        "removed": drains.filter(revoked_at__gt=since),
        "kinds": DrainKind.choices, "overlaps": OVERLAP_HOURS, "held": held(app),
        "megabytes": app.retention_bytes // 1024 // 1024, "host": request.get_host(), "now": timezone.now(),
        "scheme": "https" if request.is_secure() else "http",
    }  # fmt: skip
    return render(request, "apps/settings.html", context | more, status=422 if more.get("problem") else 200)


# -- drains -----------------------------------------------------------------------------------------------------------
@require_POST
def drain_add(request: PageRequest, pk: UUID) -> HttpResponse:
    """Another drain; the answer shows its command with the token, this once."""
    app = get_app_for(request.user, pk, role=Role.ADMIN)
    form = DrainForm(request.POST)
    if not form.is_valid():
        return render_settings(request, app, problem=first_error(form))
    try:
        drain, token = add_drain(
            app=app, user=request.user, name=form.cleaned_data["name"], kind=form.cleaned_data["kind"]
        )
    except Rejected as rejected:
        return render_settings(request, app, problem=str(rejected))
    _note(request, "drain.created", app, drain)
    remember_origin(request, app)
    return render_setup(request, app, drain, token)


@require_POST
def drain_rename(request: PageRequest, pk: UUID, drain_pk: int) -> HttpResponse:
    app, drain = _drain(request, pk, drain_pk)
    name = request.POST.get("name", "").replace("\x00", "").strip()[:100]
    if not name:
        return render_settings(request, app, problem="The drain needs a name.")
    try:
        with transaction.atomic():
            Drain.objects.filter(pk=drain.pk).update(name=name)
    except IntegrityError:
        return render_settings(request, app, problem=f"This app has a drain called {name} already.")
    messages.success(request, "The name is saved.")
    return to_app(app, "app-settings")


@require_POST
def drain_rotate(request: PageRequest, pk: UUID, drain_pk: int) -> HttpResponse:
    """A new token; the old one goes on for some hours, so that Heroku can be told in between."""
    app, drain = _drain(request, pk, drain_pk)
    form = RotateForm(request.POST)
    if not form.is_valid():
        return render_settings(request, app, problem=first_error(form))
    token = drain.rotate(overlap=form.overlap)
    _note(request, "drain.rotated", app, drain)
    return render_setup(request, app, drain, token, rotated=True)


@require_POST
def drain_remove(request: PageRequest, pk: UUID, drain_pk: int) -> HttpResponse:
    """Refuse a drain from now on; what it has sent stays until it is old. Can be undone for some days."""
    app, drain = _drain(request, pk, drain_pk)
    remove_drain(drain)
    _note(request, "drain.deleted", app, drain)
    undo = reverse("app-drain-restore", args=[app.pk, drain.pk])
    messages.success(request, f"The drain “{drain.name}” is removed: its lines are refused.", extra_tags=undo)
    return to_app(app, "app-settings")


@require_POST
def drain_restore(request: PageRequest, pk: UUID, drain_pk: int) -> HttpResponse:
    app, drain = _drain(request, pk, drain_pk)
    Drain.objects.filter(pk=drain.pk).update(revoked_at=None)
    _note(request, "drain.created", app, drain)
    messages.success(request, f"The drain “{drain.name}” is taken again.")
    return to_app(app, "app-settings")


def _drain(request: PageRequest, pk: UUID, drain_pk: int) -> tuple[App, Drain]:
    app = get_app_for(request.user, pk, role=Role.ADMIN)
    return app, get_object_or_404(app.drains, pk=drain_pk)


def _note(request: PageRequest, action: str, app: App, drain: Drain) -> None:
    audit.record(action, request=request, team=app.team, target=drain, label=f"{app.name}, {drain.name}"[:200])


# -- the recorder and the app -----------------------------------------------------------------------------------------
@require_POST
def recorder(request: PageRequest, pk: UUID) -> HttpResponse:
    """How long and how much is kept."""
    app = get_app_for(request.user, pk, role=Role.ADMIN)
    form = RecorderForm(request.POST)
    if not form.is_valid():
        return render_settings(request, app, problem=first_error(form))
    app.retention_hours = form.cleaned_data["hours"]
    app.retention_bytes = form.cleaned_data["megabytes"] * 1024 * 1024
    app.save(update_fields=["retention_hours", "retention_bytes"])
    audit.record("app.changed", request=request, team=app.team, target=app, label=app.name)
    messages.success(request, "The recorder's limits are saved.")
    return to_app(app, "app-settings")


@require_POST
def remove(request: PageRequest, pk: UUID) -> HttpResponse:
    """Take the app away with its record, once its name has been typed."""
    app = get_app_for(request.user, pk, role=Role.ADMIN)
    if request.POST.get("name", "").strip() != app.name:
        return render_settings(request, app, problem="Type the app's name to remove it.")
    audit.record("app.changed", request=request, team=app.team, target=app, label=app.name, details={"removed": True})
    remove_app(app)
    messages.success(request, f"“{app.name}” and its record are removed. Incidents that were opened from it stay.")
    return redirect("app-list")


# -- windows ----------------------------------------------------------------------------------------------------------
@require_POST
def open_from_window(request: PageRequest, pk: UUID) -> HttpResponse:
    """Open an incident with the lines between two times (``from``, ``to``: UTC)."""
    app = get_app_for(request.user, pk, role=Role.MEMBER)
    now = timezone.now()
    window = parse_window(
        request.POST.get("from", ""), request.POST.get("to", ""), now - timedelta(hours=app.retention_hours), now
    )
    problem = window.problem
    if not problem and (window.start_at is None or window.end_at is None):
        problem = "A window needs a beginning and an end, such as 09:10 and 09:25 (UTC)."
    if not problem and window.seconds and window.seconds > MOST_WINDOW.total_seconds():
        problem = f"A window may be {MOST_WINDOW.days * 24} hours long at most."
    if problem or window.start_at is None or window.end_at is None:
        messages.error(request, problem)
        return to_app(app)
    title = request.POST.get("title", "").replace("\x00", "").strip()[:200]
    incident = open_window(
        app, window.start_at, window.end_at, request.user, title=title or f"{app.name}, {window.label}"
    )
    audit.record("incident.created", request=request, team=app.team, target=incident, label=incident.heading)
    tasks.ring_windows()
    return redirect(incident)
