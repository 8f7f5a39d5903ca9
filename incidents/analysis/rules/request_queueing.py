"""Requests wait for a worker, and no single endpoint is to blame.

What it means
    More work arrives than the dynos can do. Every endpoint is as quick as ever by itself; the time goes into waiting.

Why it happens
    A rise in traffic, dynos lost or scaled down, or every request a little slower than before.

How to tell
    The replay of each dyno's queue finds waiting on most dynos, and no endpoint whose own time is long.

What to do
    Scale out, or give each dyno more workers; then look for what grew.

References
    https://devcenter.heroku.com/articles/scaling
    https://devcenter.heroku.com/articles/http-routing
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .. import queueing, traffic
from ..types import Facts, Finding, Remedy
from .base import Rule


def check(facts: Facts) -> Iterator[Finding]:
    found = traffic.attribution(facts)
    if found is None or len(facts.requests) < 20:
        return
    if found.sick:
        return
    if not found.fits:
        yield _misfit(facts, found)
    elif not found.named("culprit") and found.waited >= max(10, 0.01 * len(facts.requests)):
        yield _overload(facts, found)


def _overload(facts: Facts, found: queueing.Attribution) -> Finding:
    waits = [run for lane in found.runs.values() for run in lane if run.wait_ms >= queueing.WAITED_MS]
    worst = sorted(waits, key=lambda run: -run.wait_ms)
    dynos = len(found.runs)
    timeouts = traffic.timed_out(facts)
    own = np.median([value for share in found.shares.values() for value in share.own_ms])
    lost = f" {timeouts} timed out (H12)." if timeouts else ""
    return Finding(
        "request-queueing",
        f"Too little capacity: {len(waits)} requests waited for a worker on {dynos} dynos, while a request by itself "
        f"takes about {traffic.seconds(float(own))}. No endpoint is to blame.{lost}",
        0.85, traffic.quote_rows(facts, [run.job.row for run in worst[:40]]), "high", "all endpoints", count=len(waits),
        first_us=int(facts.requests.at_us[[run.job.row for run in waits]].min()),
        last_us=int(facts.requests.at_us[[run.job.row for run in waits]].max()),
        explains=("H12", "H11", "H27", "H19", "H21"), ruled_out=("a slow endpoint: none takes long by itself",),
        remedies=[
            Remedy("Add dynos while it lasts.", f"heroku ps:scale web={dynos + 1}"),
            Remedy("Give each dyno more workers where memory allows.", "heroku config:set WEB_CONCURRENCY=3"),
        ],
        links=("https://devcenter.heroku.com/articles/scaling",),
    )  # fmt: skip


def _misfit(facts: Facts, found: queueing.Attribution) -> Finding:
    rows = np.argsort(-facts.requests.service_ms.astype("int64"))[:20]
    return Finding(
        "request-queueing",
        "Requests are slow and wait, but who waited for whom cannot be told: they were not served in order of arrival "
        f"({found.misfit:.0%} of the waits contradict it; keep-alive connections or threads do that). Log the queue "
        "time in the app to decide.",
        0.4, traffic.quote_rows(facts, [int(row) for row in rows]), "high", "unclear order", count=found.waited,
        first_us=facts.first_us, last_us=facts.last_us, explains=("H12",),
        remedies=[
            Remedy("Rule out keep-alive connections between router and dyno.",
                   "heroku labs:enable http-disable-keepalive-to-dyno"),
            Remedy("Log the queue time: now minus X-Request-Start, or rack-timeout's wait."),
        ],
        links=("https://devcenter.heroku.com/articles/http-routing-and-keepalives",),
    )  # fmt: skip


RULE = Rule(slugs=("request-queueing",), check=check)
