"""Markdown that stays what it is, whatever the log put into it: no raw HTML, no mentions, no fence that ends early."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_SPECIAL = re.compile(r"([\\`*_\[\]<>~#])")
_TICKS = re.compile(r"`+")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_HTML = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY_SPACE = "\u200b"


def plain(text: str) -> str:
    """Without control characters and marks that turn the direction of text; tabs and newlines stay."""
    return _CONTROL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def line(text: str) -> str:
    """On one line."""
    return " ".join(plain(text).split())


def prose(text: str) -> str:
    """One line of text in which nothing is markup: ``@`` and ``#`` call nobody and nothing, ``<`` is no tag."""
    escaped = _SPECIAL.sub(r"\\\1", line(text))
    escaped = escaped.replace("@", f"@{_ENTITY_SPACE}").replace("\\#", f"\\#{_ENTITY_SPACE}")
    return re.sub(r"^(\d{1,9})([.)])(?=\s)|^([-+=])", _lead, escaped)


def _lead(match: re.Match[str]) -> str:
    return f"{match[1]}\\{match[2]}" if match[1] else f"\\{match[3]}"


def code(text: str) -> str:
    """A code span on one line, with more backticks around than inside."""
    inside = line(text)
    if not inside:
        return ""
    ticks = "`" * (max((len(run) for run in _TICKS.findall(inside)), default=0) + 1)
    pad = " " if inside.startswith("`") or inside.endswith("`") else ""
    return f"{ticks}{pad}{inside}{pad}{ticks}"


def fence(text: str, language: str = "") -> str:
    """A fenced block; its fence is longer than any run of backticks inside."""
    inside = plain(text).strip("\n")
    ticks = "`" * max(3, max((len(run) for run in _TICKS.findall(inside)), default=0) + 1)
    return f"{ticks}{language}\n{inside}\n{ticks}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """A table of cells that are Markdown already; a bar inside a cell is escaped. Columns in ``right`` hold numbers."""
    marks = ["---:" if i in right else "---" for i in range(len(head))]
    lines = [list(head), marks, *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in cells) + " |" for cells in lines)


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", line(text))


def block(text: str) -> str:
    """What a person wrote, with their own Markdown: raw HTML and headings are made text, an open fence is closed."""
    parts = []
    mark = ""
    for raw in plain(text).strip("\n").split("\n"):
        found = _FENCE.match(raw)
        if found and not mark:
            mark = found[1]
        elif found and mark and found[1].startswith(mark) and not raw.strip(" `~"):
            mark = ""
        elif not mark:
            raw = _HTML.sub("&lt;", raw)
            raw = re.sub(r"^( {0,3})(#{1,6})(?=\s|$)", r"\1\\\2", raw)
        parts.append(raw)
    if mark:
        parts.append(mark)
    return "\n".join(parts).strip()


def bullets(items: Iterable[str]) -> str:
    """A list of items that are one line of Markdown each."""
    return "\n".join(f"- {item}" for item in items)
