"""The bulk scanner says exactly what the plain reference says, on invented logs and on hostile lines."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import generate
from incidents.analysis import notes as policy
from incidents.analysis.scan import scan
from incidents.analysis.types import Canonical, Kind
from tests.analysis import oracle
from tests.analysis.compare import assert_same, chunk

AT = b"2026-03-14T09:26:53.589793+00:00 "
ID = b"request_id=5c2a9f10-3b58-2f13-a0d1-9d2f5e6a7b8c"
TAIL = b"connect=1ms service=18ms status=200 bytes=13 protocol=https"
LINES = [
    b'heroku[router]: at=info method=GET path="/orders/17" host=www.example.com ' + ID + b' fwd="203.0.113.7" dyno=web.1 ' + TAIL,
    b'heroku[router]: at=info method=POST path="/a b?service=99999ms&status=500" host=www.example.com ' + ID
    + b' fwd="198.51.100.3, 2001:db8::1" dyno=web.12 connect=0ms service=30123ms status=500 bytes=1 protocol=http1.1 tls=true tls_version=tls1.3',
    b'heroku[router]: at=error code=H12 desc="Request timeout" method=GET path="/reports/5c2a9f10-3b58-2f13-a0d1-9d2f5e6a7b8c/export" host=h '
    + ID + b' fwd="203.0.113.7" dyno=web.2 connect=1ms service=30001ms status=503 bytes=0 protocol=https',
    b'heroku[router]: at=error code=H10 desc="App crashed" method=GET path="/" host=www.example.com ' + ID
    + b' fwd="203.0.113.9" dyno= connect= service= status=503 bytes= protocol=http',
    b'heroku[router]: at=error code=H20 desc="App boot timeout" method=GET path="/" host=www.example.com ' + ID
    + b' fwd="" dyno= connect=0ms service=0ms status=503 bytes=567 protocol=http1.1 tls=false',
    b'heroku[router]: sock=client at=warning code=H27 desc="Client Request Interrupted" method=GET path="/x" host=www.example.com ' + ID
    + b' fwd="192.0.2.1" dyno=web.1 connect=0ms service=7524ms status=499 bytes= protocol=https',
    b'heroku[router]: sock=backend at=error code=H18 desc="Server Request Interrupted" method=GET path="/x.json" host=www.example.com ' + ID
    + b' fwd="192.0.2.1" dyno=web-848cd4f64d-pvpr2 connect=0ms service=710ms status=200 bytes=0 protocol=https',
    b'heroku[router]: at=info code=H80 desc="Maintenance mode" method=GET path="/" host=www.example.com ' + ID
    + b' fwd="192.0.2.4" dyno= connect= service= status=503 bytes=596 protocol=http1.1 tls=true tls_version=unknown',
    b'heroku[router]: at=info method=GET path=/old/7 host=www.example.com fwd="192.0.2.9" dyno=web.1 queue=0 wait=0ms connect=1ms service=18ms status=200 bytes=13',
    b"heroku[router]: Error H10 (App crashed) -> GET www.example.com/ dyno= queue= wait= service= status=503 bytes=",
    b"heroku[router]: GET www.example.com/a/9 dyno=web.1 queue=0 wait=0ms service=41ms status=200 bytes=512",
    b"heroku[router]: something else entirely",
    b"app[web.1]: Error: connect ECONNREFUSED 192.0.2.17:6379",
    b"app[web.1]:     at TCPConnectWrap.afterConnect (node:net:1595:16)",
    b'app[web.1]: {"level":"error","path":"/x","status":500} timeout=20000ms',
    "app[web.2]: Grüße: Bestellung ✓ 注文 “quoted”".encode(),
    b"app[worker.1]: sample#queue.depth=3 sample#queue.age=.5s",
    b"heroku[web.1]: source=web.1 dyno=heroku.2808254.d97d0ea7-cf3d-411b-b453-d2943a50b456 sample#load_avg_1m=2.46 sample#load_avg_5m=1.06",
    b"heroku[web.1]: source=web.1 dyno=heroku.2808254.d97d0ea7-cf3d-411b-b453-d2943a50b456 sample#memory_total=600.50MB sample#memory_quota=512.00MB",
    b"heroku[web.1]: source=web.1 dyno=heroku.2808254.d97d measure=memory_total val=21.22 units=MB",
    b"app[heroku-postgres]: source=DATABASE addon=postgresql-flat-02648 sample#db_size=4482183583bytes sample#memory-total=16085852kB "
    b"sample#wal-percentage-used=0.0692420374380985 sample#read-iops=-14.328 sample#x=.0bytes",
    b"heroku[web.1]: Process running mem=526M(102.8%)",
    b"heroku[web.1]: Error R14 (Memory quota exceeded)",
    b"heroku[web.1]: State changed from starting to up",
    b"heroku[web.1]: Starting process with command `npm start`",
    b"heroku[web.1]: Process exited with status 1",
    b"heroku[web.1]: Process exited with status 143",
    b"heroku[logplex]: Error L10 (output buffer overflow): 500 messages dropped since 2026-03-14T09:13:58+00:00.",
    b"app[api]: Release v42 created by user ana@example.com",
    b"app[postgres.1105947]: [DATABASE] [12-1]  sql_error_code = 53300 FATAL:  too many connections",
    b"heroku-router[web-848cd4f64d-pvpr2]: at=info method=GET path=\"/\" host=h",
    b"app[web.1]:",
    b"nonsense without a bracket",
]  # fmt: skip
STAMPS = [AT, b"2026-03-14T09:26:53.600000+00:00 ", b"2026-03-14T09:26:54.700000+00:00 ", b"2026-03-14T24:00:00.000001+00:00 ",
          b"2026-12-31T23:59:60.999999+00:00 ", b"2026-13-14T09:26:53.589793+00:00 ", b"----------T--:--:--.------+00:00 ",
          b"1969-12-31T23:59:59.000001+00:00 ", b"9999-12-31T23:59:59.000001+00:00 "]  # fmt: skip
PIECES = [b'"', b" ", b"=", b"#", b"&quot;", b"=&quot;", b"=&", "=“".encode(), b"\\", b"\xff", b"\x1c", b"?", b"path=", b' path="', b" host=", b"dyno=", b"]:",
          b"ms", b"000000000", b"9", b".", b"-", b"code=H99", b"at=error", b"sample#a=1", b" val=", b"\t", b"'", b"error", b"x" * 70, b"/", b"12", b"%20"]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    line = draw(st.sampled_from(LINES))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(line)))
        how = draw(st.integers(0, 3))
        if how == 0:
            line = line[:at] + draw(st.sampled_from(PIECES)) + line[at:]
        elif how == 1:
            line = line[:at] + line[at + draw(st.integers(1, 12)) :]
        elif how == 2:
            other = draw(st.sampled_from(LINES))
            line = line[:at] + other[draw(st.integers(0, len(other))) :]
        else:
            line = line[:at] + bytes([draw(st.integers(1, 255).filter(lambda byte: byte != 10))]) + line[at + 1 :]
    return draw(st.sampled_from(STAMPS)) + line


def lists_of_lines() -> st.SearchStrategy[list[bytes]]:
    return st.lists(mutated(), min_size=1, max_size=40)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(lists_of_lines(), st.booleans())
def test_hostile_lines_are_read_as_the_reference_reads_them(lines, crowded):
    with pytest.MonkeyPatch.context() as patch:
        if crowded:
            tighten(patch)
        assert_same(scan(chunk(*lines), first_line=7), oracle.scan(chunk(*lines), first_line=7))


@pytest.mark.parametrize("second", [0, generate.SLOW[0], generate.LEAK[1] - 20, generate.DOWN[0] - 4])
def test_an_invented_log_is_read_as_the_reference_reads_it(second, monkeypatch):
    log = generate.Log(second + 1)
    log.at_us = second * 1_000_000
    source = log.lines()
    lines = [next(source).encode().removesuffix(b"\n") for _ in range(5_000)]
    monkeypatch.setattr(policy, "SMALL", 500)
    got = scan(chunk(*lines))
    assert_same(got, oracle.scan(chunk(*lines)))
    assert len(got.columns.request) > 2_000
    assert got.dropped_notes > 100


def tighten(patch: pytest.MonkeyPatch) -> None:
    """Budgets so small that a handful of lines exceeds them."""
    for name, value in {
        "SMALL": 3, "PLATFORM_CAP": (4, 2), "REPEAT_CAP": (2, 1), "TRIGGER_CAP": (5, 2), "SHAPE_CAP": (2, 1), "TRAIL_CAP": (3, 1),
        "BOOT_CAP": (4, 1), "TRAIL_LINES": 2, "BOOT_LINES": 3, "LAST_CAP": (2, 1), "LAST_LINES": 2, "BOOT_AFTER": 1, "CODE_CAP": (2, 1), "PER_CODE_AND_ENDPOINT": 1,
        "PER_STATUS_AND_ENDPOINT": 1, "SLOWEST": 1, "UNREAD_ROUTER": 2, "ROUTER_CAP": 2,
    }.items():  # fmt: skip
        patch.setattr(policy, name, value)


def test_every_sample_is_of_the_kind_it_looks_like():
    result = scan(chunk(*(AT + line for line in LINES)))
    kinds = [Kind(kind).name for kind in result.columns.kind.tolist()]
    assert kinds == ["ROUTER"] * 12 + ["APP"] * 4 + ["METRIC"] * 5 + ["DYNO"] * 6 + [
        "LOGPLEX",
        "API",
        "POSTGRES",
        "ROUTER",
        "APP",
        "APP",
    ]
    assert {code: count.count for code, count in result.codes.items()} == {
        "H10": 2, "H12": 1, "H18": 1, "H20": 1, "H27": 1, "H80": 1, "L10": 1, "R14": 1,
    }  # fmt: skip


def test_what_reached_no_dyno_is_no_latency():
    empty = AT + b'heroku[router]: at=error code=H10 desc="App crashed" method=GET path="/" host=h fwd="" dyno= '
    zeros, blanks = b"connect=0ms service=0ms status=503 bytes=567", b"connect= service= status=503 bytes="
    result = scan(chunk(empty + zeros, empty + blanks))
    counts = result.endpoints
    assert [column.tolist() for column in (counts.count, counts.unreached, counts.errors, counts.total_ms)] == [
        [0],
        [2],
        [2],
        [0],
    ]
    assert len(result.histograms.count) == 0


def test_numbers_and_ids_of_one_shape_are_one_endpoint():
    paths = [
        b"/orders/1",
        b"/orders/99999?x=/2",
        b"/orders/5c2a9f10-3b58-2f13-a0d1-9d2f5e6a7b8c",
        b"/a/" + b"0123456789abcdef" * 2,
    ]
    line = b'heroku[router]: at=info method=GET path="%s" host=h ' + ID + b' fwd="192.0.2.1" dyno=web.1 ' + TAIL
    result = scan(chunk(*(AT + line % path for path in paths)))
    names = [result.columns.names["endpoint"][index] for index in result.endpoints.endpoint.tolist()]
    assert dict(zip(names, result.endpoints.count.tolist(), strict=True)) == {
        "GET /orders/{id}": 2, "GET /orders/{uuid}": 1, "GET /a/{uuid}": 1,
    }  # fmt: skip


@given(st.integers(0, 2**32), st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_bulk_naming_of_paths_agrees_with_the_template(seed, shape):
    random = Random(seed)
    words = [
        "orders",
        "v2",
        "",
        "2024",
        "7",
        "0",
        "abc123",
        "a-b-3",
        "%32",
        "x.json",
        "12.json",
        "-5",
        "é",
        "5" * 40,
        "f" * 40,
    ]
    hashes = ["".join(random.choices("0123456789abcdef", k=size)) for size in (24, 32, 36, 40, 64)]
    path = (
        "/"
        + "/".join(random.choices([*words, *hashes, str(random.getrandbits(40))], k=shape + 1))
        + random.choice(["", "?q=1/2", "#9", "/"])
    )
    line = (
        AT
        + f'heroku[router]: at=info method=GET path="{path}" host=h '.encode()
        + ID
        + b' fwd="192.0.2.1" dyno=web.1 '
        + TAIL
    )
    start = line.index(b'path="') + 6
    other = (
        line[:start]
        + line[start : start + len(path)].translate(bytes.maketrans(b"123456789", b"987654321"))
        + line[start + len(path) :]
    )
    lines = [line, AT + LINES[0], other]
    assert_same(scan(chunk(*lines)), oracle.scan(chunk(*lines)))


def test_evidence_is_the_raw_line_and_its_number():
    raw = b"skipped\r\n<40>1 odd raw form\r\n"
    line = AT + b"app[web.1]: hello\n"
    note = scan(Canonical(raw, line, np.array([1], dtype=np.int32), 2), first_line=101).notes[0]
    assert (note.line, note.raw, note.text, note.process) == (102, "<40>1 odd raw form", "hello", "web.1")


def test_an_empty_chunk_is_a_result():
    result = scan(Canonical(b"", b"", np.zeros(0, dtype=np.int32), 0))
    assert_same(result, oracle.scan(Canonical(b"", b"", np.zeros(0, dtype=np.int32), 0)))
    assert result.slowest is None


def test_a_repeated_line_has_one_identity_and_others_have_others():
    one, two = AT + b"app[web.1]: " + b"x" * 300, AT + b"app[web.1]: " + b"x" * 299 + b"y"
    first, second, third = scan(chunk(one, two, one)).columns.identity.tolist()
    assert first == third != second


def test_a_busy_log_keeps_what_a_process_said_before_it_crashed(monkeypatch):
    monkeypatch.setattr(policy, "SMALL", 100)
    said = [AT + b"app[web.1]: > webpack --config prod.js", AT + b"app[web.1]: no word of what went wrong"]
    noise = [AT + b"app[web.2]: all is well %d" % number for number in range(300)]
    crash = [
        AT + b"heroku[web.1]: Process exited with status 22",
        AT + b"heroku[web.1]: State changed from starting to crashed",
    ]
    result = scan(chunk(*noise[:150], *said, *noise[150:], *crash))
    assert [note.raw.encode() for note in result.notes] == said + crash
    assert result.dropped_notes == 300


def test_a_quiet_log_keeps_every_line():
    lines = [AT + b"app[web.2]: all is well %d" % number for number in range(300)]
    assert len(scan(chunk(*lines)).notes) == 300
