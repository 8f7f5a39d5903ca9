"""Golden cases: a log of our own making for every cause, and what must be said of it.

Each holds the log, what is said of it, and the ticket. ``python -m tests.analysis.test_cases`` writes both anew; read the difference before it is committed.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.analysis.logs import document_of

CASES = Path(__file__).parents[1] / "samples" / "cases"
NAMES = sorted(path.parent.name for path in CASES.glob("*/input.log"))


def outline(document: dict) -> dict:
    """What a reader sees first: the verdict, the order of findings, and the lines that prove the first."""
    findings = document["findings"]
    return {
        "verdict": document["verdict"],
        "findings": [
            f"{one['slug']} < {one['folded_into']}" if one["folded_into"] else one["slug"] for one in findings
        ],
        "evidence": [proof["line"] for proof in findings[0]["evidence"]] if findings else [],
    }


def said(name: str) -> dict:
    return outline(document_of((CASES / name / "input.log").read_text()))


@pytest.mark.parametrize("name", NAMES)
def test_a_case_is_told_as_it_was(name):
    assert said(name) == json.loads((CASES / name / "expected.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_the_first_finding_is_the_cause_that_the_case_is_named_after(name):
    assert said(name)["findings"][0] == name


@pytest.mark.parametrize("name", NAMES)
def test_the_ticket_is_written_as_it_was(name):
    document = document_of((CASES / name / "input.log").read_text())
    assert document["ticket"]["markdown"] == (CASES / name / "ticket.md").read_text()


if __name__ == "__main__":
    for case in NAMES:
        text = json.dumps(said(case), indent=1, ensure_ascii=False)
        (CASES / case / "expected.json").write_text(f"{text}\n")
        document = document_of((CASES / case / "input.log").read_text())
        (CASES / case / "ticket.md").write_text(document["ticket"]["markdown"])
