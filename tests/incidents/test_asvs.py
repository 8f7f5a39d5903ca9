"""docs/asvs.csv names a test for what it claims, and that test exists."""

from __future__ import annotations

import csv
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_claim_names_a_test_that_exists_or_says_why_not() -> None:
    rows = list(csv.DictReader((ROOT / "docs" / "asvs.csv").read_text().split("\n")))
    assert len(rows) > 50
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert re.fullmatch(r"\d+\.\d+\.\d+", row["id"]), row
        assert row["met"] in ("yes", "partly", "no"), row
        path, _, name = row["test"].partition("::")
        if path:
            assert re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.MULTILINE), row
        else:
            assert row["note"], row
    tested = [row for row in rows if row["met"] == "yes" and row["test"]]
    assert len(tested) / len(rows) >= 0.8
