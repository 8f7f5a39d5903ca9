"""What workers made of the logs, as one fingerprint: whatever failed on the way, it must be that of a calm run."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.ports import wait_for
from tests.support.stack import Stack

RESULTS = """
    SELECT s.position, c.number, c.first_line, c.lines, c.parsed, c.state, r.sha256
    FROM incidents_chunk c JOIN incidents_logsource s ON s.id = c.source_id
    LEFT JOIN incidents_storedresult r ON r.chunk_id = c.id
    WHERE s.incident_id = '{incident}' ORDER BY s.position, c.number
"""
SOURCES = """
    SELECT position, name, lines, parsed, unparsed, state, sha256, text_bytes FROM incidents_logsource
    WHERE incident_id = '{incident}' ORDER BY position
"""
DOCUMENT = "SELECT document FROM incidents_analysis WHERE incident_id = '{incident}'"
BEHIND = "SELECT count(*) FROM incidents_incident WHERE revision > analysed_revision"
UNFINISHED = "SELECT count(*) FROM incidents_logsource WHERE state IN ('receiving', 'splitting', 'digesting')"


def log_of(chunks: int, seed: int = 1) -> bytes:
    """A log that is cut into this many chunks: long lines, so that each takes a worker a second or two."""
    chance, at = random.Random(seed), datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
    rows, size = [], 0
    padding = "".join(chance.choice("abcdefgh /=.") for _ in range(5000))
    while size < (chunks - 0.5) * 8 * 1024 * 1024:
        at += timedelta(milliseconds=chance.randrange(1, 900))
        stamp, begin = at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"), chance.randrange(3000)
        if chance.random() < 0.5:
            status, code = (
                (503, 'at=error code=H12 desc="Request timeout"') if chance.random() < 0.02 else (200, "at=info")
            )
            rows.append(
                f'{stamp} heroku[router]: {code} method=GET path="/reports/{chance.randrange(99)}?q={padding[begin : begin + 400]}" '
                f'host=shop.example.com request_id={chance.randrange(10**9)} fwd="192.0.2.{chance.randrange(255)}" '
                f"dyno=web.{chance.randrange(1, 4)} connect=1ms service={30_000 if status == 503 else chance.randrange(900)}ms "
                f"status={status} bytes=512"
            )
        else:
            rows.append(f"{stamp} app[web.{chance.randrange(1, 4)}]: {padding[begin : begin + 1800]}")
        size += len(rows[-1]) + 1
    return ("\n".join(rows) + "\n").encode()


def fingerprint(stack: Stack, upload: dict[str, Any]) -> str:
    """Of everything that was made of an upload's incident; wait for `finished` first."""
    incident = key(stack, upload["incident"])
    (document,) = stack.rows(DOCUMENT.format(incident=incident))
    rows = [[tuple(row) for row in stack.rows(query.format(incident=incident))] for query in (RESULTS, SOURCES)]
    return hashlib.sha256(repr(rows).encode() + bytes(document[0])).hexdigest()


def key(stack: Stack, identifier: str) -> str:
    """How the database spells a UUID."""
    return identifier if stack.database_url else identifier.replace("-", "")


def finished(stack: Stack, patience_s: float = 120) -> None:
    """Wait until everything is read and the analysis knows it."""

    def is_done() -> bool:
        return stack.rows(UNFINISHED)[0][0] == 0 and stack.rows(BEHIND)[0][0] == 0

    wait_for(is_done, f"all work is done (logs: {stack.directory})", patience_s, 0.2)


def chunks(stack: Stack, upload: dict[str, Any]) -> list[tuple[str, int]]:
    """State and attempts of each chunk, in order."""
    query = "SELECT state, attempts FROM incidents_chunk WHERE source_id = '{}' ORDER BY number"
    return [(state, attempts) for state, attempts in stack.rows(query.format(key(stack, upload["id"])))]


def in_the_middle(stack: Stack, upload: dict[str, Any]) -> None:
    """Wait until some chunk is done and another one is being read."""

    def is_reached() -> bool:
        states = {state for state, _ in chunks(stack, upload)}
        return {"done", "running"} <= states

    wait_for(is_reached, "a digest is in its middle", 60, 0.02)
