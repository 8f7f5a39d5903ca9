"""Who calls: ``Authorization: Bearer tri_…``. A token may do what its scopes say, and never more than its maker may."""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import HttpBearer

from incidents.access import has_role
from incidents.models import ApiToken, Role, Scope

ROLE_OF = {Scope.READ: Role.VIEWER, Scope.INGEST: Role.MEMBER, Scope.WRITE: Role.MEMBER, Scope.ADMIN: Role.ADMIN}
"""What the maker of a token must still be, for the token to do this."""


class Caller(HttpBearer):
    """Lets in whoever has a valid token, of whatever scope; the operation asks for its scope (`allowed`)."""

    openapi_description: ClassVar[str] = "A token of the team, made on the page API."

    def __call__(self, request: HttpRequest) -> ApiToken | None:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        return self.authenticate(request, text.strip()) if scheme.lower() == "bearer" else None

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        return ApiToken.objects.find(token)


def allowed(request: HttpRequest, scope: Scope) -> ApiToken:
    """The token of this request, if it may do this; 403 says which scope or role is missing."""
    token: ApiToken = request.auth  # type: ignore[attr-defined]
    if not token.allows(scope):
        raise HttpError(403, f"This token lacks the scope {scope.value}. Make one that has it, and revoke this one.")
    if token.user is not None and not has_role(token.user, token.team, ROLE_OF[scope]):
        raise HttpError(403, f"Whoever made this token is no longer {ROLE_OF[scope].label.lower()} of the team.")
    if token.user is not None:
        request.user = token.user  # what is done by the token stands in the audit log under its maker
    return token
