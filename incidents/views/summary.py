"""From the analysis document to what a tired person asks: is it still happening, how bad, what is it, what changed?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from incidents.templatetags.triage import parse_time
from incidents.views.steps import Step, steps_of

STILL_HAPPENING_SECONDS = 120
"""Trouble within this time of the last line counts as going on: the log may simply end there."""
CHANGE_KINDS = frozenset({"release", "deploy", "config", "scale"})
HEADLINE_CHARACTERS = 110
MOST_CHANGES = 4
MOST_SPARKS = 60
QUIET_SLUGS = frozenset({"unknown"})

Document = dict[str, Any]


class Spark(NamedTuple):
    """A column of the small picture beside the state."""

    x: float
    width: float
    height: float

    @property
    def y(self) -> float:
        return round(20 - self.height, 1)


@lru_cache(maxsize=8_192)
def endpoint_key(method: str, path: str) -> str:
    """What stands in the address of an endpoint's page: the same for the same endpoint in every incident."""
    return hashlib.sha256(f"{method} {path}".encode("utf-8", "replace")).hexdigest()[:12]


@dataclass
class Summary:
    """Reads one document. Everything here is derived and may be absent: an early document says little."""

    document: Document

    # -- what it is ---------------------------------------------------------------------------------------------------
    @property
    def verdict(self) -> dict[str, Any]:
        return self.document.get("verdict") or {"status": "", "slug": "", "sentence": ""}

    @property
    def headline(self) -> tuple[str, str]:
        """The verdict as a short statement, and what follows it."""
        sentence = str(self.verdict["sentence"])
        if len(sentence) <= HEADLINE_CHARACTERS:
            return sentence, ""
        cuts = [at for mark in ("; ", ". ") if 20 < (at := sentence.find(mark)) < HEADLINE_CHARACTERS]
        if not cuts:
            return sentence, ""
        head, rest = sentence[: min(cuts)], sentence[min(cuts) :].lstrip(";. ")
        return f"{head}.", rest[:1].upper() + rest[1:]

    @cached_property
    def findings(self) -> list[Document]:
        """Causes, then what they explain. What harmed nobody comes last."""
        return list(self.document.get("findings") or [])

    @cached_property
    def causes(self) -> list[Document]:
        return [finding for finding in self.findings if not finding.get("folded_into")]

    @cached_property
    def consequences(self) -> list[Document]:
        """What the causes explain; that a log shows no cause is no consequence once another finding is one."""
        return [
            finding for finding in self.findings if finding.get("folded_into") and finding["slug"] not in QUIET_SLUGS
        ]

    @property
    def first(self) -> Document | None:
        return self.causes[0] if self.causes else None

    @property
    def severity(self) -> str:
        return self.first["severity"] if self.first and self.verdict["status"] != "healthy" else ""

    @property
    def tone(self) -> str:
        """Colour of the verdict: how bad it is, not how sure we are."""
        if self.verdict["status"] == "healthy":
            return "ok"
        return self.severity or "none"

    @property
    def confidence(self) -> float | None:
        return self.first.get("confidence") if self.first else None

    # -- is it still happening ----------------------------------------------------------------------------------------
    @cached_property
    def window(self) -> tuple[datetime | None, datetime | None]:
        window = self.document.get("window") or {}
        return parse_time(window.get("first_utc")), parse_time(window.get("last_utc"))

    @property
    def window_seconds(self) -> float | None:
        first, last = self.window
        return (last - first).total_seconds() if first and last else None

    @cached_property
    def last_trouble_at(self) -> datetime | None:
        """When the log last shows the verdict's cause, or a code that it explains."""
        if not self.first or self.verdict["status"] == "healthy":
            return None
        ended = parse_time(self.onset.get("ended_utc"))
        if ended:
            return ended
        times = [parse_time(finding.get("last_utc")) for finding in self.findings if finding.get("severity") != "low"]
        return max((at for at in times if at), default=None)

    @property
    def quiet_seconds(self) -> float | None:
        """From the last trouble to the end of the log."""
        last = self.window[1]
        if self.last_trouble_at is None or last is None:
            return None
        return max(0.0, (last - self.last_trouble_at).total_seconds())

    @property
    def lasted_seconds(self) -> float | None:
        """From the onset to the last trouble."""
        began = parse_time(self.onset["utc"])
        if began is None or self.last_trouble_at is None:
            return None
        return max(0.0, (self.last_trouble_at - began).total_seconds())

    @property
    def is_ongoing(self) -> bool:
        return self.quiet_seconds is not None and self.quiet_seconds < STILL_HAPPENING_SECONDS

    # -- how bad ------------------------------------------------------------------------------------------------------
    @cached_property
    def requests(self) -> int:
        return sum(row["count"] + row.get("unreached", 0) for row in self.endpoints)

    @cached_property
    def failed(self) -> int:
        return sum(row["errors"] for row in self.endpoints)

    @property
    def failed_share(self) -> float | None:
        return self.failed / self.requests if self.requests else None

    @property
    def clients(self) -> int | None:
        """About how many addresses met failures."""
        return self.document.get("clients") or None

    @cached_property
    def spark(self) -> list[Spark]:
        """Failed requests over the log, as columns of a picture 100 wide and 20 high; empty where nothing failed."""
        failed = ((self.document.get("charts") or {}).get("requests") or {}).get("failed") or []
        most = max(failed, default=0)
        if not most or len(failed) < 3:
            return []
        group = -(-len(failed) // MOST_SPARKS)
        columns = [max(failed[at : at + group]) for at in range(0, len(failed), group)]
        width = 100 / len(columns)
        return [
            Spark(round(at * width, 2), round(max(width - 0.4, 0.4), 2), round(max(value / most * 20, 1.5), 1))
            for at, value in enumerate(columns)
            if value
        ]

    @property
    def codes(self) -> list[tuple[str, Document]]:
        """Codes of the log, the most frequent first."""
        return sorted((self.document.get("codes") or {}).items(), key=lambda item: (-item[1]["count"], item[0]))

    # -- when, and what changed ---------------------------------------------------------------------------------------
    @property
    def onset(self) -> Document:
        return self.document.get("onset") or {"utc": None, "low_utc": None, "high_utc": None}

    @property
    def onset_spread_seconds(self) -> float | None:
        low, high = parse_time(self.onset.get("low_utc")), parse_time(self.onset.get("high_utc"))
        return (high - low).total_seconds() if low and high else None

    @cached_property
    def changes(self) -> list[Document]:
        """Releases, configuration and scaling before the onset, the nearest first; each with its distance."""
        onset = parse_time(self.onset.get("utc"))
        found = []
        for entry in self.timeline:
            at = parse_time(entry.get("utc"))
            if entry["kind"] not in CHANGE_KINDS or at is None or (onset and at > onset):
                continue
            found.append({**entry, "before_seconds": (onset - at).total_seconds() if onset else None})
        return found[::-1][:MOST_CHANGES]

    @cached_property
    def later_changes(self) -> list[Document]:
        """What people did after the onset: perhaps what ended it."""
        onset = parse_time(self.onset.get("utc"))
        if onset is None:
            return []
        later = [
            entry
            for entry in self.timeline
            if entry["kind"] in CHANGE_KINDS and (parse_time(entry.get("utc")) or onset) > onset
        ]
        return later[:MOST_CHANGES]

    @property
    def timeline(self) -> list[Document]:
        return list(self.document.get("timeline") or [])

    # -- the parts ----------------------------------------------------------------------------------------------------
    @cached_property
    def endpoints(self) -> list[Document]:
        return [
            {**row, "key": endpoint_key(row["method"], row["path"])} for row in self.document.get("endpoints") or []
        ]

    @cached_property
    def top_endpoints(self) -> list[Document]:
        """Those to look at first: culprits, then by share of all time."""
        rank = {"culprit": 0, "victim": 1}
        return sorted(self.endpoints, key=lambda row: (rank.get(row.get("role", ""), 1), -row["total_ms"]))[:6]

    @property
    def ticket(self) -> Document:
        return self.document.get("ticket") or {}

    @property
    def sources(self) -> list[Document]:
        return list(self.document.get("sources") or [])

    @property
    def unparsed_share(self) -> float:
        lines = sum(source["lines"] for source in self.sources)
        return sum(source["unparsed"] for source in self.sources) / lines if lines else 0.0

    @property
    def looks_cut(self) -> bool:
        """As many lines as ``heroku logs`` gives at most: the beginning is probably missing."""
        return any(1490 <= source["lines"] <= 1501 for source in self.sources)

    # -- what to do, and what to make of it ----------------------------------------------------------------------------
    @cached_property
    def steps(self) -> list[Step]:
        """At most three commands, each with its way back. None where nothing is wrong."""
        if self.verdict["status"] == "healthy":
            return []
        was_undone = any("rollback" in change["title"].lower() for change in self.later_changes)
        return steps_of(self.causes, self.changes, is_ongoing=self.is_ongoing, was_undone=was_undone)

    @cached_property
    def ruled_out(self) -> list[str]:
        """What the findings looked at and do not hold for the cause, each once."""
        return list(dict.fromkeys(text for finding in self.causes for text in finding.get("ruled_out") or []))[
            :MOST_CHANGES
        ]

    @cached_property
    def unexplained(self) -> list[Document]:
        """Other causes beside the first, harmful ones only: what the verdict does not explain."""
        return [finding for finding in self.causes[1:] if finding["severity"] != "low"]
