"""Single sign-on: whom of the provider's people may come in, and where they land."""

from __future__ import annotations

import logging
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render

from incidents import audit
from incidents.models import Membership, Role, Team

log = logging.getLogger(__name__)

OTHER_PROVIDER = "The answer does not come from the provider that Triage is set up for."
NO_ADDRESS = "The provider does not say that your mail address is yours, so nobody can be signed in by it."
OTHER_DOMAIN = "Triage admits addresses of {domains} here, and the provider says that yours is another."


class SocialAdapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """The company's provider decides who has an account with it; `pre_social_login` has asked ours."""
        return bool(settings.OIDC_ISSUER)

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Refuse before anything is connected, made or signed in."""
        if problem := refusal(sociallogin):
            known = sociallogin.user if sociallogin.is_existing else None
            audit.record("signin.failed", request=request, actor=AnonymousUser(), target=known)
            raise ImmediateHttpResponse(
                render(request, "socialaccount/authentication_error.html", {"problem": problem}, status=403)
            )


def refusal(sociallogin: SocialLogin) -> str:
    """Why this person does not come in, as a sentence; empty for who does."""
    claims = sociallogin.account.extra_data
    if not _is_ours(claims):
        return OTHER_PROVIDER
    confirmed = [
        address.email for address in sociallogin.email_addresses if address.verified and not _is_denied(claims)
    ]
    # Whom the provider's own id connects to an account is known; an address that anyone can claim tells nothing.
    is_connected = sociallogin.account.pk is not None or sociallogin.state.get("process") == "connect"
    if not confirmed and (settings.OIDC_DOMAINS or not is_connected):
        return NO_ADDRESS
    if settings.OIDC_DOMAINS and not any(_domain(email) in settings.OIDC_DOMAINS for email in confirmed):
        return OTHER_DOMAIN.format(domains=" or ".join(settings.OIDC_DOMAINS))
    return ""


def join_team(user: User, request: HttpRequest) -> None:
    """Make somebody whose account has just been made by the provider a member of the team that OIDC_TEAM names."""
    team = Team.objects.filter(slug=settings.OIDC_TEAM).first() if settings.OIDC_TEAM else None
    if team is None:
        if settings.OIDC_TEAM:
            log.warning("OIDC_TEAM is %r, but no team has this slug", settings.OIDC_TEAM)
        return
    with transaction.atomic():
        _, is_new = Membership.objects.get_or_create(team=team, user=user, defaults={"role": Role.MEMBER})
        if is_new:
            details = {"role": str(Role.MEMBER), "by": "single sign-on"}
            audit.record("member.joined", request=request, team=team, target=user, actor=user, details=details)


def _is_ours(claims: dict[str, Any]) -> bool:
    """Whether both answers are about one person, and the id token is the issuer's own."""
    token, userinfo = claims.get("id_token") or {}, claims.get("userinfo") or {}
    is_issuers = str(token.get("iss", "")).rstrip("/") == settings.OIDC_ISSUER
    return bool(is_issuers and token.get("sub") and userinfo.get("sub", token["sub"]) == token["sub"])


def _is_denied(claims: dict[str, Any]) -> bool:
    """Whether the provider says that the address is not confirmed: some say it as a word, which would pass for true."""
    said = [(claims.get(part) or {}).get("email_verified") for part in ("id_token", "userinfo")]
    return any(value is False or str(value).lower() == "false" for value in said)


def _domain(email: str) -> str:
    return email.rpartition("@")[2].lower()
