"""bin/audit believes only a service that knows a vulnerability when it sees one, and fails for each that it finds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import launcher  # noqa: F401 - makes the modules in bin/ importable

import audit_pins  # isort: skip

HOLE = {"id": "EXAMPLE-1", "fix_versions": ["4.0"]}
SOUND = {"name": "sound", "version": "1.0", "vulns": []}
BAD = {"name": "django", "version": "3.2.0", "vulns": [HOLE]}
UNKNOWN = {"name": "django", "skip_reason": "not found"}


def service(monkeypatch: pytest.MonkeyPatch, known_bad: dict[str, Any] | None, *packages: dict[str, Any]) -> None:
    def ask(name: str, *options: str) -> list[dict[str, Any]] | None:
        asked_for_known = "--no-deps" in options
        return ([known_bad] if known_bad else None) if asked_for_known else list(packages)

    monkeypatch.setattr(audit_pins, "ask", ask)


@pytest.mark.parametrize("answer", [None, UNKNOWN, SOUND], ids=["no-answer", "knows-no-package", "knows-no-hole"])
@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_who_knows_no_vulnerability_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    answer: dict[str, Any] | None, ci: str, status: int,
) -> None:  # fmt: skip
    monkeypatch.setenv("CI", ci)
    service(monkeypatch, answer, SOUND)
    assert audit_pins.audit(["requirements.txt"]) == status
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize(("packages", "status"), [([SOUND], 0), ([SOUND, BAD], 1), ([SOUND, UNKNOWN], 0), ([], 1)])
def test_a_known_vulnerability_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], packages: list[dict[str, Any]], status: int
) -> None:
    service(monkeypatch, BAD, *packages)
    assert audit_pins.audit(["requirements.txt"]) == status
    said = capsys.readouterr().out
    assert ("EXAMPLE-1, fixed in 4.0" in said) == (BAD in packages)
    assert ("not audited: django" in said) == (UNKNOWN in packages)
