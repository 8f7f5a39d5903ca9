"""A page of text for a terminal: wrapped, styled, and free of anything that the terminal would obey."""

from __future__ import annotations

import re
import textwrap
import unicodedata

LEAST_WIDTH, MOST_WIDTH = 40, 160
INDENT = "  "
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_ASCII = {
    "–": "-", "—": "-", "…": "...", "×": "x", "“": '"', "”": '"', "’": "'", "·": "-", "●": "*", "✔": "ok", "→": "->",
}  # fmt: skip
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Page:
    """Lines of text with styles, wrapped to the width."""

    def __init__(self, *, color: bool, width: int, ascii_only: bool) -> None:
        self.width = min(max(width, LEAST_WIDTH), MOST_WIDTH)
        self._color = color
        self._ascii = ascii_only
        self._lines: list[str] = []

    def text(self) -> str:
        return "\n".join(self._lines).strip("\n") + "\n"

    def clean(self, text: str) -> str:
        """On one line, without anything a terminal would obey."""
        text = _UNSAFE.sub(" ", text)
        if self._ascii:
            for mark, plain in _ASCII.items():
                text = text.replace(mark, plain)
            text = text.encode("ascii", "backslashreplace").decode("ascii")
        return " ".join(text.split())

    def style(self, text: str, *names: str) -> str:
        if not self._color or not names:
            return text
        return f"\x1b[{';'.join(_STYLES[name] for name in names)}m{text}\x1b[0m"

    def heading(self, text: str) -> None:
        self._lines += ["", self.style(self.clean(text), "bold")]

    def blank(self) -> None:
        self._lines.append("")

    def raw(self, line: str) -> None:
        self._lines.append(line.rstrip())

    def wrapped(self, text: str, *styles: str, first: str = INDENT, rest: str = INDENT) -> None:
        lines = textwrap.wrap(
            self.clean(text), self.width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
        )
        self._lines += [self.style(line, *styles) for line in lines]

    def pair(self, name: str, value: str) -> None:
        """A name in a column of its own, the value wrapped beside it."""
        space = min(16, self.width // 3)
        lines = textwrap.wrap(self.clean(value), self.width - space - 2, break_on_hyphens=False) or [""]
        label = self.clean(name)[: space - 1].ljust(space)
        self._lines.append(f"{INDENT}{self.style(label, 'dim')}{lines[0]}")
        self._lines += [f"{INDENT}{' ' * space}{line}" for line in lines[1:]]

    def fit(self, text: str, room: int) -> str:
        """Cut to so many columns, the cut shown."""
        clean = self.clean(text)
        mark = "..." if self._ascii else "…"
        if columns(clean) <= room:
            return clean
        while clean and columns(clean) > room - len(mark):
            clean = clean[:-1]
        return clean.rstrip() + mark

    def cut(self, line: str) -> str:
        """A line of a table on a narrow terminal loses its last columns, never its indentation."""
        return line if columns(line) <= self.width else line[: self.width].rstrip()


def columns(text: str) -> int:
    """Columns of a terminal that the text takes: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
