"""What a ticket needs from the log beyond the analysis document: hosts, servers, formation, config names, traces."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .. import events
from ..endpoints import template
from ..merge import distinct_clients
from ..readers import router
from ..redact import redact
from ..types import Facts, Kind, Note
from .curl import Request
from .excerpt import Line, side_of_note

MOST_READ = 5_000
"""Router lines read again for hosts and examples: the first ones, so that a large log costs no more than a small."""
MOST_SERVICES = 8
DOWN_SHARE = 0.9
DOWN_LEAST = 20
DOWN_MINUTES = 5
_APP_HOST = re.compile(r"([a-z][a-z0-9-]{1,60}?)(?:-[0-9a-f]{12})?\.herokuapp\.com\Z")
_URL = re.compile(r"\bhttps?://([A-Za-z0-9][A-Za-z0-9.-]{2,120})")
_NAMED = re.compile(
    r"\b(?:host=['\"]|ENOTFOUND |EAI_AGAIN |ETIMEDOUT |host name \")([A-Za-z0-9][A-Za-z0-9.-]{2,120}\.[A-Za-z]{2,24})"
)
_NAMED_GUARD = re.compile(r"host|ENOTFOUND|EAI_AGAIN|ETIMEDOUT")
_PROCESS = re.compile(r"[\w-]{1,40}@\d{1,5}(?::[\w-]{1,40})?")
_NO_SERVICE = (
    "localhost", "github.com", "w3.org", "python.org", "djangoproject.com", "nodejs.org",
    "rubyonrails.org", "rubygems.org", "readthedocs.io", "heroku.com", "herokuapp.com", "stackoverflow.com", "goo.gl",
    "git.io", "react.dev", "reactjs.org", "php.net", "golang.org", "pydantic.dev", "sqlalche.me", "fb.me",
    "mozilla.org",
)  # fmt: skip
"""Ends of hosts that stand in error messages as documentation, not because the app calls them."""


@dataclass(slots=True)
class Context:
    """Facts for the ticket. Requests are those the router logged; ``clients`` are distinct addresses that failed."""

    app: str = ""
    hosts: list[str] = field(default_factory=list)
    router: str = ""
    servers: list[str] = field(default_factory=list)
    formation: str = ""
    config_names: list[str] = field(default_factory=list)
    services: list[tuple[str, int, int]] = field(default_factory=list)  # host, source, line
    requests: int = 0
    failed: int = 0
    clients: int = 0
    down: bool = False  # nearly all requests of the log's last minutes failed
    trace: list[Line] = field(default_factory=list)
    lines: dict[tuple[int, int], Line] = field(default_factory=dict)  # notes of the places asked for
    failing: list[tuple[int, int]] = field(default_factory=list)  # places of the first failed requests
    nearby: list[Line] = field(
        default_factory=list
    )  # a line of the app and one of the platform, beside the first error
    requests_of: dict[str, Request] = field(default_factory=dict)  # 'GET /orders/{id}' -> one real request


def gather(facts: Facts, places: set[tuple[int, int]]) -> Context:
    """Read the notes once for everything that the ticket wants. ``places`` are the lines that it may cite."""
    context = Context()
    _requests(facts, context)
    _events(facts, context)
    own: dict[str, int] = {}
    left = MOST_READ
    for note in facts.notes:
        if (note.source, note.line) in places:
            context.lines[note.source, note.line] = _line(note)
        if note.kind is Kind.ROUTER and left > 0:
            left -= 1
            found = router.read(note.text)
            if found is not None:
                _router(found, note, context, own)
        elif note.kind is Kind.APP and len(context.services) < MOST_SERVICES:
            _services(note, context)
    context.hosts = sorted(own, key=lambda host: (-own[host], host))[:4]
    context.services = [hit for hit in context.services if hit[0] not in own]
    context.app = next((match[1] for host in context.hosts if (match := _APP_HOST.match(host))), "")
    context.trace = [_line(note) for note in _trace(facts, places)]
    context.nearby = _nearby(facts, context.failing)
    return context


def _line(note: Note) -> Line:
    return Line(note.source, note.line, note.raw, note.at_us, side_of_note(note))


def _requests(facts: Facts, context: Context) -> None:
    context.requests = sum(counts.get("requests", 0) for counts in facts.minutes.values())
    context.failed = sum(counts.get("errors", 0) for counts in facts.minutes.values())
    if not context.requests:  # a log without times
        context.requests = sum(count.count + count.unreached for count in facts.endpoints.values())
        context.failed = sum(count.errors for count in facts.endpoints.values())
    context.clients = distinct_clients(facts.clients)
    recent = [minute for minute, counts in facts.minutes.items() if counts.get("requests")]
    if recent:
        last = [facts.minutes[minute] for minute in recent if minute > max(recent) - DOWN_MINUTES]
        total = sum(counts["requests"] for counts in last)
        context.down = total >= DOWN_LEAST and sum(counts.get("errors", 0) for counts in last) >= DOWN_SHARE * total


def _events(facts: Facts, context: Context) -> None:
    servers: dict[str, str] = {}
    names: dict[str, None] = {}
    for event in events.events(facts):
        detail = event.detail
        if event.kind in ("server", "listen", "worker") and detail["name"] != "app":
            name = str(detail["name"])
            servers[name] = f"{name} {detail['version']}" if detail.get("version") else servers.get(name, name)
        elif event.kind == "scale":
            context.formation = " ".join(_PROCESS.findall(detail["formation"])) or context.formation
        elif event.kind == "config":
            names |= dict.fromkeys(detail["names"])
    context.servers = list(servers.values())[:4]
    context.config_names = list(names)[:20]


def _router(found: router.RouterLine, note: Note, context: Context, own: dict[str, int]) -> None:
    if len(context.failing) < 3 and (found.at == "error" or (found.status or 0) >= 500):
        context.failing.append((note.source, note.line))
        context.lines[note.source, note.line] = _line(note)
    if found.host:
        own[found.host] = own.get(found.host, 0) + 1
    protocol = found.fields.get("protocol", "")
    if protocol.startswith("http") and protocol[4:5].isdigit():
        context.router = "Router 2.0"
    elif not context.router and protocol:
        context.router = "legacy router"
    if found.path:
        name = f"{found.method or '?'} {template(found.path)}"
        context.requests_of.setdefault(name, Request(found.method, found.path, found.host))


def _services(note: Note, context: Context) -> None:
    if "http" not in note.text and not _NAMED_GUARD.search(note.text):
        return
    for match in (*_URL.finditer(note.text), *_NAMED.finditer(note.text)):
        host = match[1].lower().rstrip(".-")
        known = {name for name, _, _ in context.services}
        name = host.rpartition(".")[2]
        if host in known or not name.isalpha() or host.endswith(_NO_SERVICE) or host.startswith("ec2-"):
            continue
        if redact(host, personal=True) == host:
            context.services.append((host, note.source, note.line))


def _trace(facts: Facts, places: set[tuple[int, int]]) -> list[Note]:
    """The stack trace that the evidence stands in; else the first one of the log."""
    found = events.traces(facts)
    cited = next((one for one in found if any((note.source, note.line) in places for note in one.notes)), None)
    chosen = cited or (found[0] if found else None)
    return list(chosen.notes) if chosen else []


def _nearby(facts: Facts, failing: list[tuple[int, int]]) -> list[Line]:
    """One line of the app and one of the platform, as near as possible to the first error."""
    firsts = [count.first_us for count in facts.codes.values() if count.first_us is not None]
    firsts += [
        note.at_us for note in facts.notes if failing[:1] == [(note.source, note.line)] and note.at_us is not None
    ]
    around = min(firsts, default=facts.first_us or 0)
    best: dict[str, tuple[int, Note]] = {}
    for note in facts.notes:
        side = side_of_note(note)
        distance = abs((note.at_us if note.at_us is not None else 0) - around)
        if side and note.text.strip() and (side not in best or distance < best[side][0]):
            best[side] = distance, note
    return [_line(note) for _, note in best.values()]
