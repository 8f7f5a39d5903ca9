"""Merging chunks: sums do not depend on how a log was cut, lines uploaded twice count once, and memory has bounds."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import generate
from incidents.analysis import SourceInput, kept, merge
from incidents.analysis import rollups as rollups_module
from incidents.analysis.merge import distinct_clients
from incidents.analysis.scan import scan
from incidents.analysis.types import Kind, SourceSettings
from tests.analysis.compare import assert_same, chunk

STAMP = "2026-03-14T09:%02d:%09.6f+00:00 "


def invented(count: int, second: int = 0) -> list[bytes]:
    log = generate.Log(second + 3)
    log.at_us = second * 1_000_000
    source = log.lines()
    return [next(source).encode().removesuffix(b"\n") for _ in range(count)]


def source_of(lines: list[bytes], pieces: int = 1, name: str = "app.log") -> SourceInput:
    size = -(-len(lines) // pieces)
    cuts = [(start, lines[start : start + size]) for start in range(0, len(lines), size)]
    return SourceInput(name, SourceSettings(), [scan(chunk(*part), first_line=start + 1) for start, part in cuts])


def said(minute: int, second: float, text: str, process: str = "app[web.1]") -> bytes:
    return (STAMP % (minute, second) + f"{process}: {text}").encode()


def asked(
    minute: int, second: float, path: str = "/a", status: int = 200, client: str = "192.0.2.1", service: int = 20
) -> bytes:
    level = 'at=error code=H12 desc="Request timeout"' if status == 503 else "at=info"
    return said(
        minute, second, f'{level} method=GET path="{path}" host=h request_id=5c2a9f10-3b58-2f13-a0d1-9d2f5e6a7b8c fwd="{client}" '
        f"dyno=web.1 connect=1ms service={service}ms status={status} bytes=1 protocol=https", "heroku[router]",
    )  # fmt: skip


def plain(facts):
    """What must not depend on how a log was cut: everything but the numbers of names, and the notes' budget per chunk."""
    table = facts.requests
    return {
        "codes": facts.codes, "endpoints": facts.endpoints, "minutes": facts.minutes, "slowest": facts.slowest,
        "clients": facts.clients, "window": (facts.first_us, facts.last_us), "lines": (facts.lines, facts.parsed),
        "gauges": {(gauge.process, gauge.instance): gauge for gauge in facts.gauges}, "samples": facts.samples,
        "endpoint": [facts.names["endpoint"][index] for index in table.endpoint.tolist()],
        "dyno": [facts.names["dyno"][index] for index in table.dyno.tolist()],
        "times": table.at_us, "service": table.service_ms, "line": table.line,
        "rollup": sorted(zip(facts.rollup.minute.tolist(), (facts.names["endpoint"][index] for index in facts.rollup.endpoint.tolist()),
                             facts.rollup.count.tolist(), facts.rollup.total_ms.tolist(), facts.rollup.max_ms.tolist(), strict=True)),
    }  # fmt: skip


@pytest.mark.parametrize("second", [generate.SLOW[0], generate.DOWN[0] - 5])
def test_sums_do_not_depend_on_how_a_log_was_cut(second):
    lines = invented(3_000, second)
    assert_same(plain(merge([source_of(lines, 7)])), plain(merge([source_of(lines)])))


def test_sums_do_not_depend_on_which_part_comes_first():
    lines = invented(2_000)
    one, two = (
        merge([source_of(lines[:1_000]), source_of(lines[1_000:])]),
        merge([source_of(lines[1_000:]), source_of(lines[:1_000])]),
    )
    assert one.endpoints == two.endpoints
    assert one.minutes == two.minutes
    assert one.requests.at_us.tolist() == two.requests.at_us.tolist()


def test_chunks_may_be_read_while_they_are_merged():
    lines = invented(1_000)
    given = source_of(lines, 4)
    whole = merge([source_of(lines, 4)])
    streamed = merge(iter([SourceInput("app.log", SourceSettings(), iter(given.chunks))]))
    assert_same(plain(streamed), plain(whole))
    assert streamed.sources[0].totals.lines == 1_000


def test_a_source_carries_its_totals():
    facts = merge([source_of([asked(2, 1), said(1, 1, "early"), said(3, 1, "late")])])
    totals = facts.sources[0].totals
    assert (totals.lines, totals.parsed, totals.duplicates) == (3, 3, 0)
    assert totals.opens_us == facts.requests.at_us[0] > totals.first_us
    assert (totals.first_us, totals.last_us) == (facts.first_us, facts.last_us)


def test_two_overlapping_uploads_count_once():
    lines = invented(3_000, generate.DOWN[0] - 4)
    whole = merge([source_of(lines)])
    both = merge([source_of(lines[:2_000], 3), source_of(lines[1_200:], 2, "again.log")])
    assert [source.totals.duplicates for source in both.sources] == [0, 800]
    assert both.duplicates == 800
    expected, got = plain(whole), plain(both)
    for key in (
        "codes",
        "endpoints",
        "minutes",
        "slowest",
        "clients",
        "window",
        "gauges",
        "samples",
        "rollup",
        "endpoint",
        "service",
    ):
        if key not in ("codes", "slowest"):  # these also say in which source and line, which differs
            assert_same(got[key], expected[key], key)
    assert {code: count.count for code, count in both.codes.items()} == {
        code: count.count for code, count in whole.codes.items()
    }
    assert [note.text for note in both.notes if note.kind is not Kind.ROUTER] == [
        note.text for note in whole.notes if note.kind is not Kind.ROUTER
    ]


def test_the_same_upload_twice_is_one():
    lines = invented(500)
    assert (
        plain(merge([source_of(lines), source_of(lines)]))["endpoints"] == plain(merge([source_of(lines)]))["endpoints"]
    )


def test_equal_lines_of_one_source_stay():
    line = asked(1, 5)
    assert len(merge([source_of([line, line, said(2, 0, "x")])]).requests) == 2
    facts = merge([source_of([line, line]), source_of([line, line, line])])
    assert len(facts.requests) == 3
    assert [source.totals.duplicates for source in facts.sources] == [0, 2]
    assert len(merge([source_of([line, line, line]), source_of([line]), source_of([line, line])]).requests) == 3


def test_lines_of_the_same_time_that_differ_are_different():
    facts = merge([source_of([said(1, 5, "one"), said(9, 5, "x")]), source_of([said(1, 5, "two"), said(9, 5, "y")])])
    assert (facts.duplicates, len(facts.notes)) == (0, 4)


def test_lines_without_a_time_belong_to_the_line_before():
    undated = b"----------T--:--:--.------+00:00 app[web.1]:   at frame"
    one = [said(1, 5, "Error: a"), undated, said(1, 6, "end")]
    two = [said(1, 6, "end"), said(1, 7, "Error: b"), undated]
    facts = merge([source_of(one), source_of(two), source_of(one)])
    assert [source.totals.duplicates for source in facts.sources] == [0, 1, 3]
    assert len(facts.notes) == 5


def test_sources_that_come_one_by_one_are_compared_too():
    lines = invented(400)
    facts = merge(iter([source_of(lines), source_of(lines)]))
    assert facts.sources[1].totals.duplicates == 400


def test_no_more_than_a_number_of_lines_is_remembered(monkeypatch):
    monkeypatch.setattr("incidents.analysis.duplicates.MOST_LINES", 100)
    lines = invented(600)
    facts = merge([source_of(lines, 3), source_of(lines, 3)])
    assert facts.sources[1].totals.duplicates == 200  # the first chunk that went over the limit is the last


def test_requests_are_kept_around_trouble(monkeypatch):
    monkeypatch.setattr(kept, "MOST_REQUESTS", 400)
    lines = [asked(minute, second / 10) for minute in range(50) for second in range(0, 590, 10)]
    lines += [asked(20, 59.5, "/bad", 503), asked(20, 59.6, "/bad", 503)]
    lines.sort()
    facts = merge([source_of(lines, 25)])
    minutes = (facts.requests.at_us // 60_000_000) % 60
    assert not facts.requests_complete
    assert len(facts.requests) <= 400
    assert facts.requests.failed.sum() == 2
    assert np.isin([19, 20, 21], minutes).all()
    assert (np.abs(minutes - 20) > 10).any()  # something calm to compare with
    assert facts.endpoints["GET /a"].count == 50 * 59
    assert sum(counts["requests"] for counts in facts.minutes.values()) == 50 * 59 + 2
    again = merge([source_of(lines, 25)])
    assert again.requests.at_us.tolist() == facts.requests.at_us.tolist()


def test_one_long_minute_keeps_its_beginning_and_end(monkeypatch):
    monkeypatch.setattr(kept, "MOST_REQUESTS", 100)
    facts = merge([source_of([asked(1, second / 20) for second in range(1_000)], 2)])
    times = facts.requests.at_us % 60_000_000
    assert 20 <= len(times) <= 100
    assert times.min() == 0
    assert times.max() == 49_950_000


def test_what_the_platform_says_is_dropped_last(monkeypatch):
    monkeypatch.setattr(kept, "MOST_NOTES", 60)
    lines = [said(minute, second, f"chatter {second}") for minute in range(40) for second in range(20)]
    lines += [said(minute, 30, "State changed from up to starting", "heroku[web.1]") for minute in range(25)]
    lines += [said(30, 31, "Error R14 (Memory quota exceeded)", "heroku[web.1]"), asked(30, 32, status=503)]
    lines.sort()
    facts = merge([source_of(lines, 4)])
    kinds = [note.kind for note in facts.notes]
    assert len(facts.notes) <= 60
    assert kinds.count(Kind.DYNO) >= 15
    assert any(note.text.startswith("Error R14") for note in facts.notes)
    assert len(facts.notes) + facts.dropped_notes == len(lines)


def test_long_texts_count_as_several_notes(monkeypatch):
    monkeypatch.setattr(kept, "MOST_TEXT", 20_000)
    facts = merge([source_of([said(minute, 1, "x" * 3_000) for minute in range(40)], 4)])
    assert sum(len(note.text) + len(note.raw) for note in facts.notes) <= 20_000
    assert len(facts.notes) >= 2


def test_notes_are_in_order_of_time():
    late, early = (
        [said(5, 1, "late"), said(5, 2, "later")],
        [said(1, 1, "early"), b"----------T--:--:--.------+00:00 app[web.1]: untimed"],
    )
    assert [note.text for note in merge([source_of(late), source_of(early)]).notes] == [
        "early",
        "untimed",
        "late",
        "later",
    ]


def test_long_logs_are_rolled_up_in_longer_steps(monkeypatch):
    monkeypatch.setattr(rollups_module, "MOST_ROWS", 20)
    monkeypatch.setattr(rollups_module, "_WAITING", 40)
    lines = [
        asked(minute, second, path, service=10 * minute)
        for minute in range(60)
        for second in (1, 2)
        for path in ("/a", "/b")
    ]
    rollup = merge([source_of(lines, 12)]).rollup
    assert (rollup.step, len(rollup)) == (10, 12)
    assert rollup.count.sum() == rollup.hist_count.sum() == 240
    assert rollup.total_ms.sum() == sum(10 * minute for minute in range(60)) * 4
    assert rollup.max_ms.tolist() == [90, 90, 190, 190, 290, 290, 390, 390, 490, 490, 590, 590]
    assert (np.diff(rollup.minute) >= 0).all()


def test_clients_are_counted_exactly_while_few_and_estimated_when_many():
    few = merge([source_of([asked(1, second, status=503, client=f"192.0.2.{second % 9}") for second in range(30)])])
    assert distinct_clients(few.clients) == 9
    assert sum(few.clients.values()) == 30
    many = [
        asked(1, number / 1_000, status=500, client=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        for number in range(12_000)
    ]
    facts = merge([source_of(many, 3)])
    assert len(facts.clients) == 4_096
    assert abs(distinct_clients(facts.clients) - 12_000) < 600


def test_addresses_are_not_kept():
    facts = merge([source_of([asked(1, 1, status=503, client="203.0.113.77, 198.51.100.23")])])
    assert "198.51.100.23" not in repr((facts.clients, facts.names))
    assert len(facts.clients) == 1


def test_points_of_metrics_are_thinned(monkeypatch):
    monkeypatch.setattr("incidents.analysis.series.MOST_POINTS", 50)
    head = "source=web.1 dyno=heroku.1.abc"
    lines = [said(minute, second, f"{head} sample#memory_total={100 + minute + second / 100:.2f}MB sample#memory_quota=512.00MB", "heroku[web.1]")
             for minute in range(40) for second in (1, 21, 41)]  # fmt: skip
    lines.append(said(17, 30, f"{head} sample#memory_total=700.00MB sample#memory_quota=512.00MB", "heroku[web.1]"))
    gauge = merge([source_of(sorted(lines), 3)]).gauges[0]
    assert len(gauge.at_us) == len(gauge.values["memory_total"]) == 40
    assert max(gauge.values["memory_total"]) == 700.0
    assert gauge.at_us == sorted(gauge.at_us)


def test_points_of_one_time_are_one_point():
    head = "source=web.1 dyno=heroku.1.abc"
    lines = [
        said(1, 1, f"{head} sample#load_avg_1m=0.50", "heroku[web.1]"),
        said(1, 1, f"{head} sample#memory_total=99.00MB", "heroku[web.1]"),
    ]
    gauge = merge([source_of(lines)]).gauges[0]
    assert (len(gauge.at_us), gauge.values) == (1, {"load_avg_1m": [0.5], "memory_total": [99.0]})
