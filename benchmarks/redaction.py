"""How fast redaction is and how much it finds: ``bin/bench redaction``.

speed     MB/s over the invented log, plain and with a share of lines that hold secrets
worst     milliseconds for hostile lines of 64 KiB, the slowest first
quality   recall, what stayed untouched and kept, on the labelled lines of the tests
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

if __package__ in (None, ""):  # started as a script
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import generate
from incidents.analysis.redact import RULES_VERSION, redact, redact_bytes
from tests.support import secret_lines
from tests.support.pumps import PUMPS
from tests.support.redaction_score import score
from tests.support.secret_lines_held_out import held_out
from tests.support.secret_shapes import Labelled

LINE = 65_536
ENDS = ("", "password=x", "@")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=50_000, help="lines of the invented log (default 50,000)")
    options = parser.parse_args()
    print(f"rules {RULES_VERSION}")
    speed(options.lines)
    worst()
    quality()


def seconds(work: Callable[[], object], runs: int = 3) -> float:
    """The best of several runs, in seconds of this process."""
    best = float("inf")
    for _ in range(runs):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


def speed(count: int) -> None:
    rng = random.Random(7)
    held = io.BytesIO()
    generate.write(count, held)
    plain = held.getvalue().split(b"\n")
    secret = [line.text.encode() for line in held_out() if line.secrets and "\n" not in line.text]
    print(f"\nspeed, {count:,} lines       credentials   with personal data")
    for share in (0.0, 0.001, 0.01, 0.05):
        mixed = b"\n".join(rng.choice(secret) if rng.random() < share else line for line in plain)
        rates = [
            len(mixed) / 1e6 / seconds(partial(redact_bytes, mixed, personal=personal)) for personal in (False, True)
        ]
        print(f"  {share:6.1%} hold secrets   {rates[0]:6.1f} MB/s   {rates[1]:6.1f} MB/s")


def worst() -> None:
    found = []
    for pump in PUMPS:
        for end in ENDS:
            text = (pump * LINE)[: LINE - len(end)] + end
            data = text.encode()[:LINE]
            found.append((seconds(partial(redact_bytes, data, personal=True)) * 1000, pump, end))
    found.sort(reverse=True)
    print(f"\nworst lines of 64 KiB, of {len(found)}; median {found[len(found) // 2][0]:.1f} ms")
    for spent_ms, pump, end in found[:8]:
        print(f"  {spent_ms:6.1f} ms  {pump!r} … {end!r}")


def quality() -> None:
    print("\nquality                secrets   personal   untouched   kept")
    sets: dict[str, list[Labelled]] = {
        "held out": held_out(),
        "grid": [line for _, line in secret_lines.grid()],
        "vendors": list(secret_lines.vendor_lines()),
        "urls": list(secret_lines.url_lines()),
        "wild": secret_lines.wild(),
        "harmless": secret_lines.harmless(),
    }
    for name, lines in sets.items():
        result = score(lines, lambda text: redact(text, personal=True))
        told = [f"{result.share(what):8.4f}" if result.of[what] else "       –" for what in result.of]
        print(f"  {name:10s} {result.lines:6d}   {'  '.join(told)}")


if __name__ == "__main__":
    main()
