"""The first command on a machine says what is missing, and the second finds nothing left to do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT

# What the fake interpreter answers to the questions of bin/common.sh: which version, new enough, venv there?
TOO_OLD = 'case "$2" in *print*) echo 3.9;; *) exit 1;; esac'
WITHOUT_VENV = 'case "$2" in *print*) echo 3.12;; *ensurepip*) exit 1;; *) exit 0;; esac'


@pytest.fixture
def bare_checkout(tmp_path: Path) -> Path:
    """A checkout without an environment, on a machine with a handful of programs and no Python."""
    shutil.copytree(ROOT / "bin", tmp_path / "checkout" / "bin")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "dirname", "basename", "cat", "cksum", "rm"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    return tmp_path


def run(machine: Path, name: str) -> subprocess.CompletedProcess[str]:
    command = [str(machine / "checkout" / "bin" / name)]
    environment = {"PATH": str(machine / "programs")}
    # A shebang names /bin/sh in full, so that needs no PATH; /usr/bin/python3 must not help out.
    script = Path(command[0]).with_name("common.sh")
    script.write_text(script.read_text().replace("/usr/bin/python3", "python-that-is-not-there"))
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def give_python(machine: Path, behaviour: str) -> None:
    python = machine / "programs" / "python3"
    python.write_text(f"#!/bin/sh\n{behaviour}\n")
    python.chmod(0o755)


@pytest.mark.parametrize("name", ["run", "setup", "test"])
def test_without_python_it_says_which_one_is_needed(bare_checkout: Path, name: str) -> None:
    done = run(bare_checkout, name)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name}: Python 3.11 or newer is needed (found: none).")


def test_an_old_python_is_named(bare_checkout: Path) -> None:
    give_python(bare_checkout, TOO_OLD)
    assert "(found: 3.9)" in run(bare_checkout, "run").stderr


def test_a_python_without_venv_gets_the_package_that_brings_it(bare_checkout: Path) -> None:
    give_python(bare_checkout, WITHOUT_VENV)
    done = run(bare_checkout, "run")
    assert done.returncode == 1
    assert "Python 3.12 is here, but its venv module is not" in done.stderr
    assert "apt install python3-venv" in done.stderr


def test_a_second_setup_installs_nothing() -> None:
    subprocess.run([ROOT / "bin" / "setup"], check=True, capture_output=True)
    again = subprocess.run([ROOT / "bin" / "setup"], capture_output=True, text=True, env=dict(os.environ))
    assert again.returncode == 0
    assert "installing" not in again.stdout + again.stderr
    assert again.stdout.startswith("Ready")
