"""Colours of a terminal: what they become, and that nothing else of an escape sequence is left."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.views.logs.ansi import COLOURS, plain, split

LOOKS = {f"ansi-{name}" for name in COLOURS} | {f"ansi-on-{name}" for name in COLOURS}
LOOKS |= {"ansi-bold", "ansi-dim", "ansi-italic", "ansi-underline"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", [("plain", "")]),
        ("", []),
        ("\x1b[31mred\x1b[0m.", [("red", "ansi-red"), (".", "")]),
        ("\x1b[91mbright\x1b[39m.", [("bright", "ansi-red"), (".", "")]),
        ("\x1b[1;32mok\x1b[22m.", [("ok", "ansi-green ansi-bold"), (".", "ansi-green")]),
        ("\x1b[4;2;3mx\x1b[24;23m.", [("x", "ansi-dim ansi-italic ansi-underline"), (".", "ansi-dim")]),
        ("\x1b[41;97mx\x1b[49m.", [("x", "ansi-white ansi-on-red"), (".", "ansi-white")]),
        ("\x1b[31;7mx", [("x", "ansi-on-red")]),
        ("\x1b[38;5;196mx", [("x", "ansi-red")]),
        ("\x1b[38;5;240mx", [("x", "ansi-black")]),
        ("\x1b[38;5;12mx", [("x", "ansi-blue")]),
        ("\x1b[38;2;0;200;200mx", [("x", "ansi-cyan")]),
        ("\x1b[38:2:200:0:200mx", [("x", "ansi-magenta")]),
        ("\x1b[48;2;250;250;10mx", [("x", "ansi-on-yellow")]),
        ("\x1b[38;5mx", [("x", "")]),
        ("\x1b[mx", [("x", "")]),
        ("a\x1b[2Kb\x1b[10;5Hc", [("abc", "")]),
        ("\x1b]8;;https://example.com\x07link\x1b]8;;\x1b\\.", [("link.", "")]),
        ("\x1b[31ma\x1b[31mb", [("ab", "ansi-red")]),
    ],
)
def test_escape_sequences_become_classes(text: str, expected: list[tuple[str, str]]) -> None:
    assert [tuple(run) for run in split(text)] == expected


@given(
    st.lists(st.sampled_from(["\x1b[", "m", ";", "38", "5", "2", "31", "a", "<b>", "\x1b]", "\x07", "\x1b", "999999"]))
)
def test_looks_are_ours_alone_and_text_is_never_lost(pieces: list[str]) -> None:
    text = "".join(pieces)
    runs = split(text)
    assert {name for run in runs for name in run.look.split()} <= LOOKS
    assert plain(text) == "".join(run.text for run in runs)
    assert not re.search(r"\x1b\[[0-9;:]{0,64}m", plain(text)) or "\x1b\x1b" in text or "\x1b[\x1b" in text


def test_text_without_escapes_passes_as_it_is() -> None:
    assert plain("a [31m b") == "a [31m b"
