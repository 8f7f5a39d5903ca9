"""Files from other people's packages are exactly those that were published, and all of them are listed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
LISTED = json.loads((ROOT / "static" / "vendor" / "vendor.json").read_text())
DIRECTORIES = ("static/vendor", "tests/browser/vendor")


def test_every_vendored_file_has_its_published_hash() -> None:
    for package in LISTED:
        assert package["version"].count(".") == 2
        assert package["licence"]
        for file in package["files"]:
            assert hashlib.sha512((ROOT / file["path"]).read_bytes()).hexdigest() == file["sha512"], file["path"]


def test_no_vendored_file_is_unlisted() -> None:
    listed = {file["path"] for package in LISTED for file in package["files"]} | {"static/vendor/vendor.json"}
    found = {str(path.relative_to(ROOT)) for name in DIRECTORIES for path in (ROOT / name).rglob("*") if path.is_file()}
    assert found == listed
