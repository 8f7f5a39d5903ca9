"""What every page may ask about the person and the installation; nothing is looked up that no template uses."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from incidents.access import memberships_of, rank_of
from incidents.accounts import invitation_of
from incidents.models import Invitation, Membership, Mention, Role


class People:
    """``people`` in templates."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def memberships(self) -> list[Membership]:
        user = getattr(self._request, "user", None)
        return list(memberships_of(user)) if user is not None else []

    @cached_property
    def current(self) -> Membership | None:
        """The place in the team that the person looks at."""
        chosen = str(getattr(self._request.user, "current_team_id", None))
        return next((one for one in self.memberships if str(one.team_id) == chosen), next(iter(self.memberships), None))

    @property
    def others(self) -> list[Membership]:
        return [one for one in self.memberships if one != self.current]

    @property
    def zone_name(self) -> str:
        """The time zone of that team, for who has chosen none."""
        return self.current.team.time_zone if self.current is not None else "UTC"

    @property
    def may_manage(self) -> bool:
        return self.current is not None and rank_of(self.current.role) >= rank_of(Role.ADMIN)

    @cached_property
    def unseen_mentions(self) -> int:
        return Mention.objects.filter(user=self._request.user.pk, seen_at=None, comment__deleted_at=None).count()


def people(request: HttpRequest) -> dict[str, Any]:
    """The context processor."""
    found = getattr(request, "people", None) or People(request)
    return {"people": found, "mail_is_on": settings.MAIL_IS_ON, "entrance": Entrance(request)}


class Entrance:
    """``entrance`` in templates: how one gets in."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def invitation(self) -> Invitation | None:
        return invitation_of(self._request)

    @property
    def is_open(self) -> bool:
        return settings.SIGNUP == "open" or self.invitation is not None
