"""What outsiders see: the analysis, masked anew by today's rules, with stable names in place of people and hosts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from incidents.analysis.redact import Scrubber
from incidents.analysis.redaction.aliases import Aliases
from incidents.masking import words_of
from incidents.models import Incident, SharePart

Document = dict[str, Any]
_HOST = re.compile(r'\bhost="?([A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?)"?')
_PLAIN = frozenset(("slug", "status", "severity", "kind", "schema", "role", "method", "utc", "format", "encoding"))
"""Keys whose values are our own words or times: never masked, so that the page still understands them."""
HOSTS = "host"


@dataclass(frozen=True, slots=True)
class Outside:
    """A document for outsiders, and how many things of each kind were masked in it."""

    document: Document
    counts: Counter[str]


class Mask:
    """Masks text after text; the same address, person or host gets the same name everywhere.

    Hosts are learnt from the whole document first, so that a sentence about one is masked too, wherever it stands.
    """

    def __init__(self, incident: Incident, document: Document) -> None:
        self._scrubber = Scrubber(personal=True, words=words_of(incident.team), aliases=Aliases())
        hosts = dict.fromkeys(found[1].lower() for text in _texts(document) for found in _HOST.finditer(text))
        self._names = {host: _host_name(number) for number, host in enumerate(hosts)}
        # One without a dot may be any word: it is masked only where a line calls it a host.
        dotted = "|".join(re.escape(host) for host in sorted(hosts, key=len, reverse=True) if "." in host)
        self._dotted = re.compile(rf"(?<![\w.-])(?:{dotted})(?![\w-])", re.IGNORECASE) if dotted else None
        self._hosts_masked = 0

    @property
    def counts(self) -> Counter[str]:
        counts = Counter(self._scrubber.counts)
        if self._hosts_masked:
            counts[HOSTS] = self._hosts_masked
        return counts

    def text(self, text: str) -> str:
        named = _HOST.sub(lambda found: f"host={self._name(found[1])}", text)
        if self._dotted:
            named = self._dotted.sub(lambda found: self._name(found[0]), named)
        return self._scrubber.feed(named)

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: one if key in _PLAIN else self.value(one) for key, one in value.items()}
        return [self.value(one) for one in value] if isinstance(value, list) else value

    def _name(self, host: str) -> str:
        self._hosts_masked += 1
        return self._names[host.lower()]


def _texts(value: Any) -> Iterator[str]:
    """All texts of a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _host_name(number: int) -> str:
    return f"host-{chr(ord('A') + number) if number < 26 else number + 1}"


def outside(incident: Incident, part: str = SharePart.INCIDENT, subject: str = "") -> Outside:
    """The analysis as an outsider may see it: all of it, one finding, or only the charts."""
    document = dict(incident.analysis)
    for key in ("ticket", "sources", "connections"):
        document.pop(key, None)
    if part == SharePart.FINDING:
        document["findings"] = [one for one in document.get("findings") or [] if key_of(one) == subject]
        document = {key: document[key] for key in ("schema", "verdict", "window", "findings") if key in document}
    elif part == SharePart.CHARTS:
        kept = ("schema", "window", "charts", "timeline", "onset", "gaps", "dynos")
        document = {key: document[key] for key in kept if key in document}
    charts = document.pop("charts", None)  # numbers and names of dynos
    mask = Mask(incident, document)
    masked: Document = mask.value(document)
    if charts is not None:
        masked["charts"] = {key: value for key, value in charts.items() if key != "lanes"}
    return Outside(masked, mask.counts)


def key_of(finding: Document) -> str:
    """By which a link names one finding."""
    return f"{finding['slug']} {finding.get('subject') or ''}".strip()[:200]
