"""Results of chunks as bytes: nothing is lost, the same bytes every time, and damage is told."""

from __future__ import annotations

import json

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings

from benchmarks import generate
from incidents.analysis.columns import MAGIC, Damaged, load
from incidents.analysis.scan import scan
from incidents.analysis.types import Canonical, ChunkResult
from tests.analysis.compare import assert_same, chunk
from tests.analysis.test_scan import AT, LINES, lists_of_lines


def invented(count: int, second: int = 0) -> ChunkResult:
    log = generate.Log(5)
    log.at_us = second * 1_000_000
    source = log.lines()
    return scan(chunk(*(next(source).encode().removesuffix(b"\n") for _ in range(count))), first_line=40_001)


def test_a_result_comes_back_as_it_was():
    result = invented(6_000, generate.LEAK[0])
    again = ChunkResult.load(result.dump())
    assert_same(again, result)
    assert again.dump() == result.dump()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(lists_of_lines())
def test_hostile_results_come_back_as_they_were(lines):
    result = scan(chunk(*lines))
    again = ChunkResult.load(result.dump())
    assert_same(again, result)
    assert again.dump() == result.dump()


def test_an_empty_result_comes_back():
    result = scan(Canonical(b"", b"", np.zeros(0, dtype=np.int32), 0))
    assert_same(ChunkResult.load(result.dump()), result)


def test_the_same_text_gives_the_same_bytes():
    assert invented(500).dump() == invented(500).dump()


def test_what_lines_say_beside_their_text_is_kept():
    raw = b"first\nodd raw line\n\nlast\n"
    text = AT + b"app[web.1]: hello\n" + AT + b"app[web.1]: again\n"
    canonical = Canonical(
        raw,
        text,
        np.array([1, 3], dtype=np.int32),
        4,
        {"blank": 1, "no-header": 1},
        [(0, "no-header"), (2, "blank")],
        {"ansi": 2},
    )
    again = ChunkResult.load(scan(canonical, first_line=11).dump())
    assert (again.raw_lines, again.parsed, again.skipped, again.repaired) == (
        4,
        2,
        {"blank": 1, "no-header": 1},
        {"ansi": 2},
    )
    assert again.skipped_rows == [(11, "no-header"), (13, "blank")]
    assert [note.raw for note in again.notes] == ["odd raw line", "last"]


def test_results_are_small():
    lines = 6_000
    assert len(invented(lines).dump()) < 25 * lines


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:7] + b"\x02" + data[8:],
        lambda data: data[: len(data) // 2],
        lambda data: data[:40] + bytes([data[40] ^ 255]) + data[41:],
        lambda data: b"\x80\x04." + data,
        lambda data: repacked(data, lambda head: head["arrays"].pop()),
        lambda data: repacked(data, lambda head: head["arrays"].__setitem__(3, ["<f8", 10**9, 0])),
        lambda data: repacked(data, lambda head: head["arrays"].__setitem__(3, ["O", 3, 0])),
        lambda data: repacked(data, lambda head: head["names"].__setitem__("endpoint", [""])),
        lambda data: repacked(data, lambda head: head.pop("skipped")),
    ],
)  # fmt: skip
def test_damaged_bytes_are_told(damage):
    data = invented(300).dump()
    with pytest.raises(Damaged, match="stored result"):
        load(damage(data))


def test_a_bomb_is_not_unpacked():
    with pytest.raises(Damaged, match="too large"):
        load(MAGIC + zstandard.ZstdCompressor().compress(bytes(600 * 1024 * 1024)))


def repacked(data: bytes, change) -> bytes:
    """The dump with another header."""
    body = zstandard.ZstdDecompressor().decompress(data[len(MAGIC) :])
    size = int.from_bytes(body[:4], "little")
    head = json.loads(body[4 : 4 + size])
    change(head)
    header = json.dumps(head).encode()
    return MAGIC + zstandard.ZstdCompressor().compress(len(header).to_bytes(4, "little") + header + body[4 + size :])


def test_a_summary_says_what_a_catalogue_needs():
    found = scan(chunk(*(AT + line for line in LINES))).summary()
    assert json.loads(json.dumps(found)) == found
    assert (found["lines"], found["parsed"], found["unparsed"]) == (len(LINES), len(LINES), 0)
    assert found["first_utc"] == found["last_utc"] == "2026-03-14T09:26:53.589793Z"
    assert found["codes"] == {"H10": 2, "H12": 1, "H18": 1, "H20": 1, "H27": 1, "H80": 1, "L10": 1, "R14": 1}
    assert found["dynos"] == ["web-848cd4f64d-pvpr2", "web.1", "web.12", "web.2"]
    assert found["kinds"]["metric"] == 5
    assert found["requests"] == 12
