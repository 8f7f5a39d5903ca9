"""Writing the audit log: call `record` inside the transaction of the act, so that there is never one without the other.

Actions are ``noun.verb``. The nouns and verbs in use stand in `ACTIONS`; a test refuses others.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model
from django.http import HttpRequest

from incidents.models import AuditEvent, Team

ACTIONS = {
    "signin.succeeded": "signed in",
    "signin.failed": "failed to sign in",
    "signin.limited": "was refused after too many attempts to sign in",
    "signin.link": "signed in by a one-time link",
    "signin.ended": "signed out",
    "account.created": "created an account",
    "account.deactivated": "deactivated an account",
    "account.reactivated": "reactivated an account",
    "password.changed": "changed the password",
    "password.reset": "set a new password by mail",
    "email.changed": "changed the addresses",
    "second-factor.added": "added a second factor",
    "second-factor.removed": "removed a second factor",
    "team.created": "created the team",
    "team.changed": "changed the team's settings",
    "member.invited": "invited",
    "member.joined": "joined",
    "member.removed": "removed",
    "member.left": "left",
    "member.role": "changed the role of",
    "invitation.revoked": "revoked the invitation of",
    "access.revoked": "ended sessions, tokens and links of",
    "incident.created": "created an incident",
    "incident.renamed": "renamed an incident",
    "incident.state": "changed the state of",
    "incident.owner": "changed the owner of",
    "incident.archived": "archived",
    "incident.restored": "restored",
    "incident.deleted": "deleted",
    "incident.merged": "merged",
    "incident.unmerged": "took back the merge of",
    "comment.deleted": "deleted a comment on",
    "ticket.edited": "edited the ticket of",
    "ticket.exported": "exported the ticket of",
    "log.exported": "exported from",
    "secret.revealed": "revealed masked text of",
    "share.created": "shared",
    "share.opened": "opened a shared",
    "share.revoked": "revoked a share of",
    "token.created": "created an API token",
    "token.revoked": "revoked an API token",
    "drain.created": "created a drain",
    "drain.rotated": "rotated the token of a drain",
    "drain.deleted": "deleted a drain",
    "app.changed": "changed an app",
}  # fmt: skip
"""Every action, with the words for it between the person and the object."""


def record(
    action: str,
    *,
    request: HttpRequest | None = None,
    team: Team | None = None,
    actor: User | AnonymousUser | None = None,
    target: Model | None = None,
    label: str = "",
    details: dict[str, Any] | None = None,
) -> AuditEvent:
    """Write one event, in the transaction of the caller.

    ``actor`` is by default the person of the request; ``target`` the object (its label by ``str`` unless ``label`` is
    given); ``team`` by default the target's. ``details`` must be JSON, and never holds a secret. Raises ValueError for
    an action that is not in `ACTIONS`.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is not an action of the audit log; add it to incidents.audit.ACTIONS.")
    who = actor if actor is not None else getattr(request, "user", None)
    is_person = isinstance(who, User) or bool(getattr(who, "is_authenticated", False))
    meta = request.META if request is not None else {}
    return AuditEvent.objects.create(
        team_id=team.pk if team is not None else getattr(target, "team_id", None) if target is not None else None,
        actor_id=who.pk if is_person and who is not None else None,
        actor_label=_plain(who.get_username() if is_person and who is not None else "", 150),
        action=action,
        object_type=target._meta.model_name or "" if target is not None else "",
        object_id=str(target.pk)[:64] if target is not None else "",
        object_label=_plain(label or (str(target) if target is not None else ""), 200),
        ip=client_ip(request) if request is not None else None,
        user_agent=_plain(meta.get("HTTP_USER_AGENT", ""), 300),
        request_id=_plain(meta.get("REQUEST_ID", ""), 64),
        details=details or {},
    )


def client_ip(request: HttpRequest) -> str | None:
    """The visitor's address. Behind a trusted proxy: what that proxy appended to X-Forwarded-For, nothing before it."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        address = hops[-settings.PROXY_HOPS] if len(hops) >= settings.PROXY_HOPS else address
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:  # a Unix socket, or nonsense
        return None


def _plain(text: str, most: int) -> str:
    """No control characters (a name must not forge a second row in an export), and no longer than the column."""
    return "".join(char if char.isprintable() else " " for char in text)[:most]
