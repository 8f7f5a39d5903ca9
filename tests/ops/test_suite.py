"""bin/test tells what a machine cannot run, and does not call that a success where everything is wanted."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.processes import ROOT

BROWSER_TEST = "tests/ops/test_services.py::test_the_browser_lays_out_text_in_english"


def run_suite(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "TEST_DATABASE_URL")}
    command = [sys.executable, "-m", "tests.support.suite", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment | settings, capture_output=True, text=True)


@pytest.mark.parametrize(("settings", "status"), [({}, 0), ({"CI": "true"}, 1)])
def test_a_missing_browser_is_named_in_the_last_line_and_fails_where_all_is_wanted(
    settings: dict[str, str], status: int
) -> None:
    done = run_suite(BROWSER_TEST, CHROMIUM="/nowhere/chromium", **settings)
    last_line = done.stdout.strip().rpartition("\n")[2]
    assert last_line.startswith("bin/test: could not run on this machine: ")
    assert "browser" in last_line
    assert "/nowhere/chromium" in last_line
    assert "1 deselected" in done.stdout
    assert done.returncode == status


@pytest.mark.postgres_server
def test_a_failing_test_fails_the_whole_and_both_databases_are_tried() -> None:
    done = run_suite("tests/ops/test_services.py", "-k", "no such test", "-p", "no:such", "--maxfail=banana")
    assert done.returncode == 1
    assert done.stdout.strip().endswith("bin/test: FAILED: tests on SQLite, tests on PostgreSQL")
