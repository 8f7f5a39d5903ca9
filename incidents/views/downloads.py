"""Files to take along: the ticket, and tables as CSV. Everything here is masked, since it leaves the team."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from incidents.access import get_incident_for
from incidents.analysis.redact import Scrubber, redact
from incidents.digest.lines import read_lines
from incidents.models import Incident, LogSource
from incidents.views.endpoint_rows import table_of
from incidents.views.summary import Document, Summary
from incidents.views.tickets import draft_of, markdown_of

EXCERPT_AROUND = 5
EXCERPT_PLACES = 60
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
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
    return _attachment(_endpoint_table(table.rows), "endpoints.csv", "text/csv", incident)


@require_safe
def timeline_csv(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The whole timeline, in UTC."""
    incident = get_incident_for(request.user, pk)
    return _attachment(_timeline_table(incident), "timeline.csv", "text/csv", incident)


@require_safe
def ticket_markdown(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The ticket as a file."""
    incident = get_incident_for(request.user, pk)
    return _attachment(markdown_of(incident, draft_of(incident)), "ticket.md", "text/markdown", incident)


@require_safe
def ticket_archive(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The ticket with what Support will ask for next: an excerpt of the log, endpoints and timeline."""
    incident = get_incident_for(request.user, pk)
    draft = draft_of(incident)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("ticket.md", markdown_of(incident, draft)),
            ("excerpt.log", excerpt(incident)),
            ("endpoints.csv", _endpoint_table(Summary(incident.analysis).endpoints)),
            ("timeline.csv", _timeline_table(incident)),
        ):
            # A fixed date: the same incident gives the same bytes.
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text.encode(), zipfile.ZIP_DEFLATED)
    return _attachment(buffer.getvalue(), "ticket.zip", "application/zip", incident)


def excerpt(incident: Incident) -> str:
    """The lines that prove the findings, each among its neighbours, as they stand in the log, masked."""
    sources = {source.position: source for source in LogSource.objects.filter(incident=incident).shown()}
    parts: list[str] = []
    for position, lines in sorted(_places(incident.analysis).items()):
        source = sources.get(position)
        if source is None:
            continue
        parts.append(f"# {source.name}")
        scrubber = Scrubber(personal=True)
        for first, last in _spans(lines):
            parts.append(f"# lines {first} to {last}")
            parts += [scrubber.feed(line.text) for line in read_lines(incident, position, first, last)]
    return "\n".join(parts) + "\n"


def _places(document: Document) -> dict[int, set[int]]:
    """Line numbers of all evidence, by source."""
    found: dict[int, set[int]] = {}
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
    return _csv(_ENDPOINT_COLUMNS, ([row.get(name, "") for name in _ENDPOINT_COLUMNS] for row in rows))


def _timeline_table(incident: Incident) -> str:
    entries = Summary(incident.analysis).timeline
    return _csv(
        ("utc", "kind", "title", "source", "line"),
        ([entry.get(name, "") for name in ("utc", "kind", "title", "source", "line")] for entry in entries),
    )


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula is kept from it by an apostrophe (ASVS 1.2.10)."""
    if value is None or isinstance(value, int | float):
        return "" if value is None else value
    text = redact(str(value), personal=True).replace("\x00", "")
    return f"'{text}" if text.startswith(_FORMULA) else text


def _attachment(content: str | bytes, name: str, kind: str, incident: Incident) -> HttpResponse:
    stem = re.sub(r"[^A-Za-z0-9]+", "-", incident.app_name or incident.heading).strip("-").lower()[:40]
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    response = HttpResponse(content, content_type=f"{kind}{charset}")
    response["Content-Disposition"] = f'attachment; filename="{f"{stem}-{name}" if stem else name}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
