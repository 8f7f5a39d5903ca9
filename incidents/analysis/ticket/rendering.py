"""Fields to the Markdown of the ticket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..redact import redact, scrub
from . import markdown
from .items import Completeness, complete
from .quotes import excerpt_text, trace_text

_TO_FILL = "_To fill in: {}_"
_PLAIN = (
    "title", "app", "environment", "priority", "priority_reason", "began", "ended", "status_page",
)  # fmt: skip
_MARKDOWN = (
    "description", "users", "business", "reproduce", "staging", "differences", "changed", "configuration", "services",
    "workaround", "tried",
)  # fmt: skip
_STAGING = {"yes": "Seen there too.", "no": "Not seen there.", "there is none": "There is no such environment."}


def render(fields: Mapping[str, Any], document: Mapping[str, Any] | None = None) -> str:
    """The ticket as Markdown, in the order in which Heroku asks. What is missing says so in its place.

    ``document`` adds the table of endpoints and the addresses of articles; the text stands without it. Credentials that
    a person typed are masked too (see `secrets`).
    """
    missing = {gap.key for gap in complete(fields).gaps}
    text = _texts(fields)

    def section(title: str, *keys: str, ask: str = "") -> str:
        parts = [text[key] for key in keys if text[key].strip()]
        if missing & set(keys) and ask:
            parts.append(_TO_FILL.format(ask))
        return "\n\n".join([f"## {title}", *parts]) if parts else ""

    text["staging"] = _STAGING.get(text["staging"], text["staging"])
    parts = [
        f"# {markdown.prose(text['title']) or 'Support request'}",
        _head(text),
        section("What happens", "description", ask="what you see, and what you expect"),
        _endpoints(document),
        section("Who is affected", "users", "business", ask="the users affected and the impact on your business"),
        section("Steps to reproduce", "reproduce", ask="what to open or send, and what comes back"),
        section(
            "Staging", "staging", "differences", ask="whether it was seen in staging or testing, and what differs there"
        ),
        section("What changed", "changed"),
        _logs(fields, missing),
        section("Configuration", "configuration", ask="dyno sizes, server, names of variables (never values)"),
        section("Third-party services", "services", ask="list them, or write “none”"),
        section("Workaround", "workaround"),
        section("Tried so far", "tried"),
        f"## Heroku Status\n\n{markdown.prose(text['status_page'])}" if text["status_page"].strip() else "",
        _links(document),
        _permission(fields),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def secrets(fields: Mapping[str, Any]) -> dict[str, int]:
    """Credentials that stand in the fields, by kind: to be removed before filing, and rotated. `render` masks them."""
    found = Counter[str]()
    for key in (*_PLAIN, *_MARKDOWN, "excerpt", "trace"):
        if isinstance(fields.get(key), str):
            found += scrub(fields[key]).counts
    return dict(sorted(found.items()))


def _texts(fields: Mapping[str, Any]) -> dict[str, str]:
    """Every text field, masked and made safe; what is no text counts as empty."""
    found = {}
    for key in (*_PLAIN, *_MARKDOWN):
        value = fields.get(key)
        text = redact(value) if isinstance(value, str) else ""
        found[key] = markdown.block(text) if key in _MARKDOWN else text
    return found


def _head(text: dict[str, str]) -> str:
    rows = [
        ("App", markdown.code(text["app"]) or _TO_FILL.format("the app's name")),
        ("Environment", markdown.prose(text["environment"])),
        ("Priority", markdown.prose(f"{text['priority'].capitalize()}. {text['priority_reason']}".removeprefix(". "))),
        ("Began", markdown.prose(text["began"]) or _TO_FILL.format("time in UTC, as 2015-01-01 12:00:00 UTC")),
        ("Ended", markdown.prose(text["ended"]) or _TO_FILL.format("time in UTC, or “ongoing”")),
    ]
    return markdown.bullets(f"**{name}:** {value}" for name, value in rows if value)


def _logs(fields: Mapping[str, Any], missing: set[str]) -> str:
    parts = ["## Logs"]
    excerpt, trace = excerpt_text(fields), trace_text(fields)
    if excerpt:
        parts += [_masked(fields), markdown.fence(excerpt)]
    if "excerpt" in missing:
        lines = {"lines": fields.get("lines"), "excerpt": fields.get("excerpt")}
        absent = [gap.text for gap in complete(lines).gaps if gap.key == "excerpt"]
        parts.append(_TO_FILL.format(" and ".join(absent)))
    if trace:
        parts += ["Stack trace:", markdown.fence(trace)]
    return "\n\n".join(parts)


def _masked(fields: Mapping[str, Any]) -> str:
    """What Support does not see in the lines, and how they are cited."""
    show = fields.get("show") or ()
    addresses = [name for kind, name in (("email", "e-mail"), ("ip", "IP")) if kind not in show]
    hidden = ["credentials", *([f"{' and '.join(addresses)} addresses"] if addresses else [])]
    joined = ", ".join(hidden) if len(addresses) == 2 else " and ".join(hidden)
    return f"Lines are cited as `source:line`; times are UTC; {joined} are masked."


def _endpoints(document: Mapping[str, Any] | None) -> str:
    """The endpoints that matter: culprits, victims, and those with errors."""
    rows = (document or {}).get("endpoints") or []
    told = [row for row in rows if row.get("role") in ("culprit", "victim") or row["errors"]]
    order = {"culprit": 0, "victim": 1}
    told = sorted(told, key=lambda row: (order.get(row.get("role", ""), 2), -row["errors"], row["path"]))[:8]
    if not told:
        return ""
    head = ["Endpoint", "Role", "Requests", "Errors", "H12", "p50 ms", "p95 ms", "Max ms"]
    return markdown.table(head, map(_endpoint, told), right=frozenset(range(2, 8)))


def _endpoint(row: Mapping[str, Any]) -> list[str]:
    requests = row["count"] + row.get("unreached", 0)
    times = [f"{row[key]:,}" if row["count"] else "–" for key in ("p50_ms", "p95_ms", "max_ms")]  # none reached a dyno
    name = redact(f"{row['method']} {row['path']}", personal=True)
    counts = [f"{number:,}" for number in (requests, row["errors"], row["timeouts"])]
    return [markdown.code(name), markdown.prose(row.get("role", "")), *counts, *times]


def _links(document: Mapping[str, Any] | None) -> str:
    links = [link for finding in (document or {}).get("findings") or [] for link in finding["links"]]
    shown = [f"<{link}>" for link in dict.fromkeys(links) if _is_link(link)][:4]
    return f"## Read before filing\n\n{markdown.bullets(shown)}" if shown else ""


def _is_link(link: str) -> bool:
    return link.startswith("https://") and not any(mark in link for mark in "<> \n`")


def _permission(fields: Mapping[str, Any]) -> str:
    boxes = [
        ("permission", "Heroku staff may access this app and its add-ons for the purposes of this ticket."),
        ("code_access", "Heroku staff may look at the app's code for the purposes of this ticket."),
    ]
    lines = [f"[{'x' if fields.get(key) is True else ' '}] {text}" for key, text in boxes]
    return f"## Permission\n\n{markdown.bullets(lines)}"


def summary(found: Completeness) -> dict[str, Any]:
    """Completeness as the document has it."""
    return {
        "score": found.score,
        "missing": [gap.text for gap in found.gaps],
        "gaps": [
            {"key": gap.key, "text": gap.text, "how_to_fill": gap.how_to_fill, "from_log": gap.from_log}
            for gap in found.gaps
        ],
    }
