"""Times, numbers and log text as pages show them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from incidents.display import Display
from incidents.templatetags import triage


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, tabs\tand Ünïcödé 日本", "plain text, tabs\tand Ünïcödé 日本"),
        ("\x1b[31;1mred\x1b[0m", "red"),
        ("\x1b]0;t\x07", "␛]0;t␇"),
        ("nul\x00 del\x7f", "nul␀ del␡"),
        ("\u202eabc\u202c", "⟦U+202E⟧abc⟦U+202C⟧"),
        ("a\u200bb\ufeff", "a⟦U+200B⟧b⟦U+FEFF⟧"),
        ("c1\x9b31m", "c1⟦U+009B⟧31m"),
        ("line\u2028separator\nnewline", "line⟦U+2028⟧separator␊newline"),
    ],
)
def test_what_cannot_be_seen_is_made_visible(text: str, shown: str) -> None:
    assert triage.visible(text) == shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"), (0, "0 s"), (0.25, "250 ms"), (1, "1 s"), (59, "59 s"), (60, "1 min"), (200, "3 min 20 s"),
        (3600, "1 h"), (7500, "2 h 5 min"), (90_000, "1 d 1 h"), (4_000_000, "46 d"), (-200, "3 min 20 s"),
    ],
)  # fmt: skip
def test_lengths_of_time_are_words(seconds: float | None, words: str) -> None:
    assert triage.span(seconds) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (0, "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (29_960, "30.0 s"), (125_000, "2 min 5 s")],
)
def test_milliseconds_are_words(value: float | None, words: str) -> None:
    assert triage.ms(value) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(None, "–"), (0, "0 %"), (0.0004, "< 0.1 %"), (0.034, "3.4 %"), (0.05, "5 %"), (0.127, "13 %"), (1, "100 %")],
)
def test_shares_are_never_shown_as_nothing(share: float | None, words: str) -> None:
    assert triage.percent(share) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 kB"), (9_000_000, "8.6 MB"), (2**31, "2.0 GB")],
)
def test_sizes_are_in_binary_steps(number: int, words: str) -> None:
    assert triage.size(number) == words


def test_times_name_their_zone_and_keep_the_exact_moment() -> None:
    at = datetime(2026, 7, 1, 22, 30, 15, 123_456, tzinfo=UTC)
    assert triage.format_time(at, Display(), "ms") == "22:30:15.123Z"
    assert triage.format_time(at, Display(zone_name="Europe/Berlin"), "minute") == "2026-07-02 00:30 +02:00"
    request = RequestFactory().get("/")
    html = Template("{% load triage %}{% utc at 'time' %}").render(Context({"at": at.isoformat(), "request": request}))
    assert 'datetime="2026-07-01T22:30:15.123456Z"' in html
    assert ">22:30:15Z<" in html


@pytest.mark.parametrize("value", [None, "", "yesterday", "2026-03-14T09:00:00"])
def test_what_is_no_moment_is_a_dash(value: str | None) -> None:
    assert Template("{% load triage %}{% utc at %}").render(Context({"at": value})) == "–"


def test_shapes_are_named_only_where_they_mean_something() -> None:
    assert 'aria-hidden="true"' in triage.icon("copy")
    assert 'aria-label="&lt;b&gt;"' in triage.icon("copy", "<b>")
