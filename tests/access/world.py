"""Two teams that must not know of each other, one of everything in each, and everybody who might knock."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from incidents import membership, merging
from incidents.collaboration import comment_on
from incidents.ingest import accept
from incidents.ingest.apps import add_drain, create_app
from incidents.models import (
    Alert,
    ApiToken,
    AuditEvent,
    Incident,
    Invitation,
    LogSource,
    Membership,
    Role,
    ShareLink,
    Team,
    TimelineNote,
)
from incidents.views.summary import endpoint_key
from tests.incidents import builders

CANARY = "canary-of-team-b"
NOTHING = "00000000-0000-4000-8000-00000000dead"
ROLES = (
    "anonymous", "outsider", "viewer", "member", "admin", "owner", "deactivated", "removed", "share-own",
    "share-other", "share-expired", "share-revoked", "token-other", "drain",
)  # fmt: skip
"""Everybody who might knock. The outsider owns team B; the removed one has signed in again, and is in no team."""


@dataclass
class World:
    """``ids[kind][whose]``: identifiers of objects, whose is own (team A), foreign (team B), deleted or missing."""

    ids: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    draws_errors: bool = False  # whether pages of refusals are drawn, or told by their status alone
    share_tokens: dict[str, str] = field(default_factory=dict)
    drain_token: str = ""  # of team B
    ranks: dict[tuple[str, str], str] = field(default_factory=dict)  # (role, own or foreign) → rank in that team

    def put(self, kind: str, *, own: Any, foreign: Any, missing: Any, deleted: Any = None) -> None:
        self.ids[kind] = {"own": own, "foreign": foreign, "missing": missing}
        if deleted is not None:
            self.ids[kind]["deleted"] = deleted


def build() -> World:
    """Rows for everything that an address can name. Slow, so once for all cells."""
    world = World()
    _people(world)
    _incidents(world)
    _rest(world)
    for role in ROLES:
        world.clients[role] = CLIENTS[role](world, role) if role in CLIENTS else _signed_in(world, role)
    return world


def _people(world: World) -> None:
    own = Team.objects.create(slug="own", name="Team A")
    foreign = Team.objects.create(slug="foreign", name=CANARY, redaction_words=[f"{CANARY}-word"], services=[CANARY])
    foreign.ticket_defaults = {"configuration": CANARY}
    foreign.save()
    world.teams = {"own": own, "foreign": foreign}
    for role in ("viewer", "member", "admin", "owner"):
        world.users[role] = _person(world, role, own, role)
        world.ranks[role, "own"] = role
    world.users["outsider"] = _person(world, "outsider", foreign, Role.OWNER, CANARY)
    world.ranks["outsider", "foreign"] = Role.OWNER
    for gone in ("removed", "deactivated"):
        world.users[gone] = _person(world, gone, own, Role.ADMIN)
    # Somebody to act upon in each team, with everything that belongs to a person.
    world.users["other"] = _person(world, "other", own, Role.MEMBER)
    world.users["stranger"] = _person(world, "stranger", foreign, Role.MEMBER, CANARY)
    memberships = {user: Membership.objects.get(user=world.users[user]).pk for user in ("other", "stranger")}
    world.put("membership", own=memberships["other"], foreign=memberships["stranger"], missing=999_999)
    world.put("user", own=world.users["other"].pk, foreign=world.users["stranger"].pk, missing=999_999)
    world.put("team", own="own", foreign="foreign", missing="nowhere")
    world.put("team-id", own=str(own.pk), foreign=str(foreign.pk), missing=NOTHING)


def _person(world: World, name: str, team: Team, role: str, canary: str = "") -> User:
    user = User.objects.create(username=f"{name}-{canary}" if canary else name, email=f"{name}@example.com")
    user.first_name = canary
    user.set_unusable_password()
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    Membership.objects.create(team=team, user=user, role=role)
    return user


def _incidents(world: World) -> None:
    text = builders.log(60)
    found: dict[str, Incident] = {}
    for whose, team in (
        ("own", "own"),
        ("foreign", "foreign"),
        ("deleted", "own"),
        ("second", "own"),
        ("third", "own"),
    ):
        mark = CANARY if whose == "foreign" else whose
        made = accept.new_incident(team=world.teams[team], user=None, title=f"{mark} title", app_name=f"{mark}-app")
        marked = text.replace(b"order 0", mark.encode())
        if whose == "foreign":
            marked = marked.replace(b"/reports/7", f"/{CANARY}".encode())
        builders.upload(made, marked, f"{mark}.log")
        found[whose] = made
    builders.work()
    Incident.objects.get(pk=found["deleted"].pk).delete_later()
    Incident.objects.filter(pk=found["foreign"].pk).update(verdict_sentence=f"{CANARY} is broken")
    world.put(
        "incident", own=found["own"].pk, foreign=found["foreign"].pk, deleted=found["deleted"].pk, missing=NOTHING
    )
    world.ids["incident-or-none"] = world.ids["incident"] | {"none": ""}
    world.ids["second"] = {"own": found["second"].pk, "foreign": found["foreign"].pk, "missing": NOTHING}
    # Deleted on purpose: what brings it back looks for exactly those.
    gone = accept.new_incident(team=world.teams["foreign"], user=None, title=CANARY)
    gone.delete_later()
    world.put("gone", own=found["deleted"].pk, foreign=gone.pk, missing=NOTHING)
    world.put(
        "endpoint", own=_endpoint(found["own"]), foreign=_endpoint(found["foreign"]), missing="nothing-of-the-kind"
    )
    _said(world, found)


def _endpoint(incident: Incident) -> str:
    """The key of an endpoint that only this incident has."""
    rows = Incident.objects.get(pk=incident.pk).analysis["endpoints"]
    row = next(row for row in rows if CANARY in row["path"] or "reports" in row["path"])
    return endpoint_key(row["method"], row["path"])


def _said(world: World, found: dict[str, Incident]) -> None:
    comments, notes, merges, uploads = {}, {}, {}, {}
    for whose, author in (("own", "member"), ("foreign", "outsider")):
        incident, user = found[whose], world.users[author]
        mark = CANARY if whose == "foreign" else "own"
        comments[whose] = comment_on(incident, f"{mark} comment", request_of(user)).pk
        notes[whose] = TimelineNote.objects.create(
            team=incident.team, incident=incident, at=builders.BEGIN, text=f"{mark} note", author=user
        ).pk
        other = accept.new_incident(team=incident.team, user=None, title=f"{mark} merged")
        builders.upload(other, builders.log(9), f"{mark} merged.log")
        builders.work()
        merges[whose] = merging.merge(incident, other, request_of(user)).pk
        upload = accept.begin_upload(team=incident.team, user=user, incident=incident, name=f"{mark}.log")
        uploads[whose] = upload.pk
    builders.work()
    world.put("comment", **comments, missing=NOTHING)
    world.put("note", **notes, missing=999_999)
    world.put("merge", **merges, missing=NOTHING)
    world.put("upload", **uploads, missing=NOTHING)
    sources = {whose: LogSource.objects.filter(incident=found[whose]).shown()[0].pk for whose in ("own", "foreign")}
    world.put("source", **sources, missing=NOTHING)


def _rest(world: World) -> None:
    invitations, tokens = {}, {}
    for whose, by in (("own", "admin"), ("foreign", "outsider")):
        made, link, _ = Invitation.objects.issue(
            team=world.teams[whose], email=f"{whose}@invited.example.com", role="member", by=world.users[by]
        )
        invitations[whose], tokens[whose] = made.pk, link
    world.put("invitation", **invitations, missing=NOTHING)
    world.put("invitation-token", **tokens, missing="nothing")
    factors = {}
    for whose, who in (("own", "member"), ("foreign", "outsider")):
        for kind in (Authenticator.Type.WEBAUTHN,):
            factors[whose] = Authenticator.objects.create(
                user=world.users[who], type=kind, data=passkey(CANARY if whose == "foreign" else "key")
            ).pk
    world.put("factor", **factors, missing=999_999)
    _apps(world)
    tokens_of_teams = {
        whose: ApiToken.objects.issue(
            team=team,
            user=world.users["member" if whose == "own" else "outsider"],
            name=CANARY if whose == "foreign" else "own",
            scopes=["read"],
        )[0].pk
        for whose, team in world.teams.items()
    }
    world.put("token", **tokens_of_teams, missing=999_999)
    _shares(world)
    AuditEvent.objects.create(team=world.teams["foreign"], action="team.changed", object_label=CANARY)


def _apps(world: World) -> None:
    apps, drains, alerts = {}, {}, {}
    for whose, team in world.teams.items():
        mark = CANARY if whose == "foreign" else "own"
        app = create_app(team=team, name=f"{mark}-app", user=None)
        drain, token = add_drain(app=app, user=None, name=mark)
        world.drain_token = token
        alert = Alert.objects.create(
            team=team, app=app, cause="h12", family="router", sentence=f"{mark} times out", began_at=builders.BEGIN,
            noticed_at=builders.BEGIN, last_at=builders.BEGIN, peak_at=builders.BEGIN, proof_text=mark,
        )  # fmt: skip
        apps[whose], drains[whose], alerts[whose] = app.pk, drain.pk, alert.pk
    world.put("app", **apps, missing=NOTHING)
    world.put("drain", **drains, missing=999_999)
    world.put("alert", **alerts, missing=NOTHING)


def _shares(world: World) -> None:
    links = {}
    for kind, of in (
        ("own", "own"),
        ("foreign", "foreign"),
        ("other", "second"),
        ("expired", "own"),
        ("revoked", "own"),
    ):
        incident = Incident.objects.get(
            pk=world.ids["second" if of == "second" else "incident"][of if of != "second" else "own"]
        )
        by = world.users["outsider" if of == "foreign" else "member"]
        row, world.share_tokens[kind] = ShareLink.objects.issue(incident=incident, by=by, valid=timedelta(days=1))
        links[kind] = row.pk
    world.ids["share"] = {"own": links["own"], "foreign": links["foreign"], "missing": NOTHING}
    world.ids["share-ended"] = links


# -- who knocks ---------------------------------------------------------------------------------------------------------
def _signed_in(world: World, role: str) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(world.users[role], backend="django.contrib.auth.backends.ModelBackend")
    return client


def _deactivated(world: World, role: str) -> Client:
    """With the cookie of the session that there was."""
    client = _signed_in(world, role)
    membership.deactivate(world.users[role])
    return client


def _removed(world: World, role: str) -> Client:
    user = world.users[role]
    mine = Membership.objects.get(user=user)
    by = Membership.objects.get(user=world.users["owner"])
    membership.remove(mine, by=by, request=request_of(world.users["owner"]))
    assert not UserSession.objects.filter(user=user).exists()
    return _signed_in(world, role)


def _anonymous(world: World, role: str) -> Client:
    return Client(raise_request_exception=False)


def _share(world: World, role: str) -> Client:
    """Somebody who has opened a share link, of this incident or another one; some have ended since."""
    client = Client(raise_request_exception=False)
    kind = role.partition("-")[2]
    client.post(reverse("share-open"), {"token": world.share_tokens[kind]})
    assert any(name.startswith("share_") for name in client.cookies), role
    links = ShareLink.objects.filter(pk=world.ids["share-ended"][kind])
    if kind == "expired":
        links.update(expires_at=timezone.now())
    if kind == "revoked":
        links.update(revoked_at=timezone.now())
    return client


def _token_other(world: World, role: str) -> Client:
    row, text = ApiToken.objects.issue(
        team=world.teams["foreign"], user=world.users["outsider"], name=CANARY, scopes=["admin"]
    )
    # That it was used is noted now and then, also on a request that is refused.
    ApiToken.objects.filter(pk=row.pk).update(last_used_at=timezone.now() + timedelta(days=1))
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {text}"})


def _drain(world: World, role: str) -> Client:
    basic = b64encode(f"drain:{world.drain_token}".encode()).decode()
    return Client(raise_request_exception=False, headers={"Authorization": f"Basic {basic}"})


CLIENTS: dict[str, Callable[[World, str], Client]] = {
    "anonymous": _anonymous, "deactivated": _deactivated, "removed": _removed, "token-other": _token_other,
    "drain": _drain, "share-own": _share, "share-other": _share, "share-expired": _share, "share-revoked": _share,
}  # fmt: skip


def request_of(user: User | AnonymousUser) -> Any:
    """A request as the functions under the views take it."""
    request = RequestFactory().post("/")
    request.user = user
    request.session = Client().session
    return request


def passkey(name: str) -> dict[str, Any]:
    """What is stored of a security key."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from fido2.cose import ES256
    from fido2.utils import websafe_encode
    from fido2.webauthn import (
        Aaguid,
        AttestationObject,
        AttestedCredentialData,
        AuthenticatorData,
        CollectedClientData,
    )

    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    key = AttestedCredentialData.create(Aaguid.NONE, name.encode(), public)
    data = AuthenticatorData.create(b"\0" * 32, 0x41, 0, key)
    client = CollectedClientData.create("webauthn.create", b"challenge", "http://testserver")
    response = {
        "clientDataJSON": websafe_encode(bytes(client)),
        "attestationObject": websafe_encode(bytes(AttestationObject.create("none", data, {}))),
    }
    identifier = websafe_encode(name.encode())
    credential = {"id": identifier, "rawId": identifier, "type": "public-key", "response": response}
    return {"name": name, "passwordless": True, "credential": credential}


def fields_of_every_kind() -> list[tuple[type[models.Model], str]]:
    """All text columns, for the canaries."""
    from django.apps import apps

    return [
        (model, column.attname)
        for model in apps.get_app_config("incidents").get_models()
        for column in model._meta.get_fields()
        if isinstance(column, models.CharField | models.TextField)
    ]
