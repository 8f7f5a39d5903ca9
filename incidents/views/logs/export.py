"""Matching lines to take along: CSV, NDJSON, Markdown or as they stand, streamed, masked as the pages are."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from incidents import audit
from incidents.access import get_incident_for
from incidents.analysis.levels import level_of
from incidents.analysis.redact import Scrubber
from incidents.analysis.utc import iso
from incidents.models import Incident, LogSource
from incidents.search import BEGINNING, Hit, Place, QueryProblem, Walk, parse
from incidents.views.logs import ansi
from incidents.views.logs.address import Asked, incident_span
from incidents.views.logs.rows import split_head

MOST_SECONDS = 25.0
"""A file that takes longer ends with a sentence that says so, and where to go on."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LINES_AT_ONCE = 200
T = TypeVar("T")


class Exported(NamedTuple):
    """One line of the file: when (UTC), which file and line, who wrote it, how bad it looks, and its text."""

    utc: str
    file: str
    line: int
    process: str
    level: str
    text: str


Writer = Callable[[Iterable[Exported]], Iterator[str]]


@require_safe
def export(request: HttpRequest, pk: UUID, form: str) -> HttpResponseBase:
    """The same query, file and window as the page (``q``, ``file``, ``from``, ``to``), all of its lines."""
    incident = get_incident_for(request.user, pk)
    if form not in _FORMS:
        raise Http404("There are .csv, .ndjson, .md and .log.")
    write, kind = _FORMS[form]
    audit.record(
        "log.exported", request=request, target=incident, details={"form": form, "q": bool(request.GET.get("q"))}
    )
    sources = list(LogSource.objects.filter(incident=incident).shown())
    asked = Asked(request, incident, incident_span(request, incident), sources)
    try:
        query = parse(asked.text, asked.known)
    except QueryProblem as problem:
        return HttpResponse(f"{problem}\n", status=400, content_type="text/plain; charset=utf-8")
    walk = Walk(
        incident, query, asked.page.start or BEGINNING, within=asked.within, deadline=time.monotonic() + MOST_SECONDS,
        sources=None if asked.file is None else [asked.file],
    )  # fmt: skip
    lines = _lines(walk, {source.position or 0: source for source in sources})
    pieces = ("".join(part) for part in _batched(chain(write(lines), _ending(walk, form)), _LINES_AT_ONCE))
    response = StreamingHttpResponse(pieces, content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_stem(incident)}log.{form}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _lines(walk: Walk, sources: dict[int, LogSource]) -> Iterator[Exported]:
    scrubbers = {position: Scrubber() for position in sources}
    encodings = {at: (source.settings or {}).get("encoding", "utf-8") for at, source in sources.items()}
    for hit in walk:
        at = hit.place.source
        encoding = "latin-1" if encodings[at] == "latin-1" else "utf-8"
        text = scrubbers[at].feed(hit.raw.removesuffix(b"\r").decode(encoding, "replace"))
        bare = ansi.plain(text)
        process, _ = split_head(bare)
        yield Exported(_utc(hit), sources[at].name, hit.place.line, process, level_of(bare), text)


def _utc(hit: Hit) -> str:
    return (iso(hit.place.at_us) or "") if hit.place.at_us else ""


def _ending(walk: Walk, form: str) -> Iterator[str]:
    """What is missing is told in the file itself: by then nothing else can be."""
    problems = []
    if walk.reached is not None:
        problems.append(f"The time for one file was up. It goes on from {_named(walk.reached)}.")
    if walk.damaged:
        problems.append(f"{walk.damaged:,} lines are not in it: their text could not be opened.")
    for words in problems:
        if form == "ndjson":
            yield json.dumps({"incomplete": words}) + "\n"
        elif form == "csv":
            yield _csv([Exported("", "", 0, "", "incomplete", words)])
        else:
            yield f"# {words}\n"


def _named(place: Place) -> str:
    return (iso(place.at_us) if place.at_us else None) or f"line {place.line}"


def _batched(values: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(values)
    while some := list(islice(iterator, size)):
        yield some


# -- forms ------------------------------------------------------------------------------------------------------------
def _write_csv(lines: Iterable[Exported]) -> Iterator[str]:
    yield ",".join(Exported._fields) + "\r\n"
    for some in _batched(lines, _LINES_AT_ONCE):
        yield _csv(some)


def _csv(lines: Iterable[Exported]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for one in lines:
        writer.writerow([_cell(value) if isinstance(value, str) else value or "" for value in one])
    return buffer.getvalue()


def _cell(text: str) -> str:
    """Text that a spreadsheet would run as a formula is kept from it by an apostrophe (ASVS 1.2.10)."""
    text = ansi.plain(text).replace("\x00", "")
    return f"'{text}" if text.startswith(_FORMULA) else text


def _write_ndjson(lines: Iterable[Exported]) -> Iterator[str]:
    for one in lines:
        yield json.dumps(one._asdict(), ensure_ascii=False) + "\n"


def _write_raw(lines: Iterable[Exported]) -> Iterator[str]:
    for one in lines:
        yield f"{one.text}\n"


def _write_markdown(lines: Iterable[Exported]) -> Iterator[str]:
    """A fence that no line can close."""
    yield "~~~~~~~~~~text\n"
    for one in lines:
        text = ansi.plain(one.text)
        yield f" {text}\n" if text.lstrip().startswith("~~~~~~~~~~") else f"{text}\n"
    yield "~~~~~~~~~~\n"


_FORMS: dict[str, tuple[Writer, str]] = {
    "csv": (_write_csv, "text/csv"),
    "ndjson": (_write_ndjson, "application/x-ndjson"),
    "log": (_write_raw, "text/plain"),
    "md": (_write_markdown, "text/markdown"),
}


def _stem(incident: Incident) -> str:
    stem = re.sub(r"[^A-Za-z0-9]+", "-", incident.app_name or incident.heading).strip("-").lower()[:40]
    return f"{stem}-" if stem else ""
