"""Every endpoint is slow on one dyno, and quick on the others.

What it means
    The app is the same everywhere, so what differs is the machine or the state of that one process.

Why it happens
    It swaps (R14), a job or a stuck thread eats its processor, its memory grew since its last restart, or it shares its
    host with a noisy neighbour.

How to tell
    The same endpoints take at least three times as long on that dyno as on the others, most of them.

What to do
    Restart that dyno; if it comes back on another host and is well, it was the host. Then look at its memory and load.

References
    https://devcenter.heroku.com/articles/dynos#automatic-dyno-restarts
    https://devcenter.heroku.com/articles/log-runtime-metrics
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from incidents.analysis import events, queueing, traffic
from incidents.analysis.types import Facts, Finding, Remedy

from .base import Rule

LOADED = 4.0
"""A load average from which on a shared dyno is short of processor."""


def check(facts: Facts) -> Iterator[Finding]:
    found = traffic.attribution(facts)
    if found is None:
        return
    for dyno, factor in sorted(found.sick.items(), key=lambda item: -item[1]):
        yield _finding(facts, found, dyno, factor)


def _finding(facts: Facts, found: queueing.Attribution, dyno: int, factor: float) -> Finding:
    name = facts.names["dyno"][dyno]
    rows = np.array([run.job.row for run in found.runs[dyno]])
    slowest = rows[np.argsort(-facts.requests.service_ms[rows].astype("int64"))]
    codes = [
        event for event in events.of(facts, "code") if event.process == name and event.detail["code"] in ("R14", "R15")
    ]
    load = max(
        (value for gauge in facts.gauges if gauge.process == name for value in gauge.values.get("load_avg_1m", [])),
        default=0.0,
    )
    if codes:
        why = f" It is over its memory quota ({codes[0].detail['code']}) and swaps."
    elif load >= LOADED:
        why = f" Its load is {load:.1f}."
    else:
        why = " The log does not say why; its memory and load would."
    times = facts.requests.at_us[rows]
    return Finding(
        "sick-dyno", f"Every endpoint is about {factor:.0f} times slower on {name} than on the other dynos.{why}",
        0.86, traffic.quote_rows(facts, slowest.tolist(), 4), "high", name, "One dyno is slow", count=len(rows),
        first_us=int(times.min()), last_us=int(times.max()),
        explains=("H12", "H13", "H27", "slow-endpoint", "request-queueing") + (("R14", "memory-quota") if codes else ()),
        ruled_out=("a slow endpoint: the same endpoints are quick on the other dynos",),
        remedies=[
            Remedy("Restart that dyno; it comes back on another host.", f"heroku ps:restart {name}"),
            Remedy("See its memory and load from now on.", "heroku labs:enable log-runtime-metrics"),
        ],
        links=("https://devcenter.heroku.com/articles/log-runtime-metrics",),
    )  # fmt: skip


RULE = Rule(slugs=("sick-dyno",), check=check)
