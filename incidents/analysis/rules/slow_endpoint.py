"""One or a few endpoints hold the workers, and the other requests wait behind them.

What it means
    A dyno serves only as many requests at once as it has workers. A request of 20 seconds keeps one worker for 20
    seconds; whatever the router sends to that dyno meanwhile waits, and may time out (H12) without being slow itself.

Why it happens
    A report, an export, an upload or a call to another service is done inside the web request.

How to tell
    Each request's own time is separated from its waiting time by replaying every dyno's queue. The endpoint that was
    executing while others waited is the culprit; the endpoint with the most H12 lines is often only a victim.

What to do
    Move the work to a background job, or cap it with a timeout well below 30 seconds. More dynos only spread the pain.

References
    https://devcenter.heroku.com/articles/request-timeout
    https://devcenter.heroku.com/articles/preventing-h12-errors-request-timeouts
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import queueing, traffic
from ..types import NO_TIME, Facts, Finding, Remedy
from ..wording import listed
from .base import Rule

FEW = 20
"""Fewer requests than this say who was slow, but not who waited for whom."""


def check(facts: Facts) -> Iterator[Finding]:
    found = traffic.attribution(facts)
    culprits = found.named("culprit") if found else []
    harmed = found is not None and (found.waited >= 3 or traffic.timed_out(facts) > 0)
    if found and culprits and harmed and found.fits and not found.sick and not _everything(found, culprits):
        yield _named(facts, found, culprits)
    elif facts.codes.get("H12") and len(facts.requests) < FEW:
        yield from _few(facts)


def _everything(found: queueing.Attribution, culprits: list[queueing.Share]) -> bool:
    """Whether nearly all endpoints are slow by themselves: then none of them is the reason."""
    counted = [share for share in found.shares.values() if share.count >= 3]
    return len(counted) >= 4 and len(culprits) >= 0.7 * len(counted)


def _named(facts: Facts, found: queueing.Attribution, culprits: list[queueing.Share]) -> Finding:
    total = sum(share.blame_ms for share in found.shares.values()) or 1.0
    names = [traffic.endpoint_name(facts, share.endpoint) for share in culprits[:3]]
    first, blamed = culprits[0], sum(share.blame_ms for share in culprits) / total
    victims = found.named("victim")
    waited = sum(share.waited for share in victims)
    parts = [f"{listed(names)} {'holds' if len(names) == 1 else 'hold'} the workers"]
    parts.append(_how_long(first))
    if waited:
        parts.append(
            f"{waited} requests to {len(victims)} other endpoints waited behind it ({blamed:.0%} of all waiting)"
        )
    timeouts = sum(share.timeouts for share in found.shares.values())
    if timeouts:
        lost = sum(share.victim_timeouts for share in victims)
        parts.append(
            f"{timeouts} requests timed out (H12)" + (f", {lost} of them only because they waited" if lost else "")
        )
    rows = [run.job.row for lane in found.runs.values() for run in lane if run.job.endpoint == first.endpoint]
    service = facts.requests.service_ms
    onset = traffic.began(facts, found, first.endpoint)
    slowest = sorted(rows, key=lambda row: -int(service[row]))
    behind = sorted(
        (run for lane in found.runs.values() for run in lane if run.job.endpoint in {v.endpoint for v in victims}),
        key=lambda run: -run.wait_ms,
    )
    evidence = traffic.quote_rows(facts, slowest) + traffic.quote_rows(facts, [run.job.row for run in behind[:20]], 2)
    confidence = 0.6 + 0.2 * (len(facts.requests) >= FEW) + 0.12 * (blamed >= 0.6 and found.waited >= 10)
    return Finding(
        "slow-endpoint", "; ".join(parts) + ".", confidence, evidence, "high" if timeouts else "normal", names[0],
        count=timeouts or len(rows),
        first_us=onset[1], last_us=int(facts.requests.at_us[rows].max()), onset_us=onset,
        explains=("H12", "H13", "H27", "H11", "worker-timeout", "request-queueing"),
        ruled_out=_waited(facts, victims),
        remedies=_remedies(names[0]),
        links=("https://devcenter.heroku.com/articles/preventing-h12-errors-request-timeouts",),
    )  # fmt: skip


def _how_long(share: queueing.Share) -> str:
    """An own time that the router cut is only known to be longer."""
    if share.timeouts - share.victim_timeouts > share.count / 2:
        return "it takes more than 30 s by itself"
    if share.own_p50_ms < queueing.SLOW_OWN_MS:
        return f"it takes up to {traffic.seconds(max(share.own_ms))} by itself"
    return f"it takes about {traffic.seconds(share.own_p50_ms)} by itself"


def _waited(facts: Facts, victims: list[queueing.Share]) -> tuple[str, ...]:
    names = [traffic.endpoint_name(facts, share.endpoint) for share in victims[:4]]
    return ("the endpoints that merely waited: " + listed(names),) if names else ()


def _few(facts: Facts) -> Iterator[Finding]:
    table = facts.requests
    code = facts.names["code"].index("H12") if "H12" in facts.names["code"] else -1
    rows = [int(row) for row in (table.code == code).nonzero()[0]]
    names = sorted({traffic.endpoint_name(facts, int(table.endpoint[row])) for row in rows} - {""})
    if not rows or not names:
        return
    subject = names[0]
    yield Finding(
        "slow-endpoint",
        f"{listed(names[:3])} did not answer within 30 s (H12). The log holds too few requests to say whether it was "
        "slow itself or waited behind another.",
        0.55, traffic.quote_rows(facts, rows), "high", subject, count=len(rows),
        first_us=_first_us(facts, rows), explains=("H12",), remedies=_remedies(subject),
        links=("https://devcenter.heroku.com/articles/request-timeout",),
    )  # fmt: skip


def _first_us(facts: Facts, rows: list[int]) -> int | None:
    table = facts.requests
    known = [row for row in rows if table.at_us[row] != NO_TIME]
    return int((table.at_us[known] - table.service_ms[known].clip(0).astype("int64") * 1000).min()) if known else None


def _remedies(endpoint: str) -> list[Remedy]:
    path = endpoint.partition(" ")[2] or endpoint
    return [
        Remedy(f"See what {path} does meanwhile: queries, calls to other services.", "heroku pg:outliers"),
        Remedy("Move that work to a background job and answer at once; set a timeout below 30 s in the app server."),
        Remedy("Restart a dyno whose workers are all stuck.", "heroku ps:restart"),
    ]


RULE = Rule(slugs=("slow-endpoint",), check=check)
