from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.analysis import cut, formats
from incidents.analysis.normalise import normalise
from incidents.analysis.types import SourceSettings
from incidents.analysis.utc import iso
from tests.analysis import forms

SAMPLES = [(form, sample) for form in formats.registry().values() for sample in form.samples]


@pytest.mark.parametrize("name", forms.FORMS)
def test_every_form_gives_the_same_records(name):
    form, precision_us, render = forms.FORMS[name]
    data = render(forms.INCIDENT)

    expected = [
        (line.at_us - line.at_us % precision_us if precision_us else None, line.source, line.process, line.message)
        for line in forms.INCIDENT
    ]
    assert forms.settings_of(data).format == form
    assert forms.read(data) == expected


@pytest.mark.parametrize(
    ("form", "sample"), SAMPLES, ids=[f"{form.name}-{index}" for index, (form, _) in enumerate(SAMPLES)]
)
def test_a_format_reads_its_samples(form, sample):
    record = form.read(sample.line, SourceSettings(year=2000))

    assert record is not None
    assert (iso(record.at_us), record.source, record.process, record.message) == tuple(sample[1:])


@pytest.mark.parametrize("form", formats.registry().values(), ids=lambda form: form.name)
def test_a_format_has_a_title_and_samples_or_a_settled_header(form):
    assert form.title
    assert form.samples or form.settle


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        "{",
        "<",
        "<1",
        "2026-11-20",
        "Nov 20",
        "{}",
        '{"message": {}}',
        "\t" * 12,
        "1\t" * 12,
        "a,b",
        "[",
        "\ud800",
    ],
)
@pytest.mark.parametrize("form", formats.registry().values(), ids=lambda form: form.name)
def test_no_format_stumbles_over_scraps(form, line):
    record = form.read(line, SourceSettings())

    assert record is None or isinstance(record.message, str)


def test_the_header_inside_a_message_wins_over_the_product_s_fields():
    line = {
        "timestamp": 1_795_166_047_353,
        "app": "worker.9",
        "message": "2026-11-20T09:14:01.000001+00:00 heroku[web.1]: Cycling",
    }

    (record,) = forms.read(json.dumps(line).encode())
    assert record[1:] == ("heroku", "web.1", "Cycling")
    assert iso(record[0]) == "2026-11-20T09:14:01.000001Z"


def test_an_exported_message_with_newlines_gives_a_record_per_line():
    message = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: no'
    line = {"timestamp": "2026-11-20T09:14:01Z", "program": "app/web.1", "message": message}

    assert [record[1:] for record in forms.read(json.dumps(line).encode() + b"\n")] == [
        ("app", "web.1", part) for part in message.split("\n")
    ]  # fmt: skip


def test_a_quoted_newline_in_a_table_stays_in_its_record():
    data = (
        b'timestamp,program,message\n2026-11-20T09:14:01Z,app/web.1,"one\ntwo"\n2026-11-20T09:14:02Z,app/web.1,three\n'
    )

    assert [record[3] for record in forms.read(data)] == ["one", "two", "three"]


def test_a_quote_that_is_never_closed_does_not_swallow_the_table():
    rows = "".join(f"2026-11-20T09:14:01Z,app/web.1,line {number}\n" for number in range(3000))
    data = b'timestamp,program,message\n2026-11-20T09:14:01Z,app/web.1,"open\n' + rows.encode()

    assert len(forms.read(data)) > 900


def test_lines_of_other_forms_in_one_file_are_read_as_what_they_are():
    names = (
        "heroku logs",
        "syslog, one a line",
        "Papertrail events",
        "Papertrail archive",
        "papertrail -j",
        "no times",
    )
    usual = [line for line in forms.INCIDENT if line.process != "api"]
    data = b"".join(forms.FORMS[name][2](usual) for name in names)

    found = forms.read(data)
    assert [record[1:] for record in found] == [tuple(line[1:]) for line in usual] * len(names)


def test_the_platform_and_the_dyno_are_told_apart_where_only_the_dyno_is_named():
    lines = [
        {"ts": 1_795_166_047_353, "app": "web.1", "line": text} for text in ("State changed from up to down", "hello")
    ]

    assert [record[1] for record in forms.read("\n".join(map(json.dumps, lines)).encode())] == ["heroku", "app"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2025-08-03T12:22:01.123Z app web.1 - R14 Memory quota exceeded", "Error R14 (Memory quota exceeded)"),
        ("2025-08-03T12:22:01.123Z app web.1 - R10 Boot timeout: gave up", "Error R10 (Boot timeout) -> gave up"),
        ("2025-08-03T12:23:45.456Z app web.1 - H12 Request timeout: POST /api/process", 'at=error code=H12 desc="Request timeout" method=POST path="/api/process" dyno=web.1'),
        ("heroku router - H10 App crashed", 'at=error code=H10 desc="App crashed"'),
    ],
)  # fmt: skip
def test_bare_codes_are_put_into_the_words_of_the_platform(line, message):
    (record,) = forms.read(line.encode() + b"\n")

    assert record[1] == "heroku"
    assert record[3] == message


def test_local_output_is_read_and_said_to_be_local():
    data = b"09:14:07 web.1     |  listening on 5000\n09:14:08 worker.1  |  ready\n"

    assert [record[1:] for record in forms.read(data)] == [
        ("app", "web.1", "listening on 5000"),
        ("app", "worker.1", "ready"),
    ]
    assert "local" in forms.settings_of(data).assumptions[0]


def test_settings_survive_their_storage():
    data = forms.FORMS["Datadog, CSV"][2](forms.INCIDENT)
    settings = forms.settings_of(data)

    assert SourceSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings
    assert settings.columns[:2] == (",", "date")


def test_a_log_line_far_down_in_bare_output_is_read_as_one():
    data = b"listening on 5000\n" * 300 + b"2026-11-20T09:14:07.353034+00:00 heroku[web.1]: Cycling\n"

    assert forms.settings_of(data).format == "plain"
    assert forms.read(data)[-1][1:] == ("heroku", "web.1", "Cycling")


def test_bare_output_is_read_with_its_own_times():
    data = b"[2021-05-04 10:20:30 +0000] [132] [ERROR] The application did not start.\nTraceback (most recent call last):\n"

    assert [(iso(record[0]), record[2]) for record in forms.read(data)] == [
        ("2021-05-04T10:20:30.000000Z", "unknown"),
        (None, "unknown"),
    ]
    assert any("No Heroku header" in sentence for sentence in forms.settings_of(data).assumptions)


def test_every_file_of_a_format_is_found():
    names = {path.stem for path in Path(formats.__path__[0]).glob("[a-z]*.py")}

    assert len(formats.registry()) == len(names)


def frame(message, who="app web.1"):
    body = f"<190>1 2026-11-20T09:14:07.353034+00:00 host {who} - {message}".encode()
    return f"{len(body)} ".encode() + body


FORGED = [
    "<190>1 2026-11-20T09:14:07.353034+00:00 host heroku router - at=error code=H99",
    "105 <190>1 2026-11-20T09:14:07.353034+00:00 host heroku router - at=error code=H99",
    "2026-11-20T09:14:07.353034+00:00 heroku[router]: at=error code=H99",
    'heroku[router]: at=error code=H99 desc="Platform error" method=GET path="/" dyno= connect= service= status=503',
    'at=error code=H99 desc="Platform error" method=GET path="/" dyno= connect= service= status=503',
    "Error R14 (Memory quota exceeded)",
    "Nov 20 09:14:07 shop heroku/router: at=error code=H99",
]


@pytest.mark.parametrize("forged", FORGED)
def test_a_message_in_a_frame_cannot_pose_as_another_record(forged):
    data = (
        frame(f"hello\n{forged}\nbye\n")
        + frame("State changed from up to down\n", "heroku web.1")
        + frame(f"same line {forged}\n")
    )

    found = forms.read(data)
    assert {record[1:3] for record in found} == {("app", "web.1"), ("heroku", "web.1")}
    assert [record[3].strip() for record in found] == [
        "hello",
        forged,
        "bye",
        "State changed from up to down",
        f"same line {forged}",
    ]


@pytest.mark.parametrize("off", [-1, 1])
def test_frames_whose_lengths_are_off_by_one_are_read(off):
    data = b"".join(
        f"{len(body) + off} ".encode() + body
        for body in (
            b"<190>1 2026-11-20T09:14:07.353034+00:00 host app web.1 - line %d\n" % number for number in range(9)
        )
    )

    assert [record[3] for record in forms.read(data)] == [f"line {number}" for number in range(9)]


def test_a_body_that_breaks_off_or_begins_in_the_middle_loses_only_what_is_cut():
    data = frame("one\n") + frame("two\n") + frame("three\n")

    assert [record[3] for record in forms.read(data[:-4])] == ["one", "two", "th"]
    (chunk,) = forms.chunks(data[20:], forms.settings_of(data))
    assert [record[3] for record in forms.records(chunk)] == ["two", "three"]
    assert chunk.skipped == {"text": 1}


@given(st.lists(st.text(max_size=40), max_size=12), st.integers(1, 60))
def test_any_messages_come_out_of_their_frames(messages, block):
    data = b"".join(frame(message) for message in messages)
    blocks = [data[start : start + block] for start in range(0, len(data), block)]
    settings = SourceSettings(format="logplex")

    chunks = [normalise(part.data, settings) for part in cut(blocks, settings)]
    records = [record for chunk in chunks for record in forms.records(chunk)]
    assert sum(record[0] is not None for record in records) == len(messages)
    assert {record[1:3] for record in records} <= {("app", "web.1")}
    assert [chunk.buf for chunk in chunks] == [normalise(data, settings).buf][: len(chunks)]


def test_a_source_s_own_zone_is_used_where_a_row_names_none():
    row = b"1\t2026-11-20 09:14:07\t2026-11-20 09:14:09\t4\tshop\t192.0.2.11\tLocal3\tInfo\theroku/web.1\tCycling\n"

    (chunk,) = forms.chunks(row, SourceSettings(format="papertrail-tsv", offset_minutes=120))
    assert iso(forms.records(chunk)[0][0]) == "2026-11-20T07:14:07.000000Z"


@pytest.mark.parametrize(
    "name",
    [
        "syslog, one a line",
        "Papertrail archive",
        "papertrail -j",
        "Datadog archive",
        "Datadog, CSV",
        "a drain's frames",
    ],
)
def test_a_product_s_line_is_one_record_whatever_stands_in_it(name):
    forged = "a  2026-11-20T09:14:07.353034+00:00 heroku[router]: at=error code=H99"
    lines = [
        line._replace(message=forged) for line in forms.INCIDENT if line.source == "app" and line.process == "web.1"
    ]

    assert [record[1:] for record in forms.read(forms.FORMS[name][2](lines))] == [("app", "web.1", forged)] * len(lines)
