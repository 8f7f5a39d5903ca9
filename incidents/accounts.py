"""How django-allauth behaves here: who may sign up, how guessing is slowed, how second factors are kept."""

from __future__ import annotations

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string, salted_hmac

from incidents import audit
from incidents.models import Invitation

INVITED = "invited_as"
"""In the session: id of the invitation that a person is about to accept."""
DEVICE_COOKIE = "device"
DEVICE_DAYS = 180
RATES = {"known-device": "10/10m/key", "stranger": "20/30m/key"}
"""Wrong passwords for one account: by a browser that has signed in to it before, and by all others together.

Whoever uses up the second leaves the first alone, so nobody can lock somebody else out of their own browser.
"""


def invitation_of(request: HttpRequest) -> Invitation | None:
    """The open invitation that this browser is about to accept."""
    pk = request.session.get(INVITED)
    return Invitation.objects.open().select_related("team").filter(pk=pk).first() if pk else None


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP == "open" or invitation_of(request))

    def clean_email(self, email: str) -> str:
        """With an invitation the account is for the invited address, and no other."""
        request = context.request
        invitation = invitation_of(request) if request is not None and request.user.is_anonymous else None
        if invitation and settings.SIGNUP != "open" and email.lower() != invitation.email:
            raise self.validation_error("other_address")
        return str(email)

    error_messages = DefaultAccountAdapter.error_messages | {
        "other_address": "This invitation is for another address. Sign up with the address that it was sent to.",
        "too_many_login_attempts": "Too many attempts. Wait a while, or set a new password by mail.",
        "email_password_mismatch": "The address or the password is not right.",
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        return audit.client_ip(request) or "0.0.0.0"  # noqa: S104 - stands for "not known": all such share one limit

    def format_email_subject(self, subject: str) -> str:
        return f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}{subject}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Slow guessing: by address of the visitor, and by account and device."""
        super().pre_authenticate(request, **credentials)
        email = str(credentials.get("email") or "").lower()
        device = _device_of(request, email)
        action = "known-device" if device else "stranger"
        self._usage = ratelimit.consume(
            request, app="triage", action=action, config=RATES, key=device or _digest(email)
        )
        if not self._usage:
            self._rollback_login_failed_rl_usage()
            audit.record("signin.limited", request=request, actor=AnonymousUser(), target=_known(email))
            raise self.validation_error("too_many_login_attempts")

    def _rollback_login_failed_rl_usage(self) -> None:
        super()._rollback_login_failed_rl_usage()
        if usage := getattr(self, "_usage", None):
            usage.rollback()

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        # What was typed isn't kept: people type passwords into the wrong field.
        email = str(credentials.get("email") or "").lower()
        audit.record("signin.failed", request=request, actor=AnonymousUser(), target=_known(email))


class SecondFactorAdapter(DefaultMFAAdapter):
    """Keeps TOTP secrets and recovery seeds encrypted with a key that is derived from SECRET_KEY."""

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _box().decrypt(encrypted_text.encode()).decode()


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Let this browser count as known for the account: it then has a limit of its own."""
    email = (user.email or "").lower()
    if not email or _device_of(request, email):
        return
    value = signing.dumps([_digest(email), get_random_string(16)], salt="triage.device")
    secure = bool(settings.SESSION_COOKIE_SECURE)
    response.set_cookie(
        _cookie_name(), value, max_age=DEVICE_DAYS * 86_400, httponly=True, samesite="Lax", secure=secure
    )


def _device_of(request: HttpRequest, email: str) -> str:
    """Id of the browser if it has signed in to this account before, else empty."""
    try:
        digest, device = signing.loads(
            request.COOKIES.get(_cookie_name(), ""), salt="triage.device", max_age=DEVICE_DAYS * 86_400
        )
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(device) if email and digest == _digest(email) else ""


def _cookie_name() -> str:
    return f"__Host-{DEVICE_COOKIE}" if settings.SESSION_COOKIE_SECURE else DEVICE_COOKIE


def _digest(email: str) -> str:
    return salted_hmac("triage.device", email, algorithm="sha256").hexdigest()


def _known(email: str) -> User | None:
    return User.objects.filter(email__iexact=email).first() if email else None


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac("triage.second-factor", "", secret=key, algorithm="sha256").digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
