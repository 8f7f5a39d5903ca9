"""Which incidents a list shows, and in which order: everything from the query string, so that a list can be linked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q
from django.http import QueryDict

from incidents.models import IncidentState
from incidents.models.incidents import IncidentQuerySet

MOST_CHARACTERS = 200
MOST_APPS = 50
VERDICTS = (
    ("confirmed", "Confirmed"), ("likely", "Likely"), ("inconclusive", "Inconclusive"), ("healthy", "Healthy"),
    ("none", "No verdict yet"),
)  # fmt: skip
SORTS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "new": ("Newest first", ("-created_at",)),
    "began": ("Began last", (F("onset_at").desc(nulls_last=True),)),
    "old": ("Oldest first", ("created_at",)),
    "name": ("By name", ("title", "app_name")),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """What was chosen; whatever makes no sense counts as not chosen."""

    query: str = ""
    state: str = ""
    verdict: str = ""
    app: str = ""
    sort: str = "new"
    archived: bool = False

    @property
    def is_filtered(self) -> bool:
        return bool(self.query or self.state or self.verdict or self.app)

    def narrow(self, rows: IncidentQuerySet) -> IncidentQuerySet:
        """The rows that were asked for, in the order that was asked for."""
        rows = rows.filter(archived_at__isnull=not self.archived)
        if self.state:
            rows = rows.filter(state=self.state)
        if self.verdict:
            rows = rows.filter(verdict_status="" if self.verdict == "none" else self.verdict)
        if self.app:
            rows = rows.filter(app_name=self.app)
        if self.query:
            words = Q(title__icontains=self.query) | Q(app_name__icontains=self.query)
            rows = rows.filter(words | Q(verdict_sentence__icontains=self.query))
        order = ("-archived_at",) if self.archived and self.sort == "new" else SORTS[self.sort][1]
        return rows.order_by(*order, "id")


def listing_of(fields: QueryDict) -> Listing:
    """From the query string."""
    state, verdict, sort = fields.get("state", ""), fields.get("verdict", ""), fields.get("sort", "")
    return Listing(
        query=fields.get("q", "").replace("\x00", "").strip()[:MOST_CHARACTERS],
        state=state if state in IncidentState.values else "",
        verdict=verdict if verdict in dict(VERDICTS) else "",
        app=fields.get("app", "").replace("\x00", "").strip()[:100],
        sort=sort if sort in SORTS else "new",
        archived=fields.get("show") == "archived",
    )


def apps_in(rows: IncidentQuerySet) -> list[str]:
    """Names of apps to choose from."""
    names = rows.exclude(app_name="").order_by("app_name").values_list("app_name", flat=True).distinct()
    return list(names[:MOST_APPS])
