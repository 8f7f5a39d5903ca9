"""The support ticket: drafted from the analysis, edited by people, rendered as Markdown.

    document["ticket"] = draft(document, facts)        # priority, title, markdown, completeness, gate, fields
    fields = {**document["ticket"]["fields"], "business": "Checkout is down for all shops."}
    markdown, score = render(fields, document), complete(fields).score

Everything that leaves the team through here is redacted, every generated sentence names its lines, and whatever the log
held stays text: see `markdown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..types import Facts
from .curl import Reproduction, Request, reproduce
from .draft import fields_from
from .export import endpoints_csv, excerpt_log, timeline_csv
from .items import BY_KEY, ITEMS, Completeness, Gap, Item, complete
from .priority import Impact, Recommendation, gate, recommend
from .rendering import render, secrets, summary

__all__ = [
    "BY_KEY", "ITEMS", "Completeness", "Gap", "Impact", "Item", "Recommendation", "Reproduction", "Request",
    "complete", "draft", "endpoints_csv", "excerpt_log", "fields_from", "gate", "recommend", "render", "reproduce",
    "secrets", "timeline_csv",
]  # fmt: skip


def draft(document: Mapping[str, Any], facts: Facts | None = None) -> dict[str, Any]:
    """The document's ``ticket``: priority, title, markdown, completeness, ``fields`` to edit, and ``gate``.

    The gate is advice to read before filing, '' where the problem is clearly Heroku's. ``document`` is the analysis,
    with or without an earlier ticket. Without ``facts`` the draft knows less.
    """
    fields = fields_from(document, facts)
    return {
        "priority": fields["priority"],
        "title": fields["title"],
        "markdown": render(fields, document),
        "completeness": summary(complete(fields)),
        "gate": gate(document["verdict"]["slug"], frozenset(document["codes"])),
        "fields": fields,
    }
