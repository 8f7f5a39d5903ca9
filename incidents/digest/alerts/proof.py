"""The line that proves an alert: the first of its kind in the burst, masked before it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from incidents.analysis import ChunkResult
from incidents.analysis.bursts import SILENCE, Burst
from incidents.analysis.redact import Scrubber, using_words
from incidents.analysis.rollup import MINUTE_US
from incidents.ingest import blobs
from incidents.masking import words_of
from incidents.models import Alert, App, ChunkMinutes, Incident, StoredResult
from incidents.troubles import BlobMissing

from ..lines import BadPattern, Line, read_lines, search

MOST_CHARACTERS = 1_000
_STAMP = 32


class Proof(NamedTuple):
    """A line of the recorder; ``text`` is masked."""

    source: int
    line: int
    text: str


def find_proof(app: App, burst: Burst) -> Proof | None:
    """The first line that counts towards the burst; of a silence the last line before it."""
    for source, result in _results(app, burst):
        number = _line_in(result, burst)
        if number is None:
            continue
        for found in read_lines(app.recorder, source, number, number):
            with using_words(words_of(app.team)):
                return Proof(source, number, masked(found.text))
    return None


def masked(text: str) -> str:
    return Scrubber().feed(text[:MOST_CHARACTERS])


def find_in_incident(alert: Alert, incident: Incident) -> Line | None:
    """The same line in an incident that was opened from its window; it is known by its time and its text."""
    stamp = alert.proof_text[:_STAMP].partition(" ")[0]
    if not stamp:
        return None
    try:
        found = search(incident, stamp, limit=50).lines
    except BadPattern:
        return None
    return next((line for line in found if masked(line.text) == alert.proof_text), found[0] if found else None)


def _results(app: App, burst: Burst) -> Iterator[tuple[int, ChunkResult]]:
    """Chunks that have lines of the burst, the earliest first; each with the position of its source."""
    rows = ChunkMinutes.objects.filter(source__incident=app.recorder_id, source__position__isnull=False)
    if burst.cause == SILENCE:
        rows = rows.filter(last_minute__lt=burst.began).order_by("-last_minute")[:1]
    else:
        rows = rows.filter(last_minute__gte=burst.began, first_minute__lte=burst.last).order_by("first_minute", "chunk")
    for chunk, position in rows.values_list("chunk", "source__position")[:50]:
        stored = StoredResult.objects.filter(chunk=chunk).first()
        if stored is not None:
            try:
                data = blobs.get(stored.data, stored.key)
            except BlobMissing:
                continue
            yield position or 0, ChunkResult.load(data)


def _line_in(result: ChunkResult, burst: Burst) -> int | None:
    columns, request = result.columns, result.columns.request
    low, high = burst.began * MINUTE_US, (burst.last + 1) * MINUTE_US
    if burst.cause == SILENCE:
        return int(columns.line[-1]) if len(columns.line) else None
    if burst.cause == "crash-loop":
        crashed = (
            note.line for note in result.notes if note.text.startswith("State changed") and "crashed" in note.text
        )
        return next(crashed, None)
    if burst.cause == "5xx":
        of_requests = request.line[(request.status >= 500) & (request.at_us >= low) & (request.at_us < high)]
        return int(of_requests.min()) if len(of_requests) else None
    if burst.cause not in columns.names["code"]:
        return None
    code = columns.names["code"].index(burst.cause)
    coded = columns.code_row[columns.code == code]
    lines = np.concatenate((
        columns.line[coded][(columns.at_us[coded] >= low) & (columns.at_us[coded] < high)],
        request.line[(request.code == code) & (request.at_us >= low) & (request.at_us < high)],
    ))  # fmt: skip
    return int(lines.min()) if len(lines) else None
