"""The sentences of the ticket, each with the lines that show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import catalogue, phrases
from ..redact import redact
from ..utc import parse_iso
from ..wording import count, duration, listed, stamp_of
from . import markdown
from .context import Context
from .excerpt import Claim, Place

MOST_CITED = 6
_CERTAINTY = {"confirmed": "", "likely": "Likely: ", "inconclusive": "Not certain: ", "healthy": ""}


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of Markdown and its proof. ``over`` names the lines of which it holds as a whole."""

    text: str
    claim: Claim
    over: str = ""  # such as "counted over all router lines"

    @property
    def places(self) -> tuple[Place, ...]:
        return self.claim.every or self.claim.any_of[:1]


def clean(text: str) -> str:
    """Text of the log as it may leave the team: no credentials, no personal data, one line."""
    return redact(markdown.line(text), personal=True)


def label(names: Sequence[str], place: Place) -> str:
    """``app.log:812``: how a line is cited. Blanks in the name of the source would end the word."""
    source, line = place
    name = clean(names[source]) if 0 <= source < len(names) else f"source {source + 1}"
    return f"{'_'.join(name[-60:].split())}:{line}"


def cited(statement: Statement, names: Sequence[str]) -> str:
    """The sentence with its lines behind it, as Markdown."""
    labels = [markdown.code(label(names, place)) for place in statement.places[:MOST_CITED]]
    if len(statement.places) > MOST_CITED:
        labels.append(f"and {len(statement.places) - MOST_CITED} more")
    if statement.over:
        whole = f"{statement.over} of {markdown.code(listed([clean(name)[-60:] for name in names]))}"
        labels = [f"{whole}, for example {labels[0]}" if labels else whole]
    return f"{statement.text} ({', '.join(labels)})" if labels else statement.text


def evidence_places(finding: Mapping[str, Any]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys((int(proof["source"]), int(proof["line"])) for proof in finding["evidence"]))


def describe(document: Mapping[str, Any], context: Context) -> list[Statement]:
    """What happens, from the verdict to the numbers. Sentences without a line of proof are left out."""
    found = [
        *_findings(document),
        *_codes(document),
        *_failures(context),
        *_endpoints(document),
        *_holes(document),
    ]
    return [statement for statement in found if statement.over or statement.places]


def _findings(document: Mapping[str, Any]) -> Iterator[Statement]:
    verdict = document["verdict"]
    if verdict["status"] == "healthy":
        yield Statement(_sentence(markdown.prose(clean(verdict["sentence"]))), Claim(), over="all lines")
    for position, finding in enumerate(phrases.causes(document)[:3]):
        sentence = verdict["sentence"] if position == 0 and verdict["sentence"] else finding["summary"]
        certainty = _CERTAINTY.get(verdict["status"], "") if position == 0 else "Also: "
        text = markdown.prose(clean(f"{certainty}{sentence}"))
        yield Statement(_sentence(text), Claim(every=evidence_places(finding)))
    for finding in phrases.consequences(document)[:3]:
        text = markdown.prose(clean(f"As a consequence: {finding['summary']}"))
        yield Statement(_sentence(text), Claim(any_of=evidence_places(finding)))


def _codes(document: Mapping[str, Any]) -> Iterator[Statement]:
    """One sentence for each error code, the most frequent first."""
    most = sorted(document["codes"].items(), key=lambda item: (-item[1]["count"], item[0]))
    for code, counted in most[:6]:
        entry = catalogue.lookup(code)
        name = f"{code} ({entry.title})" if entry and entry.known else code
        first, last = stamp_of(counted["first_utc"]), stamp_of(counted["last_utc"])
        when = f" at {first}" if first and first == last else f" from {first} to {last}" if first else ""
        yield Statement(
            f"{markdown.prose(name)}: {count(counted['count'], 'time')}{when}.",
            Claim(any_of=_code_places(document, code)),
        )


def _code_places(document: Mapping[str, Any], code: str) -> tuple[Place, ...]:
    """Lines known to bear the code: evidence first, then the timeline's."""
    proofs = [proof for finding in document["findings"] for proof in finding["evidence"]]
    found = [
        (int(proof["source"]), int(proof["line"])) for proof in proofs if code in catalogue.codes_in(proof["text"])
    ]
    for entry in document.get("timeline") or []:
        if entry["kind"] in ("code", "gap") and code in entry["title"] and entry["line"]:
            found.append((int(entry.get("source", 0)), int(entry["line"])))
    return tuple(dict.fromkeys(found))


def _failures(context: Context) -> Iterator[Statement]:
    if context.requests and context.failed:
        share = context.failed / context.requests
        yield Statement(
            f"{context.failed:,} of {count(context.requests, 'request')} in this log failed ({percent(share)}).",
            Claim(any_of=tuple(context.failing)),
            over="counted over all router lines",
        )


def percent(share: float) -> str:
    """``5.2 %``; never 0 % for something nor 100 % for not quite all."""
    if 0 < share < 0.001:
        return "less than 0.1 %"
    if 0.999 < share < 1:
        return "more than 99.9 %"
    return f"{share * 100:.1f} %".replace(".0 %", " %")


def _endpoints(document: Mapping[str, Any]) -> Iterator[Statement]:
    """Culprits and victims by name, where the analysis tells them apart."""
    rows = document.get("endpoints") or []
    culprits = [row for row in rows if row.get("role") == "culprit"]
    victims = [row for row in rows if row.get("role") == "victim"]
    for row in culprits[:2]:
        text = (
            f"{_name(row)}: while it lasted, half of its requests needed {row['own_p50_ms']:,} ms or more of their "
            f"own, waiting left out; {row['timeouts']:,} of all {row['count']:,} timed out."
        )
        yield Statement(text, Claim(), over="counted over all router lines")
    if culprits and victims:
        names = ", ".join(_name(row) for row in victims[:4])
        timeouts = count(sum(row["timeouts"] for row in victims), "timeout")
        text = f"Other requests waited behind it: {names}, with {timeouts}."
        yield Statement(text, Claim(), over="counted over all router lines")


def _name(row: Mapping[str, Any]) -> str:
    return markdown.code(clean(f"{row['method']} {row['path']}"))


def _holes(document: Mapping[str, Any]) -> Iterator[Statement]:
    for entry in document.get("timeline") or []:
        if entry["kind"] == "gap" and entry["line"]:
            place = (int(entry.get("source", 0)), int(entry["line"]))
            yield Statement(_sentence(markdown.prose(clean(entry["title"]))), Claim(every=(place,)))


def changes(document: Mapping[str, Any], most: int = 8) -> list[Statement]:
    """What changed, the nearest to the onset first told with its distance; in the order of time."""
    began = phrases.onset_us(document)
    entries = phrases.changes(document)
    if began is not None:
        entries = sorted(entries, key=lambda entry: abs((parse_iso(entry["utc"]) or 0) - began))
    chosen = sorted(entries[:most], key=lambda entry: (entry["utc"], entry["line"]))
    return [_change(entry, began) for entry in chosen]


def _change(entry: Mapping[str, Any], began: int | None) -> Statement:
    at = parse_iso(entry["utc"]) or 0
    distance = ""
    if began is not None:
        side = "before it began" if at <= began else "after it began"
        distance = f", {duration(abs(at - began))} {side}"
    text = f"{stamp_of(entry['utc'])}: {markdown.prose(clean(entry['title']))}{distance}."
    place = (int(entry.get("source", 0)), int(entry["line"]))
    return Statement(text, Claim(every=(place,) if entry["line"] else ()))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
