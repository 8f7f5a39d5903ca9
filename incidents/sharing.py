"""What outsiders see: the analysis, masked anew by today's rules, with stable names in place of people and hosts."""

from __future__ import annotations

import re
from collections import Counter
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
    """Masks text after text; the same address, person or host gets the same name everywhere."""

    def __init__(self, incident: Incident) -> None:
        self._scrubber = Scrubber(personal=True, words=words_of(incident.team), aliases=Aliases())
        self._hosts: dict[str, str] = {}
        self.hosts_masked = 0

    @property
    def counts(self) -> Counter[str]:
        counts = Counter(self._scrubber.counts)
        if self.hosts_masked:
            counts[HOSTS] = self.hosts_masked
        return counts

    def text(self, text: str) -> str:
        named = _HOST.sub(self._host, text)
        for host, name in self._hosts.items():
            if host in named:
                self.hosts_masked += named.count(host)
                named = named.replace(host, name)
        return self._scrubber.feed(named)

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: one if key in _PLAIN else self.value(one) for key, one in value.items()}
        return [self.value(one) for one in value] if isinstance(value, list) else value

    def _host(self, found: re.Match[str]) -> str:
        host = found[1].lower()
        if host not in self._hosts:
            number = len(self._hosts)
            self._hosts[host] = f"host-{chr(65 + number) if number < 26 else number + 1}"
        self.hosts_masked += 1
        return f"host={self._hosts[host]}"


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
    mask = Mask(incident)
    masked: Document = mask.value(document)
    if charts is not None:
        masked["charts"] = {key: value for key, value in charts.items() if key != "lanes"}
    return Outside(masked, mask.counts)


def key_of(finding: Document) -> str:
    """By which a link names one finding."""
    return f"{finding['slug']} {finding.get('subject') or ''}".strip()[:200]
