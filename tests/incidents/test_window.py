"""Windows of time: what people type becomes a stretch of the log, or a sentence that says why not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.views.window import Window, parse_window

FIRST = datetime(2026, 3, 14, 8, 42, 1, 450_000, tzinfo=UTC)
LAST = datetime(2026, 3, 14, 9, 29, 59, tzinfo=UTC)
MIDNIGHT = (datetime(2026, 3, 14, 23, 50, tzinfo=UTC), datetime(2026, 3, 15, 0, 10, tzinfo=UTC))


def at(hour: int, minute: int, second: int = 0, day: int = 14) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


def parse(from_text: str = "", to_text: str = "") -> Window:
    return parse_window(from_text, to_text, FIRST, LAST)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("09:12", at(9, 12)),
        ("9:12", at(9, 12)),
        (" 09:12:30 ", at(9, 12, 30)),
        ("09:12:30Z", at(9, 12, 30)),
        ("09:12 UTC", at(9, 12)),
        ("09:12:30.25", at(9, 12, 30) + timedelta(milliseconds=250)),
        ("2026-03-14T09:12", at(9, 12)),
        ("2026-03-14 09:12:30", at(9, 12, 30)),
        ("2026-03-14T09:12:30Z", at(9, 12, 30)),
        ("2026-03-14T10:12:30+01:00", at(9, 12, 30)),
        ("2026-03-14T10:12:30 01:00", at(9, 12, 30)),
        ("2026-03-14T04:12:30-0500", at(9, 12, 30)),
        ("2026-03-14", at(0, 0)),
    ],
)
def test_times_are_understood_as_people_write_them(text: str, expected: datetime) -> None:
    window = parse(text)
    assert not window.problem
    assert window.start_at == expected


@pytest.mark.parametrize(
    "text", ["nonsense", "25:00", "09:61", "09", "201", "2026-13-01", "2026-03-14T09:12:30+01:99", "0" * 60, "١٢:٣٤"]
)
def test_nonsense_is_named_and_changes_nothing(text: str) -> None:
    window = parse(text, "09:20")
    assert window.is_whole
    assert text[:40] in window.problem
    assert "Write 09:12" in window.problem
    assert (window.from_text, window.to_text) == (text[:40], "09:20")


def test_swapped_ends_are_named() -> None:
    window = parse("09:20", "09:10")
    assert window.is_whole
    assert window.problem == "The window ends (09:10) before it begins (09:20). Swap the two times."


def test_a_window_beside_the_log_says_where_the_log_is() -> None:
    window = parse("2026-03-16T09:00Z")
    assert window.is_whole
    assert "the log runs from 08:42:01 to 09:29:59 UTC on 2026-03-14" in window.problem
    assert "the log runs from" in parse(to_text="07:00").problem


def test_a_log_without_times_has_no_windows() -> None:
    assert "no times" in parse_window("09:12", "", None, None).problem


def test_an_open_end_is_the_end_of_the_log() -> None:
    window = parse("09:12")
    assert (window.low_at, window.high_at) == (at(9, 12), LAST)
    assert window.label == "from 09:12 UTC"
    assert window.suffix == "?from=09:12"


def test_nothing_chosen_is_the_whole_incident() -> None:
    window = parse()
    assert window.is_whole
    assert (window.suffix, window.more, window.label) == ("", "", "the whole incident")
    assert window.holds(None)


def test_times_after_midnight_belong_to_the_next_day() -> None:
    window = parse_window("23:55", "00:05", *MIDNIGHT)
    assert (window.start_at, window.end_at) == (at(23, 55), at(0, 5, day=15))
    assert window.fields == {"from": "2026-03-14T23:55Z", "to": "2026-03-15T00:05Z"}
    assert window.label == "2026-03-14 23:55 to 2026-03-15 00:05 UTC"


def test_both_ends_lie_inside_and_what_has_no_time_does_not() -> None:
    window = parse("09:12", "09:13")
    assert window.holds("2026-03-14T09:12:00.000000Z")
    assert window.holds(at(9, 13))
    assert not window.holds("2026-03-14T09:13:00.000001Z")
    assert not window.holds(None)
    assert not window.holds("yesterday")


def test_stretches_overlap_when_a_part_lies_inside() -> None:
    window = parse("09:12", "09:13")
    assert window.overlaps(at(9, 0), at(9, 12, 30))
    assert window.overlaps(None, None)
    assert not window.overlaps(at(9, 14), None)


@pytest.mark.parametrize(
    ("from_text", "to_text", "expected"),
    [
        ("", "", range(10)),
        ("09:02", "09:04", range(2, 4)),
        ("09:02:30", "09:04:01", range(2, 5)),
        ("", "09:01", range(1)),
    ],
)
def test_steps_of_a_series_count_when_a_part_lies_inside(from_text: str, to_text: str, expected: range) -> None:
    window = parse_window(from_text, to_text, at(9, 0), at(9, 9))
    assert window.steps(int(at(9, 0).timestamp()), 60, 10) == expected


TYPED = st.text("0123456789:-TZ +.,ax", max_size=30) | st.text(max_size=8)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  given its zone


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TYPED, TYPED, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=900)))
def test_any_text_is_a_window_or_a_problem(from_text: str, to_text: str, first: datetime, length: timedelta) -> None:
    window = parse_window(from_text, to_text, first, first + length)
    assert window.is_whole or not window.problem
    assert window.low_at is None or window.low_at.tzinfo is not None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MOMENTS, st.timedeltas(timedelta(seconds=1), timedelta(days=30)), st.floats(0, 0.99), st.floats(0.001, 1))
def test_the_query_string_gives_the_same_window_again(
    first: datetime, length: timedelta, low: float, part: float
) -> None:
    last = first + length
    start = first + length * low
    end = start + max(timedelta(milliseconds=1), (last - start) * part)
    typed = parse_window(start.isoformat(), end.isoformat(), first, last)
    assert not typed.problem
    kept = parse_qs(typed.query)
    again = parse_window(kept["from"][0], kept["to"][0], first, last)
    assert (again.start_at, again.end_at) == (typed.start_at, typed.end_at)
    assert QueryDict(urlencode(typed.fields))["from"] == typed.fields["from"]
