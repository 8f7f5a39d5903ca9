"""What everybody may do at every address. An address that is not listed here fails the build.

A row names the objects in the address (keyword → kind of `World.ids`) and in the form, and for each method the least
role that it takes: a role of the team, ``signed-in``, ``self`` (the person that the object belongs to), ``token`` (an
API token of the team), ``share`` (the cookie of this very link), ``drain`` (its token), or ``all``.
Methods that are not named must be refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """``also``: further statuses of an answer to who is let in. ``lenient``: a refusal may be a redirect with words."""

    methods: dict[str, str]
    objects: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)  # form field → kind
    form: dict[str, str] = field(default_factory=dict)  # form field → text
    also: tuple[int, ...] = ()
    lenient: bool = False
    closed: tuple[int, ...] = ()  # to whom is not signed in, these statuses in place of the sign-in page
    json: bool = False  # the form is sent as JSON


def get(role: str, **more: Any) -> Row:
    return Row({"GET": role}, **more)


def post(role: str, **more: Any) -> Row:
    return Row({"POST": role}, **more)


def both(read: str, write: str, **more: Any) -> Row:
    return Row({"GET": read, "POST": write}, **more)


INCIDENT = {"pk": "incident"}
TEAM = {"slug": "team"}
APP = {"pk": "app"}


def of_incident(method: str, role: str, **more: Any) -> Row:
    return Row({method: role}, objects=INCIDENT | more.pop("objects", {}), **more)


MATRIX: dict[str, Row] = {
    # -- health, sign-in, accounts: allauth's pages act on nobody but oneself
    "healthz": get("all"),
    "readyz": get("all"),
    "signin": both("all", "all"),
    "signout": post("signed-in"),
    "account_login": both("all", "all"),
    "account_logout": both("all", "all"),
    "account_inactive": get("all"),
    "account_signup": both("all", "all", also=(403,)),
    "account_reauthenticate": both("signed-in", "signed-in", also=(403,)),  # 403: they have no password
    "account_email": both("signed-in", "signed-in"),
    "account_email_verification_sent": get("all"),
    "account_change_password": both("signed-in", "signed-in"),
    "account_set_password": both("signed-in", "signed-in"),
    "account_reset_password": both("all", "all"),
    "account_confirm_login_code": both("all", "all"),
    "account_confirm_email": both("all", "all", fixed={"key": "nothing"}, also=(404,)),
    "account_reset_password_from_key_done": get("all"),
    "account_reset_password_from_key": both("all", "all", fixed={"uidb36": "1", "key": "nothing"}),
    "account_reset_password_done": get("all"),
    "mfa_index": get("signed-in"),
    "mfa_authenticate": both("all", "all"),
    "mfa_reauthenticate": both("signed-in", "signed-in", also=(403,)),
    "mfa_activate_totp": both("signed-in", "signed-in"),
    "mfa_deactivate_totp": both("signed-in", "signed-in", also=(404,)),
    "mfa_view_recovery_codes": get("signed-in", also=(404,)),
    "mfa_generate_recovery_codes": both("signed-in", "signed-in"),
    "mfa_download_recovery_codes": get("signed-in", also=(404,)),
    "mfa_list_webauthn": get("signed-in"),
    "mfa_add_webauthn": both("signed-in", "signed-in"),
    "mfa_reauthenticate_webauthn": both("signed-in", "signed-in", also=(403,)),
    "mfa_remove_webauthn": both("self", "self", objects={"pk": "factor"}, lenient=True),
    "mfa_edit_webauthn": both("self", "self", objects={"pk": "factor"}, lenient=True),
    "mfa_login_webauthn": both("all", "all"),
    "usersessions_list": both("signed-in", "signed-in"),
    "people-me": both("signed-in", "signed-in"),
    # -- teams
    "team-list": get("signed-in"),
    "team-new": both("signed-in", "signed-in", form={"name": "Another"}),
    "team-switch": post("viewer", body={"team": "team"}),
    "team-detail": get("viewer", objects=TEAM),
    "team-leave": post("viewer", objects=TEAM),
    "team-member-role": post("admin", objects=TEAM | {"pk": "membership"}, form={"role": "viewer"}),
    "team-member-remove": post("admin", objects=TEAM | {"pk": "membership"}),
    "team-invite": post("admin", objects=TEAM, form={"email": "new@example.com", "role": "viewer"}),
    "team-invitation-revoke": post("admin", objects=TEAM | {"pk": "invitation"}),
    "team-settings": both("admin", "admin", objects=TEAM, form={"name": "N", "time_zone": "UTC"}),
    "team-audit": get("admin", objects=TEAM),
    "team-audit-csv": get("admin", objects=TEAM),
    "join": Row({"GET": "all"}, fixed={"token": "nothing"}, also=(404,)),
    # -- incidents
    "incident-list": get("signed-in"),
    "incident-new": get("viewer"),
    "incident-example": post("member"),
    "palette": get("viewer"),
    "display": post("all"),
    "incident-detail": of_incident("GET", "viewer"),
    "incident-charts": of_incident("GET", "viewer"),
    "incident-timeline": of_incident("GET", "viewer"),
    "incident-timeline-csv": of_incident("GET", "viewer"),
    "incident-timeline-md": of_incident("GET", "viewer"),
    "incident-timeline-json": of_incident("GET", "viewer"),
    "incident-notes": of_incident("POST", "member", form={"text": "09:00 seen"}),
    "incident-note-pin": of_incident("POST", "member", form={"at": "0.1", "place": "0.1"}, also=(422,)),
    "incident-note": of_incident("POST", "member", objects={"number": "note"}, form={"text": "x"}, also=(409, 422)),
    "incident-note-delete": of_incident("POST", "member", objects={"number": "note"}, form={"version": "1"}),
    "incident-note-restore": of_incident("POST", "member", objects={"number": "note"}),
    "incident-endpoints": of_incident("GET", "viewer"),
    "incident-endpoints-csv": of_incident("GET", "viewer"),
    "incident-endpoint": of_incident("GET", "viewer", objects={"key": "endpoint"}),
    "incident-dynos": of_incident("GET", "viewer"),
    "incident-logs": of_incident("GET", "viewer"),
    "incident-log-export": of_incident("GET", "viewer", fixed={"form": "csv"}),
    "incident-log-words": of_incident("GET", "viewer"),
    "incident-line": of_incident("GET", "viewer", fixed={"source": 0, "line": 1}),
    "incident-ticket": Row({"GET": "viewer", "POST": "member"}, objects=INCIDENT, also=(409, 422)),
    "incident-ticket-restart": of_incident("POST", "member"),
    "incident-ticket-undo": of_incident("POST", "member", fixed={"change": 1}, also=(404,)),
    "incident-ticket-lines": of_incident("POST", "member", also=(400, 404, 409, 422)),
    "incident-ticket-find": of_incident("GET", "viewer"),
    "incident-ticket-md": of_incident("GET", "viewer"),
    "incident-ticket-zip": of_incident("GET", "viewer"),
    "incident-rename": of_incident("POST", "member", form={"title": "Another name"}),
    "incident-state": of_incident("POST", "member", form={"state": "resolved"}),
    "incident-archive": of_incident("POST", "member"),
    "incident-restore": of_incident("POST", "member"),
    "incident-delete": of_incident("POST", "member"),
    "incident-undelete": post("member", objects={"pk": "gone"}),
    "incident-archive-many": post("member", body={"pk": "incident"}, lenient=True),
    # -- working together
    "incident-activity": of_incident("GET", "viewer"),
    "incident-comment": of_incident("POST", "member", form={"body": "Words"}),
    "incident-comment-edit": of_incident("POST", "self", objects={"comment": "comment"}, form={"body": "Others"}),
    "incident-comment-delete": of_incident("POST", "self-or-admin", objects={"comment": "comment"}),
    "incident-owner": of_incident("POST", "member", body={"user": "user"}),
    "incident-presence": of_incident("POST", "viewer"),
    "incident-merge": of_incident("POST", "member", body={"other": "second"}),
    "incident-merge-undo": of_incident("POST", "member", objects={"merge": "merge"}),
    # -- uploads
    "upload-start": post("member", body={"incident": "incident-or-none"}, form={"name": "x.log"}, json=True),
    "upload-form": post("member", lenient=True),
    "upload-paste": post("member", body={"incident": "incident-or-none"}, form={"text": "one line"}, also=(400,)),
    "upload-status": get("viewer", objects={"pk": "upload"}),
    "upload-part": Row(
        {"PUT": "member", "POST": "member"}, objects={"pk": "upload"}, fixed={"number": 0}, also=(400, 409, 411, 422)
    ),
    "upload-finish": post("member", objects={"pk": "upload"}, also=(400, 409, 422)),
    # -- codes
    "code-list": get("signed-in"),
    "code-detail": get("signed-in", fixed={"code": "H12"}),
    "styleguide": get("signed-in", also=(404,)),
    # -- what machines send
    "drain": post("drain", closed=(401,)),
    "pipe": Row({"POST": "token", "PUT": "token"}, closed=(401,)),
    "otlp-logs": post("drain", closed=(401, 415), also=(415,)),
    # -- shares
    "incident-share": Row({"GET": "viewer", "POST": "member"}, objects=INCIDENT, also=(422,)),
    "incident-share-preview": of_incident("GET", "viewer"),
    "incident-share-revoke": of_incident("POST", "member", objects={"link": "share"}),
    "share-open": both("all", "all", also=(404,)),
    "share-view": get("share", objects={"pk": "share"}, closed=(404,)),
    "incident-reveal": of_incident("POST", "member"),
    # -- the API, and its page
    "api-page": get("viewer"),
    "api-token-create": post("member", also=(400, 422)),
    "api-token-revoke": post("member", objects={"pk": "token"}, lenient=True),
    "api/v1/": get("all", also=(404,)),
    "api/v1/openapi.json": Row(dict.fromkeys(("GET", "POST", "PUT", "DELETE"), "all")),
    "api/v1/me": get("token", closed=(401,)),
    "api/v1/incidents": both("token", "token", closed=(401,), form={"title": "Another"}, json=True),
    "api/v1/incidents/<uuidstr:pk>": Row({"GET": "token", "DELETE": "token"}, objects=INCIDENT, closed=(401,)),
    "api/v1/incidents/<uuidstr:pk>/logs": both("token", "token", objects=INCIDENT, closed=(401,), also=(400, 422)),
    "api/v1/incidents/<uuidstr:pk>/analysis": get("token", objects=INCIDENT, closed=(401,)),
    "api/v1/incidents/<uuidstr:pk>/ticket": get("token", objects=INCIDENT, closed=(401,)),
    "api/v1/incidents/<uuidstr:pk>/ticket.md": get("token", objects=INCIDENT, closed=(401,)),
    "api/v1/apps": both("token", "token", closed=(401,), form={"name": "another"}, json=True),
    "api/v1/apps/<uuidstr:pk>": get("token", objects=APP, closed=(401,)),
    "api/v1/apps/<uuidstr:pk>/drains": post("token", objects=APP, closed=(401,), form={"name": "another"}, json=True),
    "api/v1/apps/<uuidstr:pk>/drains/<int:drain>/rotate": post(
        "token", objects=APP | {"drain": "drain"}, closed=(401,)
    ),
    "api/v1/apps/<uuidstr:pk>/drains/<int:drain>": Row(
        {"DELETE": "token"}, objects=APP | {"drain": "drain"}, closed=(401,)
    ),
    # -- apps
    "app-list": get("viewer"),
    "app-new": both("admin", "admin", also=(422,)),
    "app-detail": get("viewer", objects=APP),
    "app-tail": get("viewer", objects=APP),
    "app-tail-lines": get("viewer", objects=APP, also=(429,)),
    "app-window": post("member", objects=APP, also=(400, 422)),
    "app-settings": get("admin", objects=APP),
    "app-recorder": post("admin", objects=APP, also=(400, 422)),
    "app-remove": post("admin", objects=APP, also=(400, 422)),
    "app-drain-add": post("admin", objects=APP, form={"name": "second"}, also=(400, 422)),
    "app-drain-rename": post("admin", objects=APP | {"drain_pk": "drain"}, form={"name": "x"}, also=(400, 422)),
    "app-drain-rotate": post("admin", objects=APP | {"drain_pk": "drain"}),
    "app-drain-remove": post("admin", objects=APP | {"drain_pk": "drain"}),
    "app-drain-restore": post("admin", objects=APP | {"drain_pk": "drain"}),
    "app-alerts": get("viewer", objects=APP),
    "app-alert-settings": both("admin", "admin", objects=APP, also=(400, 422)),
    "app-alert-test": post("admin", objects=APP, also=(400, 422)),
    "app-mute": post("member", objects=APP, also=(400, 404, 422)),
    "app-unmute": post("member", objects=APP, fixed={"cause": "h12"}, also=(404,)),
    "app-alert": get("viewer", objects=APP | {"alert_pk": "alert"}),
    "app-alert-line": get("viewer", objects=APP | {"alert_pk": "alert"}, also=(404,)),
    "app-alert-acknowledge": post("member", objects=APP | {"alert_pk": "alert"}),
    "app-alert-incident": post("member", objects=APP | {"alert_pk": "alert"}, also=(400, 404, 422)),
}
