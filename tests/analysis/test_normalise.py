from __future__ import annotations

import re
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.analysis import noise, survey, text
from incidents.analysis.lines import LineReader
from incidents.analysis.normalise import normalise
from incidents.analysis.types import NotALog, SourceSettings
from tests.analysis import forms

SAMPLES = Path(__file__).parent.parent / "samples" / "formats"
CANONICAL = re.compile(
    rb"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}|-{10}T--:--:--\.-{6})\+00:00 [\w.-]+\[[\w.:-]+\]: [^\x00-\x08\x0a-\x1f]*"
)


def sample(name):
    (chunk,) = forms.chunks((SAMPLES / name).read_bytes())
    return chunk, forms.records(chunk)


def messages(data):
    return [record[3] for record in forms.read(data)]


def headed(message, clock="09:14:07.000001", who="app[web.1]"):
    return f"2026-11-20T{clock}+00:00 {who}: {message}\n"


# Pastes and captures as they are found


def test_an_issue_with_a_fenced_paste():
    chunk, records = sample("issue.md")

    assert [record[3] for record in records if record[1] == "heroku"][-1].startswith("at=error code=H10")
    assert [record[0] is None for record in records].count(True) == 2  # the frames of the stack trace
    assert records[5][1:] == ("app", "web.1", "    at Function.Module._load (module.js:278:25)")
    assert chunk.skipped == {"markdown": 3, "blank": 3, "text": 2, "prompt": 2, "command-line": 1, "ellipsis": 1}
    assert chunk.skipped_rows[0] == (0, "markdown")


def test_a_paste_wrapped_at_80_columns_even_inside_ids():
    chunk, records = sample("wrapped-80.txt")

    assert forms.settings_of((SAMPLES / "wrapped-80.txt").read_bytes()).width == 80
    assert len(records) == 5
    assert (
        'desc="App crashed" method=GET path="/" host=www.example.com request_id=11111111-2222-4333-8444-555555555555 fwd='
        in records[1][3]
    )
    assert records[2][3].endswith("connect=1ms service=30001ms status=503 bytes=0 protocol=https")
    assert records[3][3] == "TypeError: Cannot read property 'name' of undefined"
    assert records[4][3] == "Starting process with command `bundle exec puma -C config/puma.rb`"
    assert chunk.repaired == {"joined": 8}
    assert chunk.rows.tolist() == [0, 1, 5, 9, 11]


def test_a_capture_torn_at_network_packets():
    chunk, records = sample("torn.log")

    assert [record[3] for record in records[:6]] == [
        "one", "Rendered layouts/_header.html.erb (3.4ms)", "between", "two", "three", "Stopping process with SIGTERM",
    ]  # fmt: skip
    assert "dyno=web.1 connect=31ms service=66ms" in records[6][3]
    assert all(record[0] is not None for record in records)
    assert chunk.skipped == {}


def test_powershell_s_error_record_in_utf_16():
    chunk, records = sample("powershell.log")

    assert [record[3] for record in records] == ["State changed from starting to up", "ready"]
    assert chunk.skipped == {"powershell": 7, "blank": 1}


def test_git_conflict_marks():
    chunk, records = sample("conflict.log")

    assert [record[3] for record in records] == ["ours", "theirs"]
    assert chunk.skipped == {"git-conflict": 3}


def test_a_list_in_a_web_page():
    chunk, records = sample("page.html")

    assert 'path="/a?x=1&y=2"' in records[0][3]
    assert records[1][3].startswith("Error R10 (Boot timeout) -> Web process")
    assert chunk.skipped == {"html": 2}


def test_smart_quotes_bullets_line_numbers_and_a_viewer_s_clock():
    chunk, records = sample("chat.txt")

    assert [record[1:3] for record in records] == [
        ("heroku", "router"),
        ("heroku", "web.1"),
        ("app", "web.1"),
        ("app", "web.1"),
    ]
    assert 'desc="Request timeout"' in records[0][3]
    assert [record[3] for record in records[1:]] == ["Error R14 (Memory quota exceeded)", "numbered", "viewed"]
    assert chunk.repaired == {"quotes": 1, "prefix": 4}


def test_records_glued_together_are_split_and_quoted_ones_are_not():
    chunk, records = sample("glued.txt")

    assert [record[3] for record in records] == [
        "Cycling", "State changed from up to starting", "bye",
        'the line was "2026-11-20T09:14:07.000001+00:00 heroku[web.1]: Cycling", they said', "start", "",
    ]  # fmt: skip
    assert chunk.rows.tolist() == [0, 0, 0, 1, 2, 2]
    assert chunk.repaired == {"split": 2}


# Lines without a header


def test_a_line_without_a_header_belongs_to_the_application_s_record_before_it():
    data = (
        headed("Traceback (most recent call last):") + '  File "x.py", line 1\n' + headed("ok") + "Up to here.\n"
    ).encode()

    found = forms.read(data)
    assert [record[3] for record in found] == [
        "Traceback (most recent call last):",
        '  File "x.py", line 1',
        "ok",
        "Up to here.",
    ]
    assert [record[0] is None for record in found] == [False, True, False, True]


def test_words_after_a_line_of_the_platform_are_no_log():
    (chunk,) = forms.chunks((headed("Idling", who="heroku[web.1]") + "It stops here every night.\n").encode())

    assert len(chunk.rows) == 1
    assert chunk.skipped == {"text": 1}
    assert chunk.skipped_rows == [(1, "text")]


def test_output_whose_header_was_cut_off_is_kept():
    data = b"[2026-11-20 09:14:07 +0000] [132] [ERROR] The application did not start.\n" + headed("x").encode()

    assert forms.read(data)[0][1:] == (
        "app", "unknown", "[2026-11-20 09:14:07 +0000] [132] [ERROR] The application did not start.",
    )  # fmt: skip


def test_the_rest_of_a_router_line_is_a_router_line():
    data = (
        b'st=a.example.com request_id=c9 fwd="203.0.113.7" dyno= connect= service= status=503 bytes= protocol=https\n'
        + headed("x").encode()
    )

    assert forms.read(data)[0][:3] == (None, "heroku", "router")


def test_a_line_broken_with_a_backslash_is_joined():
    data = b"heroku[router]: at=error code=H12 method=GET path=/coupons \\\nhost=www.example.com dyno=web.2 \\\nservice=30000ms status=503 bytes=0\n"

    assert messages(data) == [
        "at=error code=H12 method=GET path=/coupons host=www.example.com dyno=web.2 service=30000ms status=503 bytes=0"
    ]


def test_messages_that_heroku_split_at_10_000_bytes_are_one_again():
    first, rest = "é" * 5000, "end"
    data = (headed(first) + headed(rest, "09:14:07.000002") + headed("next", "09:14:08.000000")).encode()

    assert messages(data) == [first + rest, "next"]
    (chunk,) = forms.chunks(data)
    assert chunk.rows.tolist() == [0, 2]
    assert chunk.repaired == {"joined": 1}


def test_two_dynos_long_messages_stay_apart():
    data = (headed("x" * 10_000) + headed("y", who="app[web.2]")).encode()

    assert messages(data) == ["x" * 10_000, "y"]


NOISE = {
    "blank": ["", "   ", "\t"],
    "prompt": ["$ heroku logs --tail", "ana@laptop:~/shop$ heroku logs", "PS C:\\shop> heroku logs -n 1500", "C:\\Users\\ana>heroku logs", "➜  shop git:(main) ✗", "anas-laptop:shop ana$ heroku logs", "heroku logs --tail", "git push heroku main", "(venv) $ heroku ps", "Owner@PC MINGW64 ~/shop (main)", "^C"],
    "command-line": [" ›   Warning: heroku update available from 8.7.1 to 8.11.5.", "┬╗   Warning: heroku update available from 7.1 to 7.2.", "heroku-cli: update available from 5 to 6", "Fetching logs... ", "Log stream timed out. Please try again."],
    "powershell": ["At line:1 char:1", "+ heroku logs", "+ ~~~~", "    + CategoryInfo          : NotSpecified: (x:String) [], RemoteException", "    + FullyQualifiedErrorId : NativeCommandError", "Terminate batch job (Y/N)? "],
    "markdown": ["```", "```text", "~~~", "## Logs"],
    "git-conflict": ["<<<<<<< HEAD", "=======", ">>>>>>> main"],
    "ellipsis": ["...", "......", "…", "[...]", "-----", "(snip)", "-"],
    "html": ["<li>", "</ul>", "<pre><code>", "<details>"],
}  # fmt: skip


@pytest.mark.parametrize(("reason", "line"), [(reason, line) for reason, lines in NOISE.items() for line in lines])
def test_noise_is_counted_with_its_reason(reason, line):
    (chunk,) = forms.chunks(
        (headed("x", who="heroku[web.1]") + line + "\n" + headed("y", "09:14:08.000000", who="heroku[web.1]")).encode()
    )

    assert chunk.skipped == {reason: 1}
    assert [record[3] for record in forms.records(chunk)] == ["x", "y"]


@pytest.mark.parametrize(
    "line",
    ["  File \"x.py\", line 1, in f", "    at f (x.js:1:2)", "ValueError: bad", "Error: Cannot find module 'express'", "\tfrom config.ru:4:in `eval'", "TypeError: x is not a function", "{\"level\": 1}", "GET /x 200", "npm ERR! code 1", "--> Killing web", "# comment in a template", "@ ./src/index.js 3:0"],
)  # fmt: skip
def test_output_is_no_noise(line):
    assert noise.reason(line) in ("", "markdown")
    assert messages((headed("x") + line + "\n").encode())[-1].strip() in (line.strip(), "x")


# Colours and control characters


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[36mblue\x1b[0m", "blue"),
        ("\x1b[1;38;2;255;135;135mred\x1b[22;39m", "red"),
        ("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b[2K\x1b[1Gprogress", "progress"),
        ("\x1b(Btext\x1b=", "text"),
        ("[36mescape lost[0m", "escape lost"),
        ("[1m[35mUser Load (1.8ms)[0m", "User Load (1.8ms)"),
        ("array[10m] and [12] stay", "array[10m] and [12] stay"),
        ("a\0b", "a\u2400b"),
        ("bell\x07 back\x08space\x7f", "bell backspace"),
        ("10%\r50%\r100%", "10% 50% 100%"),
        ("tab\tstays", "tab\tstays"),
        ("cut off \x1b[3", "cut off"),
        ("\x1b", ""),
    ],
)
def test_text_is_read_without_escapes_and_control_characters(raw, shown):
    assert messages(headed(raw).encode()) == [shown]


def test_odd_blanks_in_a_header_are_blanks():
    odd = headed("ready").replace(" app", "\u00a0app").replace("ready", "zero\u200bwidth")

    assert forms.read(odd.encode())[0][1:] == ("app", "web.1", "zerowidth")


def test_the_raw_lines_stay_as_they_came():
    data = headed("\x1b[36mblue\x1b[0m\0").encode()

    (chunk,) = forms.chunks(data)
    assert chunk.data == data


# Clean text


def clean_log(lines=4000):
    return b"".join(
        f"2026-11-{1 + row % 28:02d}T09:{row % 60:02d}:07.{row:06d}+00:00 {'heroku[router]' if row % 3 else 'app[web.12]'}: at=info n={row} {'x' * (row % 150)}é\n".encode()
        for row in range(lines)
    )


def test_clean_text_passes_as_it_is():
    data = clean_log()
    chunk = normalise(data, SourceSettings())

    assert chunk.buf is data
    assert np.array_equal(chunk.rows, np.arange(4000))
    assert chunk.rows.dtype == np.int32
    assert (chunk.skipped, chunk.repaired) == ({}, {})


def test_a_last_line_without_its_newline_gets_one():
    assert normalise(headed("x").encode()[:-1], SourceSettings()).buf == headed("x").encode()


@pytest.mark.parametrize(
    "line",
    [
        headed("x").replace("11-20", "02-30"), headed("x").replace("11-20", "13-01"), headed("x").replace("T09", "T24"), headed("x").replace(":14:", ":60:"),
        headed("x").replace("+00:00", "+01:00"), headed("x").replace("2026-", "0000-"), headed("x").replace("app[", "zap["), headed("x").replace("app[web.1]:", "app[web 1]:"),
        headed("x").replace("]: ", "]:"), headed("\x1b[1mx"), headed("\0"), headed("x  "), headed("[36mx[0m"), headed("\x01"), headed("caf").replace("caf", "caf\udce9"),
        headed("a 2026-11-20T09:14:07.000001+00:00 heroku[web.1]: Idling"), headed("x" * 10_000), "x\n", "\n", headed("x")[20:],
    ],
)  # fmt: skip
def test_what_needs_care_is_not_clean(line):
    around = headed("before").encode(), headed("after").encode()
    data = around[0] + line.encode("utf-8", "surrogateescape") + around[1]

    assert survey.survey(data).clean.tolist()[:2] == [True, False]


@pytest.mark.parametrize(
    "day", ["2026-02-28", "2024-02-29", "2000-02-29", "2026-12-31", "2026-04-30", "9999-12-31", "0001-01-01"]
)
def test_the_last_days_of_months_are_clean(day):
    assert survey.survey(headed("x").replace("2026-11-20", day).encode() * 4).clean.tolist() == [True] * 4


@pytest.mark.parametrize("day", ["2026-02-29", "1900-02-29", "2026-04-31", "2026-06-31", "2026-11-31"])
def test_days_that_do_not_exist_are_not_clean(day):
    assert not survey.survey(headed("x").replace("2026-11-20", day).encode() * 4).clean.any()


# Everything at once

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=60)
LINES = st.one_of(
    st.builds(lambda message, at, who: headed(message, f"09:14:{at % 60:02d}.{at:06d}", who)[:-1], WORDS, st.integers(0, 59_999), st.sampled_from(["app[web.1]", "heroku[router]", "heroku[web.1]", "app[api]"])),
    st.sampled_from([line for lines in NOISE.values() for line in lines]),
    st.sampled_from([line.strip() for name in forms.FORMS if not name.startswith("heroku logs, UTF") for line in forms.FORMS[name][2](forms.INCIDENT[3:6]).decode("utf-8", "replace").split("\n")]),
    st.sampled_from([line for path in sorted(SAMPLES.glob("*.txt")) for line in path.read_text().split("\n")]),
    WORDS,
    st.sampled_from(["x" * 80, "y" * 10_000, "2026-11-20T09:14", "\x1b[36m", "bytes= protocol=https", "\\", "2026-11-20 09:14:07.353 "]),
)  # fmt: skip
TEXTS = st.builds(
    lambda lines, end, last: end.join(lines).encode("utf-8", "surrogatepass") + last,
    st.lists(LINES, max_size=30),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([b"", b"\n", b"\r\n"]),
)


def check(chunk):
    """What holds for every chunk, whatever it is made of."""
    raw_lines = chunk.data.count(b"\n") + (not chunk.data.endswith(b"\n") and bool(chunk.data))
    assert chunk.raw_lines == raw_lines
    lines = chunk.buf.split(b"\n")
    assert lines.pop() == b""
    assert len(lines) == len(chunk.rows)
    for line in lines:
        assert CANONICAL.fullmatch(line), line
        line.decode()
    rows = chunk.rows.tolist()
    assert rows == sorted(rows)
    assert not rows or (rows[0] >= 0 and rows[-1] < raw_lines)
    assert len(set(rows)) + chunk.repaired.get("joined", 0) + sum(chunk.skipped.values()) == raw_lines
    assert not {row for row, _ in chunk.skipped_rows} & set(rows)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_every_line_is_in_a_record_or_counted(data):
    try:
        found = forms.settings_of(data)
    except NotALog:
        return
    for chunk in forms.chunks(data, found):
        check(chunk)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(sorted({form for form, _, _ in forms.FORMS.values()} | {"plain", "foreman", "build-output"})),
    st.integers(0, 120),
    st.booleans(),
)
def test_no_bytes_break_any_format(data, form, width, captured):
    how = SourceSettings(format=form, width=width, captured=captured, columns=(",", "time", "message"))
    for part in text.cut([data], "utf-8"):
        check(normalise(part.data, how))


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_the_same_bytes_give_the_same_lines(data):
    how = SourceSettings(width=80, captured=True)
    first, second = (forms.chunks(data, how) for _ in range(2))

    assert [(chunk.buf, chunk.rows.tolist(), chunk.skipped, chunk.repaired) for chunk in first] == [
        (chunk.buf, chunk.rows.tolist(), chunk.skipped, chunk.repaired) for chunk in second
    ]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=30), st.integers(0, 29))
def test_where_a_chunk_ends_makes_no_difference_before_a_record(lines, place):
    lines = [line.replace("\n", " ") for line in lines]
    place = min(place, len(lines) - 1)
    lines[place] = headed("a record", "09:15:00.000000").strip()
    if place:
        lines[place - 1] = headed("another one", "09:14:59.000000").strip()
    data = "".join(line + "\n" for line in lines).encode("utf-8", "surrogatepass")
    cut = len("".join(line + "\n" for line in lines[:place]).encode("utf-8", "surrogatepass"))
    how = SourceSettings()

    whole = normalise(data, how)
    first, second = normalise(data[:cut], how), normalise(data[cut:], how, tail=data[:cut])
    assert forms.records(whole) == forms.records(first) + forms.records(second)
    assert whole.rows.tolist() == first.rows.tolist() + [row + first.raw_lines for row in second.rows.tolist()]
    assert whole.raw_lines == first.raw_lines + second.raw_lines


def test_the_end_of_the_chunk_before_tells_whom_the_first_lines_belong_to():
    tail = headed("Traceback (most recent call last):", who="app[worker.3]").encode() + b'  File "x.py", line 1\n'

    (record,) = forms.records(normalise(b"    return 1\n", SourceSettings(), tail=tail))
    assert record == (None, "app", "worker.3", "    return 1")


def by_line(data):
    """The same reading without its way in bulk: line by line."""
    reader = LineReader(SourceSettings())
    lines = data.split(b"\n")[: data.count(b"\n")]
    for row, raw in enumerate(lines):
        reader.read(row, raw.removesuffix(b"\r"), lines[row + 1] if row + 1 < len(lines) else None)
    return reader.take()


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_bulk_and_line_by_line_agree(data):
    data += b"" if data.endswith(b"\n") else b"\n"
    chunk = normalise(data, SourceSettings())
    lines, rows = by_line(data)

    assert chunk.rows.tolist() == rows
    invisible = dict.fromkeys((127, 133, 160, *range(128, 160), *range(8192, 8304), 12288, 65279, 5760), " ")
    ours, theirs = ("".join(text.decode().translate(invisible).split()) for text in (chunk.buf, b"\n".join(lines)))
    assert chunk.buf.count(b"\n") == len(lines)
    assert ours == theirs


# Time


@pytest.mark.parametrize(
    "piece",
    ["a", "=", "\"", "[", "\x1b[", "\x1b]", "<", "&quot;", "2026-11-20T09:14:07+00:00 app[", "at=info ", "1", "9:", "> ", "- ", "{", "/x:1:in ", "Error", "a.", "at x ", "Nov 20 ", "é", "\0", "\t", "(", "``", "MINGW64"],
)  # fmt: skip
@pytest.mark.parametrize(
    "head",
    [
        "",
        "2026-11-20T09:14:07.000001+00:00 heroku[router]: at=info ",
        "2026-11-20T09:14:07.000001+00:00 app[web.1]: \x1b",
    ],
)
def test_no_line_takes_long(head, piece):
    data = ((head + piece * 70_000)[: 64 * 1024] + "\n").encode()[: 64 * 1024] + b"\n" + headed("x").encode()
    normalise(data[:200], SourceSettings())
    started = perf_counter()
    normalise(data, SourceSettings())

    assert perf_counter() - started < 0.5


def test_clean_text_passes_far_faster_than_it_could_be_read():
    data = clean_log(20_000)
    few = b"".join(data.splitlines(keepends=True)[:2000])
    times = {}
    for name, run in (("bulk", lambda: normalise(data, SourceSettings())), ("by line", lambda: by_line(few))):
        spent = []
        for _ in range(5):
            started = process_time()
            run()
            spent.append(process_time() - started)
        times[name] = min(spent)

    assert times["bulk"] < times["by line"]  # although it is ten times as much


# Lines that lost more than their header


LOST = [
    ("Dec 12 12:12:12 prod heroku/web.1:\n  Error R10 (Boot timeout)", "heroku", "web.1", "Error R10 (Boot timeout)"),
    ("25 Dec 2019 14:13:31.061299 &lt;158&gt;1 2019-12-25T22:13:28.421009+00:00 heroku router - - at=info method=GET", "heroku", "router", "at=info method=GET"),
    (" * Jan 27 06:48:30 shop heroku/router: at=error code=H12", "heroku", "router", "at=error code=H12"),
    (";; Nov 17 18:04:52 shop heroku/web.1 Process running mem=615M(120.2%)", "heroku", "web.1", "Process running mem=615M(120.2%)"),
    ("// 2026-11-20T09:14:07Z app[web.1]: in a comment", "app", "web.1", "in a comment"),
    ("> Process running mem=834M(162.9%)", "heroku", "unknown", "Process running mem=834M(162.9%)"),
    ("Error R14 (Memory quota exceeded)", "heroku", "unknown", "Error R14 (Memory quota exceeded)"),
    ("Error H12 (Request timeout) -> POST www.example.com/x dyno=web.2 queue= wait= service=30000ms status=503 bytes=0", "heroku", "router", "Error H12 (Request timeout) -> POST www.example.com/x dyno=web.2 queue= wait= service=30000ms status=503 bytes=0"),
    ("at=error code=H10 desc=\"App crashed\" method=GET path=\"/\" host=www.example.com", "heroku", "router", "at=error code=H10 desc=\"App crashed\" method=GET path=\"/\" host=www.example.com"),
    ("026-11-20T09:14:07.353034+00:00 heroku[web.1]: Cycling", "heroku", "web.1", "Cycling"),
    ("53034+00:00 heroku[web.1]: Cycling", "heroku", "web.1", "Cycling"),
    ("eroku[router]: at=info method=GET", "heroku", "router", "at=info method=GET"),
    ("18:32:10.510 2026-11-20 09:14:07.353034+00:00 heroku router - - at=info method=GET", "heroku", "router", "at=info method=GET"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "source", "process", "message"), LOST)
def test_what_is_left_of_a_header_tells_who_wrote_the_line(lines, source, process, message):
    assert [record[1:] for record in forms.read(lines.encode() + b"\n")] == [(source, process, message)]


@pytest.mark.parametrize(
    "words",
    ["see app/models.py line 3", "my app[0] is fine", "heroku is down again", "our app [web.1] crashed", "<b>app</b>"],
)
def test_words_about_an_app_are_no_header(words):
    (chunk,) = forms.chunks((headed("x", who="heroku[web.1]") + words + "\n").encode())

    assert len(chunk.rows) == 1
    assert sum(chunk.skipped.values()) == 1
