from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.analysis import utc
from tests.analysis import forms

MOMENT = "2026-11-20T09:14:07.353034Z"

STAMPS = [
    ("2026-11-20T09:14:07.353034+00:00", MOMENT),
    ("2026-11-20T09:14:07.353034Z", MOMENT),
    ("2026-11-20t09:14:07.353034z", MOMENT),
    ("2026-11-20 09:14:07.353034+00:00", MOMENT),
    ("2026-11-20 09:14:07.353034 UTC", MOMENT),
    ("2026-11-20 09:14:07,353034", MOMENT),
    ("2026/11/20 09:14:07.353034", MOMENT),
    ("2026-11-20 09:14:07.353034157 +0000 UTC", MOMENT),
    ("2026-11-20T09:14:07.353034999+00:00", MOMENT),
    ("2026-11-20T11:14:07.353034+02:00", MOMENT),
    ("2026-11-20T02:14:07.353034-0700", MOMENT),
    ("2026-11-20T14:44:07.353034+05:30", MOMENT),
    ("2026-11-20T10:14:07.353034+01", MOMENT),
    ("2026-11-20 09:14:07.353034 -0000", MOMENT),
    ("2026-11-20T09:14:07+00:00", "2026-11-20T09:14:07.000000Z"),
    ("2026-11-20T09:14:07.96214+00:00", "2026-11-20T09:14:07.962140Z"),
    ("2026-11-20T09:14:07.5Z", "2026-11-20T09:14:07.500000Z"),
    ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
    ("2016-12-31T23:59:60.5+00:00", "2016-12-31T23:59:59.999999Z"),
    ("2026-11-20T24:00:00Z", "2026-11-20T23:59:59.999999Z"),
    ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"),
    ("2026-03-29T01:59:59+01:00", "2026-03-29T00:59:59.000000Z"),
    ("2026-03-29T03:00:00+02:00", "2026-03-29T01:00:00.000000Z"),
    ("2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00.000000Z"),
    ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00.000000Z"),
    ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
    ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ("2099-01-01T00:00:00Z", "2099-01-01T00:00:00.000000Z"),
]


@pytest.mark.parametrize(("stamp", "expected"), STAMPS)
def test_stamps_of_every_kind_become_utc(stamp, expected):
    assert utc.iso(utc.parse_iso(stamp)) == expected


@pytest.mark.parametrize(
    "stamp",
    [
        "", "x", "2026-11-20", "09:14:07", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-11-20T25:00:00Z", "2026-11-20T09:60:00Z", "2026-11-20T09:14:61Z", "2026-11-20T24:00:01Z", "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2026-11-20T09:14:07.353034+00:00 app", "２026-11-20T09:14:07Z",
        "2026-11-20T09:14:07." + "1" * 13 + "Z",
    ],
)  # fmt: skip
def test_what_is_no_time_is_none(stamp):
    assert utc.parse_iso(stamp) is None


def test_a_stamp_without_a_zone_is_read_at_the_source_s_offset():
    assert utc.iso(utc.parse_iso("2026-11-20T09:14:07", 120)) == "2026-11-20T07:14:07.000000Z"
    assert utc.iso(utc.parse_iso("2026-11-20T09:14:07Z", 120)) == "2026-11-20T09:14:07.000000Z"


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001 - given a zone below
def test_every_instant_survives_any_offset(moment, minutes):
    moment = moment.replace(tzinfo=UTC)
    at_us = utc.to_us(moment)
    sign, size = ("-" if minutes < 0 else "+"), abs(minutes)
    local = (moment + timedelta(minutes=minutes)).replace(tzinfo=None)
    stamp = f"{local.isoformat(timespec='microseconds')}{sign}{size // 60:02d}:{size % 60:02d}"

    assert utc.parse_iso(stamp) == at_us
    assert utc.from_us(at_us) == moment
    assert utc.parse_iso(utc.iso(at_us)) == at_us
    assert utc.parse_iso(utc.canonical(at_us).decode()) == at_us
    assert len(utc.canonical(at_us)) == len(utc.canonical(None)) == 32


@given(st.lists(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), min_size=2, max_size=2))  # noqa: DTZ001
def test_printed_times_sort_as_the_times_do(pair):
    first, second = (utc.to_us(moment.replace(tzinfo=UTC)) for moment in sorted(pair))

    assert utc.iso(first) <= utc.iso(second)
    assert utc.canonical(first) <= utc.canonical(second)


def at(text):
    return utc.parse_iso(text)


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("Nov 20 09:14:07", "2026-11-20T09:14:07.000000Z"),
        ("Nov  2 09:14:07", "2026-11-02T09:14:07.000000Z"),
        ("Nov 02 09:14:07.353", "2026-11-02T09:14:07.353000Z"),
        ("Nov 20 2025 09:14:07", "2025-11-20T09:14:07.000000Z"),
        ("Nov 20, 2025, 09:14:07", "2025-11-20T09:14:07.000000Z"),
        ("Nov 20 09:14:07 +0200", "2026-11-20T07:14:07.000000Z"),
        ("Dec 31 23:59:59", "2025-12-31T23:59:59.000000Z"),
        ("Feb 29 09:14:07", "2024-02-29T09:14:07.000000Z"),
        ("Dec 31 23:59:60", "2025-12-31T23:59:59.999999Z"),
    ],
)
def test_a_year_that_is_not_printed_is_the_last_one_possible(stamp, expected):
    assert utc.iso(utc.parse_bsd(stamp, year=None, latest_us=at("2026-11-21T08:00:00Z"))) == expected


@pytest.mark.parametrize(
    "stamp", ["", "Foo 20 09:14:07", "Nov 31 09:14:07", "Nov 20", "Nov 20 25:14:07", "nov 20 09:14:07"]
)
def test_what_is_no_syslog_time_is_none(stamp):
    assert utc.parse_bsd(stamp, year=2026) is None


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), st.integers(0, 364 * 86_400))  # noqa: DTZ001
def test_the_year_is_found_for_every_time_of_the_last_twelve_months_and_never_lies_ahead(received, seconds_ago):
    latest_us = utc.to_us(received.replace(tzinfo=UTC))
    printed = utc.from_us(latest_us - seconds_ago * 1_000_000).replace(microsecond=0)

    found = utc.parse_bsd(printed.strftime("%b %d %H:%M:%S"), year=None, latest_us=latest_us)
    assert found == utc.to_us(printed)
    assert found <= latest_us


def test_a_log_runs_on_over_new_year():
    data = b"".join(
        b"%s shop app/web.1: x\n" % stamp
        for stamp in (b"Dec 31 23:59:58", b"Dec 31 23:59:59", b"Jan  1 00:00:00", b"Jan  1 00:00:01")
    )

    times = [record[0] for record in forms.read(data)]
    assert times == sorted(times)
    assert times[-1] - times[0] == 3_000_000


@pytest.mark.parametrize(
    ("name", "message", "year"),
    [
        ("app.log", "ready", "2026"),
        ("app-2023-11-21.log", "ready", "2023"),
        ("2023-08-01.tsv.gz", "ready", "2023"),
        ("app.log", "[2022-11-20 09:14:07 +0000] [7] [INFO] ready", "2022"),
        ("app-2023-11-21.log", "2022-11-20T09:14:07Z ready", "2022"),
        ("app.log", "due 2022-11-19", "2026"),
        ("app-2099-01-01.log", "ready", "2026"),
    ],
)
def test_a_date_in_the_log_or_its_name_tells_the_year(name, message, year):
    data = f"Nov 20 09:14:07 shop app/web.1: {message}\n".encode()
    (chunk,) = forms.chunks(data, forms.settings_of(data, name))

    assert utc.iso(forms.records(chunk)[0][0])[:4] == year


def test_the_assumed_year_and_zone_are_stated():
    settings = forms.settings_of(b"Nov 20 09:14:07 shop app/web.1: ready\n")

    assert any("2026" in sentence for sentence in settings.assumptions)
    assert any("UTC" in sentence for sentence in settings.assumptions)
    assert forms.settings_of(b"2026-11-20T09:14:07Z app[web.1]: ready\n").assumptions == ()
    assert forms.settings_of(b"app[web.1]: ready\n").assumptions == (
        "No line carries a time: lines stand in the order of the file.",
    )


@pytest.mark.parametrize(
    "text", ["1795166047", "1795166047353", "1795166047353034", "1795166047353034157", "1795166047.353034"]
)
def test_the_size_of_a_count_tells_its_unit(text):
    at_us = utc.parse_epoch(text)

    assert at_us is not None
    assert utc.iso(at_us)[:19] == "2026-11-20T09:14:07"


@pytest.mark.parametrize("text", ["", "12", "-1795166047", "1e9", "17951660473530341571", "nan"])
def test_other_numbers_are_no_times(text):
    assert utc.parse_epoch(text) is None
