"""Notes as people type them at 3 a.m.: forgiving where it is clear, exact where it matters."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.quick_entry import MOST_CHARACTERS, MOST_LINES, EntryProblem, parse_entries, parse_moment

FIRST = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
LAST = datetime(2026, 3, 14, 13, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 20, 8, 30, 15, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def entries(text, zone=UTC, first_at=FIRST, last_at=LAST):
    found = parse_entries(text, zone=zone, now=NOW, first_at=first_at, last_at=last_at)
    return [(entry.at.strftime("%Y-%m-%d %H:%M:%S"), entry.text) for entry in found]


@pytest.mark.parametrize(
    "typed",
    [
        "/t 12:04 rolled back",
        "12:04 rolled back",
        "/T 12:04  rolled back ",
        "/note 12:04 rolled back",
        "12:04 - rolled back",
        "12:04: rolled back",
        "12:04:00 rolled back",
        "12:04Z rolled back",
        "12:04 UTC rolled back",
        "13:04+01:00 rolled back",
        "2026-03-14 12:04 rolled back",
        "2026-03-14T12:04:00Z rolled back",
        "12.04 rolled back",
    ],
)
def test_a_time_is_read_in_every_usual_form(typed):
    assert entries(typed) == [("2026-03-14 12:04:00", "rolled back")]


def test_now_and_a_while_ago():
    assert entries("now it is quiet") == [("2026-03-20 08:30:15", "it is quiet")]
    assert entries("-5m called Ana") == [("2026-03-20 08:25:15", "called Ana")]
    assert entries("-2h slow") == [("2026-03-20 06:30:15", "slow")]


def test_times_are_in_the_zone_that_the_page_shows():
    assert entries("12:04 text", BERLIN) == [("2026-03-14 11:04:00", "text")]


def test_a_time_lies_on_the_day_on_which_the_log_has_it():
    late, early = FIRST.replace(hour=23), datetime(2026, 3, 15, 1, 0, tzinfo=UTC)
    assert entries("23:30 a", first_at=late, last_at=early) == [("2026-03-14 23:30:00", "a")]
    assert entries("00:10 a", first_at=late, last_at=early) == [("2026-03-15 00:10:00", "a")]
    assert entries("02:00 a", first_at=late, last_at=early) == [("2026-03-15 02:00:00", "a")]
    assert entries("22:00 a", first_at=late, last_at=early) == [("2026-03-14 22:00:00", "a")]


def test_several_lines_are_several_notes_and_go_on_past_midnight():
    late = datetime(2026, 3, 14, 23, 0, tzinfo=UTC)
    typed = "23:50 paged\n\n00:10 rolled back\n   and told the team\nnow done"
    assert entries(typed, first_at=late, last_at=late + timedelta(minutes=30)) == [
        ("2026-03-14 23:50:00", "paged"),
        ("2026-03-15 00:10:00", "rolled back\nand told the team"),
        ("2026-03-20 08:30:15", "done"),
    ]


def test_a_list_out_of_order_stays_on_its_day():
    assert entries("12:10 b\n12:04 a") == [("2026-03-14 12:10:00", "b"), ("2026-03-14 12:04:00", "a")]


def test_without_a_log_the_day_is_today():
    assert entries("08:00 a", first_at=None, last_at=None) == [("2026-03-20 08:00:00", "a")]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "nothing to add"),
        ("   \n ", "nothing to add"),
        ("rolled back", "“rolled back” has no time. Begin it with a time, as 12:04, or with now."),
        ("12:04", "no words behind the time"),
        ("25:04 text", "25:04 is no time of day"),
        ("2026-02-30 12:00 text", "2026-02-30 is no date"),
        ("12:04 ok\nthen this", "Line 2: “then this” has no time"),
        ("12:04 " + "x" * (MOST_CHARACTERS + 1), "longer than 2,000 characters"),
        ("12:04 x\n" * (MOST_LINES + 1), "at most 100 at once"),
        ("nowhere to be seen", "has no time"),
        ("1204 text", "has no time"),
    ],
)
def test_what_is_no_note_is_refused_with_a_way_on(typed, said):
    with pytest.raises(EntryProblem) as problem:
        entries(typed)
    assert said in str(problem.value)


def test_an_hour_that_the_clocks_skip_is_told():
    with pytest.raises(EntryProblem, match="02:30 does not exist on 2026-03-29"):
        entries("2026-03-29 02:30 text", BERLIN)


def test_a_moment_alone():
    assert parse_moment("12:04:30", zone=UTC, now=NOW, first_at=FIRST, last_at=LAST).isoformat() == (
        "2026-03-14T12:04:30+00:00"
    )
    with pytest.raises(EntryProblem, match="is no time"):
        parse_moment("12:04 and more", zone=UTC, now=NOW)


@given(st.text(max_size=300), st.sampled_from([UTC, BERLIN]))
def test_no_text_breaks_it_and_no_word_is_invented(text, zone):
    found = []
    with contextlib.suppress(EntryProblem):
        found = parse_entries(text, zone=zone, now=NOW, first_at=FIRST, last_at=LAST)
    for entry in found:
        assert entry.at.tzinfo is not None
        assert entry.text in "\n".join(line.strip() for line in text.replace("\r", "\n").split("\n"))
