"""What rules about slowness share: the one attribution of an incident, its worker count, and lines by their place."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from . import events, queueing
from .types import Evidence, Facts, Note

HARM_MS = 5_000


def workers(facts: Facts) -> int | None:
    """Requests that one web dyno serves at once, as its server printed it at boot; None where it did not."""
    processes: int | None = None
    threads: int | None = None
    for event in events.of(facts, "server", "worker"):
        if events.kind_of_process(event.process) != "web":
            continue
        detail = event.detail
        if detail.get("workers"):
            processes = int(detail["workers"])
        if detail.get("threads"):
            threads = int(detail["threads"])
    if processes is None and threads is None:
        return None
    return (processes or 1) * (threads or 1)


def attribution(facts: Facts) -> queueing.Attribution | None:
    """Who waited for whom, computed once, and only where requests timed out or were slow."""
    if "attribution" not in facts.cache:
        harmed = facts.codes.get("H12") is not None or int((facts.requests.service_ms >= HARM_MS).sum()) >= 3
        facts.cache["attribution"] = queueing.attribute(facts, workers(facts)) if harmed else None
    found: queueing.Attribution | None = facts.cache["attribution"]
    return found


def note_at(facts: Facts, source: int, line: int) -> Note | None:
    index = facts.cache.get("note at")
    if index is None:
        index = facts.cache["note at"] = {(note.source, note.line): note for note in facts.notes}
    found: Note | None = index.get((source, line))
    return found


def quote_rows(facts: Facts, rows: Iterable[int], most: int = 3) -> list[Evidence]:
    """Router lines of these rows of the request table as evidence, as far as their text was kept."""
    found = []
    for row in rows:
        source, line = int(facts.request_source[row]), int(facts.requests.line[row])
        note = note_at(facts, source, line)
        if note is not None:
            found.append(Evidence(source, line, note.at_us, note.raw))
        if len(found) == most:
            break
    return found


def endpoint_name(facts: Facts, endpoint: int) -> str:
    return facts.names["endpoint"][endpoint]


def seconds(ms: float) -> str:
    """``0.4 s``, ``12 s``: as people say it."""
    return f"{ms / 1000:.1f} s" if ms < 9_950 else f"{ms / 1000:.0f} s"


def timed_out(facts: Facts) -> int:
    """Requests that the router cut at 30 s, among those that are kept as columns."""
    names = facts.names["code"]
    return int(np.count_nonzero(facts.requests.code == names.index("H12"))) if "H12" in names else 0


def began(facts: Facts, found: queueing.Attribution, endpoint: int) -> tuple[int | None, int, int]:
    """Between the culprit's last quick request and its first slow one: where the sequence splits best."""
    mine = sorted(
        (run for lane in found.runs.values() for run in lane if run.job.endpoint == endpoint),
        key=lambda run: run.job.arrival,
    )
    at_us = facts.requests.at_us - facts.requests.service_ms.clip(0).astype("int64") * 1000
    slow = [run.own_ms >= queueing.SLOW_OWN_MS for run in mine]
    # Quick before and slow after: the split with the fewest exceptions.
    wrong = sum(1 for is_slow in slow if not is_slow)
    best, fewest = 0, wrong
    for index, is_slow in enumerate(slow):
        wrong += 1 if is_slow else -1
        if wrong < fewest:
            best, fewest = index + 1, wrong
    first = next((index for index in range(best, len(slow)) if slow[index]), 0)
    begin = int(at_us[mine[first].job.row])
    low = int(at_us[mine[first - 1].job.row]) if first else None
    return low, begin, begin
