"""Everything that was looked at, as one list: red, yellow, green, or grey where the log cannot tell.

Grey is not green: it says what to turn on, so that the next log can tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from incidents.views.summary import Summary

Document = dict[str, Any]
RED, YELLOW, GREEN, GREY = "red", "yellow", "green", "grey"
_RANK = {RED: 0, YELLOW: 1, GREY: 2, GREEN: 3}
FAILED_SHARE_BAD = 0.01
P95_SLOW_MS, P95_BAD_MS = 5_000, 15_000
MEMORY_NEAR = 0.9
LOAD_HIGH = 4.0
"""Runnable tasks per core; a shared dyno has about one."""
MOST_PROOFS = 3
METRICS = "heroku labs:enable log-runtime-metrics"
ROUTER_LINES = "heroku logs -n 1500 --source heroku"


@dataclass
class Check:
    """One row. ``words`` is the result in a few words, ``proofs`` the lines that show it, ``query`` finds them all."""

    name: str
    state: str
    words: str
    proofs: list[Document] = field(default_factory=list)
    query: str = ""
    advice: str = ""
    command: str = ""

    @property
    def tone(self) -> str:
        return {RED: "urgent", YELLOW: "normal", GREEN: "ok", GREY: "none"}[self.state]

    @property
    def icon(self) -> str:
        return {RED: "urgent", YELLOW: "normal", GREEN: "ok", GREY: "circle"}[self.state]

    @property
    def label(self) -> str:
        return "no data" if self.state == GREY else self.state

    @property
    def opens(self) -> bool:
        return bool(self.proofs or self.query or self.advice)


def checks_of(summary: Summary) -> list[Check]:
    """All checks, the worst first; none before anything has been read."""
    if not summary.verdict["status"]:
        return []
    found = [
        _failures(summary), _timeouts(summary), _latency(summary), _queueing(summary), _dynos(summary),
        _boot(summary), _memory(summary), _load(summary), _release(summary),
        _by_findings(summary, "Database", "db-", "no error of the database in this log"),
        _by_findings(summary, "Redis", "redis-", "no error of Redis in this log"),
        _platform(summary), _gaps(summary), _reading(summary),
    ]  # fmt: skip
    return sorted(found, key=lambda check: _RANK[check.state])


def counted(checks: Iterable[Check]) -> list[tuple[Check, int]]:
    """How many of each state, with one check of it for its look."""
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(check.state, []).append(check)
    return [(group[0], len(group)) for group in groups.values()]


# -- requests ---------------------------------------------------------------------------------------------------------
def _failures(summary: Summary) -> Check:
    share = summary.failed_share
    if share is None:
        return _no_router("Failed requests")
    words = f"{summary.failed:,} of {summary.requests:,} requests failed"
    if not summary.failed:
        return Check("Failed requests", GREEN, f"none of {summary.requests:,}")
    return Check("Failed requests", RED if share >= FAILED_SHARE_BAD else YELLOW, words, query="status:>=500")


def _timeouts(summary: Summary) -> Check:
    number = _count(summary, "H12")
    if number:
        share = number / summary.requests if summary.requests else 1.0
        state = RED if share >= FAILED_SHARE_BAD else YELLOW
        return Check("Timeouts (H12)", state, f"{number:,} requests cut off after 30 s", query="code:H12")
    if summary.requests:
        return Check("Timeouts (H12)", GREEN, "none")
    return _no_router("Timeouts (H12)")


def _latency(summary: Summary) -> Check:
    if not summary.endpoints:
        return _no_router("Service times")
    slow = [row for row in summary.endpoints if row["p95_ms"] >= P95_SLOW_MS and row["count"] >= 5]
    if not slow:
        return Check("Service times", GREEN, f"p95 of every endpoint below {P95_SLOW_MS // 1000} s")
    worst = max(slow, key=lambda row: row["p95_ms"])
    words = f"p95 of {worst['method']} {worst['path']} is {worst['p95_ms'] / 1000:.1f} s"
    if len(slow) > 1:
        words += f", and {len(slow) - 1} more above {P95_SLOW_MS // 1000} s"
    state = RED if worst["p95_ms"] >= P95_BAD_MS else YELLOW
    return Check("Service times", state, words, query=f"service:>{P95_SLOW_MS}")


def _queueing(summary: Summary) -> Check:
    name = "Waiting in dynos"
    culprits = [row for row in summary.endpoints if row.get("role") == "culprit"]
    victims = [row for row in summary.endpoints if row.get("role") == "victim"]
    if culprits:
        words = f"{len(victims)} endpoints waited behind {culprits[0]['method']} {culprits[0]['path']}"
        return Check(name, RED, words, _proofs(summary, ("slow-endpoint",)))
    if not summary.endpoints:
        return _no_router(name)
    if any(row.get("waited_p50_ms") for row in summary.endpoints):
        return Check(name, YELLOW, "requests waited behind others", _proofs(summary, ("request-queueing",)))
    return Check(name, GREEN, "no endpoint held the others up")


def _no_router(name: str) -> Check:
    advice = "The router's lines are not in this log. Take them in:"
    return Check(name, GREY, "no router lines in this log", advice=advice, command=ROUTER_LINES)


# -- dynos ------------------------------------------------------------------------------------------------------------
def _dynos(summary: Summary) -> Check:
    dynos = summary.document.get("dynos") or []
    crashes = sum(dyno["crashes"] for dyno in dynos)
    restarts = sum(dyno["restarts"] for dyno in dynos)
    if crashes or _count(summary, "H10"):
        words = f"{crashes:,} crashes" if crashes else f"H10 (app crashed) {_count(summary, 'H10'):,} times"
        return Check("Crashes", RED, words, _proofs(summary, ("app-exception", "bad-start-command")), "crashed")
    if not dynos:
        return Check("Crashes", GREY, "no dyno tells about itself in this log", advice=_NO_DYNOS, command=ROUTER_LINES)
    return Check("Crashes", GREEN, f"none; {restarts:,} restarts" if restarts else "none")


def _boot(summary: Summary) -> Check:
    number = _count(summary, "R10") + _count(summary, "H20")
    slugs = ("boot-timeout", "port-binding", "missing-dependency", "syntax-or-import-error")
    found = _of_slugs(summary, slugs)
    if number or found:
        words = found[0]["title"] if found else f"{number:,} boots timed out"
        return Check("Boot", RED, words, _proofs(summary, slugs), "code:R10" if _count(summary, "R10") else "")
    return Check("Boot", GREEN, "nothing failed to start")


def _memory(summary: Summary) -> Check:
    dynos = [dyno for dyno in summary.document.get("dynos") or [] if dyno.get("memory_max_mb")]
    over = {code: _count(summary, code) for code in ("R15", "R14")}
    proofs = _proofs(summary, ("memory-quota", "memory-leak", "heap-out-of-memory"))
    if over["R15"] or over["R14"]:
        code = "R15" if over["R15"] else "R14"
        words = f"{over[code]:,} × {code}: over the quota"
        return Check("Memory", RED, words, proofs, f"code:{code}")
    if not dynos:
        return Check("Memory", GREY, "not measured", advice=_NO_METRICS, command=METRICS)
    worst = max(dynos, key=lambda dyno: dyno["memory_max_mb"] / (dyno["memory_quota_mb"] or 1e9))
    share = worst["memory_max_mb"] / worst["memory_quota_mb"] if worst["memory_quota_mb"] else 0.0
    words = f"{worst['name']} at {share:.0%} of its quota at most"
    if any(finding["slug"] == "memory-leak" for finding in summary.findings) or share >= MEMORY_NEAR:
        return Check("Memory", YELLOW, words, proofs)
    return Check("Memory", GREEN, words)


def _load(summary: Summary) -> Check:
    loads = [(dyno.get("load_max") or 0.0, dyno["name"]) for dyno in summary.document.get("dynos") or []]
    highest, name = max(loads, default=(0.0, ""))
    if not highest:
        return Check("Load", GREY, "not measured", advice=_NO_METRICS, command=METRICS)
    state = YELLOW if highest >= LOAD_HIGH else GREEN
    return Check("Load", state, f"{highest:.1f} at most, on {name}")


_NO_METRICS = "Heroku prints memory and load only where runtime metrics are on. Turn them on and restart:"
_NO_DYNOS = "The lines of the dyno manager are not in this log. Take them in:"


# -- around the app ---------------------------------------------------------------------------------------------------
def _release(summary: Summary) -> Check:
    slugs = ("build-failed", "release-phase-failed", "migration-failed", "asset-precompile", "slug-too-large")
    found = _of_slugs(summary, slugs)
    if found:
        return Check("Build and release", RED, found[0]["title"], _proofs(summary, slugs))
    if summary.changes and summary.verdict["status"] != "healthy":
        change = summary.changes[0]
        proofs = [{"source": change.get("source"), "line": change["line"], "text": change["title"]}]
        return Check("Changes", YELLOW, f"{change['title']} stands before it", proofs if change.get("line") else [])
    return Check("Changes", GREEN, "no release or setting changed before it")


def _by_findings(summary: Summary, name: str, prefix: str, calm: str) -> Check:
    slugs = tuple(finding["slug"] for finding in summary.findings if finding["slug"].startswith(prefix))
    found = _of_slugs(summary, slugs)
    if not found:
        return Check(name, GREEN, calm)
    state = YELLOW if found[0]["severity"] in ("normal", "low") else RED
    return Check(name, state, found[0]["title"], _proofs(summary, slugs))


def _platform(summary: Summary) -> Check:
    number = _count(summary, "H99") + _count(summary, "R99")
    if number or _of_slugs(summary, ("platform-incident",)):
        return Check("Heroku itself", RED, "the platform failed", _proofs(summary, ("platform-incident",)), "code:H99")
    return Check("Heroku itself", GREEN, "no H99 or R99, which are its own failures")


def _gaps(summary: Summary) -> Check:
    gaps = summary.document.get("gaps") or []
    lost = sum(gap["lost_lines"] or 0 for gap in gaps)
    if gaps:
        words = f"{lost:,} lines never arrived" if lost else "some lines never arrived"
        proofs = [{**gap, "text": gap["reason"]} for gap in gaps if gap.get("line")]
        return Check("Lost lines", YELLOW, words, proofs[:MOST_PROOFS], "code:L10" if _count(summary, "L10") else "")
    return Check("Lost lines", GREEN, "none reported")


def _reading(summary: Summary) -> Check:
    share = summary.unparsed_share
    if share > 0.2:
        return Check("Reading", YELLOW, f"{share:.0%} of the lines not recognised")
    if summary.looks_cut:
        return Check("Reading", YELLOW, "as long as heroku logs prints at most: the beginning may be missing")
    return Check("Reading", GREEN, f"{1 - share:.1%} of the lines understood")


# -- helpers ----------------------------------------------------------------------------------------------------------
def _count(summary: Summary, code: str) -> int:
    return int(((summary.document.get("codes") or {}).get(code) or {}).get("count", 0))


def _of_slugs(summary: Summary, slugs: Iterable[str]) -> list[Document]:
    wanted = set(slugs)
    return [finding for finding in summary.findings if finding["slug"] in wanted]


def _proofs(summary: Summary, slugs: Iterable[str]) -> list[Document]:
    found = _of_slugs(summary, slugs)
    return [proof for finding in found for proof in finding.get("evidence") or []][:MOST_PROOFS]
