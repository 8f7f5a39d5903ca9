"""Findings to a verdict: cause before symptom, and honesty where the log does not say."""

from __future__ import annotations

import logging
from typing import NamedTuple

from .rules import all_rules
from .types import Facts, Finding

log = logging.getLogger(__name__)
CONFIRMED, LIKELY = 0.85, 0.5


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
    return sorted(found, key=lambda finding: (finding.harmless, -finding.confidence, finding.slug, finding.subject))


def verdict(found: list[Finding], facts: Facts) -> Verdict:
    serious = [finding for finding in found if not finding.harmless]
    if serious:
        first = serious[0]
        status = "confirmed" if first.confidence >= CONFIRMED else "likely" if first.confidence >= LIKELY else "inconclusive"
        return Verdict(status, first.slug, first.summary)
    if facts.codes:
        return Verdict("inconclusive", "unknown", "Something failed, and this log does not say why.")
    return Verdict("healthy", "", "Nothing in this log harmed users.")
