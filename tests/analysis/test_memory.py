from __future__ import annotations

import math
import random

import numpy as np
import pytest

from incidents.analysis import memory
from incidents.analysis.types import Gauge
from tests.analysis.test_queueing import facts_of
from tests.simulator import stamp

HOUR_US = 3_600_000_000


def gauge_of(values: list[float], every_s: float = 60.0) -> Gauge:
    at_us = [round(index * every_s * 1e6) for index in range(len(values))]
    return Gauge("web.1", "heroku.1.aa", at_us, {"memory_total": values, "memory_quota": [512.0] * len(values)})


def shape_of(values: list[float]) -> str:
    found = memory._look(gauge_of(values))
    assert found is not None
    return found.shape


@pytest.mark.parametrize("seed", range(5))
def test_four_shapes_are_told_apart(seed: int) -> None:
    rng = random.Random(seed)
    noise = [rng.gauss(0, 3) for _ in range(240)]
    assert shape_of([250 + index + extra for index, extra in enumerate(noise)]) == "leak"
    assert shape_of([480 + extra for extra in noise]) == "steady"
    assert shape_of([250 + 200 * (index > 90) + extra for index, extra in enumerate(noise)]) == "step"
    assert (
        shape_of([250 + 150 * (1 - math.exp(-index / 25)) + extra for index, extra in enumerate(noise)]) == "saturating"
    )


def test_the_time_to_the_quota_holds_the_truth() -> None:
    rng = random.Random(1)
    found = memory._look(gauge_of([250 + index + rng.gauss(0, 3) for index in range(120)]))
    assert found is not None
    hours = found.hours_to(512)
    assert hours is not None
    truth = (512 - found.last_mb) / 60
    assert hours[0] * 0.95 <= truth <= hours[1] * 1.05


def test_a_few_samples_are_no_slope() -> None:
    assert shape_of([100.0, 200.0, 300.0]) == "short"


def test_theil_sen_is_not_bent_by_a_peak() -> None:
    x = np.arange(50.0)
    y = 2 * x
    y[25] = 5_000
    slope, low, high = memory.theil_sen(x, y)
    assert slope == pytest.approx(2, abs=0.01)
    assert low <= 2 <= high


def test_a_restart_begins_a_new_instance() -> None:
    line = "{at} heroku[web.1]: source=web.1 dyno=heroku.1.{life} sample#memory_total={mb:.2f}MB sample#memory_quota=512.00MB\n"
    text = "".join(
        line.format(at=stamp(index * 20), life="a" if index < 50 else "b", mb=200 + index % 50) for index in range(100)
    )
    assert [look.points for look in memory.look(facts_of(text))] == [50, 50]
