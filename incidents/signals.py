"""What Django and allauth tell about accounts, written into the audit log; what must end, ends."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from incidents import audit, sessions, sign_on


@receiver(user_logged_in)
def on_signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    """Of every way to sign in, once all its steps are done."""
    sessions.begin(request, user)
    by = getattr(request, "signed_in_by", "")
    audit.record("signin.link" if by == "link" else "signin.succeeded", request=request, actor=user, target=user)


@receiver(user_logged_out)
def on_signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        audit.record("signin.ended", request=request, actor=user, target=user)


@receiver(account.user_signed_up)
def on_signed_up(request: HttpRequest, user: User, sociallogin: Any = None, **_: Any) -> None:
    audit.record("account.created", request=request, actor=user, target=user)
    if sociallogin is not None:
        sign_on.join_team(user, request)


@receiver([account.password_changed, account.password_set])
def on_password_changed(request: HttpRequest, user: User, **_: Any) -> None:
    sessions.end_sessions(user, keep=request.session.session_key or "")
    audit.record("password.changed", request=request, actor=user, target=user)


@receiver(account.password_reset)
def on_password_reset(request: HttpRequest, user: User, **_: Any) -> None:
    sessions.end_sessions(user)
    audit.record("password.reset", request=request, actor=user, target=user)


@receiver([account.email_added, account.email_changed, account.email_removed])
def on_email_changed(request: HttpRequest, user: User, **_: Any) -> None:
    audit.record("email.changed", request=request, actor=user, target=user)


@receiver(mfa.authenticator_added)
def on_factor_added(request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    details = {"type": str(authenticator.type)}
    audit.record("second-factor.added", request=request, actor=user, target=user, details=details)


@receiver(mfa.authenticator_removed)
def on_factor_removed(request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    details = {"type": str(authenticator.type)}
    audit.record("second-factor.removed", request=request, actor=user, target=user, details=details)
