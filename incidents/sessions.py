"""Sessions: when they began, when they end, and ending them at once wherever they are."""

from __future__ import annotations

import time

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from incidents.audit import client_ip

BEGAN, SEEN = "began", "seen"
SEEN_STEP_SECONDS = 600
"""How exactly the last request is known: each step writes the session once."""


def begin(request: HttpRequest, user: User) -> None:
    """Note a session that has just been made, so that it can be listed and ended."""
    request.session[BEGAN] = request.session[SEEN] = int(time.time())
    if not request.session.session_key:
        request.session.save()
    UserSession.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={
            "user": user,
            "ip": client_ip(request) or "0.0.0.0",  # noqa: S104 - stands for "not known"
            "user_agent": request.META.get("HTTP_USER_AGENT", "")[:200],
        },
    )


def is_over(session: SessionBase) -> bool:
    """Whether nobody used it for too long, or it is older than any session may get. Notes that it is used now."""
    now = int(time.time())
    began, seen = session.get(BEGAN), session.get(SEEN)
    if began is None or seen is None:
        session[BEGAN] = session[SEEN] = now
        return False
    if now - began > settings.SESSION_COOKIE_AGE or now - seen > settings.SESSION_IDLE_SECONDS:
        return True
    if now - seen > SEEN_STEP_SECONDS:
        session[SEEN] = now
    return False


def end_sessions(user: User, *, keep: str = "") -> int:
    """End the sessions of a person, but for the one with the key ``keep``. Returns how many."""
    sessions = list(UserSession.objects.filter(user=user).exclude(session_key=keep))
    for session in sessions:
        session.end()
    return len(sessions)
