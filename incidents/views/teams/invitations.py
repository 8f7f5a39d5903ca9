"""Invitations to teams: made by admins, sent by mail or handed over as a link, accepted with one button."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from incidents import audit
from incidents.access import TEAM, get_membership_for
from incidents.accounts import INVITED
from incidents.collaboration import signed_in
from incidents.forms_teams import InvitationForm
from incidents.http import PageRequest
from incidents.membership import Refused, accept, grantable
from incidents.models import Invitation, Membership, Role
from incidents.models.invitations import digest_of
from incidents.views.teams.pages import team_context

logger = logging.getLogger(__name__)


@require_POST
def invite(request: PageRequest, slug: str) -> HttpResponse:
    """Invite an address. The link is shown once, to be handed over; with mail set up it is also sent."""
    mine = get_membership_for(request.user, slug, role=Role.ADMIN)
    form = InvitationForm(request.POST, roles=grantable(mine))
    if not form.is_valid():
        return render(request, "teams/detail.html", team_context(mine, form), status=400)
    email = form.cleaned_data["email"]
    if Membership.objects.filter(team=mine.team, user__emailaddress__email__iexact=email).exists():
        messages.error(request, f"{email} is in the team already.")
        return redirect("team-detail", slug=slug)
    with transaction.atomic():
        invitation, link, mailed = Invitation.objects.issue(
            team=mine.team, email=email, role=form.cleaned_data["role"], by=request.user
        )
        details = {"role": invitation.role}
        audit.record("member.invited", request=request, team=mine.team, target=invitation, label=email, details=details)
    sent = _send(request, invitation, mailed)
    context = team_context(mine) | {
        "new_invitation": invitation, "link": request.build_absolute_uri(reverse("join", args=[link])), "sent": sent,
    }  # fmt: skip
    return render(request, "teams/detail.html", context)


@require_POST
def revoke(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Take an invitation back."""
    mine = get_membership_for(request.user, slug, role=Role.ADMIN)
    invitation = get_object_or_404(Invitation, team=mine.team, pk=pk)
    with transaction.atomic():
        if Invitation.objects.open().filter(pk=invitation.pk).update(revoked_at=Now()):
            audit.record(
                "invitation.revoked", request=request, team=mine.team, target=invitation, label=invitation.email
            )
    messages.success(request, f"The invitation of {invitation.email} is revoked.")
    return redirect("team-detail", slug=slug)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_not_required
def join(request: HttpRequest, token: str) -> HttpResponse:
    """An invitation. GET shows it; POST joins, or remembers it and leads to signing up.

    Wrong, used, revoked and old tokens look the same.
    """
    invitation = Invitation.objects.by_token(token)
    if invitation is None:
        return render(request, "teams/join_invalid.html", status=404)
    user = signed_in(request)
    if request.method == "POST" and user is None:
        return _to_signup(request, invitation, token)
    is_theirs, needs_verifying = _owns(user, invitation) if user is not None else (False, False)
    if user is not None and request.method == "POST" and is_theirs and not needs_verifying:
        return _joined(request, user, invitation)
    context = {"invitation": invitation, "is_theirs": is_theirs, "needs_verifying": needs_verifying}
    return render(request, "teams/join.html", context, status=403 if request.method == "POST" else 200)


def _joined(request: HttpRequest, user: User, invitation: Invitation) -> HttpResponse:
    try:
        membership = accept(invitation, user, request)
    except Refused:
        return render(request, "teams/join_invalid.html", status=404)
    request.session.pop(INVITED, None)
    request.session[TEAM] = str(membership.team_id)
    messages.success(request, f"You are in the team “{membership.team.name}” now.")
    return redirect("incident-list")


def _to_signup(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    request.session[INVITED] = str(invitation.pk)
    if invitation.mail_digest == digest_of(token):
        # Only who reads the mails of this address has this token, so it need not be confirmed once more.
        request.session["account_verified_email"] = invitation.email
    back = urlencode({"next": reverse("join", args=[token])})
    target = "signin" if request.POST.get("how") == "signin" else "account_signup"
    return redirect(f"{reverse(target)}?{back}")


def _owns(user: User, invitation: Invitation) -> tuple[bool, bool]:
    """Whether the invited address is the person's, and whether they must still confirm it."""
    address = EmailAddress.objects.filter(user=user, email__iexact=invitation.email).first()
    return address is not None, address is not None and settings.MAIL_IS_ON and not address.verified


def _send(request: HttpRequest, invitation: Invitation, token: str) -> bool:
    """Whether the mail went out. The link on the page works in any case."""
    if not settings.MAIL_IS_ON:
        return False
    context = {"invitation": invitation, "link": request.build_absolute_uri(reverse("join", args=[token]))}
    subject = f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}You are invited to the team {invitation.team.name}"
    try:
        send_mail(subject, render_to_string("teams/mail_invitation.txt", context), None, [invitation.email])
    except (SMTPException, OSError):
        logger.warning("an invitation could not be sent by mail", exc_info=True)
        return False
    return True
