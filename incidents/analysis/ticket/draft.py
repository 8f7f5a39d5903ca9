"""From the analysis document (and the facts behind it) to the fields of a ticket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import catalogue, phrases
from ..types import Facts
from ..utc import parse_iso
from ..wording import count, stamp, stamp_of
from . import markdown
from .context import Context, gather
from .curl import Reproduction, Request, reproduce
from .excerpt import MOST_TRACE_LINES, Line, Place, choose, side_of
from .priority import Impact, recommend
from .quotes import ordered, quotes_of, trace_of
from .statements import Statement, changes, cited, clean, describe, evidence_places, label, percent

MOST_TITLE = 110
MOST_CITED_LINES = 12


def fields_from(document: Mapping[str, Any], facts: Facts | None = None) -> dict[str, Any]:
    """The items of the ticket, filled as far as the log can; see `items.ITEMS`. Text items hold Markdown.

    Without ``facts`` only what the document says is used: no host names, no stack trace, no lines but the evidence.
    """
    places = {place for finding in document["findings"] for place in evidence_places(finding)}
    places |= {(int(entry.get("source", 0)), int(entry["line"])) for entry in document.get("timeline") or []}
    context = gather(facts, places) if facts is not None else _from_document(document)
    names = [source["name"] for source in document["sources"]]
    said, changed = describe(document, context), changes(document)
    lines = _excerpt(document, context, [*said, *changed])
    impact = Impact(context.requests, context.failed, context.clients, context.down)
    verdict = document["verdict"]
    advice = recommend(
        status=verdict["status"], slug=verdict["slug"], codes=frozenset(document["codes"]), impact=impact
    )
    return {
        "title": _title(document, context),
        "app": context.app,
        "environment": "",
        "priority": advice.priority,
        "priority_reason": advice.reason,
        "permission": False,
        "code_access": False,
        "description": markdown.bullets(cited(statement, names) for statement in said),
        "users": _users(context),
        "business": "",
        "reproduce": _reproduce(document, context),
        "staging": "",
        "differences": "",
        "began": _began(document),
        "ended": _ended(document),
        "changed": _changed(document, changed, names),
        "lines": ordered(
            quotes_of(lines, names, _reasons(document, lines)) + trace_of(context.trace, names, MOST_TRACE_LINES)
        ),
        "excerpt": "",
        "trace": "",
        "configuration": _configuration(document, context),
        "services": markdown.bullets(
            f"{markdown.code(host)} ({markdown.code(label(names, (source, line)))})"
            for host, source, line in context.services
        ),
        "workaround": "",
        "tried": "",
        "status_page": "",
        "ticket_url": "",
        "cited": _cited(document, context, said, changed),
    }


def _cited(
    document: Mapping[str, Any], context: Context, said: Sequence[Statement], changed: Sequence[Statement]
) -> dict[str, list[list[int]]]:
    """Item → the lines that it was filled from, as (source, line)."""
    firsts = [
        (proof["utc"], int(proof["source"]), int(proof["line"]))
        for finding in phrases.causes(document)[:1]
        for proof in finding["evidence"]
        if proof["utc"]
    ]
    places = {
        "description": [place for statement in said for place in statement.places],
        "users": list(context.failing),
        "began": [min(firsts)[1:]] if firsts else [],
        "changed": [place for statement in changed for place in statement.places],
        "services": [(source, line) for _, source, line in context.services],
    }
    return {
        key: [list(place) for place in dict.fromkeys(found)][:MOST_CITED_LINES]
        for key, found in places.items()
        if found
    }


def _from_document(document: Mapping[str, Any]) -> Context:
    requests, failed = phrases.requests_and_failures(document)
    context = Context(requests=requests, failed=failed)
    for finding in document["findings"]:
        for proof in finding["evidence"]:
            line = Line(
                proof["source"], proof["line"], proof["text"], parse_iso(proof["utc"] or ""), side_of(proof["text"])
            )
            context.lines[line.place] = line
    return context


def _excerpt(document: Mapping[str, Any], context: Context, said: Sequence[Statement]) -> list[Line]:
    known = dict(context.lines)
    for finding in document["findings"]:
        for proof in finding["evidence"]:
            line = Line(
                proof["source"], proof["line"], proof["text"], parse_iso(proof["utc"] or ""), side_of(proof["text"])
            )
            known.setdefault(line.place, line)
    return choose([statement.claim for statement in said], known, context.nearby)


def _reasons(document: Mapping[str, Any], lines: Sequence[Line]) -> dict[Place, str]:
    """Why each line is quoted: what it proves, what it tells, or that it shows the other side."""
    found: dict[Place, str] = {}
    for finding in phrases.causes(document):
        for place in evidence_places(finding):
            found.setdefault(place, f"proof: {clean(finding['title'])}")
    for finding in phrases.consequences(document):
        for place in evidence_places(finding):
            found.setdefault(place, f"consequence: {clean(finding['title'])}")
    for entry in document.get("timeline") or []:
        if entry["line"]:
            kind = "what changed" if entry["kind"] in phrases.CHANGE_KINDS else "timeline"
            found.setdefault((int(entry.get("source", 0)), int(entry["line"])), f"{kind}: {clean(entry['title'])}")
    for line in lines:
        side = {"app": "the app", "platform": "the platform"}.get(line.side, "the log")
        found.setdefault(line.place, f"what {side} said near the first error")
    return found


def _title(document: Mapping[str, Any], context: Context) -> str:
    """``shop: H12 – One endpoint holds the workers (GET /report) since 2026-03-14 09:12:07 UTC``."""
    codes = sorted(document["codes"].items(), key=lambda item: (-item[1]["count"], item[0]))
    errors = [code for code, _ in codes if code not in phrases.NO_TROUBLE][:2]
    causes = phrases.causes(document)
    slug = document["verdict"]["slug"]
    subject = ""
    if document["verdict"]["status"] == "healthy":
        what, errors = f"Question about {', '.join(errors) or 'this log'}", []
    elif causes:
        what, subject = causes[0]["title"], f" ({causes[0]['subject']})" if causes[0]["subject"] else ""
    else:
        what = catalogue.CAUSES[slug].title if slug in catalogue.CAUSES else "Something fails"
    began = stamp_of((document.get("onset") or {}).get("utc"))
    since = f" since {began}" if began else ""
    head = f"{context.app}: " if context.app else ""
    mark = f"{', '.join(errors)} – " if errors else ""
    text = clean(f"{head}{mark}{what}{subject}")
    room = MOST_TITLE - len(since)
    return (text if len(text) <= room else text[: room - 1].rstrip() + "…") + since


def _users(context: Context) -> str:
    if not context.requests:
        return ""
    if not context.failed:
        return "No request in this log failed."
    share = percent(context.failed / context.requests)
    text = f"{context.failed:,} of {context.requests:,} requests in this log failed ({share})"
    if context.clients:
        text += f", from {count(context.clients, 'client address', 'different client addresses')}"
    return f"{text}. An estimate: addresses are shared and change, and the log may not hold everything."


def _reproduce(document: Mapping[str, Any], context: Context) -> str:
    found = _repeatable(document, context)
    if not found.command:
        return ""
    warnings = [markdown.prose(warning) for warning in found.warnings]
    return "\n\n".join([markdown.fence(found.command, "sh"), *([markdown.bullets(warnings)] if warnings else [])])


def _repeatable(document: Mapping[str, Any], context: Context) -> Reproduction:
    """The request worth repeating: the culprit's, else one that failed, else the slowest."""
    host = context.hosts[0] if context.hosts else ""
    named = [
        f"{row['method']} {row['path']}" for row in document.get("endpoints") or [] if row.get("role") == "culprit"
    ]
    named += [finding["subject"] for finding in phrases.causes(document)]
    requests = [context.requests_of[name] for name in named if name in context.requests_of]
    requests += list(context.requests_of.values())
    slowest = document.get("slowest_request")
    if slowest:
        requests.append(Request(slowest["method"], slowest["path"], host))
    if document["verdict"]["status"] == "healthy":
        return Reproduction("")
    return next((made for request in requests if (made := reproduce(request)).command), Reproduction(""))


def _began(document: Mapping[str, Any]) -> str:
    """The onset; where none could be told, the first line of the cause or of an error code."""
    if document["verdict"]["status"] == "healthy":
        return ""
    times = [finding["first_utc"] for finding in phrases.causes(document)[:1]]
    times += [counted["first_utc"] for code, counted in document["codes"].items() if code not in phrases.NO_TROUBLE]
    return phrases.began(document) or stamp_of(min((text for text in times if text), default=None))


def _ended(document: Mapping[str, Any]) -> str:
    """The last sign of trouble, or 'ongoing' where the log ends with it; '' where nothing is dated."""
    ended = (document.get("onset") or {}).get("ended_utc")
    last, end = phrases.last_sign_us(document), document["window"]["last_utc"]
    if document["verdict"]["status"] == "healthy" or (not ended and (last is None or not end)):
        return ""
    if ended or last is None:
        return stamp_of(ended)
    if (parse_iso(end) or 0) - last <= phrases.GOING_ON_US:
        return f"ongoing when the log ends, at {stamp_of(end)}"
    return f"last seen at {stamp(last)}; the log goes on until {stamp_of(end)}"


def _changed(document: Mapping[str, Any], found: Sequence[Statement], names: Sequence[str]) -> str:
    if found:
        return markdown.bullets(cited(statement, names) for statement in found)
    first, last = (stamp_of(document["window"][key]) for key in ("first_utc", "last_utc"))
    if not first:
        return ""
    return f"No release, deploy, config or scaling line in this log, which covers {first} to {last}."


def _configuration(document: Mapping[str, Any], context: Context) -> str:
    """Dynos, servers and names of variables that the log shows. Never a value."""
    quotas = {dyno["name"]: dyno["memory_quota_mb"] for dyno in document.get("dynos") or [] if dyno["memory_quota_mb"]}
    sizes = ", ".join(f"{name} {quota:g} MB" for name, quota in sorted(quotas.items())[:6])
    found = [
        ("Dynos", context.formation),
        ("Memory quota", sizes),
        ("Server", ", ".join(context.servers)),
        ("Router", context.router),
        ("Hosts", ", ".join(context.hosts)),
        ("Config variables that changed (names only)", ", ".join(context.config_names)),
    ]
    return markdown.bullets(f"{name}: {markdown.code(clean(value))}" for name, value in found if value)
