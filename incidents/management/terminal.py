"""The analysis as a person reads it in a terminal: verdict first, then what proves it, then the numbers."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterator
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_STATUS = {"confirmed": "red", "likely": "yellow", "inconclusive": "cyan", "healthy": "green"}
_SEVERITY = {"urgent": "red", "high": "red", "normal": "yellow", "low": "dim"}
SHOWN = {"findings": 6, "evidence": 3, "remedies": 3, "endpoints": 8, "timeline": 12}


def render(document: dict[str, Any], *, colour: bool, width: int | None = None) -> str:
    """The document (schema ``triage/analysis@1``) as text. Log lines can't send control sequences to the terminal."""
    return "\n".join(_Page(document, colour, width or min(shutil.get_terminal_size().columns, 120)).lines()) + "\n"


class _Page:
    def __init__(self, document: dict[str, Any], colour: bool, width: int) -> None:
        self.document = document
        self.colour = colour
        self.width = width

    def lines(self) -> Iterator[str]:
        yield from self._head()
        for section in (self._findings, self._timeline, self._codes, self._endpoints, self._dynos, self._sources):
            body = list(section())
            if body:
                yield ""
                yield from body

    def _head(self) -> Iterator[str]:
        verdict, onset, window = self.document["verdict"], self.document["onset"], self.document["window"]
        yield self._in(_STATUS.get(verdict["status"], "bold"), verdict["status"].upper(), "bold")
        yield from self._wrapped(verdict["sentence"], "")
        if onset.get("utc"):
            between = f" (between {_time(onset['low_utc'])} and {_time(onset['high_utc'])})" if onset["low_utc"] else ""
            yield f"Since {_time(onset['utc'])} UTC{between}"
        if window["first_utc"]:
            yield self._in("dim", f"Log from {_time(window['first_utc'])} to {_time(window['last_utc'])} UTC")

    def _findings(self) -> Iterator[str]:
        findings = self.document["findings"]
        for number, finding in enumerate(findings[: SHOWN["findings"]], 1):
            if number > 1:
                yield ""
            subject = f": {finding['subject']}" if finding["subject"] else ""
            marks = f"{finding['severity']}, {finding['confidence']:.0%} sure, {finding['count']:,}×"
            title = self._in(_SEVERITY[finding["severity"]], f"{number}. {finding['title']}{subject}", "bold")
            yield f"{title}  {self._in('dim', marks)}"
            yield from self._wrapped(finding["summary"], "   ")
            for proof in finding["evidence"][: SHOWN["evidence"]]:
                where = (
                    f"   {proof['line']:>7}  "
                    if len(self.document["sources"]) == 1
                    else f"   {proof['source']}:{proof['line']:>7}  "
                )
                yield self._in("dim", where) + _cut(_clean(proof["text"]), self.width - len(where))
            for remedy in finding["remedies"][: SHOWN["remedies"]]:
                yield from self._wrapped(f"→ {remedy['text']}", "   ")
                if remedy["command"]:
                    yield f"     {self._in('cyan', _clean(remedy['command']))}"
        if len(findings) > SHOWN["findings"]:
            yield self._in("dim", f"… and {len(findings) - SHOWN['findings']} more findings (--format json has all)")

    def _timeline(self) -> Iterator[str]:
        events = self.document["timeline"]
        if events:
            yield self._in("bold", "What happened")
        for event in events[: SHOWN["timeline"]]:
            title = _cut(_clean(event["title"]), self.width - 32)
            yield f"  {_time(event['utc']):<19}  {event['kind']:<8} {title}"
        if len(events) > SHOWN["timeline"]:
            yield self._in("dim", f"  … and {len(events) - SHOWN['timeline']} more")

    def _codes(self) -> Iterator[str]:
        if self.document["codes"]:
            yield self._in("bold", "Codes")
        for code, entry in self.document["codes"].items():
            yield f"  {code:<4} {entry['count']:>8,}×  {_time(entry['first_utc'])} … {_time(entry['last_utc'])}"

    def _endpoints(self) -> Iterator[str]:
        rows = self.document["endpoints"][: SHOWN["endpoints"]]
        if not rows:
            return
        yield self._in("bold", "Endpoints by total time")
        names = ("requests", "apdex", "p50 ms", "p95 ms", "max ms", "errors")
        yield self._in("dim", "  " + " ".join(f"{name:>8}" for name in names) + "  endpoint")
        for row in rows:
            figures = [f"{row['count']:,}", f"{row['apdex']:.2f}"]
            figures += [f"{row[name]:,.0f}" for name in ("p50_ms", "p95_ms", "max_ms", "errors")]
            numbers = "  " + " ".join(f"{figure:>8}" for figure in figures) + "  "
            role = "" if row["role"] == "normal" else f"  ← {row['role']}"
            name = _cut(_clean(f"{row['method']} {row['path']}"), max(20, self.width - len(numbers) - len(role)))
            yield numbers + name + self._in("red" if row["role"] == "culprit" else "yellow", role)

    def _dynos(self) -> Iterator[str]:
        rows = [row for row in self.document["dynos"] if row["memory_max_mb"] or row["crashes"]]
        if rows:
            yield self._in("bold", "Dynos")
        for row in rows[: SHOWN["endpoints"]]:
            memory = f"{row['memory_max_mb']:,.0f} of {row['memory_quota_mb']:,.0f} MB" if row["memory_max_mb"] else ""
            yield f"  {_clean(row['name']):<14} {memory:<18} {row['restarts']} restarts, {row['crashes']} crashes"

    def _sources(self) -> Iterator[str]:
        for source in self.document["sources"]:
            name, skipped = _clean(source["name"]), f", {source['unparsed']:,} not read" if source["unparsed"] else ""
            yield self._in(
                "dim", f"{name}: {source['lines']:,} lines, {source['format']}, {source['encoding']}{skipped}"
            )
            for sentence in source["assumptions"]:
                yield self._in("dim", f"  assumed: {_clean(sentence)}")

    def _wrapped(self, text: str, indent: str) -> list[str]:
        return textwrap.wrap(_clean(text), self.width, initial_indent=indent, subsequent_indent=indent) or []

    def _in(self, colour: str, text: str, *more: str) -> str:
        if not self.colour or not text:
            return _clean(text)
        codes = ";".join(_COLOURS[name] for name in (colour, *more))
        return f"\x1b[{codes}m{_clean(text)}\x1b[0m"


def _clean(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\t", " ").replace("\n", " "))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(1, width - 1)] + "…"


def _time(utc: str | None) -> str:
    """``2026-03-14 09:00:00``"""
    return utc[:19].replace("T", " ") if utc else ""
