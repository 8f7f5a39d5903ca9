"""How often the diagnosis is right, per condition: a wide grid against the simulator, written to docs/accuracy.md.

    bin/accuracy [--seeds N]

Every figure is a share of seeded runs whose truth the simulator knows; nothing here is tuned per run.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing import Pool
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from incidents.analysis import SourceInput, SourceSettings, analyse, merge, onset, queueing, scan_chunk, utc  # noqa: E402
from incidents.analysis.rules import slow_endpoint  # noqa: E402
from incidents.analysis.types import Facts  # noqa: E402
from tests import simulator  # noqa: E402
from tests.families import FAMILIES  # noqa: E402
from tests.simulator import Endpoint, Scenario, Truth  # noqa: E402

FAST = (Endpoint("/home", 10, 60), Endpoint("/search", 5, 180), Endpoint("/cart", 4, 120), Endpoint("/login", 2, 250))
ONE = (*FAST, Endpoint("/export", 0.25, 12_000))
TWO = (*FAST, Endpoint("/export", 0.3, 12_000), Endpoint("/report", 0.3, 7_000))
SLOW_MS = 2_500
HEAD = """# How often the diagnosis is right

Written by `bin/accuracy`: {seeds} seeded runs per condition against the simulator in `tests/simulator.py`, which knows
the truth. A run is *right* if exactly the slow endpoints are named as culprits (none, where none is slow), *abstained*
if the model said that it does not fit the data. Victims are requests that waited at least 1 s.

## Who waited for whom

| condition | right | wrong | abstained | victims: precision | recall | workers right | onset covered |
|---|---|---|---|---|---|---|---|"""
LIMITS = """## Where the method fails

- Requests that are not served in order of arrival contradict the model. Random order is noticed, and nobody is named.
  Last in, first out is not noticed; the culprit is still right, single victims are less certain.
- An endpoint of which every request times out is known to hold workers; for how long is inferred from the next request.
- Own times below 2 s hold no worker for long: many of them are told as too little capacity.
- The simulator's arrivals are Poisson and its endpoints few. Real traffic has bursts: take the figures as upper bounds.
"""


def conditions() -> dict[str, Scenario]:
    """Name -> scenario; the seed is filled in per run."""
    found: dict[str, Scenario] = {}
    for dynos in (2, 3, 4, 5):
        for workers in (1, 2, 3):
            one = Scenario(ONE, dynos=dynos, workers=workers, load=0.5, seconds=400.0)
            found[f"one slow endpoint, {dynos} dynos x {workers}"] = one
            found[f"two slow endpoints, {dynos} dynos x {workers}"] = replace(one, endpoints=TWO, load=0.55)
    base = Scenario(ONE, dynos=3, workers=2, load=0.5, seconds=400.0)
    found |= {
        "own time 6 s": replace(base, endpoints=(*FAST, Endpoint("/export", 0.5, 6_000))),
        "own time 40 s (always times out)": replace(base, endpoints=(*FAST, Endpoint("/export", 0.12, 40_000))),
        "higher load": replace(base, load=0.7),
        "own times that vary widely": replace(
            base, endpoints=tuple(replace(endpoint, spread=0.8) for endpoint in ONE), load=0.5
        ),
        "own time 3 s": replace(base, endpoints=(*FAST, Endpoint("/export", 1.0, 3_000))),
        "stamps off by 100 ms": replace(base, jitter_ms=100),
        "20 % of lines lost": replace(base, loss=0.2),
        "legacy router": replace(base, router2=False),
        "not first-come: random": replace(base, discipline="random"),
        "not first-come: last in, first out": replace(base, discipline="lifo"),
        "healthy": replace(base, endpoints=FAST, load=0.3, seconds=200.0),
        "overload": replace(base, endpoints=FAST, load=1.15, seconds=120.0),
        "one sick dyno": replace(base, endpoints=FAST, dynos=4, load=0.15, sick={2: 8.0}),
        "slow since a release": replace(
            base, endpoints=(*FAST, Endpoint("/export", 0.25, 300, slow_ms=12_000, slow_from_s=250)), seconds=600.0
        ),
    }
    return found


@dataclass
class Score:
    """Counts of one condition."""

    runs: int = 0
    right: int = 0
    wrong: int = 0
    abstained: int = 0
    true_victims: int = 0
    false_victims: int = 0
    missed_victims: int = 0
    workers_right: int = 0
    onset_covered: int = 0
    onset_known: int = 0
    sick_named: int = 0


def facts_of(text: str) -> Facts:
    settings = SourceSettings()
    return merge([SourceInput("app.log", settings, [scan_chunk(text.encode(), settings, first_line=1)])])


def at_us(seconds: float) -> int:
    return utc.to_us(simulator.START + timedelta(seconds=seconds))


def run(job: tuple[str, Scenario]) -> tuple[str, Score]:
    """One seeded run, scored."""
    name, scenario = job
    done = simulator.simulate(scenario)
    facts = facts_of(simulator.write_log(scenario, done))
    score = Score(runs=1)
    found = queueing.attribute(facts)
    if found is None:
        return name, score
    named = {facts.names["endpoint"][share.endpoint].split()[1] for share in found.named("culprit")}
    truth = {e.path for e in scenario.endpoints if (e.slow_ms or e.own_ms) >= SLOW_MS}
    if scenario.sick:
        sick = {facts.names["dyno"][dyno] for dyno in found.sick}
        score.sick_named = int(sick == {f"web.{number}" for number in scenario.sick})
        named = set() if score.sick_named else named
    if not found.fits and not score.sick_named:
        score.abstained = 1
    elif named == truth:
        score.right = 1
    else:
        score.wrong = 1
    score.workers_right = int(found.workers == scenario.workers)
    if not scenario.jitter_ms:
        _victims(score, facts, found, done)
    if truth:
        _onset(score, scenario, facts, done)
    return name, score


def _victims(score: Score, facts: Facts, found: queueing.Attribution, done: list[Truth]) -> None:
    waited = {(f"web.{t.dyno}", at_us(t.answered)): t.waited >= 1 for t in done}
    for dyno, lane in found.runs.items():
        for one in lane:
            truth = waited[facts.names["dyno"][dyno], int(facts.requests.at_us[one.job.row])]
            said = one.wait_ms >= queueing.WAITED_MS
            score.true_victims += truth and said
            score.false_victims += said and not truth
            score.missed_victims += truth and not said


def _onset(score: Score, scenario: Scenario, facts: Facts, done: list[Truth]) -> None:
    slow = [
        t.arrival
        for t in done
        if (t.endpoint.slow_ms or t.endpoint.own_ms) >= SLOW_MS and t.arrival >= t.endpoint.slow_from_s
    ]
    began = onset.find(facts, list(slow_endpoint.check(facts)))
    if not slow or began is None:
        return
    score.onset_known = 1
    low = began.low_us if began.low_us is not None else 0
    score.onset_covered = int(low - 200_000 <= at_us(min(slow)) <= began.high_us + 200_000)


def family(job: tuple[int, int]) -> tuple[str, float, bool]:
    """(family, confidence of the first finding, whether it is right) of one seeded incident."""
    number, seed = job
    text, truth = FAMILIES[number](seed)
    document = analyse(facts_of(text))
    first: dict[str, Any] = document["findings"][0] if document["findings"] else {"slug": "", "confidence": 0.0}
    if truth == "healthy":
        return FAMILIES[number].__name__, 1.0, document["verdict"]["status"] == "healthy"
    return FAMILIES[number].__name__, first["confidence"], first["slug"] == truth


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _add(into: Score, score: Score) -> None:
    for name in vars(score):
        setattr(into, name, getattr(into, name) + getattr(score, name))


def write(scores: dict[str, Score], families: Iterable[tuple[str, float, bool]], seeds: int) -> str:
    lines = HEAD.format(seeds=seeds).split("\n")
    for name, score in scores.items():
        said, real = score.true_victims + score.false_victims, score.true_victims + score.missed_victims
        lines.append(
            f"| {name} | {percent(score.right, score.runs)} | {percent(score.wrong, score.runs)} | "
            f"{percent(score.abstained, score.runs)} | {percent(score.true_victims, said)} | "
            f"{percent(score.true_victims, real)} | {percent(score.workers_right, score.runs)} | "
            f"{percent(score.onset_covered, score.onset_known)} |"
        )
    sick = scores["one sick dyno"]
    lines += [
        "",
        f"The sick dyno is named in {percent(sick.sick_named, sick.runs)} of its runs.",
        "",
        "## Whole diagnoses",
        "",
    ]
    lines += ["| incident | first finding right |", "|---|---|"]
    rows = list(families)
    for name in dict.fromkeys(row[0] for row in rows):
        mine = [row for row in rows if row[0] == name]
        lines.append(f"| {name.replace('_', ' ')} | {percent(sum(row[2] for row in mine), len(mine))} |")
    lines += ["", "## Confidence against truth", "", "| confidence said | findings | right |", "|---|---|---|"]
    for low, high in ((0.0, 0.5), (0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.01)):
        mine = [row for row in rows if low <= row[1] < high]
        lines.append(
            f"| {low:.1f} to {min(high, 1.0):.1f} | {len(mine)} | {percent(sum(row[2] for row in mine), len(mine))} |"
        )
    return "\n".join([*lines, "", *LIMITS.split("\n")])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "accuracy.md")
    options = parser.parse_args()
    jobs = [
        (name, replace(scenario, seed=1000 + seed))
        for name, scenario in conditions().items()
        for seed in range(options.seeds)
    ]
    scores: dict[str, Score] = defaultdict(Score)
    for name in conditions():
        scores[name] = Score()
    with Pool(2) as pool:
        for name, score in pool.imap(run, jobs, chunksize=4):
            _add(scores[name], score)
        families = pool.map(
            family, [(number, seed) for number in range(len(FAMILIES)) for seed in range(options.seeds)], chunksize=4
        )
    options.out.write_text(write(scores, families, options.seeds))
    print(options.out.read_text())


if __name__ == "__main__":
    main()
