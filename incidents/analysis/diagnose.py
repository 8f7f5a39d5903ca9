"""Findings to a verdict: cause before symptom, and honesty where the log does not say.

A finding is folded under another when a typed link leads from the one to the other (``LINKS``, and what the rule
itself says it ``explains``), the cause began no later than the symptom, and the cause is likely at all. What is left
is ordered by how sure it is and how much it harms.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from .rules import all_rules
from .types import Facts, Finding

log = logging.getLogger(__name__)
CONFIRMED, LIKELY = 0.85, 0.5
FOLDS = 0.5
"""A cause less likely than this explains nothing."""
SLACK_US = 5_000_000
"""Lines of one moment come in any order, and some sources print whole seconds."""

_LOADING = ("app-exception", "boot-timeout", "unknown", "connection-closed-early", "sigterm-not-handled")
_DATABASE = (
    *_LOADING,
    "slow-endpoint",
    "request-queueing",
    "worker-timeout",
    "external-api-slow",
    "migration-failed",
    "missing-table",
)
LINKS: dict[str, tuple[str, ...]] = {
    "missing-dependency": (*_LOADING, "syntax-or-import-error", "port-binding", "bad-start-command"),
    "dependency-conflict": (*_LOADING, "syntax-or-import-error", "missing-dependency", "db-misconfigured"),
    "syntax-or-import-error": _LOADING,
    "missing-config-var": (
        *_LOADING, "db-misconfigured", "db-connection-failure", "redis-connection-failure", "port-binding",
        "permission-or-auth",
    ),
    "bad-start-command": (*_LOADING, "syntax-or-import-error", "missing-dependency", "port-binding", "memory-quota"),
    "port-binding": ("boot-timeout", "unknown"),
    "missing-procfile-or-process-type": ("boot-timeout", "port-binding", "no-web-dynos", "build-failed", "unknown"),
    "boot-timeout": ("unknown", "memory-quota"),
    "node-version": (*_LOADING, "syntax-or-import-error", "dependency-conflict"),
    "native-build-failure": ("build-failed", "missing-dependency", *_LOADING),
    "slug-too-large": ("build-failed",),
    "static-files": ("build-failed",),
    "asset-precompile": ("app-exception", "static-files", "build-failed"),
    "migration-failed": ("app-exception", "release-phase-failed", "boot-timeout", "unknown", "db-misconfigured"),
    "missing-table": ("app-exception", "migration-failed", "release-phase-failed", "unknown", "db-misconfigured"),
    "release-phase-failed": ("unknown",),
    "disallowed-host": ("app-exception",),
    "permission-or-auth": ("app-exception", "unknown"),
    "db-connection-failure": (*_DATABASE, "release-phase-failed"),
    "db-connection-limit": (*_DATABASE, "db-connection-failure"),
    "db-misconfigured": (*_DATABASE, "db-connection-failure"),
    "db-lock": ("slow-endpoint", "db-statement-slow", "app-exception", "request-queueing"),
    "db-statement-slow": ("slow-endpoint", "request-queueing", "worker-timeout", "app-exception"),
    "ssl-or-dns": (*_DATABASE, "db-connection-failure", "redis-connection-failure"),
    "redis-connection-failure": (*_LOADING, "request-queueing"),
    "redis-connection-limit": (*_LOADING, "redis-connection-failure"),
    "redis-oom": (*_LOADING, "redis-connection-failure"),
    "memory-leak": (
        "memory-quota", "worker-timeout", "request-queueing", "slow-endpoint", "unknown", "heap-out-of-memory",
    ),
    "memory-quota": ("unknown", "worker-timeout", "connection-closed-early"),
    "heap-out-of-memory": ("memory-quota", "app-exception", "unknown", "connection-closed-early"),
    "worker-timeout": ("connection-closed-early", "app-exception", "sigterm-not-handled", "unknown"),
    "slow-endpoint": (
        "worker-timeout", "request-queueing", "backlog-too-deep", "client-disconnect", "connection-closed-early",
        "unknown",
    ),
    "external-api-slow": ("slow-endpoint", "worker-timeout", "request-queueing", "app-exception", "unknown"),
    "request-queueing": ("backlog-too-deep", "client-disconnect", "unknown"),
    "backlog-too-deep": ("unknown",),
    "app-exception": ("connection-closed-early", "unknown", "worker-timeout"),
    "connection-closed-early": ("unknown",),
    "client-disconnect": ("unknown",),
    "idle-connection-timeout": ("unknown",),
    "websocket-h15": ("idle-connection-timeout", "unknown"),
    "no-web-dynos": ("unknown",),
    "dyno-sleeping": ("no-web-dynos", "unknown"),
    "maintenance-mode": ("unknown",),
    "blank-app": ("unknown", "build-failed"),
    "sigterm-not-handled": ("connection-closed-early", "unknown"),
    "platform-incident": ("unknown", "connection-closed-early", "boot-timeout", "no-web-dynos"),
}  # fmt: skip
"""Cause -> what it brings about: the mechanism that each link stands for is told by the cause's rule."""

_WEIGHT = {"urgent": 0.06, "high": 0.03, "normal": 0.0, "low": -0.1}
_NEAR = 0.06
"""A special cause that is nearly as sure as a general one explains it."""
_GENERIC = frozenset(("app-exception", "unknown", "boot-timeout", "connection-closed-early"))
CALM_CODES = frozenset(
    ("H27", "H28", "H80", "H81", "H82", "R12", "R13", "R16", "L10", "L11", "L12", "L13", "L14", "L15", "L20")
)
"""Codes that do not by themselves mean that users were harmed and nobody knows why."""


class Verdict(NamedTuple):
    """``status`` is confirmed, likely, inconclusive or healthy."""

    status: str
    slug: str
    sentence: str


def findings(facts: Facts) -> list[Finding]:
    """What all rules say, the cause first."""
    found: list[Finding] = []
    for rule in all_rules():
        try:
            found += rule.check(facts)
        except Exception:  # one broken rule must not silence the others
            log.exception("rule %s failed", rule.name)
    return rank(found, facts)


def rank(found: list[Finding], facts: Facts) -> list[Finding]:
    """Causes first, then what they explain, then what is harmless."""
    found = sorted(found, key=_order)
    lines = facts.cache.get("trace lines", {})
    under: dict[int, Finding] = {}  # symptom -> its cause
    for place, symptom in enumerate(found):
        for position, cause in enumerate(found):
            if id(cause) not in under and _explains(cause, symptom, lines, before=position < place):
                under[id(symptom)] = cause
                break
    for symptom in found:
        root = symptom
        while id(root) in under:
            root = under[id(root)]
        symptom.folded_into = root.slug if root is not symptom else ""
    return sorted(found, key=lambda finding: (finding.harmless, bool(finding.folded_into), *_order(finding)))


def _order(finding: Finding) -> tuple[bool, float, int, str, str]:
    weight = finding.confidence + _WEIGHT[finding.severity]
    return finding.harmless, -round(weight, 4), -(finding.last_us or 0), finding.slug, finding.subject


def _explains(cause: Finding, symptom: Finding, lines: dict[str, set[tuple[int, int]]], *, before: bool) -> bool:
    """Whether a link leads from one to the other, and its time order holds."""
    if cause.harmless or cause.confidence < FOLDS or symptom.harmless or symptom.slug == cause.slug:
        return False
    if symptom.slug == "app-exception":
        mine = lines.get(symptom.subject, set())
        if any((proof.source, proof.line) in mine for proof in cause.evidence):
            return True
        if mine and cause.slug != "external-api-slow":
            return False  # an error of its own
    linked = symptom.slug in LINKS.get(cause.slug, ()) or symptom.slug in cause.explains
    near = cause.confidence >= symptom.confidence - _NEAR
    if not linked or (not before and not near and symptom.slug not in _GENERIC):
        return False
    if cause.first_us is None or symptom.last_us is None:
        return True
    return cause.first_us <= symptom.last_us + SLACK_US


def verdict(found: list[Finding], facts: Facts) -> Verdict:
    """One sentence and how sure it is."""
    serious = [finding for finding in found if not finding.harmless]
    if serious:
        first = serious[0]
        status = (
            "confirmed" if first.confidence >= CONFIRMED else "likely" if first.confidence >= LIKELY else "inconclusive"
        )
        return Verdict(status, first.slug, first.summary)
    unexplained = sorted(set(facts.codes) - CALM_CODES)
    if unexplained:
        return Verdict(
            "inconclusive", "unknown",
            f"{', '.join(unexplained)} in this log, and nothing that tells why. "
            "Add the app's own lines: `heroku logs -n 1500 -s app`.",
        )  # fmt: skip
    calm = next((finding.summary for finding in found if finding.harmless), "")
    return Verdict("healthy", "", f"Nothing in this log harmed users.{' ' + calm if calm else ''}")
