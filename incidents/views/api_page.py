"""How programs talk to Triage: the team's tokens, and examples to copy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from incidents import audit
from incidents.access import get_team_for, has_role
from incidents.http import PageRequest
from incidents.models import ApiToken, Role, Scope, Team

DAYS = {"30": "30 days", "90": "90 days", "365": "a year", "": "no end"}
_NEEDS_ADMIN = Scope.ADMIN


class TokenForm(forms.Form):
    """A new token."""

    name = forms.CharField(max_length=100, label="What is it for?", widget=forms.TextInput(attrs={"class": "input"}))
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, label="What may it do?", widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one thing that the token may do."},
    )  # fmt: skip
    days = forms.ChoiceField(
        choices=list(DAYS.items()), initial="90", required=False, label="Valid for",
        widget=forms.Select(attrs={"class": "select"}),
    )  # fmt: skip


@require_safe
def api_page(request: PageRequest) -> HttpResponse:
    """Tokens (one's own; all of them for admins) and examples."""
    return _page(request, TokenForm(initial={"scopes": [Scope.READ, Scope.INGEST], "days": "90"}))


@require_POST
@never_cache
def create(request: PageRequest) -> HttpResponse:
    """Make a token. Its text is in this answer alone: it is neither stored nor shown again."""
    team = get_team_for(request.user, role=Role.MEMBER)
    form = TokenForm(request.POST)
    if form.is_valid() and _NEEDS_ADMIN in form.cleaned_data["scopes"] and not has_role(request.user, team, Role.ADMIN):
        form.add_error("scopes", "Only admins of the team can make a token that manages it.")
    if not form.is_valid():
        return _page(request, form, status=422)
    days = form.cleaned_data["days"]
    with transaction.atomic():
        row, text = ApiToken.objects.issue(
            team=team, user=request.user, name=form.cleaned_data["name"].replace("\x00", ""),
            scopes=form.cleaned_data["scopes"], expires_at=timezone.now() + timedelta(days=int(days)) if days else None,
        )  # fmt: skip
        audit.record("token.created", request=request, team=team, target=row, details={"scopes": row.scopes})
    return _page(request, TokenForm(initial={"scopes": [Scope.READ]}), made=row, text=text)


@require_POST
def revoke(request: PageRequest, pk: int) -> HttpResponse:
    """Refuse a token from now on: one's own, or as an admin anybody's."""
    team = get_team_for(request.user, role=Role.MEMBER)
    row = get_object_or_404(_visible(request, team), pk=pk)
    with transaction.atomic():
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        audit.record("token.revoked", request=request, team=team, target=row)
    messages.success(request, f"The token “{row.name or row.prefix}” is revoked.")
    return redirect("api-page")


def _visible(request: PageRequest, team: Team) -> Any:
    tokens = ApiToken.objects.filter(team=team, revoked_at=None).select_related("user")
    return tokens if has_role(request.user, team, Role.ADMIN) else tokens.filter(user=request.user)


def _page(request: PageRequest, form: TokenForm, *, status: int = 200, **more: Any) -> HttpResponse:
    team = get_team_for(request.user)
    context = {
        "form": form, "tokens": _visible(request, team).order_by("-created_at"), "base": _base(request),
        "may_make": has_role(request.user, team, Role.MEMBER), "now": timezone.now(),
    }  # fmt: skip
    return render(request, "api.html", context | more, status=status)


def _base(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"
