"""Sections of a Markdown page that is written by several programs, each its own."""

from __future__ import annotations

import re
from pathlib import Path


def put_section(page: Path, heading: str, text: str) -> None:
    """Write the section ``## heading`` anew, at its place or at the end; the others stay as they are."""
    before = page.read_text() if page.exists() else "# Performance\n"
    section = f"## {heading}\n\n{text.strip()}\n"
    own = re.compile(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    if own.search(before):
        page.write_text(own.sub(lambda _: f"{section}\n", before, count=1).rstrip() + "\n")
    else:
        page.write_text(f"{before.rstrip()}\n\n{section}")


def section_of(page: Path, heading: str) -> str:
    """A section with its heading as it stands; empty where there is none."""
    if not page.exists():
        return ""
    found = re.search(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", page.read_text(), re.DOTALL | re.MULTILINE)
    return found[0].rstrip() + "\n" if found else ""
