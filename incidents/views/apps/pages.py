"""Apps that drain into us: the list with their health, a new one, and the page of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from incidents import audit
from incidents.access import get_app_for, get_team_for, has_role
from incidents.digest.alerts.watching import policy_of
from incidents.digest.recorder.health import Counts, Health, health
from incidents.digest.recorder.reading import held
from incidents.forms import first_error
from incidents.forms_apps import AppForm
from incidents.http import PageRequest, wants
from incidents.ingest.accept import Rejected
from incidents.ingest.apps import add_drain, create_app
from incidents.models import Alert, App, Drain, DrainMinute, Role
from incidents.views.apps.context import app_context
from incidents.views.apps.strip import HOURS, sparkline, strip_of

STALE_AFTER = timedelta(minutes=5)
SPARK_MINUTES = 60


class Setup(NamedTuple):
    """What is to be run once, with the token that is shown once."""

    drain: Drain
    token: str
    origin: str  # https://host
    drain_url: str
    is_secure: bool


@dataclass(slots=True)
class Row:
    """An app in the list."""

    app: App
    last_frame_at: datetime | None
    lines: list[int]
    lost: int
    alerts: list[Alert]

    @property
    def spark(self) -> list[tuple[int, float]]:
        return sparkline(self.lines)

    @property
    def state(self) -> str:
        """waiting, trouble, stale or ok."""
        if self.last_frame_at is None:
            return "waiting"
        if self.alerts:
            return "trouble"
        return "ok" if timezone.now() - self.last_frame_at < STALE_AFTER else "stale"


@require_safe
def app_list(request: PageRequest) -> HttpResponse:
    """All apps of the person's teams, by name."""
    team = get_team_for(request.user)
    apps = list(App.objects.visible_to(request.user).order_by("name", "pk"))
    context = {"rows": _rows(apps), "can_manage": has_role(request.user, team, Role.ADMIN)}
    return render(request, "apps/_rows.html" if wants(request, "apps") else "apps/list.html", context)


def _rows(apps: list[App]) -> list[Row]:
    now = timezone.now()
    since = DrainMinute.minute_of(now) - timedelta(minutes=SPARK_MINUTES - 1)
    seen = dict(Drain.objects.filter(app__in=apps).values_list("app").annotate(Max("last_frame_at")))
    rows = {app.pk: Row(app, seen.get(app.pk), [0] * SPARK_MINUTES, 0, []) for app in apps}
    for minute in DrainMinute.objects.filter(drain__app__in=apps, minute_at__gte=since).select_related("drain"):
        row, index = rows[minute.drain.app_id], int((minute.minute_at - since) / timedelta(minutes=1))
        row.lost += minute.overflow_lines + minute.dropped + minute.lost
        if index < SPARK_MINUTES:
            row.lines[index] += minute.lines
    for alert in Alert.objects.open().filter(app__in=apps).select_related("incident").order_by("-began_at"):
        rows[alert.app_id].alerts.append(alert)
    return list(rows.values())


@require_http_methods(["GET", "HEAD", "POST"])
def app_new(request: PageRequest) -> HttpResponse:
    """Name an app; the answer shows its drain's command with the token, this once."""
    team = get_team_for(request.user, role=Role.ADMIN)
    form = AppForm(request.POST if request.method == "POST" else None)
    problem = ""
    if request.method == "POST":
        if form.is_valid():
            try:
                app = create_app(team=team, name=form.cleaned_data["name"], user=request.user)
                drain, token = add_drain(app=app, user=request.user, kind=form.cleaned_data["kind"])
            except Rejected as rejected:
                problem = str(rejected)
            else:
                label = f"{app.name}, {drain.name}"
                audit.record("drain.created", request=request, team=team, target=drain, label=label)
                remember_origin(request, app)
                return render_setup(request, app, drain, token)
        problem = problem or first_error(form)
    context = {"form": form, "problem": problem, "name": request.POST.get("name", "")[:100]}
    return render(request, "apps/new.html", context, status=422 if problem else 200)


def render_setup(request: PageRequest, app: App, drain: Drain, token: str, **more: Any) -> HttpResponse:
    """The page with a token in it. It is in this answer alone: neither stored nor shown again."""
    host, scheme = request.get_host(), "https" if request.is_secure() else "http"
    setup = Setup(drain, token, f"{scheme}://{host}", f"https://drain:{token}@{host}/drain/", request.is_secure())
    return render(request, "apps/setup.html", app_context(request, app, "") | {"setup": setup} | more)


def remember_origin(request: PageRequest, app: App) -> None:
    """Where people reach this site, for the links in messages that a worker sends."""
    policy = policy_of(app)
    policy.origin = request.build_absolute_uri("/").rstrip("/")[:200]
    policy.save(update_fields=["origin"])


@require_safe
def app_detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """Health, the last hours with bursts, open alerts; ``hours`` is of `app_strip.HOURS`."""
    app = get_app_for(request.user, pk)
    if wants(request, "waiting"):
        return render(request, "apps/_waiting.html", {"app": app, "drain": _waiting_for(app, request)})
    text = request.GET.get("hours", "")
    hours = int(text) if text.isdecimal() and len(text) < 4 and int(text) in HOURS else 3
    now = timezone.now()
    alerts = list(Alert.objects.filter(app=app, last_at__gte=now - timedelta(hours=hours)).select_related("incident"))
    drains = health(app, minutes=60, now=now)
    context = app_context(request, app, "overview") | {
        "strip": strip_of(app, hours, alerts, now), "hours": HOURS, "recent": sorted(alerts, key=_newest_first),
        "drains": [one for one in drains if one.drain.revoked_at is None], "held": held(app),
        "total": _total(drains), "now": now, "last_frame_at": last_frame_at(drains),
    }  # fmt: skip
    return render(request, "apps/_overview.html" if wants(request, "overview") else "apps/detail.html", context)


def _newest_first(alert: Alert) -> float:
    return -alert.began_at.timestamp()


def _waiting_for(app: App, request: PageRequest) -> Drain | None:
    text = request.GET.get("drain", "")
    rows = app.drains.all()
    return rows.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 16 else rows.first()


def last_frame_at(drains: Iterable[Health]) -> datetime | None:
    return max((one.drain.last_frame_at for one in drains if one.drain.last_frame_at), default=None)


def _total(drains: list[Health]) -> Counts:
    """Over all drains; they bring the same lines, but what went wrong adds up."""
    names = ("frames", "lines", "bytes", "duplicates", "refused", "overflow_lines", "dropped", "lost", "damaged")
    sums = {name: sum(getattr(one.counts, name) for one in drains) for name in names}
    highest = {name: max((getattr(one.counts, name) for one in drains), default=0) for name in ("lag_ms", "record_ms")}
    return Counts(**sums, **highest)


def to_app(app: App, page: str = "app-detail") -> HttpResponse:
    return redirect(reverse(page, args=[app.pk]))
