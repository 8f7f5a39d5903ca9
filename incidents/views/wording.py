"""The summary that people send to each other: plain, for Slack, and as Markdown."""

from __future__ import annotations

from dataclasses import dataclass

from incidents.models import Incident
from incidents.templatetags.triage import count, percent, visible
from incidents.views.summary import Summary

MOST_PROOFS = 3
PROOF_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Wording:
    """One text for the clipboard, and what the menu calls it."""

    key: str
    label: str
    text: str


def wordings_of(incident: Incident, summary: Summary, address: str) -> list[Wording]:
    """The same facts in three forms. ``address`` is the incident's, absolute."""
    return [
        Wording("slack", "For Slack", _slack(incident, summary, address)),
        Wording("markdown", "As Markdown", _markdown(incident, summary, address)),
        Wording("plain", "As plain text", _plain(incident, summary, address)),
    ]


def _plain(incident: Incident, summary: Summary, address: str) -> str:
    return "\n".join(
        [f"{visible(incident.heading)}: {visible(summary.verdict['sentence'])}", *_facts(summary), address]
    )


def _slack(incident: Incident, summary: Summary, address: str) -> str:
    facts = "\n".join(f"• {fact}" for fact in _facts(summary))
    steps = "\n".join(f"• `{_inline(step.command)}` ({step.text})" for step in summary.steps)
    parts = [f"*{visible(incident.heading)}*: {visible(summary.verdict['sentence'])}", facts]
    if steps:
        parts.append(f"*What to do*\n{steps}")
    return "\n".join([*parts, address])


def _markdown(incident: Incident, summary: Summary, address: str) -> str:
    heading = visible(incident.heading).replace("[", "(").replace("]", ")")
    parts = [f"**[{heading}]({address})**: {visible(summary.verdict['sentence'])}",
             "\n".join(f"- {fact}" for fact in _facts(summary))]  # fmt: skip
    proofs = (summary.first or {}).get("evidence") or []
    if proofs:
        lines = "\n".join(
            visible(proof["text"]).replace("```", "'''")[:PROOF_CHARACTERS] for proof in proofs[:MOST_PROOFS]
        )
        parts.append(f"```text\n{lines}\n```")
    if summary.steps:
        parts.append("\n".join(f"- `{_inline(step.command)}`: {step.text}" for step in summary.steps))
    return "\n\n".join(parts)


def _facts(summary: Summary) -> list[str]:
    verdict = summary.verdict["status"].capitalize()
    facts = [f"{verdict}, {percent(summary.confidence)} sure" if summary.confidence else verdict]
    if summary.last_trouble_at is not None:
        facts.append(
            "Still happening when the log ends"
            if summary.is_ongoing
            else f"Ended {_clock(summary.last_trouble_at.isoformat())}"
        )
    if summary.onset["utc"]:
        facts.append(f"Began {_clock(summary.onset['utc'])}")
    if summary.requests:
        failed = (
            f"{count(summary.failed)} of {count(summary.requests)} requests failed ({percent(summary.failed_share)})"
        )
        facts.append(failed + (f", about {count(summary.clients)} clients" if summary.clients else ""))
    if summary.changes and summary.verdict["status"] != "healthy":
        facts.append(f"Changed before: {visible(summary.changes[0]['title'])} ({_clock(summary.changes[0]['utc'])})")
    return facts


def _clock(utc: str) -> str:
    """``2026-03-14 09:01:27 UTC``: the same for everybody who reads it."""
    return f"{utc[:19].replace('T', ' ')} UTC"


def _inline(text: str) -> str:
    return visible(text).replace("`", "'")
