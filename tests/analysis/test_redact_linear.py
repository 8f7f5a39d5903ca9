"""Time grows with the length of a line and no faster, whatever stands in it."""

from __future__ import annotations

import time

import pytest

from incidents.analysis.redact import redact_bytes
from tests.support.pumps import PUMPS

SHORT, ENDS = 16_384, ("", "password=x", "@")


def seconds(data: bytes) -> float:
    started = time.process_time()
    redact_bytes(data, personal=True)
    return time.process_time() - started


@pytest.mark.parametrize("pump", PUMPS)
def test_a_line_twice_as_long_takes_no_more_than_thrice_as_long(pump: str) -> None:
    for end in ENDS:
        data = [(pump * (length // len(pump)) + end).encode() for length in (SHORT, 2 * SHORT)]
        short, long = (min(seconds(text) for _ in range(4)) for text in data)
        # A quadratic rule takes 4 times as long, and a second more of it whole seconds; below 10 ms the clock is too coarse.
        assert long <= max(3 * short, 0.010), f"{pump!r} {end!r}: {short * 1000:.1f} ms, then {long * 1000:.1f} ms"


@pytest.mark.parametrize("pump", PUMPS)
def test_the_longest_hostile_line_is_done_in_moments(pump: str) -> None:
    data = (pump * (65_536 // len(pump))).encode()[:65_536]
    # The bar is 50 ms on an idle machine; this generous bound only tells linear rules from others.
    assert min(seconds(data) for _ in range(2)) < 0.5
