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
from .items import BY_KEY, ITEMS, NINE, Completeness, Gap, Item, Nine, complete
from .priority import PLANS, Impact, Recommendation, gate, of_plan, recommend
from .quotes import Quote, excerpt_text, masked_kinds, quotes_in, trace_text, upgraded
from .rendering import render, secrets, summary

__all__ = [
    "BY_KEY", "ITEMS", "NINE", "PLANS", "Completeness", "Gap", "Impact", "Item", "Nine", "Quote", "Recommendation",
    "Reproduction", "Request", "complete", "draft", "endpoints_csv", "excerpt_log", "excerpt_text", "fields_from",
    "gate", "masked_kinds", "of_plan", "quotes_in", "recommend", "render", "reproduce", "secrets", "timeline_csv",
    "trace_text", "upgraded",
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
