"""The analysis for a terminal: verdict, since when, what changed, who holds and who waits, what to do, proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import catalogue, phrases
from .screen import INDENT, Page, columns
from .utc import parse_iso
from .wording import count, duration, stamp, stamp_of

Document = Mapping[str, Any]

MOST_COMMANDS = 3
MOST_PROOFS = 8
_CERTAINTY = {
    "confirmed": ("● CONFIRMED", "red"),
    "likely": ("● LIKELY", "yellow"),
    "inconclusive": ("● NOT CERTAIN", "yellow"),
    "healthy": ("✔ NO INCIDENT", "green"),
}


def render(document: Document, *, color: bool = False, width: int = 80, ascii_only: bool = False) -> str:
    """The document as text of at most ``width`` columns, each line ended by ``\\n``.

    Control characters of the log never reach the terminal. ``ascii_only`` is for terminals without Unicode.
    """
    page = Page(color=color, width=width, ascii_only=ascii_only)
    _verdict(page, document)
    _numbers(page, document)
    _endpoints(page, document)
    _commands(page, document)
    _proof(page, document)
    _further(page, document)
    _log(page, document)
    _ticket(page, document)
    return page.text()


def _verdict(page: Page, document: Document) -> None:
    verdict = document["verdict"]
    label, color = _CERTAINTY.get(verdict["status"], ("● " + verdict["status"].upper(), "yellow"))
    causes = phrases.causes(document)
    sure = ""
    if causes and verdict["status"] in ("confirmed", "likely"):
        sure = f", {causes[0]['confidence']:.0%} sure"
    title = ""
    if verdict["slug"] in catalogue.CAUSES and verdict["status"] != "healthy":
        title = f": {catalogue.cause(verdict['slug']).title}"
    page.wrapped(f"{label}{sure}{title}", "bold", color, first="", rest="")
    page.blank()
    page.wrapped(verdict["sentence"])
    page.blank()


def _numbers(page: Page, document: Document) -> None:
    if document["verdict"]["status"] != "healthy":
        page.pair("Since", phrases.began(document) or "cannot be told from this log")
        page.pair("Still going on?", _going_on(document))
    page.pair("How bad", _how_bad(document))
    page.pair("What changed", _changed(document))


def _going_on(document: Document) -> str:
    end, ended = parse_iso(document["window"]["last_utc"] or ""), (document.get("onset") or {}).get("ended_utc")
    ended_us, last = parse_iso(ended or ""), phrases.last_sign_us(document)
    if ended_us is not None and end is not None and end > ended_us:
        return f"no: it ended {duration(end - ended_us)} before the end of the log"
    if last is None or end is None:
        return "cannot be told from this log"
    if end - last <= phrases.GOING_ON_US:
        return f"yes, as far as the log goes ({stamp(end)})"
    return f"perhaps not: the last sign stands {duration(end - last)} before the end of the log"


def _how_bad(document: Document) -> str:
    requests, failed = phrases.requests_and_failures(document)
    parts = []
    if requests:
        share = f" ({failed / requests:.1%})" if failed else ""
        parts.append(f"{failed:,} of {count(requests, 'request')} failed{share}")
    most = sorted(document["codes"].items(), key=lambda item: (-item[1]["count"], item[0]))[:5]
    if most:
        parts.append(", ".join(f"{code} ×{item['count']:,}" for code, item in most))
    return "; ".join(parts) or "no requests and no error codes in this log"


def _changed(document: Document) -> str:
    entries = phrases.changes(document)
    if not entries:
        return "nothing that this log shows: no release, config or scaling line"
    began = phrases.onset_us(document)
    if began is None:
        entry = entries[-1]
        return f"{entry['title']}, at {stamp_of(entry['utc'])}"
    entry = min(entries, key=lambda entry: abs((parse_iso(entry["utc"]) or 0) - began))
    distance = began - (parse_iso(entry["utc"]) or 0)
    side = "before" if distance >= 0 else "after"
    more = f"; {count(len(entries) - 1, 'other change')} in this log" if len(entries) > 1 else ""
    return f"{entry['title']}, {duration(abs(distance))} {side} it began{more}"


def _endpoints(page: Page, document: Document) -> None:
    """Culprits and victims; without any, the endpoints with errors; on a healthy day none."""
    rows = document.get("endpoints") or []
    named = [row for row in rows if row.get("role") in ("culprit", "victim")]
    if document["verdict"]["status"] == "healthy":
        return
    shown = named or sorted((row for row in rows if row["errors"]), key=lambda row: (-row["errors"], row["path"]))
    if not shown:
        return
    order = {"culprit": 0, "victim": 1}
    shown = sorted(shown, key=lambda row: (order.get(row.get("role", ""), 2), -row["blame_share"], -row["errors"]))[:8]
    page.heading("Who holds the workers, and who waits" if named else "Where it fails")
    head = ("endpoint", "role", "requests", "errors", "H12", "own p50", "p95")
    cells = [head, *(_row(row) for row in shown)]
    widths = [max(len(cell[column]) for cell in cells) for column in range(1, len(head))]
    room = max(12, page.width - len(INDENT) - sum(widths) - 2 * len(widths))
    room = min(room, max(columns(page.clean(cell[0])) for cell in cells))
    for position, cell in enumerate(cells):
        name = page.fit(cell[0], room)
        name += " " * (room - columns(name))
        rest = "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(cell[1:], widths, strict=True))
        )
        styles = ["dim"] if position == 0 else ["red"] if cell[1] == "culprit" else []
        page.raw(page.style(page.cut(f"{INDENT}{name}  {rest}"), *styles))


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"{row['method']} {row['path']}", row.get("role", ""), f"{row['count'] + row.get('unreached', 0):,}",
        f"{row['errors']:,}", f"{row['timeouts']:,}", _ms(row["own_p50_ms"]), _ms(row["p95_ms"]),
    )  # fmt: skip


def _ms(value: float) -> str:
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"


def _commands(page: Page, document: Document) -> None:
    """At most three commands to copy, those of the first cause first; then what to do without a command."""
    app = str(((document.get("ticket") or {}).get("fields") or {}).get("app") or "")
    remedies = [remedy for finding in phrases.causes(document)[:2] for remedy in finding["remedies"]]
    commands: dict[str, str] = {}
    for remedy in remedies:
        if remedy["command"]:
            commands.setdefault(catalogue.with_app(remedy["command"], app), remedy["text"])
    wanted = list(commands.items())[:MOST_COMMANDS]
    words = list(dict.fromkeys(one["text"] for one in remedies if not one["command"]))[:2]
    if not wanted and not words:
        return
    page.heading("What to do now")
    for command, text in wanted:
        changes = catalogue.command_of(command)
        page.raw(f"{INDENT}{page.style(page.clean(f'$ {command}'), 'cyan')}")  # never wrapped: it is there to be copied
        page.wrapped(text + (" (changes the app)" if changes and changes.changes else ""), first="    ", rest="    ")
    for text in words:
        page.wrapped(text, first=f"{INDENT}- ", rest=f"{INDENT}  ")


def _proof(page: Page, document: Document) -> None:
    names = [source["name"] for source in document["sources"]]
    proofs = [proof for finding in phrases.causes(document)[:2] for proof in finding["evidence"]][:MOST_PROOFS]
    if not proofs:
        return
    page.heading("Proof")
    shown: dict[str, str] = {}
    for proof in proofs:
        place = f"{proof['line']}" if len(names) == 1 else f"{names[proof['source']]}:{proof['line']}"
        shown.setdefault(page.fit(place, max(8, page.width // 4)), proof["text"])
    room = max(map(columns, shown))
    for label, text in shown.items():
        place = " " * (room - columns(label)) + page.style(label, "dim")
        page.raw(f"{INDENT}{place}  {page.fit(text, page.width - room - 4)}")
    for reason in phrases.causes(document)[0].get("ruled_out") or []:
        page.wrapped(f"Ruled out: {reason}")


def _further(page: Page, document: Document) -> None:
    """Other causes, then what the first cause explains."""
    others = [
        f"{finding['severity']}: {finding['title']}. {finding['summary']}" for finding in phrases.causes(document)[1:5]
    ]
    folded = phrases.consequences(document)
    if not others and not folded:
        return
    page.heading("Also in this log")
    for text in others:
        page.wrapped(text, first=f"{INDENT}- ", rest=f"{INDENT}  ")
    for finding in folded[:4]:
        page.wrapped(f"As a consequence: {finding['summary']}", first=f"{INDENT}- ", rest=f"{INDENT}  ")


def _log(page: Page, document: Document) -> None:
    page.heading("The log")
    for source in document["sources"][:10]:
        unread = f", {source['unparsed']:,} not read" if source["unparsed"] else ""
        page.wrapped(f"{source['name']}: {count(source['lines'], 'line')}{unread} ({source['format']})")
        for assumption in source["assumptions"]:
            page.wrapped(f"Assumed: {assumption}", first="    ", rest="    ")
    if len(document["sources"]) > 10:
        page.wrapped(f"and {count(len(document['sources']) - 10, 'more file')}")
    first, last = (stamp_of(document["window"][key]) for key in ("first_utc", "last_utc"))
    if first:
        page.wrapped(f"{first} to {last}")
    lost = sum(gap["lost_lines"] for gap in document.get("gaps") or [])
    if document.get("gaps"):
        page.wrapped(f"{count(lost, 'line')} never arrived ({document['gaps'][0]['reason']}): this may miss something.")


def _ticket(page: Page, document: Document) -> None:
    ticket = document.get("ticket") or {}
    if not ticket:
        return
    page.heading("Ticket draft")
    found = ticket["completeness"]
    page.wrapped(
        f"{ticket['priority'].capitalize()} priority, {found['score']:.0%} complete; --format markdown prints it."
    )
    if found["missing"]:
        page.wrapped(f"It lacks {_first(found['missing'])}.")
    if ticket.get("gate"):
        page.wrapped(ticket["gate"])


def _first(missing: Sequence[str]) -> str:
    rest = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    return ", ".join(missing[:3]) + rest
