"""The audit log of a team, for its admins: filtered, page by page, or as CSV."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from incidents.access import get_membership_for
from incidents.audit import ACTIONS
from incidents.models import AuditEvent, Membership, Role, Team

PAGE_SIZE = 100
MOST_ROWS = 50_000
_COLUMNS = ("utc", "person", "action", "object", "object_id", "label", "ip", "user_agent", "request_id", "details")


@require_safe
def audit_log(request: HttpRequest, slug: str) -> HttpResponse:
    """Newest first."""
    mine = get_membership_for(request.user, slug, role=Role.ADMIN)
    events, chosen = _chosen(request, mine.team)
    page = Paginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
    nouns = sorted({action.partition(".")[0] for action in ACTIONS})
    people = AuditEvent.objects.filter(team=mine.team).exclude(actor_label="").values_list("actor_label", flat=True)
    context = {
        "mine": mine, "team": mine.team, "may_manage": True, "page": page, "nouns": nouns, "chosen": chosen,
        "people_named": sorted(set(people.order_by().distinct()[:500])),
        "rows": [(event, ACTIONS.get(event.action, event.action)) for event in page.object_list],
        "query": request.GET.urlencode(),
    }  # fmt: skip
    return render(request, "teams/audit.html", context)


@require_safe
def audit_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """What the filter shows, the newest 50,000 events, as a table."""
    mine = get_membership_for(request.user, slug, role=Role.ADMIN)
    events, _ = _chosen(request, mine.team)
    rows = [
        (
            event.at.astimezone(UTC).isoformat(), event.actor_label, event.action, event.object_type, event.object_id,
            event.object_label, event.ip or "", event.user_agent, event.request_id,
            json.dumps(event.details, sort_keys=True) if event.details else "",
        )
        for event in events[:MOST_ROWS]
    ]  # fmt: skip
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows([_cell(value) for value in row] for row in rows)
    response = HttpResponse(buffer.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{mine.team.slug}-audit.csv"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _chosen(request: HttpRequest, team: Team) -> tuple[Any, dict[str, str]]:
    """Events of the team, and of its members' accounts while they are members, as the filter asks for them."""
    members = list(Membership.objects.filter(team=team).values_list("user_id", flat=True))
    as_objects = Q(object_type="user", object_id__in=[str(pk) for pk in members])
    events = AuditEvent.objects.filter(Q(team=team) | Q(team=None) & (Q(actor__in=members) | as_objects)).newest()
    chosen = {name: request.GET.get(name, "").strip()[:100] for name in ("what", "who", "text", "since", "until")}
    if chosen["what"]:
        events = events.filter(action__startswith=f"{chosen['what']}.")
    if chosen["who"]:
        events = events.filter(actor_label=chosen["who"])
    if chosen["text"]:
        events = events.filter(
            Q(object_label__icontains=chosen["text"]) | Q(object_id=chosen["text"]) | Q(ip__startswith=chosen["text"])
        )
    for name, lookup in (("since", "at__date__gte"), ("until", "at__date__lte")):
        day = _day(chosen[name])
        if day is not None:
            events = events.filter(**{lookup: day})
    return events, chosen


def _cell(text: str) -> str:
    """A spreadsheet must not run what a person or a browser called itself."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _day(text: str) -> Any:
    try:
        return parse_date(text)
    except ValueError:
        return None
