"""Alerts of an app: what was noticed, whom it was told, and what people want to hear of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents import audit, tasks
from incidents.access import get_app_for
from incidents.analysis.bursts import CAUSES, SILENCE
from incidents.digest.alerts.proof import find_in_incident
from incidents.digest.alerts.watching import policy_of
from incidents.digest.alerts.words import name_of
from incidents.digest.recorder.windows import open_window
from incidents.forms import first_error
from incidents.forms_apps import AlertsForm, default_count
from incidents.http import PageRequest
from incidents.models import Alert, AlertPolicy, App, CauseMute, Role
from incidents.notify import deliver
from incidents.views.apps.context import app_context
from incidents.views.apps.pages import remember_origin, to_app

PAGE_SIZE = 30
MOST_DELIVERIES = 20
MUTES = {"hour": timedelta(hours=1), "day": timedelta(days=1), "ever": None}
_BEFORE, _AFTER = timedelta(minutes=15), timedelta(minutes=5)


@require_safe
def alert_list(request: PageRequest, pk: UUID) -> HttpResponse:
    """All alerts, newest first; what is muted; what was sent lately."""
    app = get_app_for(request.user, pk)
    policy = policy_of(app)
    rows = app.alerts.select_related("incident", "acknowledged_by").order_by("-began_at", "pk")
    now = timezone.now()
    context = app_context(request, app, "alerts") | {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")), "policy": policy,
        "mutes": [(mute, name_of(mute.cause)) for mute in _mutes(app)], "now": now,
        "deliveries": app.deliveries.select_related("alert").order_by("-created_at")[:MOST_DELIVERIES],
        "has_targets": bool(policy.webhook_url or policy.emails),
    }  # fmt: skip
    return render(request, "apps/_alerts.html" if request.GET.get("part") else "apps/alerts.html", context)


@require_safe
def alert_detail(request: PageRequest, pk: UUID, alert_pk: UUID) -> HttpResponse:
    """One alert: numbers, proof, incident, messages."""
    app, alert = _alert(request, pk, alert_pk)
    context = app_context(request, app, "alerts") | {
        "alert": alert, "name": name_of(alert.cause), "deliveries": alert.deliveries.order_by("created_at"),
        "mute": CauseMute.objects.filter(_still(), app=app, cause=alert.cause).first(),
    }  # fmt: skip
    return render(request, "apps/alert.html", context)


@require_safe
def alert_line(request: PageRequest, pk: UUID, alert_pk: UUID) -> HttpResponse:
    """The line that proves it: in the incident, where it stays, else in the recorder while that has it."""
    _, alert = _alert(request, pk, alert_pk)
    incident = alert.incident
    if incident is not None and incident.deleted_at is None and (line := find_in_incident(alert, incident)):
        return redirect("incident-line", incident.pk, line.source, line.number)
    if alert.proof_line is None or alert.proof_source is None:
        raise Http404("No line proves this alert.")
    return redirect("incident-line", alert.app.recorder_id, alert.proof_source, alert.proof_line)


def _alert(request: PageRequest, pk: UUID, alert_pk: UUID, role: str = Role.VIEWER) -> tuple[App, Alert]:
    app = get_app_for(request.user, pk, role=role)
    alert = get_object_or_404(app.alerts.select_related("incident", "acknowledged_by"), pk=alert_pk)
    alert.app = app
    return app, alert


def _still() -> Q:
    return Q(until=None) | Q(until__gt=timezone.now())


def _mutes(app: App) -> list[CauseMute]:
    return list(CauseMute.objects.filter(_still(), app=app).order_by("cause"))


# -- what people do about one -----------------------------------------------------------------------------------------
@require_POST
def acknowledge(request: PageRequest, pk: UUID, alert_pk: UUID) -> HttpResponse:
    """Say that somebody looks at it; ``undo`` takes it back."""
    app, alert = _alert(request, pk, alert_pk, Role.MEMBER)
    back = bool(request.POST.get("undo"))
    alert.acknowledged_at = None if back else timezone.now()
    alert.acknowledged_by = None if back else request.user
    alert.save(update_fields=["acknowledged_at", "acknowledged_by"])
    messages.success(
        request, "It is no longer acknowledged." if back else "Acknowledged: others see that you look at it."
    )
    return redirect("app-alert", app.pk, alert.pk)


@require_POST
def mute(request: PageRequest, pk: UUID) -> HttpResponse:
    """Hear no more of a cause, for an hour, a day or ever. It is noticed and recorded all the same."""
    app = get_app_for(request.user, pk, role=Role.MEMBER)
    cause, length = request.POST.get("cause", "")[:40], request.POST.get("for", "")
    if length not in MUTES or not (cause in (*CAUSES, SILENCE) or app.alerts.filter(cause=cause).exists()):
        raise Http404("There is no such cause, or no such time.")
    pause = MUTES[length]
    until = timezone.now() + pause if pause else None
    CauseMute.objects.update_or_create(
        app=app, cause=cause, defaults={"team_id": app.team_id, "until": until, "created_by": request.user}
    )
    audit.record("app.changed", request=request, team=app.team, target=app, label=app.name, details={"muted": cause})
    undo = reverse("app-unmute", args=[app.pk, cause])
    words = {"hour": "for an hour", "day": "for a day", "ever": "until you take it back"}[length]
    messages.success(request, f"{name_of(cause)} is muted {words}.", extra_tags=undo)
    return to_app(app, "app-alerts")


@require_POST
def unmute(request: PageRequest, pk: UUID, cause: str) -> HttpResponse:
    app = get_app_for(request.user, pk, role=Role.MEMBER)
    CauseMute.objects.filter(app=app, cause=cause).delete()
    messages.success(request, f"{name_of(cause)} is told again.")
    return to_app(app, "app-alerts")


@require_POST
def open_incident(request: PageRequest, pk: UUID, alert_pk: UUID) -> HttpResponse:
    """One click from a burst to an incident with its lines, and those of the minutes around it."""
    app, alert = _alert(request, pk, alert_pk, Role.MEMBER)
    if alert.incident is not None and alert.incident.deleted_at is None:
        return redirect(alert.incident)
    end = min(timezone.now(), alert.until_at + _AFTER)
    title = f"{name_of(alert.cause)} in {app.name}"
    alert.incident = open_window(app, alert.began_at - _BEFORE, end, request.user, title=title)
    alert.save(update_fields=["incident"])
    audit.record("incident.created", request=request, team=app.team, target=alert.incident, label=title)
    tasks.ring_windows()
    return redirect(alert.incident)


# -- whom to tell -----------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
def alert_settings(request: PageRequest, pk: UUID) -> HttpResponse:
    """Targets, quiet hours, thresholds."""
    app = get_app_for(request.user, pk, role=Role.ADMIN)
    policy = policy_of(app)
    form = AlertsForm(request.POST if request.method == "POST" else None, initial=_initial(policy))
    problem = ""
    if request.method == "POST":
        if form.is_valid():
            _save(request, app, policy, form)
            return to_app(app, "app-alert-settings")
        problem = first_error(form)
    causes = [(form[f"count_{key}"], name_of(key), _bar(key)) for key in (*CAUSES, SILENCE)]
    context = app_context(request, app, "alerts") | {
        "form": form, "policy": policy, "problem": problem, "causes": causes,
        "deliveries": app.deliveries.filter(alert=None).order_by("-created_at")[:6],
    }  # fmt: skip
    return render(request, "apps/alert_settings.html", context, status=422 if problem else 200)


def _initial(policy: AlertPolicy) -> dict[str, Any]:
    return {
        "is_on": policy.is_on, "webhook_url": policy.webhook_url, "emails": "\n".join(policy.emails),
        "quiet_from": policy.quiet_from, "quiet_until": policy.quiet_until, "quiet_zone": policy.quiet_zone,
        **{f"count_{key}": policy.counts.get(key) or default_count(key) for key in (*CAUSES, SILENCE)},
    }  # fmt: skip


def _bar(key: str) -> str:
    """What the number means."""
    return "minutes" if key == SILENCE else f"in {CAUSES[key].bars[0].minutes} min"


def _save(request: PageRequest, app: App, policy: AlertPolicy, form: AlertsForm) -> None:
    for name in ("is_on", "webhook_url", "emails", "quiet_from", "quiet_until", "quiet_zone"):
        setattr(policy, name, form.cleaned_data[name])
    policy.counts = form.counts
    policy.save()
    remember_origin(request, app)
    audit.record("app.changed", request=request, team=app.team, target=app, label=app.name, details={"alerts": True})
    messages.success(request, "The alerts are saved.")


@require_POST
def test_alert(request: PageRequest, pk: UUID) -> HttpResponse:
    """Send a test to every target; what became of it stands in the list below."""
    app = get_app_for(request.user, pk, role=Role.ADMIN)
    remember_origin(request, app)
    planned = deliver.test(app, policy_of(app))
    for delivery in planned:
        tasks.ring(tasks.send_delivery, delivery)
    if planned:
        messages.success(request, f"{len(planned)} test message{'s are' if len(planned) > 1 else ' is'} on the way.")
    else:
        messages.error(request, "There is nobody to tell yet: save a webhook or an e-mail address first.")
    return to_app(app, "app-alert-settings")
