"""Times, spans and lists as people read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.analysis import wording
from incidents.analysis.utc import parse_iso

SECOND = 1_000_000


def us(text):
    return parse_iso(f"2026-03-14T{text}Z")


def test_a_stamp_is_what_heroku_asks_for():
    assert wording.stamp(us("09:12:07.999999")) == "2026-03-14 09:12:07 UTC"
    assert wording.stamp_of("2026-03-14T09:12:07.353034Z") == "2026-03-14 09:12:07 UTC"
    assert wording.stamp_of(None) == wording.stamp_of("nonsense") == ""


@given(st.integers(min_value=-60_000_000_000_000_000, max_value=250_000_000_000_000_000))
def test_every_stamp_has_the_same_form(at_us):
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", wording.stamp(at_us))


def test_the_end_of_a_span_repeats_the_day_only_where_it_changes():
    assert wording.until(us("09:12:07"), us("10:00:00")) == "10:00:00 UTC"
    assert wording.until(us("09:12:07"), us("09:12:07") + 86_400 * SECOND) == "2026-03-15 09:12:07 UTC"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (12_000, "3 h 20 min"),
     (172_800, "2 d"), (187_200, "2 d 4 h")],
)  # fmt: skip
def test_durations_are_rounded_down_and_never_nothing(seconds, text):
    assert wording.duration(seconds * SECOND) == text


def test_counts_agree_with_their_noun():
    assert wording.count(1, "request") == "1 request"
    assert wording.count(2_300, "request") == "2,300 requests"
    assert wording.count(2, "address", "addresses") == "2 addresses"


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcde"), "a, b, c and 2 more"),
    ],
)
def test_lists_are_joined_and_cut(names, text):
    assert wording.listed(names) == text
