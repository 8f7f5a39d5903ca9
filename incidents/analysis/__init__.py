"""The analysis: log bytes in, a diagnosis with evidence and a ticket draft out. No Django, no database, no clock.

settings = inspect(head, name="app.log", received_at=now)
chunks = [scan_chunk(part.data, settings, first_line=part.first_line) for part in cut(stream, settings)]
document = analyse(merge([SourceInput("app.log", settings, chunks)]))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from . import formats as _formats
from . import text as _text
from .charts import charts
from .details import Details, details
from .merge import merge
from .normalise import inspect as _inspect
from .normalise import normalise
from .redact import RULES_VERSION
from .scan import scan
from .types import ChunkResult, Cut, Facts, Finding, NotALog, SourceInput, SourceSettings

PARSER_VERSION = 1
"""Raised whenever the same bytes may give another `ChunkResult`."""
DOCUMENT_VERSION = PARSER_VERSION * 1000 + RULES_VERSION
"""Of a stored document. It holds masked text, so newer rules of redaction make it anew."""

__all__ = [
    "DOCUMENT_VERSION", "PARSER_VERSION", "ChunkResult", "Cut", "Details", "Facts", "Finding", "NotALog", "SourceInput",
    "SourceSettings", "analyse", "charts", "cut", "details", "inspect", "merge", "scan_chunk",
]  # fmt: skip


def inspect(head: bytes, *, name: str, received_at: datetime) -> SourceSettings:
    """How a source is to be read, from its first bytes (best 64 KiB or more). Raises `NotALog` for binary content."""
    return _inspect(head, name=name, received_at=received_at)


def cut(stream: Iterable[bytes], settings: SourceSettings, *, most: int | None = None) -> Iterator[Cut]:
    """Chunks of whole lines, as UTF-8 text of about 8 MiB each, or of ``most`` bytes."""
    return _text.cut(stream, settings.encoding, _formats.get(settings.format).reline, most)


def analyse(facts: Facts) -> dict[str, Any]:
    """The whole analysis as a JSON document; the same facts always give the same document."""
    from .report import analyse as report  # rules and catalogue, which those who only read chunks need not load

    return report(facts)


def scan_chunk(data: bytes, settings: SourceSettings, *, first_line: int, tail: bytes = b"") -> ChunkResult:
    """Read one chunk. ``tail`` is the end of the chunk before it (up to 64 KiB), for context only."""
    return scan(normalise(data, settings, tail=tail), first_line=first_line)
