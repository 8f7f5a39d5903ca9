"""What a chunk's lines are, counted once; and the counts of many chunks added up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from incidents import analysis
from incidents.analysis.facets import MOST_STEPS, frame, merged
from incidents.analysis.levels import level_of
from incidents.analysis.types import ChunkResult

START_S = 1_773_478_800  # 2026-03-14T09:00:00Z


def router(second: int, status: int, method: str = "GET", code: str = "") -> str:
    at = f'at=error code={code} desc="x"' if code else "at=info"
    return (
        f'{stamp(second)} heroku[router]: {at} method={method} path="/a" host=shop.example.com '
        f'request_id=1 fwd="192.0.2.7" dyno=web.1 connect=1ms service=9ms status={status} bytes=5 protocol=https'
    )


def stamp(second: int) -> str:
    return datetime.fromtimestamp(START_S + second, UTC).isoformat(timespec="microseconds")


def read(*lines: str) -> ChunkResult:
    data = "".join(f"{line}\n" for line in lines).encode()
    how = analysis.inspect(data, name="a.log", received_at=datetime(2026, 3, 15, tzinfo=UTC))
    return analysis.scan_chunk(data, how, first_line=1)


LINES = (
    router(0, 200),
    router(1, 404, "POST"),
    router(1, 503, code="H12"),
    f"{stamp(2)} app[web.1]: all is well",
    f"{stamp(2)} app[worker.1]: KeyError: 'x'",
    f"{stamp(4)} heroku[web.1]: Error R14 (Memory quota exceeded)",
)


def test_writers_statuses_and_methods_are_counted() -> None:
    found = read(*LINES).summary()["facets"]
    assert found["writers"] == {"heroku[router]": 3, "app[web.1]": 1, "app[worker.1]": 1, "heroku[web.1]": 1}
    assert found["statuses"] == {"2xx": 1, "4xx": 1, "5xx": 1}
    assert found["methods"] == {"GET": 2, "POST": 1}


def test_the_strip_counts_lines_and_bad_ones_per_step() -> None:
    strip = read(*LINES).summary()["facets"]["strip"]
    assert strip == {"start_s": START_S, "step_s": 1, "lines": [1, 2, 2, 0, 1], "bad": [0, 1, 1, 0, 1]}


def test_a_log_without_times_has_no_strip() -> None:
    assert read("just words", "and more").summary()["facets"]["strip"] is None
    assert merged([{"strip": None}, {}], 100)["strip"] is None


@pytest.mark.parametrize("length_s", [0, 1, 127, 128, 3_600, 86_400, 86_400 * 400, 9_000 * 365 * 86_400])
def test_steps_are_few_and_cover_the_stretch(length_s: int) -> None:
    start_s, step_s = frame(START_S, START_S + length_s, MOST_STEPS)
    assert start_s <= START_S < start_s + step_s
    steps = (START_S + length_s - start_s) // step_s + 1
    assert steps <= MOST_STEPS


def test_facets_of_chunks_add_up() -> None:
    every = [read(line).summary()["facets"] for line in LINES]
    whole = read(*LINES).summary()["facets"]
    together = merged(every, MOST_STEPS)
    assert together == whole
    coarse = merged([*every, {"strip": {"start_s": START_S + 3_600, "step_s": 60, "lines": [7], "bad": [7]}}], 10)
    assert (sum(coarse["strip"]["lines"]), sum(coarse["strip"]["bad"])) == (13, 10)
    assert len(coarse["strip"]["lines"]) <= 10


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("at=error code=H12 status=503", "error"),
        ("Error R14 (Memory quota exceeded)", "error"),
        ("NameError: name 'x' is not defined", "error"),
        ("java.lang.IllegalStateException: no", "error"),
        ('{"level":"error","msg":"x"}', "error"),
        ("level=warn msg=slow", "warning"),
        ("at=info status=404", "warning"),
        ("errors were 0 and warnings few", "info"),
    ],
)
def test_the_level_is_told_from_the_words(text: str, level: str) -> None:
    assert level_of(text) == level
