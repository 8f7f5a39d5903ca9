"""Colours of a terminal as classes of the stylesheet: SGR is understood, every other escape sequence is dropped.

    >>> split("a \\x1b[1;31mred\\x1b[0m one")
    [Run(text='a ', look=''), Run(text='red', look='ansi-red ansi-bold'), Run(text=' one', look='')]

256 colours and true colours become the nearest of the theme, so that contrast holds in both.
"""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass, field
from typing import NamedTuple

COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_SEQUENCE = re.compile(
    r"\x1b\[(?P<sgr>[0-9;:]{0,64})m"
    r"|\x1b\[[0-?]{0,32}[ -/]{0,4}[@-~]"  # other control sequences: cursor, screen
    r"|\x1b[\]PX^_][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)"  # links, titles and the like; their visible text stays
    r"|\x1b[()][0-9A-Za-z]|\x1b[=>78cDEHMNOZ]"
)
_MOST_RUNS = 400
_STYLES = {1: "bold", 2: "dim", 3: "italic", 4: "underline"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",)}
_GREY = 0.15
"""Colours with less saturation than this are black or white."""


class Run(NamedTuple):
    """A piece of text that looks alike. ``look`` is one or more classes, or nothing."""

    text: str
    look: str


@dataclass
class _Pen:
    ink: str = ""
    paper: str = ""
    styles: set[str] = field(default_factory=set)

    @property
    def look(self) -> str:
        names = [f"ansi-{self.ink}" if self.ink else "", f"ansi-on-{self.paper}" if self.paper else ""]
        return " ".join(name for name in [*names, *(f"ansi-{style}" for style in sorted(self.styles))] if name)


def split(text: str) -> list[Run]:
    """The text without escape sequences, in pieces that look different."""
    if "\x1b" not in text:
        return [Run(text, "")] if text else []
    pen, at = _Pen(), 0
    runs: list[Run] = []
    for match in _SEQUENCE.finditer(text):
        _add(runs, text[at : match.start()], pen.look)
        at = match.end()
        if match["sgr"] is not None and len(runs) < _MOST_RUNS:
            _change(pen, match["sgr"])
    _add(runs, text[at:], pen.look)
    return runs


def plain(text: str) -> str:
    """The text without escape sequences."""
    return "".join(run.text for run in split(text))


def _add(runs: list[Run], text: str, look: str) -> None:
    if text and runs and runs[-1].look == look:
        runs[-1] = Run(runs[-1].text + text, look)
    elif text:
        runs.append(Run(text, look))


def _change(pen: _Pen, codes: str) -> None:
    numbers = [int(part) if part.isdecimal() and len(part) < 5 else 0 for part in re.split("[;:]", codes or "0")]
    while numbers:
        code = numbers.pop(0)
        if code == 0:
            pen.ink, pen.paper = "", ""
            pen.styles.clear()
        elif code in _STYLES:
            pen.styles.add(_STYLES[code])
        elif code in _OFF:
            pen.styles.difference_update(_OFF[code])
        elif code == 7:
            pen.ink, pen.paper = "", pen.ink or "white"
        elif code in (38, 48):
            colour = _extended(numbers)
            pen.ink, pen.paper = (colour, pen.paper) if code == 38 else (pen.ink, colour)
        elif code in (39, 49):
            pen.ink, pen.paper = ("", pen.paper) if code == 39 else (pen.ink, "")
        elif 30 <= code <= 37 or 90 <= code <= 97:
            pen.ink = COLOURS[code % 10]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            pen.paper = COLOURS[code % 10]


def _extended(numbers: list[int]) -> str:
    """``5;n`` or ``2;r;g;b``, taken from the front."""
    kind = numbers.pop(0) if numbers else 0
    if kind == 5 and numbers:
        index = min(numbers.pop(0), 255)
        if index < 16:
            return COLOURS[index % 8]
        if index >= 232:
            return "white" if index >= 244 else "black"
        index -= 16
        return _nearest(index // 36 * 51, index // 6 % 6 * 51, index % 6 * 51)
    if kind == 2 and len(numbers) >= 3:
        red, green, blue = (min(numbers.pop(0), 255) for _ in range(3))
        return _nearest(red, green, blue)
    return ""


def _nearest(red: int, green: int, blue: int) -> str:
    hue, lightness, saturation = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    if saturation < _GREY or not 0.04 < lightness < 0.96:
        return "white" if lightness > 0.5 else "black"
    return ("red", "yellow", "green", "cyan", "blue", "magenta")[round(hue * 6) % 6]
