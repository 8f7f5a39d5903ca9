"""The excerpt: the fewest lines that prove every sentence, of both kinds, and never too many."""

from __future__ import annotations

import pytest

from incidents.analysis.ticket.excerpt import (
    MOST_LINES,
    Claim,
    Line,
    choose,
    cut,
    missing_sides,
    shorten_trace,
    side_of,
)


def known(*numbers, side="app"):
    return {(0, number): Line(0, number, f"line {number}", number * 1_000, side) for number in numbers}


def chosen(claims, lines, extra=()):
    return [line.line for line in choose(claims, lines, extra)]


def test_all_lines_of_a_proof_are_quoted_in_the_order_of_the_log():
    assert chosen([Claim(every=((0, 9), (0, 2)))], known(2, 5, 9)) == [2, 9]


def test_one_line_is_enough_where_any_would_do():
    assert chosen([Claim(any_of=((0, 5), (0, 9)))], known(5, 9)) == [5]


def test_a_line_that_proves_two_sentences_is_preferred():
    claims = [Claim(any_of=((0, 1), (0, 7))), Claim(any_of=((0, 2), (0, 7)))]
    assert chosen(claims, known(1, 2, 7)) == [7]


def test_what_is_quoted_already_needs_no_further_line():
    claims = [Claim(every=((0, 3),)), Claim(any_of=((0, 1), (0, 3)))]
    assert chosen(claims, known(1, 3)) == [3]


def test_lines_that_nobody_knows_are_left_out():
    assert chosen([Claim(every=((0, 1), (5, 5)))], known(1)) == [1]


def test_the_missing_side_is_added_and_only_the_missing_one():
    app, platform = Line(0, 50, "a", 50_000, "app"), Line(0, 60, "p", 60_000, "platform")
    assert chosen([Claim(every=((0, 1),))], known(1), extra=[platform, app]) == [1, 60]


def test_an_excerpt_never_exceeds_its_limit():
    places = tuple((0, number) for number in range(1, 200))
    assert len(choose([Claim(every=places)], known(*range(1, 200)))) == MOST_LINES


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("2026-03-14T09:14:07.353034+00:00 heroku[router]: at=info", "platform"),
        ("2026-03-14T09:14:07.353034+00:00 app[web.1]: hello from heroku[router]:", "app"),
        ("2026-03-14T09:14:07+00:00 app[api]: Deploy 8c456a46 by user x", "platform"),
        ("2026-03-14T09:14:07+00:00 app[postgres.12]: [DATABASE] …", "platform"),
        ("2026-03-14T09:14:07+00:00 app[heroku-redis]: source=REDIS", "platform"),
        ("Mar 14 09:14:07 shop heroku/router: at=error code=H12", "platform"),
        ("Mar 14 09:14:07 shop app/web.1: boom", "app"),
        ("330 <158>1 2026-03-14T09:14:07.353034+00:00 host heroku router - at=error", "platform"),
        ("93 <190>1 2026-03-14T09:14:08.120044+00:00 host app web.1 - boom", "app"),
        ("app.log:812  2026-03-14T09:14:07.353034+00:00 heroku[web.1]: Restarting", "platform"),
        ("Traceback (most recent call last):", ""),
        ("", ""),
    ],
)
def test_who_printed_a_line_is_seen_in_any_form(text, side):
    assert side_of(text) == side


def test_missing_sides_are_named():
    assert missing_sides([Line(0, 1, "", None, "app")]) == ["platform"]
    assert missing_sides([]) == ["app", "platform"]


def test_a_long_trace_keeps_its_head_and_its_end():
    lines = [f"frame {number}" for number in range(100)]
    short = shorten_trace(lines, 10)
    assert len(short) == 10
    assert short[0] == "frame 0"
    assert short[-1] == "frame 99"
    assert "… 91 lines left out …" in short
    assert shorten_trace(lines[:10], 10) == lines[:10]


def test_a_long_line_is_cut_and_says_by_how_much():
    assert cut("x" * 1_234).endswith("… (234 more characters)")
    assert cut("short") == "short"
