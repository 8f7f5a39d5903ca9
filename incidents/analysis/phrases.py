"""What the ticket and the terminal both say about a document: its causes, when it began, whether it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .utc import parse_iso
from .wording import stamp_of

Document = Mapping[str, Any]

CHANGE_KINDS = ("release", "deploy", "config", "scale")
NO_TROUBLE = ("H27", "H80", "H81")
"""Codes that do not say that something failed."""
GOING_ON_US = 120 * 1_000_000
"""Trouble within this time of the log's end counts as going on: the log may simply end there."""


def causes(document: Document) -> list[Mapping[str, Any]]:
    """Findings that no other finding explains, in the order in which to act."""
    return [finding for finding in document["findings"] if not finding.get("folded_into")]


def consequences(document: Document) -> list[Mapping[str, Any]]:
    """Findings that a cause explains."""
    return [finding for finding in document["findings"] if finding.get("folded_into")]


def began(document: Document) -> str:
    """The onset with its interval; '' where it could not be told."""
    onset = document.get("onset") or {}
    at, low, high = (stamp_of(onset.get(key)) for key in ("utc", "low_utc", "high_utc"))
    if not at:
        return ""
    if not low:
        return f"{at} or earlier: the log starts later than the trouble"
    return at if low == high == at else f"{at} (between {low} and {high})"


def onset_us(document: Document) -> int | None:
    return parse_iso((document.get("onset") or {}).get("utc") or "")


def last_sign_us(document: Document) -> int | None:
    """The last line of the first cause or of an error code."""
    times = [finding["last_utc"] for finding in causes(document)[:1]]
    times += [counted["last_utc"] for code, counted in document["codes"].items() if code not in NO_TROUBLE]
    return max((at for text in times if text and (at := parse_iso(text)) is not None), default=None)


def changes(document: Document) -> list[Mapping[str, Any]]:
    """Entries of the timeline that changed the app, in the order of time."""
    return [entry for entry in document.get("timeline") or [] if entry["kind"] in CHANGE_KINDS and entry["utc"]]


def requests_and_failures(document: Document) -> tuple[int, int]:
    """How many requests the router logged, and how many of them failed."""
    rows = document.get("endpoints") or []
    return sum(row["count"] + row.get("unreached", 0) for row in rows), sum(row["errors"] for row in rows)
