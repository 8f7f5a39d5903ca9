"""Sharing an incident with outsiders: links are made, previewed and revoked here, and opened under ``/s/``.

The token stands in the fragment of the address, which browsers send to nobody: not into the router's log, nor into a
referrer. A small script posts it; what comes back is a cookie for this one link.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.core.cache import cache
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents import audit
from incidents.access import get_incident_for, has_role
from incidents.audit import client_ip
from incidents.http import PageRequest
from incidents.models import Incident, Role, ShareLink, SharePart
from incidents.sharing import key_of, outside
from incidents.views.chain import chain_of
from incidents.views.charts.series import charts_of
from incidents.views.pages import incident_context
from incidents.views.summary import Summary
from incidents.views.window import window_of

DAYS = {"1": "1 day", "7": "7 days", "30": "30 days"}
COOKIE_SECONDS = 12 * 3600
TRIES, TRIES_SECONDS = 20, 300
_SALT = "share"
SORRY = (
    "This link shows nothing: it is wrong, has ended, or was revoked; or its passphrase is another. Ask for a new one."
)
KINDS = {
    "host": "host name", "client": "client address", "person": "e-mail address", "email": "e-mail address",
    "ip": "client address", "card": "card number",
}  # fmt: skip


class ShareForm(forms.Form):
    """A new link."""

    label = forms.CharField(
        max_length=100, required=False, label="For whom?", help_text="Only your team sees this.",
        widget=forms.TextInput(attrs={"class": "input"}),
    )  # fmt: skip
    part = forms.ChoiceField(choices=SharePart.choices, label="What", widget=forms.Select(attrs={"class": "select"}))
    subject = forms.ChoiceField(required=False, label="Which finding", widget=forms.Select(attrs={"class": "select"}))
    days = forms.ChoiceField(
        choices=list(DAYS.items()), initial="7", label="Valid for", widget=forms.Select(attrs={"class": "select"})
    )
    passphrase = forms.CharField(
        max_length=128, min_length=6, required=False, label="Passphrase",
        help_text="Optional. Tell it on another way than the link.",
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        findings = incident.analysis.get("findings") or []
        choices = [(key_of(one), one["title"][:80]) for one in findings]
        subject = self.fields["subject"]
        if isinstance(subject, forms.ChoiceField):
            subject.choices = [("", "The first one"), *choices]
        self._first = choices[0][0] if choices else ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("part") == SharePart.FINDING:
            data["subject"] = data.get("subject") or self._first
            if not data["subject"]:
                self.add_error("part", "There is no finding yet.")
        else:
            data["subject"] = ""
        return data


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def share(request: PageRequest, pk: UUID) -> HttpResponse:
    """The incident's links; a POST makes one. Its address is in this answer alone."""
    writes = request.method == "POST"
    incident = get_incident_for(request.user, pk, role=Role.MEMBER if writes else Role.VIEWER)
    form = ShareForm(request.POST if writes else None, incident=incident, initial={"days": "7", "part": "incident"})
    made: ShareLink | None = None
    address = ""
    if writes and form.is_valid():
        data = form.cleaned_data
        with transaction.atomic():
            made, token = ShareLink.objects.issue(
                incident=incident, by=request.user, valid=timedelta(days=int(data["days"])), part=data["part"],
                subject=data["subject"], passphrase=data["passphrase"], label=data["label"].replace("\x00", ""),
            )  # fmt: skip
            details = {"part": made.part, "days": int(data["days"]), "passphrase": bool(data["passphrase"])}
            audit.record("share.created", request=request, target=incident, details=details)
        address = f"{request.build_absolute_uri(reverse('share-open'))}#{token}"
        form = ShareForm(incident=incident, initial={"days": "7", "part": "incident"})
    shown = outside(incident)
    context = incident_context(request, incident, "share") | {
        "form": form, "made": made,
        "address": address,
        "links": ShareLink.objects.filter(incident=incident).select_related("created_by").order_by("-created_at")[:50],
        "may_share": has_role(request.user, incident.team, Role.MEMBER), "counts": counted(shown.counts),
        "now": timezone.now(),
    }  # fmt: skip
    return render(request, "share/page.html", context, status=422 if form.errors else 200)


@require_POST
def revoke(request: PageRequest, pk: UUID, link: UUID) -> HttpResponse:
    """End a link at once."""
    incident = get_incident_for(request.user, pk, role=Role.MEMBER)
    row = get_object_or_404(ShareLink, incident=incident, pk=link)
    with transaction.atomic():
        if ShareLink.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=timezone.now()):
            audit.record("share.revoked", request=request, target=incident, label=str(row))
    messages.success(request, "The link is revoked; it shows nothing any more.")
    return redirect("incident-share", pk=incident.pk)


@require_safe
@never_cache
def preview(request: PageRequest, pk: UUID) -> HttpResponse:
    """Exactly what an outsider will see."""
    incident = get_incident_for(request.user, pk)
    part = request.GET.get("part", SharePart.INCIDENT)
    if part not in SharePart.values:
        raise Http404
    return _shown(request, incident, part, request.GET.get("subject", ""), {"is_preview": True})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_not_required
def open_link(request: HttpRequest) -> HttpResponse:
    """Exchange the token for a cookie. Wrong, ended and revoked links are answered alike."""
    if request.method != "POST":
        return _outward(render(request, "share/open.html"))
    if not _may_try(request):
        answer = render(request, "share/open.html", {"problem": "Too many tries. Wait five minutes."}, status=429)
        answer["Retry-After"] = str(TRIES_SECONDS)
        return _outward(answer)
    row = ShareLink.objects.redeem(
        request.POST.get("token", "").strip()[:200], request.POST.get("passphrase", "")[:128]
    )
    if row is None:
        return _outward(render(request, "share/open.html", {"problem": SORRY}, status=404))
    with transaction.atomic():
        audit.record("share.opened", request=request, team=row.team, target=row.incident, label=str(row))
    answer = redirect("share-view", pk=row.pk)
    answer.set_cookie(
        _cookie(row.pk), signing.dumps(row.digest, salt=_SALT), max_age=COOKIE_SECONDS, path=reverse("share-open"),
        secure=request.is_secure(), httponly=True, samesite="Lax",
    )  # fmt: skip
    return _outward(answer)


@require_safe
@never_cache
@login_not_required
def shared(request: PageRequest, pk: UUID) -> HttpResponse:
    """The shared view, for whoever holds this link's cookie."""
    row = ShareLink.objects.open().filter(pk=pk).select_related("incident__team").first()
    if row is None or not _holds(request, row):
        return _outward(render(request, "share/open.html", {"problem": SORRY}, status=404))
    mine = has_role(request.user, row.team_id, Role.VIEWER)
    more = {"link": row, "full_url": row.incident.get_absolute_url() if mine else ""}
    return _shown(request, row.incident, row.part, row.subject, more)


def counted(counts: Counter[str]) -> list[tuple[str, int]]:
    """Kinds of masked things with their numbers, the most frequent first."""
    named: Counter[str] = Counter()
    for kind, number in counts.items():
        named[KINDS.get(kind, kind.replace("-", " ").replace("_", " "))] += number
    return named.most_common()


def _shown(request: PageRequest, incident: Incident, part: str, subject: str, more: dict[str, Any]) -> HttpResponse:
    found = outside(incident, part, subject)
    summary = Summary(found.document)
    window = window_of(request, summary.window)
    # No `incident` in the context: what is included makes links from it.
    context = {
        "summary": summary, "window": window, "part": part, "counts": counted(found.counts), "shared_id": incident.pk,
        "chart": charts_of(found.document, window) if found.document.get("charts") else None,
        "chain": chain_of(summary) if part == SharePart.INCIDENT and summary.findings else None,
    }  # fmt: skip
    return _outward(render(request, "share/view.html", context | more))


def _outward(answer: HttpResponse) -> HttpResponse:
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer["Referrer-Policy"] = "no-referrer"
    return answer


def _cookie(pk: UUID) -> str:
    return f"share_{pk.hex[:12]}"


def _holds(request: HttpRequest, row: ShareLink) -> bool:
    try:
        digest = signing.loads(request.COOKIES.get(_cookie(row.pk), ""), salt=_SALT, max_age=COOKIE_SECONDS)
    except signing.BadSignature:
        return False
    return bool(digest == row.digest)


def _may_try(request: HttpRequest) -> bool:
    """A passphrase is not to be guessed: some tries per address and while."""
    key = f"share-tries:{client_ip(request)}"
    if cache.add(key, 1, TRIES_SECONDS):
        return True
    try:
        return int(cache.incr(key)) <= TRIES
    except ValueError:  # it has just run out
        return True
