"""Writes an invented Heroku log of any length: ``python benchmarks/generate.py 1000000 /tmp/app.log``.

The same number and seed give the same bytes, and a shorter log is the beginning of a longer one. Of the lines, 55 % are
the router's, 35 % output of dynos, 8 % metrics and 2 % the platform's; 2 % stand slightly out of order. Every host,
address, id and person in it is made up.

What happens: every ninety minutes the same trouble repeats. A release makes one endpoint slow (H12), a dyno outgrows
its memory (R14), and a crash at boot takes all dynos down for a while (H10).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import BinaryIO

if __package__ in (None, ""):  # started as a script
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import lines as words

SEED = 20260314
START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
BLOCK = 20_000
STEP_US = 7_000
"""Mean distance between lines: about 140 lines a second."""
ROUND_S = 5_400
SLOW, LEAK, DOWN = (900, 1_800), (2_400, 4_200), (4_800, 4_950)
"""Seconds of the repeating round between which an endpoint is slow, a dyno leaks, the app is down."""


class Log:
    """One log in the making. ``second`` is the second of the repeating round, which decides what goes wrong."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.at_us = 0
        self.second = 0
        self.prefix_of = -1
        self.prefix = ""
        self.release = 40
        self.metrics_due = 0
        self.data_due = 0
        self.round_s = ROUND_S
        self.events = {"release": 0}  # the round in which it last happened

    def stamp(self, late_us: int = 0) -> str:
        """The time of the next line, ``late_us`` before now."""
        second, micro = divmod(self.at_us - late_us, 1_000_000)
        if second != self.prefix_of:
            self.prefix_of = second
            self.prefix = (START + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.")
        return f"{self.prefix}{micro:06d}+00:00"

    def lines(self) -> Iterator[str]:
        """Lines without end."""
        draw, random = self.random.random, self.random
        while True:
            self.at_us += int(random.expovariate(1.0) * STEP_US) + 1
            self.second = self.at_us // 1_000_000 % ROUND_S
            if self.at_us >= self.metrics_due:
                self.metrics_due = self.at_us + 170_000
                yield from self.written(words.runtime_metrics(random, self.leaking()))
            if self.at_us >= self.data_due:
                self.data_due = self.at_us + 5_000_000
                yield from self.written(words.data_metrics(random))
            yield from self.written(words.platform(self, random))
            late = int(draw() * 40_000) if draw() < 0.02 else 0
            if draw() < 0.595:
                yield f"{self.stamp(min(late, self.at_us))} heroku[router]: {words.router(self, random)}\n"
            else:
                yield from self.written(words.output(self, random), late)

    def written(self, messages: list[tuple[str, str]], late_us: int = 0) -> Iterator[str]:
        """Several lines of one moment, some microseconds apart."""
        for process, message in messages:
            self.at_us += 37
            yield f"{self.stamp(min(late_us, self.at_us))} {process}: {message}\n"

    def within(self, span: tuple[int, int]) -> bool:
        return span[0] <= self.second < span[1]

    def leaking(self) -> float:
        """How far the leak has come: 0 to 1, or 0 while nothing leaks."""
        return (self.second - LEAK[0]) / (LEAK[1] - LEAK[0]) if self.within(LEAK) else 0.0

    @property
    def is_slow(self) -> bool:
        return self.within(SLOW)

    @property
    def is_down(self) -> bool:
        return self.within(DOWN)


def write(count: int, out: BinaryIO, seed: int = SEED) -> None:
    """Write ``count`` lines."""
    source = Log(seed).lines()
    left = count
    while left:
        size = min(BLOCK, left)
        out.write("".join([next(source) for _ in range(size)]).encode())
        left -= size


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lines", type=int, help="how many lines")
    parser.add_argument("out", type=Path, help="file to write")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    with asked.out.open("wb") as out:
        write(asked.lines, out, asked.seed)


if __name__ == "__main__":
    main()
