"""`analyse`: facts to the JSON document ``triage/analysis@1`` that the command prints and the pages show."""

from __future__ import annotations

from typing import Any

from . import catalogue, changes, connections, diagnose, dynos, ticket, timeline, traffic, whatif
from . import onset as onsets
from .endpoints import statistics
from .merge import distinct_clients
from .redact import redact
from .types import Facts, Finding, Gap, SourceInput
from .utc import iso

SCHEMA = "triage/analysis@1"
MOST_COMPARED = 3
"""Releases before the onset whose effect on the endpoints is measured."""


def analyse(facts: Facts) -> dict[str, Any]:
    """The whole analysis as a JSON document; the same facts always give the same document."""
    found = diagnose.findings(facts)
    verdict = diagnose.verdict(found, facts)
    began = onsets.find(facts, found) if verdict.status != "healthy" else None
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "sources": [_source(source) for source in facts.sources],
        "window": {"first_utc": iso(_opens(facts)), "last_utc": iso(facts.last_us)},
        "codes": {
            code: {"count": count.count, "first_utc": iso(count.first_us), "last_utc": iso(count.last_us)}
            for code, count in sorted(facts.codes.items())
        },
        "verdict": verdict._replace(sentence=redact(verdict.sentence))._asdict(),
        "onset": {
            "utc": iso(began.at_us) if began else None,
            "low_utc": iso(began.low_us) if began else None,
            "high_utc": iso(began.high_us) if began else None,
            "ended_utc": iso(began.ended_us) if began else None,
        },
        "findings": [_finding(finding) for finding in found],
        "endpoints": _endpoints(facts),
        "clients": distinct_clients(facts.clients),
        "slowest_request": _slowest(facts),
        "dynos": dynos.table(facts),
        "timeline": timeline.build(facts, found, began),
        "gaps": [_gap(gap) for gap in timeline.gaps(facts)],
        "changes": _changes(facts, began.at_us) if began else [],
        "whatif": _whatif(facts),
        "connections": _connections(facts, found),
    }
    document["ticket"] = ticket.draft(document, facts)
    return document


def _opens(facts: Facts) -> int | None:
    """The first time that stands in the log. Lines are out of order by some ms, so it need not be the smallest."""
    return min((source.totals.opens_us for source in facts.sources if source.totals.opens_us is not None), default=None)


def _source(source: SourceInput) -> dict[str, Any]:
    totals = source.totals
    return {
        "name": source.name, "format": source.settings.format, "encoding": source.settings.encoding,
        "bytes": source.size, "lines": totals.lines, "parsed": totals.parsed, "unparsed": sum(totals.skipped.values()),
        "skipped": totals.skipped, "duplicates": totals.duplicates, "assumptions": list(source.settings.assumptions),
    }  # fmt: skip


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "slug": finding.slug, "title": finding.title or catalogue.cause(finding.slug).title,
        "severity": finding.severity, "confidence": round(finding.confidence, 2), "subject": finding.subject,
        "summary": redact(finding.summary), "count": finding.count,
        "first_utc": iso(finding.first_us), "last_utc": iso(finding.last_us),
        "evidence": [
            {"source": proof.source, "line": proof.line, "utc": iso(proof.at_us), "text": redact(proof.text)}
            for proof in finding.evidence
        ],
        "remedies": [{"text": remedy.text, "command": remedy.command} for remedy in finding.remedies],
        "links": list(finding.links), "ruled_out": list(finding.ruled_out), "folded_into": finding.folded_into,
    }  # fmt: skip


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "from_utc": iso(gap.from_us), "to_utc": iso(gap.to_us), "lost_lines": gap.lost_lines, "reason": gap.reason,
        "source": gap.source, "line": gap.line,
    }  # fmt: skip


def _endpoints(facts: Facts) -> list[dict[str, Any]]:
    waits = _waits(facts)
    rows = []
    for name, found in statistics(facts).items():
        method, _, path = name.partition(" ")
        rows.append(
            {
                "method": method, "path": path, "count": found.count, "apdex": round(found.apdex, 4),
                "mean_ms": round(found.mean_ms, 1), "sd_ms": round(found.sd_ms, 1), "min_ms": found.min_ms,
                "p50_ms": found.p50_ms, "p95_ms": found.p95_ms, "p99_ms": found.p99_ms, "max_ms": found.max_ms,
                "total_ms": found.total_ms, "total_share": round(found.total_share, 4),
                "dissatisfied_share": round(found.dissatisfied_share, 4),
                "errors": found.errors, "timeouts": found.timeouts, "unreached": found.unreached,
                "own_p50_ms": found.p50_ms, "waited_p50_ms": 0, "blame_share": 0.0, "role": "normal",
            }
            | waits.get(name, {})
        )  # fmt: skip
    return rows


def _waits(facts: Facts) -> dict[str, dict[str, Any]]:
    """Own time, waiting time, blame and role by endpoint, where the queues could be replayed."""
    found = traffic.attribution(facts)
    if found is None or not found.fits:
        return {}
    total = sum(share.blame_ms for share in found.shares.values()) or 1.0
    return {
        traffic.endpoint_name(facts, share.endpoint): {
            "own_p50_ms": round(share.own_p50_ms),
            "waited_p50_ms": round(share.waited_p50_ms),
            "blame_share": round(share.blame_ms / total, 4),
            "role": share.role,
        }
        for share in found.shares.values()
    }


def _slowest(facts: Facts) -> dict[str, Any] | None:
    found = facts.slowest
    if found is None:
        return None
    return {
        "method": found.method, "path": found.path, "service_ms": found.service_ms, "line": found.line,
        "source": found.source, "utc": iso(found.at_us),
    }  # fmt: skip


def _changes(facts: Facts, onset_us: int | None) -> list[dict[str, Any]]:
    """What changed before the onset, the nearest first, with what a release did to the endpoints."""
    rows = []
    compared = 0
    for change in changes.suspects(facts, onset_us)[:20]:
        event = change.event
        slower = []
        if event.kind == "release" and event.at_us and compared < MOST_COMPARED:
            slower, compared = changes.slower_since(facts, event.at_us), compared + 1
        rows.append(
            {
                "utc": iso(event.at_us), "kind": event.kind, "title": redact(change.title), "source": event.source,
                "line": event.line, "before_s": None if change.before_s is None else round(change.before_s),
                "slower": [_shift(name, shift) for name, shift in slower[:5]],
            }
        )  # fmt: skip
    return rows


def _shift(endpoint: str, shift: changes.Shift) -> dict[str, Any]:
    return {
        "endpoint": endpoint,
        "p50_before_ms": round(shift.p50_before_ms),
        "p50_after_ms": round(shift.p50_after_ms),
        "shift_ms": round(shift.shift_ms),
        "low_ms": round(shift.low_ms),
        "high_ms": round(shift.high_ms),
    }


def _whatif(facts: Facts) -> dict[str, Any] | None:
    found = whatif.replay(facts)
    if found is None:
        return None
    return {
        "dynos": found.dynos,
        "workers": found.workers,
        "more_dynos_do_not_help": found.more_dynos_do_not_help,
        "options": [
            {"key": option.key, "title": option.title, "ratio": round(option.ratio, 2), "low": round(option.low, 2),
             "high": round(option.high, 2)}
            for option in found.options
        ],
    }  # fmt: skip


def _connections(facts: Facts, found: list[Finding]) -> dict[str, Any] | None:
    """The connection budget, where connections are the question."""
    budget = connections.budget(facts)
    if budget.limit is None and not any(finding.slug == "db-connection-limit" for finding in found):
        return None
    return {
        "need": budget.need, "seen": budget.seen, "limit": budget.limit, "over": budget.over,
        "terms": [
            {"title": term.title, "value": term.value, "source": term.proof and term.proof.source,
             "line": term.proof and term.proof.line, "assumed": term.assumed}
            for term in budget.terms
        ],
    }  # fmt: skip
