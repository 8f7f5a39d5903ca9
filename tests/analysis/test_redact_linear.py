"""Time grows with the length of a line and no faster, whatever stands in it."""

from __future__ import annotations

import time

import pytest

from incidents.analysis.redact import redact_bytes
from tests.support.pumps import PUMPS

SHORT, TIMES, ENDS = 16_384, 4, ("", "password=x", "@")


def seconds(data: bytes) -> float:
    started = time.process_time()
    redact_bytes(data, personal=True)
    return time.process_time() - started


@pytest.mark.parametrize("pump", PUMPS)
def test_time_grows_as_the_line_does(pump: str) -> None:
    for end in ENDS:
        short, long = ((pump * (length // len(pump)) + end).encode() for length in (SHORT, TIMES * SHORT))
        # Taken in turns, so that other work on the machine falls on both.
        pairs = [(seconds(short), seconds(long)) for _ in range(4)]
        least, most = (min(column) for column in zip(*pairs, strict=True))
        # A quadratic rule takes 16 times as long; below 20 ms the clock is too coarse.
        assert most <= max(2 * TIMES * least, 0.020), f"{pump!r} {end!r}: {least * 1000:.1f} ms, {most * 1000:.1f} ms"


@pytest.mark.parametrize("pump", PUMPS)
def test_the_longest_hostile_line_is_done_in_moments(pump: str) -> None:
    data = (pump * (65_536 // len(pump))).encode()[:65_536]
    # The bar is 50 ms on an idle machine; this generous bound only tells linear rules from others.
    assert min(seconds(data) for _ in range(2)) < 0.5
