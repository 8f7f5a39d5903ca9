"""The timeline to take along, with the notes: as a table, Markdown or JSON. Masked, since it leaves the team."""

from __future__ import annotations

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for
from incidents.analysis.redact import redact
from incidents.analysis.ticket import markdown
from incidents.analysis.wording import stamp_of
from incidents.models import Incident
from incidents.templatetags.triage import LANES
from incidents.views.files import attachment, csv_text
from incidents.views.summary import Summary
from incidents.views.timeline.entries import Entry, entries_of, look_of
from incidents.views.timeline.pages import hidden_kinds
from incidents.views.window import window_of

_COLUMNS = ("utc", "kind", "lane", "title", "source", "line", "author", "noted_utc")
_KINDS = {"person": "note", "pin": "note"}
"""Kinds of this page → those of the analysis document."""


@require_safe
def timeline_csv(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The timeline in UTC: of the window, and without the kinds that the query string hides."""
    incident = get_incident_for(request.user, pk)
    return attachment(timeline_table(_chosen(request, incident)), "timeline.csv", "text/csv", incident)


@require_safe
def timeline_markdown(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The same as a list, for a post-mortem or a chat."""
    incident = get_incident_for(request.user, pk)
    text = timeline_text(_chosen(request, incident), incident)
    return attachment(text, "timeline.md", "text/markdown", incident)


@require_safe
def timeline_json(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The same for machines: the entries of the analysis document, with ``lane`` and ``author``."""
    incident = get_incident_for(request.user, pk)
    rows = [_row(entry) for entry in _chosen(request, incident)]
    text = json.dumps({"schema": "triage/timeline@1", "timeline": rows}, ensure_ascii=False, indent=1)
    return attachment(text + "\n", "timeline.json", "application/json", incident)


def timeline_table(entries: list[Entry]) -> str:
    return csv_text(_COLUMNS, ([row[name] for name in _COLUMNS] for row in map(_row, entries)))


def timeline_text(entries: list[Entry], incident: Incident) -> str:
    heading = redact(markdown.line(incident.heading), personal=True)
    items = [_item(entry) for entry in entries]
    parts = [f"# Timeline: {markdown.prose(heading)}", "All times are UTC."]
    return "\n\n".join([*parts, markdown.bullets(items) or "Nothing stands out."]) + "\n"


def _item(entry: Entry) -> str:
    row = _row(entry)
    text = " ".join(markdown.prose(line) for line in str(row["title"]).split("\n"))
    proof = f" (line {row['line']:,})" if entry.line else ""
    author = f" – {markdown.prose(str(row['author']))}" if row["author"] else ""
    return f"**{stamp_of(entry.utc) or 'without a time'}** {look_of(entry.kind)}: {text}{proof}{author}"


def _chosen(request: HttpRequest, incident: Incident) -> list[Entry]:
    summary = Summary(incident.analysis)
    window = window_of(request, summary.window)
    entries = [entry for entry in entries_of(incident, summary.document) if window.holds(entry.at)]
    hidden = hidden_kinds(request, list({entry.kind for entry in entries}))
    return [entry for entry in entries if entry.kind not in hidden]


def _row(entry: Entry) -> dict[str, str | int | None]:
    note = entry.note
    title = note.text or note.quote if note else entry.title
    return {
        "utc": entry.utc or None,
        "kind": _KINDS.get(entry.kind, entry.kind),
        "lane": LANES[entry.lane].word.lower(),
        "title": redact(title, personal=True),
        "source": entry.source,
        "line": entry.line,
        "author": note.author.get_username() if note and note.author else "",
        "noted_utc": note.created_at.isoformat(timespec="seconds").replace("+00:00", "Z") if note else "",
    }
