"""Working on an incident together: its owner and state, comments and mentions, and who is looking."""

from __future__ import annotations

import logging
import re
import time
from smtplib import SMTPException
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import DatabaseError, transaction
from django.db.models.functions import Now
from django.http import HttpRequest
from django.template.loader import render_to_string

from incidents import audit
from incidents.models import Activity, ActivityKind, Comment, Incident, IncidentState, Membership, Mention

logger = logging.getLogger(__name__)
MOST_COMMENT = 20_000
MOST_MENTIONS = 20
PRESENCE_SECONDS = 60
"""How long somebody counts as looking after their page last said so."""
_MENTION = re.compile(r"(?:^|[^\w@./-])@([\w.+-]{1,150})")


def note(
    incident: Incident, kind: ActivityKind, actor: User | None, comment: Comment | None = None, **details: Any
) -> Activity:
    """One entry in the incident's feed, in the transaction of the caller."""
    return Activity.objects.create(
        team_id=incident.team_id, incident=incident, actor=actor, kind=kind, comment=comment, details=details
    )


def signed_in(request: HttpRequest) -> User | None:
    """The person of the request, as a row may name them."""
    return request.user if isinstance(request.user, User) else None


def change_state(incident: Incident, state: str, request: HttpRequest) -> str | None:
    """Set the state, its time, the feed and the audit log. Returns what it was, or None if it was that already."""
    user = signed_in(request)
    with transaction.atomic():
        locked = Incident.objects.select_for_update().get(pk=incident.pk)
        before = locked.state
        if before == state or state not in IncidentState.values:
            return None
        times: dict[str, dict[str, Any]] = {
            IncidentState.OPEN: {"mitigated_at": None, "resolved_at": None},
            IncidentState.MITIGATED: {"mitigated_at": Now(), "resolved_at": None},
            IncidentState.RESOLVED: {"resolved_at": Now()},
        }
        Incident.objects.filter(pk=incident.pk).update(state=state, **times[state])
        details = {"from": before, "to": state}
        note(incident, ActivityKind.STATE, user, None, **details)
        audit.record("incident.state", request=request, target=incident, details=details)
    incident.refresh_from_db()
    return before


def change_owner(incident: Incident, owner: User | None, request: HttpRequest) -> None:
    """Who works on it. The caller has checked that the owner is a member of the team."""
    user = signed_in(request)
    with transaction.atomic():
        if not Incident.objects.filter(pk=incident.pk).exclude(owner=owner).update(owner=owner):
            return
        name = display_name(owner) if owner else ""
        note(incident, ActivityKind.TOOK if owner else ActivityKind.GAVE_UP, user, name=name, self=owner == user)
        audit.record("incident.owner", request=request, target=incident, details={"to": name})


def comment_on(incident: Incident, body: str, request: HttpRequest) -> Comment:
    """Keep a comment, tell it in the feed, and tell those who are named in it."""
    author = signed_in(request)
    with transaction.atomic():
        comment = Comment.objects.create(incident=incident, team_id=incident.team_id, author=author, body=body)
        note(incident, ActivityKind.COMMENTED, author, comment)
        named = mention(comment)
    link = request.build_absolute_uri(f"{incident.get_absolute_url()}activity/#c-{comment.pk}")
    for person in named:
        _tell(person, author, incident, link)
    return comment


def mention(comment: Comment) -> list[User]:
    """Note members of the team that are named as @name. Returns those that were not before."""
    names = {name.rstrip(".-+").lower() for name in _MENTION.findall(comment.body)}
    members = Membership.objects.filter(team=comment.team_id, user__is_active=True).select_related("user")
    found = [one.user for one in members if one.user.get_username().lower() in names and one.user != comment.author]
    created = []
    for person in found[:MOST_MENTIONS]:
        if Mention.objects.get_or_create(comment=comment, user=person, defaults={"team_id": comment.team_id})[1]:
            created.append(person)
    return created


def display_name(user: User | None) -> str:
    """The person's name, else what they sign in as."""
    return (user.get_full_name() or user.get_username()) if user is not None else "somebody who has left"


# -- who is looking: a hint, so that a cache which forgets, or doesn't answer, does no harm -------------------------
def look(incident: Incident, user: User) -> list[str]:
    """Note that the person looks at the incident now; returns the names of the others who do."""
    key = _presence_key(incident.pk)
    now = time.time()
    try:
        seen: dict[int, tuple[str, float]] = cache.get(key) or {}
        seen = {pk: entry for pk, entry in seen.items() if now - entry[1] < PRESENCE_SECONDS}
        seen[user.pk] = (display_name(user), now)
        cache.set(key, seen, PRESENCE_SECONDS)
    except DatabaseError:
        return []
    members = set(Membership.objects.filter(team=incident.team_id, user__in=seen).values_list("user_id", flat=True))
    return sorted(name for pk, (name, _) in seen.items() if pk != user.pk and pk in members)


def _presence_key(incident_id: UUID) -> str:
    return f"looking:{incident_id}"


def _tell(person: User, author: User | None, incident: Incident, link: str) -> None:
    """By mail, where mail is set up. The words of the comment stay inside: a mail is outside of the team."""
    if not settings.MAIL_IS_ON or not person.email:
        return
    context = {"author": display_name(author), "incident": incident, "link": link}
    subject = f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}{context['author']} mentioned you"
    try:
        send_mail(" ".join(subject.split()), render_to_string("people/mail_mention.txt", context), None, [person.email])
    except (SMTPException, OSError):
        logger.warning("a mention could not be told by mail", exc_info=True)
