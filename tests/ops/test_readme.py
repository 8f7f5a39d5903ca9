"""What README and CONTRIBUTING tell people to type, set and open is really there."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.support.processes import ROOT

README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
COMMAND_LINES = [line.strip() for line in re.findall(r"^    (.+)$", README + CONTRIBUTING, flags=re.MULTILINE)]
MANAGEMENT = sorted({name for line in COMMAND_LINES for name in re.findall(r"manage\.py (\w+)", line)})
# Settings whose readers are libraries, not this repository.
READ_ELSEWHERE = {"AWS_"}


def settings_in_tables(text: str) -> set[str]:
    """Names in backquotes in the first column of a table."""
    first_cells = re.findall(r"^\| (`[^|]+) \|", text, flags=re.MULTILINE)
    return {name for cell in first_cells for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cell)}


def test_every_command_in_bin_that_is_named_exists() -> None:
    named = set(re.findall(r"(?<![\w/])bin/(\w+)", README + CONTRIBUTING))
    assert {"run", "test", "setup", "lint", "bench", "lock"} <= named
    assert [name for name in sorted(named) if not os.access(ROOT / "bin" / name, os.X_OK)] == []


@pytest.mark.parametrize("name", MANAGEMENT)
def test_every_management_command_that_is_named_explains_itself(name: str) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), name, "--help"]
    shown = subprocess.run(command, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert f"manage.py {name}" in shown.stdout


def test_the_commands_of_the_first_minutes_are_named() -> None:
    assert {"analyze", "redact", "signin_link"} <= set(MANAGEMENT)


def test_every_setting_that_is_named_is_read_by_something() -> None:
    code = "".join(
        path.read_text() for folder in ("triage", "bin") for path in sorted((ROOT / folder).glob("*")) if path.is_file()
    )
    named = settings_in_tables(README)
    assert len(named) > 15
    assert sorted(name for name in named if name not in code) == []


def test_every_setting_that_is_read_for_users_is_named() -> None:
    settings = (ROOT / "triage" / "settings.py").read_text()
    listed_there = re.findall(r"^([A-Z][A-Z0-9_, ]+)  ", settings, flags=re.MULTILINE)
    listed = {name.strip() for cell in listed_there for name in cell.split(",")}
    assert "DATABASE_URL" in listed
    assert listed - settings_in_tables(README) == set()


def test_every_direct_dependency_has_its_reason() -> None:
    direct = re.findall(
        r"^([a-z0-9-]+)",
        "\n".join((ROOT / "requirements" / f"{name}.in").read_text() for name in ("runtime", "embedded", "s3")),
        flags=re.MULTILINE,
    )
    assert len(direct) > 10
    assert [name for name in direct if name not in CONTRIBUTING] == []


def test_every_file_that_is_linked_exists() -> None:
    linked = re.findall(r"\]\((?!https?:|#)([^)#]+)", README + CONTRIBUTING)
    named = re.findall(r"`([A-Za-z_/.-]+\.(?:md|json|txt|py))`", README + CONTRIBUTING)
    assert named
    assert [path for path in [*linked, *named] if not (ROOT / path).exists() and not list(ROOT.glob(f"*/{path}"))] == []
