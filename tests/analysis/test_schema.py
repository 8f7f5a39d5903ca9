"""The published schema holds for what `analyse` writes, and refuses what it must not write."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from incidents.analysis import catalogue, ticket, timeline
from incidents.analysis.report import SCHEMA
from tests.analysis.documents import document
from tests.analysis.logs import document_of, line, log, router

ROOT = Path(__file__).parents[2]
SAMPLES = Path(__file__).parent / "samples"
VALIDATOR = Draft202012Validator(json.loads((ROOT / "docs" / "analysis.schema.json").read_text()))

CRASH = log(
    line("09:00:00", "app[api]", "Deploy 8c456a46 by user ana@example.com"),
    line("09:00:00", "app[api]", "Release v42 created by user ana@example.com"),
    line("09:00:03", "heroku[web.1]", "Starting process with command `gunicorn shop.wsgi`"),
    line("09:00:05", "app[web.1]", "Traceback (most recent call last):"),
    line("09:00:05", "app[web.1]", '  File "/app/shop/wsgi.py", line 3, in <module>'),
    line("09:00:05", "app[web.1]", "ModuleNotFoundError: No module named 'requests'"),
    line("09:00:06", "heroku[web.1]", "Process exited with status 1"),
    line("09:00:06", "heroku[web.1]", "State changed from starting to crashed"),
    *(
        router(f"09:01:{second:02d}", code="H10", desc="App crashed", dyno="", service=0, status=503)
        for second in range(40)
    ),
)
MEMORY = log(
    line(
        "09:00:00",
        "heroku[web.1]",
        "source=web.1 dyno=heroku.1.a sample#memory_total=500.00MB sample#memory_quota=512.00MB",
    ),
    line("09:00:20", "heroku[web.1]", "Process running mem=526M(102.8%)"),
    line("09:00:20", "heroku[web.1]", "Error R14 (Memory quota exceeded)"),
    line(
        "09:00:40",
        "heroku[logplex]",
        "Error L10 (output buffer overflow): 5 messages dropped since 2026-03-14T09:00:30+00:00.",
    ),
)


def errors(said):
    return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in VALIDATOR.iter_errors(said)]


def test_the_schema_itself_is_valid_and_names_the_version():
    Draft202012Validator.check_schema(VALIDATOR.schema)
    assert VALIDATOR.schema["properties"]["schema"]["const"] == SCHEMA


@pytest.mark.parametrize(
    "text",
    [CRASH, MEMORY, log(*(router(f"09:00:{second:02d}") for second in range(30))), "app[web.1]: no time here\n", "\n"],
    ids=["crash", "memory", "healthy", "undated", "empty"],
)
def test_what_the_analysis_writes_is_valid(text):
    said = document_of(text)
    assert errors(said) == []
    assert errors(json.loads(json.dumps(said))) == []


def test_several_sources_are_one_valid_document():
    assert errors(document_of(CRASH, MEMORY)) == []


@pytest.mark.parametrize("case", ["ticket-slow-endpoint", "ticket-missing-module"])
def test_the_samples_are_valid_documents(case):
    said = json.loads((SAMPLES / case / "document.json").read_text())
    said["ticket"] = ticket.draft(said)
    assert errors(said) == []


def valid():
    said = document()
    said["ticket"] = ticket.draft(said)
    return said


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "triage/analysis@2"),
        (("verdict", "status"), "maybe"),
        (("verdict", "sentence"), ""),
        (("onset", "utc"), "2026-03-14T09:12:07Z"),  # six digits are the contract
        (("window", "first_utc"), "2026-03-14 09:12:07"),
        (("findings", 0, "confidence"), 1.2),
        (("findings", 0, "severity"), "critical"),
        (("findings", 0, "evidence", 0, "line"), 0),  # lines count from 1
        (("findings", 0, "links", 0), "javascript:alert(1)"),
        (("endpoints", 0, "role"), "suspect"),
        (("timeline", 0, "kind"), "party"),
        (("ticket", "priority"), "asap"),
        (("ticket", "completeness", "score"), -0.1),
        (("codes",), {"h12": {"count": 1, "first_utc": None, "last_utc": None}}),
        (("findings", 0, "extra"), 1),
        (("extra",), 1),
    ],
)
def test_what_breaks_the_contract_is_refused(path, value):
    said = copy.deepcopy(valid())
    assert errors(said) == []
    at = said
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert errors(said)


@pytest.mark.parametrize("member", ["sources", "window", "codes", "verdict", "onset", "findings", "timeline", "ticket"])
def test_no_member_may_be_missing(member):
    said = valid()
    del said[member]
    assert errors(said)


def test_the_schema_and_the_code_agree_on_the_words():
    definitions = VALIDATOR.schema["$defs"]
    assert set(definitions["event"]["properties"]["kind"]["enum"]) == set(timeline.KINDS)
    assert definitions["ticket"]["properties"]["priority"]["enum"] == list(catalogue.PRIORITIES)
