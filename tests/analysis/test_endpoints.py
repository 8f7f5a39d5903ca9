"""Statistics of endpoints: Heroku's published example, exact and estimated percentiles, and what is no latency."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

from incidents.analysis import SourceInput, merge
from incidents.analysis import endpoints as statistics_of
from incidents.analysis.endpoints import (
    apdex,
    bucket,
    bucket_value,
    buckets,
    dissatisfied,
    exact_percentile,
    percentile,
    share_of,
    statistics,
    whole,
)  # fmt: skip
from incidents.analysis.scan import scan
from incidents.analysis.types import MAX_MS, SourceSettings
from tests.analysis.compare import chunk

# The table of web transactions in Heroku's H12 webinar: count, Apdex, total ms, share of time, dissatisfied share.
ALL = (220_559, 0.95, 37_200_000)
TABLE = [
    (30_466, 0.86, 12_599_999, 33.8, 40.3, 38.7), (163_192, 1.00, 7_660_000, 20.6, 4.2, 0.0), (3_334, 0.43, 6_350_000, 17.1, 17.6, 17.2),
    (8_515, 0.78, 4_220_000, 11.3, 17.3, 17.0), (2_068, 0.50, 2_380_000, 6.4, 9.6, 9.4), (344, 0.01, 1_630_000, 4.4, 3.2, 3.1),
    (542, 0.49, 783_000, 2.1, 2.5, 2.5), (414, 0.36, 745_000, 2.0, 2.4, 2.4), (626, 0.71, 479_000, 1.3, 1.7, 1.6),
]  # fmt: skip
AT = b"2026-03-14T09:26:53.589793+00:00 heroku[router]: "


def request(
    path: str, service: int | str = 100, dyno: str = "web.1", status: int = 200, extra: str = "at=info"
) -> bytes:
    service = f"{service}ms" if isinstance(service, int) else service
    return (
        AT
        + (
            f'{extra} method=GET path="{path}" host=www.example.com request_id=5c2a9f10-3b58-2f13-a0d1-9d2f5e6a7b8c '
            f'fwd="192.0.2.1" dyno={dyno} connect=1ms service={service} status={status} bytes=1 protocol=https'
        ).encode()
    )


def facts_of(*lines: bytes):
    return merge([SourceInput("app.log", SourceSettings(), [scan(chunk(*lines))])])


@pytest.mark.parametrize(("count", "score", "total_ms", "time_share", "printed", "recomputed"), TABLE)
def test_the_published_table_comes_out(count, score, total_ms, time_share, printed, recomputed):
    share = 100 * share_of(dissatisfied(count, score), dissatisfied(ALL[0], ALL[1]))
    assert round(share, 1) == recomputed
    # What the page printed came from an Apdex of more digits than it shows.
    margin = 100 * 0.005 * count / dissatisfied(ALL[0], ALL[1]) + 0.12 * printed
    assert abs(share - printed) <= margin
    assert abs(100 * share_of(total_ms, ALL[2]) - time_share) <= 0.11


def test_apdex_counts_the_tolerated_half():
    found = statistics(facts_of(*(request("/a", ms) for ms in (1, 500, 501, 2_000, 2_001))))["GET /a"]
    assert found.apdex == apdex(5, 2, 2) == 0.6
    assert apdex(0, 0, 0) == 1.0


def test_the_figures_of_an_endpoint():
    times = [120, 80, 4_000, 250, 90]
    found = statistics(facts_of(*(request("/a", ms) for ms in times), request("/b", 460)))["GET /a"]
    mean = sum(times) / 5
    assert (found.count, found.min_ms, found.p50_ms, found.p95_ms, found.max_ms) == (5, 80, 120, 4_000, 4_000)
    assert found.total_ms == sum(times)
    assert math.isclose(found.mean_ms, mean)
    assert math.isclose(found.sd_ms, math.sqrt(sum((ms - mean) ** 2 for ms in times) / 5))
    assert math.isclose(found.total_share, sum(times) / (sum(times) + 460))
    assert found.dissatisfied_share == 1.0


def test_requests_that_reached_no_dyno_are_counted_and_not_measured():
    refused = 'at=error code=H10 desc="App crashed"'
    lines = [request("/a", 0, "", 503, refused), request("/a", "", "", 503, refused), request("/a", 40)]
    found = statistics(facts_of(*lines))["GET /a"]
    assert (found.count, found.unreached, found.errors, found.p50_ms, found.mean_ms) == (1, 2, 2, 40, 40)


def test_timeouts_and_errors_are_counted_apart():
    timeout = 'at=error code=H12 desc="Request timeout"'
    found = statistics(facts_of(request("/a", 30_001, status=503, extra=timeout), request("/a", 7, status=500)))[
        "GET /a"
    ]
    assert (found.timeouts, found.errors, found.max_ms) == (1, 2, 30_001)


def test_all_endpoints_together_are_the_first_row():
    facts = facts_of(*(request("/a", ms) for ms in (10, 20, 30)), *(request("/b", ms) for ms in (40, 1_000)))
    found = whole(facts)
    assert (found.count, found.p50_ms, found.max_ms, found.total_share, found.dissatisfied_share) == (
        5,
        30,
        1_000,
        1.0,
        1.0,
    )
    assert found.total_ms == sum(row.total_ms for row in statistics(facts).values())


def test_percentiles_of_many_requests_are_within_one_percent(monkeypatch):
    random = Random(7)
    times = [int(random.lognormvariate(5, 1.5)) + 1 for _ in range(3_000)]
    facts = facts_of(*(request("/a", ms) for ms in times))
    exact = statistics(facts)["GET /a"]
    assert (exact.p50_ms, exact.p99_ms) == tuple(sorted(times)[rank - 1] for rank in (1_500, 2_970))
    monkeypatch.setattr(statistics_of, "EXACT_BELOW", 100)
    estimated = statistics(facts)["GET /a"]
    for share in ("p50_ms", "p95_ms", "p99_ms"):
        assert abs(getattr(estimated, share) - getattr(exact, share)) <= 0.01 * getattr(exact, share)


def test_every_time_is_within_one_percent_of_its_bucket():
    times = np.unique(np.concatenate((np.arange(5_000), np.geomspace(5_000, MAX_MS, 5_000).astype(np.int64))))
    indexes = buckets(times)
    assert indexes.tolist() == [bucket(ms) for ms in times.tolist()]
    middles = np.array([bucket_value(index) for index in indexes.tolist()])
    assert (np.abs(middles - times) <= 0.01 * times).all()
    assert (np.diff(indexes) >= 0).all()


def test_percentiles_are_nearest_rank():
    assert [exact_percentile(np.array([1, 2, 3, 4]), share) for share in (0.25, 0.26, 0.5, 0.99, 1.0)] == [
        1,
        2,
        2,
        4,
        4,
    ]
    assert [percentile({1: 1, 2: 1, 3: 1, 4: 1}, share) for share in (0.25, 0.26, 0.5, 0.99, 1.0)] == [1, 2, 2, 4, 4]
    assert percentile({}, 0.5) == exact_percentile(np.zeros(0), 0.5) == 0
