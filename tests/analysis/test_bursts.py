"""Detection on simulated streams: calm on healthy days, quick and complete when something breaks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from incidents import analysis
from incidents.analysis.bursts import CAUSES, DAY, SILENCE, Burst, find_bursts
from incidents.analysis.minutes import add, minutes_of

START = 29_000_000
Cells = dict[int, dict[str, int]]


def healthy(seed: int, *, per_minute: float = 120.0, minutes: int = 2 * DAY) -> Cells:
    """Two days of a shop: quiet nights, few errors, a nightly job that times out, two deploys and dyno cycling."""
    random = np.random.default_rng(seed)
    cells: Cells = {}
    for index in range(minutes):
        rhythm = 0.55 - 0.45 * math.cos(2 * math.pi * index / DAY)
        requests = int(random.poisson(per_minute * rhythm))
        failed = int(random.binomial(requests, 0.002))
        timeouts = int(random.binomial(requests, 0.0003))
        gone = int(random.binomial(requests, 0.001))
        cell = {"lines": 3 * requests + int(random.poisson(2)), "requests": requests}
        if index % DAY in (610, 611, 950, 951, 1300):  # releases and the daily restart cut some requests off
            cell["deploy"] = 2
            cut = int(random.binomial(min(requests, 40), 0.08))
            cell |= {"H13": cut, "status_5xx": failed + timeouts + cut}
        else:
            cell["status_5xx"] = failed + timeouts
        cells[START + index] = cell | {"H12": timeouts, "H27": gone}
    return cells


def now_of(cells: Cells) -> int:
    return max(cells)


def bursts(cells: Cells, **options: Any) -> list[Burst]:
    return find_bursts(cells, now=options.pop("now", now_of(cells)), **options)


def with_trouble(cells: Cells, begin: int, length: int, **more: int) -> Cells:
    for minute in range(begin, begin + length):
        cell = cells[minute]
        for name, number in more.items():
            cell[name] = cell.get(name, 0) + number
        cell["requests"] = max(cell["requests"], sum(n for name, n in more.items() if name[0] == "H"))
    return cells


@pytest.mark.parametrize("per_minute", [0.5, 6, 120, 3_000])
def test_healthy_days_are_quiet(per_minute: float) -> None:
    found = [burst for seed in range(4) for burst in bursts(healthy(seed, per_minute=per_minute))]
    assert not found


def test_every_real_burst_is_found_within_three_minutes() -> None:
    delays = []
    for seed in range(5):
        for hour in (3, 13, 20):
            begin = START + DAY + hour * 60
            cells = with_trouble(healthy(seed), begin, 12, H12=6, status_5xx=6)
            (burst,) = bursts(cells)
            assert (burst.cause, burst.is_open) == ("H12", False)
            assert begin - 2 <= burst.began <= begin
            assert begin + 11 <= burst.last <= begin + 17
            delays.append(burst.noticed - begin)
    assert max(delays) <= 3
    assert sum(delays) / len(delays) <= 1.5


@pytest.mark.parametrize(
    ("cause", "more"),
    [
        ("H10", {"H10": 20, "status_5xx": 20}), ("H14", {"H14": 4, "status_5xx": 4}), ("R14", {"R14": 3}),
        ("H20", {"H20": 5, "status_5xx": 5}), ("R15", {"R15": 1}), ("5xx", {"status_5xx": 30}),
        ("H18", {"H18": 9, "status_5xx": 9}), ("crash-loop", {"crash": 1}),
    ],
)  # fmt: skip
def test_each_cause_is_named(cause: str, more: dict[str, int]) -> None:
    found = bursts(with_trouble(healthy(1), START + DAY + 700, 8, **more))
    assert [burst.cause for burst in found] == [cause]


def test_one_crash_is_no_loop_and_one_timeout_no_burst() -> None:
    cells = with_trouble(healthy(2), START + DAY + 300, 1, crash=1, H12=1, H27=30, H80=30)
    assert not bursts(cells)


def test_trouble_that_comes_and_goes_is_one_burst() -> None:
    cells = healthy(3)
    for begin in range(START + DAY + 600, START + DAY + 690, 15):
        with_trouble(cells, begin, 3, H12=8, status_5xx=8)
    (burst,) = bursts(cells)
    assert burst.began in range(START + DAY + 598, START + DAY + 601)
    assert burst.last >= START + DAY + 677


def test_two_troubles_two_hours_apart_are_two() -> None:
    cells = healthy(3)
    with_trouble(cells, START + DAY + 600, 5, H12=8)
    with_trouble(cells, START + DAY + 725, 5, H12=8)
    assert [burst.cause for burst in bursts(cells)] == ["H12", "H12"]


def test_looking_at_every_minute_opens_each_burst_once_and_never_moves_it() -> None:
    """What a worker sees while the stream runs: the beginning of a burst is settled when it is noticed."""
    cells = with_trouble(healthy(4), START + DAY + 800, 30, H12=7, status_5xx=7)
    begins: set[int] = set()
    was_open = []
    for now in range(START + DAY + 780, START + DAY + 860):
        seen = {minute: cell for minute, cell in cells.items() if minute <= now}
        for burst in bursts(seen, now=now):
            begins.add(burst.began)
            was_open.append((now, burst.is_open))
    assert len(begins) == 1
    states = [is_open for _, is_open in was_open]
    assert states == sorted(states, reverse=True)
    assert was_open[0][0] - (START + DAY + 800) <= 2


def test_what_is_usual_raises_the_bar_and_worse_than_usual_passes_it() -> None:
    """An app that loses two percent of its requests every day hears only of a day that is worse."""
    cells = healthy(5)
    for index, cell in enumerate(cells.values()):
        cell["H12"] = cell["requests"] // 50 if index > 0 else 0
    first_hours = [burst for burst in bursts(cells) if burst.began > START + 600]
    assert not first_hours
    with_trouble(cells, START + DAY + 900, 10, H12=40)
    (worse,) = (burst for burst in bursts(cells) if burst.began > START + 600)
    assert abs(worse.began - (START + DAY + 900)) <= 2


def test_what_lasts_for_hours_becomes_usual_and_worse_is_new() -> None:
    cells = with_trouble(healthy(6), START + 700, DAY, R14=3)
    lasting, *rest = bursts(cells)
    assert (lasting.became_usual, lasting.is_open) == (True, False)
    assert not rest
    with_trouble(cells, START + 700 + 900, 15, R14=20)
    assert [burst.became_usual for burst in bursts(cells)] == [True, False]


def test_a_deploy_excuses_a_few_but_not_a_broken_release() -> None:
    begin = START + DAY + 500
    few = with_trouble(with_trouble(healthy(7), begin, 1, deploy=1), begin, 2, H10=2, status_5xx=2)
    assert not bursts(few)
    broken = with_trouble(with_trouble(healthy(7), begin, 1, deploy=1), begin, 15, H10=30, status_5xx=30)
    (burst,) = bursts(broken)
    assert burst.noticed == begin


def test_an_app_that_falls_silent_is_noticed_and_one_that_sleeps_every_night_is_not() -> None:
    cells = healthy(8)
    silent_from = now_of(cells) - 25
    cut = {minute: cell for minute, cell in cells.items() if minute < silent_from}
    (burst,) = bursts(cut, now=now_of(cells))
    assert (burst.cause, burst.began, burst.is_open) == (SILENCE, silent_from, True)
    assert burst.noticed - silent_from <= 11
    nights = {minute: cell for minute, cell in cells.items() if (minute - START) % DAY > 300}
    now = START + 2 * DAY - 1
    assert [burst for burst in bursts(nights, now=now) if burst.began > START + DAY + 301] == []


def test_silence_is_not_judged_while_nobody_listened() -> None:
    cells = healthy(8, minutes=600)
    now = now_of(cells) + 30
    assert bursts(cells, now=now)
    assert not bursts(cells, now=now, watched_since=now - 5)


def test_lost_lines_are_no_silence() -> None:
    cells = healthy(8, minutes=600)
    for minute in range(now_of(cells) + 1, now_of(cells) + 40):
        cells[minute] = {"lines": 1, "L10": 1}
    assert not bursts(cells)


def test_numbers_can_be_set() -> None:
    cells = with_trouble(healthy(9), START + DAY + 800, 3, H12=4)
    assert bursts(cells, counts={"H12": 4})
    assert not bursts(cells, counts={"H12": 60})


def test_the_same_counts_give_the_same_bursts_in_any_order() -> None:
    cells = with_trouble(healthy(10), START + DAY + 100, 9, H12=9, crash=1)
    shuffled = dict(sorted(cells.items(), key=lambda item: item[0] * 7919 % 10_007))
    assert bursts(cells) == find_bursts(shuffled, now=now_of(cells))


def test_nothing_gives_nothing() -> None:
    assert find_bursts({}, now=START) == []
    assert find_bursts({START - 9 * DAY: {"H12": 900, "lines": 900}}, now=START) == []


def test_cells_are_read_from_lines_and_add_up() -> None:
    rows = [
        "2026-03-14T09:00:01.000000+00:00 heroku[web.1]: State changed from up to crashed",
        "2026-03-14T09:00:02.000000+00:00 heroku[web.1]: State changed from crashed to starting",
        "2026-03-14T09:00:03.000000+00:00 heroku[run.1]: State changed from up to crashed",
        "2026-03-14T09:00:30.000000+00:00 heroku[web.2]: Error R14 (Memory quota exceeded)",
        '2026-03-14T09:01:00.000000+00:00 heroku[router]: at=error code=H12 desc="Request timeout" method=GET path="/" '
        "host=shop.example.com dyno=web.1 connect=1ms service=30000ms status=503 bytes=0",
        "2026-03-14T09:01:02.000000+00:00 app[api]: Release v7 created by user ann@example.com",
    ]
    text = "".join(f"{row}\n" for row in rows).encode()
    settings = analysis.SourceSettings(format="heroku-cli")
    cells = minutes_of(analysis.scan_chunk(text, settings, first_line=1))
    first, second = cells[min(cells)], cells[max(cells)]
    assert (first["lines"], first["crash"], first["R14"]) == (4, 1, 1)
    assert (second["lines"], second["requests"], second["H12"], second["status_5xx"], second["deploy"]) == (
        2,
        1,
        1,
        1,
        1,
    )
    doubled = add([cells, cells])
    assert doubled[max(cells)]["H12"] == 2
    assert sorted(doubled) == sorted(cells)


def test_every_cause_says_what_it_needs() -> None:
    for key, cause in CAUSES.items():
        assert cause.key == key
        assert all(bar.minutes and bar.least for bar in cause.bars)
