"""Files to take along: the ticket, and tables as CSV. Everything here is masked, since it leaves the team."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for
from incidents.analysis import ticket as tickets
from incidents.analysis.redact import Scrubber
from incidents.analysis.ticket.quotes import Shown
from incidents.digest.drafts import Fields
from incidents.digest.lines import read_lines
from incidents.models import Incident, LogSource
from incidents.views.endpoints.rows import table_of
from incidents.views.files import attachment, csv_text
from incidents.views.summary import Document, Summary
from incidents.views.tickets.drafting import fields_of
from incidents.views.tickets.pages import draft_of, markdown_of
from incidents.views.timeline.entries import entries_of
from incidents.views.timeline.files import timeline_table

EXCERPT_AROUND = 5
EXCERPT_PLACES = 60
_ENDPOINT_COLUMNS = (
    "method", "path", "role", "count", "apdex", "mean_ms", "sd_ms", "min_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms",
    "total_ms", "total_share", "dissatisfied_share", "per_minute", "errors", "timeouts", "refused", "left", "unreached",
    "own_p50_ms", "waited_p50_ms", "blame_share",
)  # fmt: skip


@require_safe
def endpoints_csv(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The table of endpoints, filtered and sorted as the page is."""
    incident = get_incident_for(request.user, pk)
    table = table_of(request, incident, Summary(incident.analysis))
    return attachment(_endpoint_table(table.rows), "endpoints.csv", "text/csv", incident)


@require_safe
def ticket_markdown(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The ticket as a file."""
    incident = get_incident_for(request.user, pk)
    return attachment(markdown_of(incident, draft_of(incident)), "ticket.md", "text/markdown", incident)


@require_safe
def ticket_archive(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The ticket with what Support will ask for next: an excerpt of the log, endpoints and timeline."""
    incident = get_incident_for(request.user, pk)
    draft = draft_of(incident)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("ticket.md", markdown_of(incident, draft)),
            ("excerpt.log", excerpt(incident, fields_of(draft))),
            ("endpoints.csv", _endpoint_table(Summary(incident.analysis).endpoints)),
            ("timeline.csv", timeline_table(entries_of(incident, incident.analysis))),
        ):
            # A fixed date: the same incident gives the same bytes.
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text.encode(), zipfile.ZIP_DEFLATED)
    return attachment(buffer.getvalue(), "ticket.zip", "application/zip", incident)


def excerpt(incident: Incident, fields: Fields) -> str:
    """The lines that prove the findings and those of the ticket, each among its neighbours, masked as the ticket is."""
    sources = {source.position: source for source in LogSource.objects.filter(incident=incident).shown()}
    parts: list[str] = []
    show = fields.get("show") or ()
    for position, lines in sorted(_places(incident.analysis, fields).items()):
        source = sources.get(position)
        if source is None:
            continue
        parts.append(f"# {source.name}")
        scrubber = Scrubber(personal=True, aliases=Shown(show) if show else None)
        for first, last in _spans(lines):
            parts.append(f"# lines {first} to {last}")
            parts += [scrubber.feed(line.text) for line in read_lines(incident, position, first, last)]
    return "\n".join(parts) + "\n"


def _places(document: Document, fields: Fields) -> dict[int, set[int]]:
    """Line numbers of all evidence and of the ticket's own lines, by source."""
    found: dict[int, set[int]] = {}
    for quote in tickets.quotes_in(fields):
        found.setdefault(quote["source"], set()).update(number for number, _ in quote["rows"] if number)
    proofs = [proof for finding in document.get("findings") or [] for proof in finding.get("evidence") or []]
    for proof in proofs[:EXCERPT_PLACES]:
        if proof["line"]:
            found.setdefault(proof.get("source", 0), set()).add(proof["line"])
    return found


def _spans(lines: Iterable[int]) -> list[tuple[int, int]]:
    """Ranges around lines, merged where they touch."""
    spans: list[tuple[int, int]] = []
    for line in sorted(lines):
        first, last = max(1, line - EXCERPT_AROUND), line + EXCERPT_AROUND
        if spans and first <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return spans


def _endpoint_table(rows: Sequence[Document]) -> str:
    return csv_text(_ENDPOINT_COLUMNS, ([row.get(name, "") for name in _ENDPOINT_COLUMNS] for row in rows))
