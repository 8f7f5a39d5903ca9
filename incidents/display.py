"""How a person wants pages to look: theme, zone, shortcuts. Kept in cookies, so that the first byte is right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse

THEMES = ("auto", "light", "dark")
COOKIE_DAYS = 365


@dataclass(frozen=True, slots=True)
class Display:
    """``zone_name`` is an IANA name or UTC."""

    theme: str = "auto"
    zone_name: str = "UTC"
    shortcuts: bool = True

    @property
    def theme_class(self) -> str:
        return "" if self.theme == "auto" else f"theme-{self.theme}"

    @property
    def zone(self) -> tzinfo:
        return UTC if self.zone_name == "UTC" else load_zone(self.zone_name) or UTC

    @property
    def is_utc(self) -> bool:
        return self.zone_name == "UTC"


@lru_cache(maxsize=64)
def load_zone(name: str) -> ZoneInfo | None:
    """The zone of this IANA name; None if there is none, or if the machine lacks its data."""
    if (
        not name
        or len(name) > 64
        or not name.replace("/", "").replace("_", "").replace("-", "").replace("+", "").isalnum()
    ):
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError on some names, an OSError on others
        return None
    except KeyError:
        return None


class HasZone(Protocol):
    """Who knows the zone of the team that is looked at."""

    @property
    def zone_name(self) -> str: ...


def display_of(request: HttpRequest, team: HasZone | None = None) -> Display:
    """What the cookies say, and for the zone, where they say nothing, what the team has set."""
    theme = request.COOKIES.get("theme", "")
    zone_name = request.COOKIES.get("zone", "").replace("%2F", "/").replace("%2f", "/")
    if not zone_name and team is not None:
        zone_name = team.zone_name
    return Display(
        theme=theme if theme in THEMES else "auto",
        zone_name=zone_name if load_zone(zone_name) else "UTC",
        shortcuts=request.COOKIES.get("shortcuts") != "off",
    )


def remember(response: HttpResponse, name: str, value: str, *, secure: bool) -> None:
    """Keep one choice. Not HttpOnly: the switches on the page change it without a round trip."""
    response.set_cookie(name, value, max_age=COOKIE_DAYS * 86_400, samesite="Lax", secure=secure)
