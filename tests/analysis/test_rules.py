"""Every rule proves itself: it raises its first slug on what it must catch, and nothing on what it must leave alone."""

from __future__ import annotations

import importlib
import inspect
from collections import Counter
from pathlib import Path

import pytest
import re2

from incidents.analysis import catalogue
from incidents.analysis.rules import all_rules, base
from tests.analysis.logs import facts_of

RULES = {rule.name: rule for rule in all_rules()}
HEADINGS = ("What it means", "Why it happens", "How to tell", "What to do", "References")
SIMULATED = {"memory_leak", "request_queueing", "sick_dyno", "slow_endpoint"}
"""Rules of arithmetic: no short sample carries them, the simulator proves them."""
CATCHES = [(name, text) for name, rule in RULES.items() for text in rule.catches]
IGNORES = [(name, text) for name, rule in RULES.items() for text in rule.ignores]


def raised(name: str, text: str) -> list:
    return list(RULES[name].check(facts_of(text)))


@pytest.mark.parametrize(("name", "text"), CATCHES, ids=[name for name, _ in CATCHES])
def test_a_rule_catches_its_samples(name, text):
    found = raised(name, text)
    assert RULES[name].slugs[0] in [finding.slug for finding in found]


@pytest.mark.parametrize(("name", "text"), IGNORES, ids=[name for name, _ in IGNORES])
def test_a_rule_ignores_what_is_not_its_cause(name, text):
    assert raised(name, text) == []


@pytest.mark.parametrize("name", RULES)
def test_a_rule_carries_its_proof_and_its_help(name):
    rule = RULES[name]
    assert (rule.catches and rule.ignores) or name in SIMULATED
    text = inspect.getdoc(importlib.import_module(f"incidents.analysis.rules.{name}")) or ""
    places = [text.find(f"\n{heading}\n") for heading in HEADINGS]
    assert -1 not in places
    assert places == sorted(places)
    assert "https://" in text[places[-1] :]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_raises_known_slugs_with_evidence_and_remedies(name):
    rule = RULES[name]
    assert set(rule.slugs) <= set(catalogue.SLUGS)
    for text in rule.catches:
        for finding in raised(name, text):
            assert finding.slug in rule.slugs
            assert 0 < finding.confidence < 1
            assert finding.evidence
            assert all(proof.text in text for proof in finding.evidence)
            assert finding.summary.endswith((".", "`"))
            assert finding.harmless or finding.remedies or finding.links
            commands = [remedy.command for remedy in finding.remedies if remedy.command]
            assert all("{" not in command for command in commands)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_short(name):
    text = Path(inspect.getfile(importlib.import_module(f"incidents.analysis.rules.{name}"))).read_text()
    code = text[text.index("from __future__") : text.index("\nRULE = ")]  # without the help page and the samples
    assert code.count("\n") <= (140 if name in SIMULATED else 120), (
        "split what has grown, or move wordings to a helper module"
    )


def test_signs_have_one_owner_and_are_linear():
    names = Counter(name for name, _ in base.signs())
    assert [name for name, times in names.items() if times > 1] == []
    for name, pattern in base.signs():
        assert re2.compile(pattern), name


def test_a_sign_in_a_path_that_a_client_asked_for_is_no_sign():
    text = (
        '2026-03-14T09:00:03.100000+00:00 heroku[router]: at=info method=GET path="/?q=No module named x" host=shop.example.com '
        'request_id=1f0e4f6f-8d8d-4b2c-9d4e-5f601f0e4f6f fwd="192.0.2.7" dyno=web.1 connect=0ms service=4ms status=500 bytes=141 '
        "protocol=https\n"
    )
    assert base.hits(facts_of(text), "module python") == []
