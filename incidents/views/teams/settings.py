"""The settings of a team; words and patterns can be tried on lines before they are saved."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from incidents import audit
from incidents.access import get_membership_for
from incidents.analysis.redact import KINDS, compile_words, scrub
from incidents.forms_teams import TeamSettingsForm
from incidents.models import Incident, Role, Team

_RULES = {"redaction_words", "redaction_patterns"}


@require_http_methods(["GET", "HEAD", "POST"])
def team_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """GET shows them; POST saves, or with ``try`` only shows what the rules make of the sample."""
    mine = get_membership_for(request.user, slug, role=Role.ADMIN)
    team = mine.team
    form = TeamSettingsForm(request.POST) if request.method == "POST" else None
    context: dict[str, object] = {"mine": mine, "team": team, "may_manage": True}
    if form is not None and form.is_valid():
        if "try" not in request.POST:
            _save(request, team, form)
            return redirect("team-settings", slug=slug)
        context |= _tried(form)
    context["form"] = form or TeamSettingsForm(initial=TeamSettingsForm.initial_of(team))
    return render(request, "teams/settings.html", context, status=400 if form is not None and form.errors else 200)


def _save(request: HttpRequest, team: Team, form: TeamSettingsForm) -> None:
    with transaction.atomic():
        changed = form.save(team)
        if changed:
            # Names of settings only: a word that is to be masked must not stand in the audit log.
            audit.record("team.changed", request=request, team=team, target=team, details={"changed": changed})
        if _RULES & set(changed):
            # What the analyses quote is masked by rules: they are made again, the newest first to be looked at.
            Incident.objects.filter(team=team, deleted_at=None, analysed_revision__gt=0).update(
                revision=F("revision") + 1, analysis_attempts=0
            )
    messages.success(request, "The settings are saved." if changed else "Nothing was changed.")


def _tried(form: TeamSettingsForm) -> dict[str, object]:
    given = form.cleaned_data
    rules = [
        *compile_words(literals=given["redaction_words"]),
        *compile_words(patterns=given["redaction_patterns"]),
    ]
    masked = scrub(given["sample"], words=rules)
    counts = [(KINDS.get(kind, kind), count) for kind, count in masked.counts.most_common()]
    return {
        "tried": bool(masked.text),
        "tried_lines": masked.text.replace("\r", "").split("\n"),
        "counts": counts,
        "was_tried": True,
    }
