"""How a file is handed out: masked, as an attachment, and as a table that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse

from incidents.analysis.redact import redact
from incidents.models import Incident

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; every cell is masked."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula is kept from it by an apostrophe (ASVS 1.2.10)."""
    if value is None or isinstance(value, int | float):
        return "" if value is None else value
    text = redact(str(value), personal=True).replace("\x00", "")
    return f"'{text}" if text.startswith(_FORMULA) else text


def attachment(content: str | bytes, name: str, kind: str, incident: Incident) -> HttpResponse:
    stem = re.sub(r"[^A-Za-z0-9]+", "-", incident.app_name or incident.heading).strip("-").lower()[:40]
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    response = HttpResponse(content, content_type=f"{kind}{charset}")
    response["Content-Disposition"] = f'attachment; filename="{f"{stem}-{name}" if stem else name}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
