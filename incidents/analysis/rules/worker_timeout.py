"""The app's server killed its own workers, because they were silent for too long.

What it means
    gunicorn, unicorn, puma or rack-timeout has a limit of its own, often 30 seconds. A request passed it, and the worker
    was stopped in the middle, with everything that it did.

Why it happens
    A slow query or call, a blocked process, or a development server (`app.run()`) started inside a gunicorn worker, which
    then never answers its master.

How to tell
    "WORKER TIMEOUT", "timeout (31s > 30s), killing", "Terminating timed out worker", `state=timed_out`. The stack that
    is printed then shows where the request stood: the best evidence there is.

What to do
    Look at that stack; give the outside call a timeout of its own; move long work to a background job.

References
    https://docs.gunicorn.org/en/stable/settings.html#timeout
    https://github.com/zombocom/rack-timeout
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis import traffic
from incidents.analysis.events import traces
from incidents.analysis.types import Facts, Finding, Note, Remedy
from incidents.analysis.wording import count

from ._blame import requests
from .base import Rule, build, hits

SIGNS = {
    "worker timeout": r"WORKER TIMEOUT|timeout \(\d{1,5}s > \d{1,5}s\), killing|Terminating timed out worker|Rack::Timeout::Request(?:Timeout|Expiry)"
    r"|Request ran for longer than|Request older than \d|state=timed_out|Worker \d{1,3} failed to check in within|php-fpm.{0,40}execution timed out"
    r"|Maximum execution time of \d{1,5} seconds? exceeded",
    "_dev server": r"\* Serving Flask app|Do not use it in a production|development server at http|WARNING: This is a development server",
}
_RACK = re.compile(r"\b(?:wait|age)=(\d{1,7})ms.{0,120}?\b(?:service|duration)=(\d{1,7})ms")
"""rack-timeout prints how long a request waited before it ran; until 2015 it called that age and duration."""
QUEUED_MS = 5_000
_FRAME = re.compile(r"handle_abort|SystemExit|RequestTimeout|RequestExpiry")


def check(facts: Facts) -> Iterator[Finding]:
    notes = hits(facts, "worker timeout")
    if not notes:
        return
    inside = _where(facts, notes)
    nested = [note for note in hits(facts, "_dev server") if any(note.process == mine.process for mine in notes)]
    gunicorn = any("WORKER TIMEOUT" in note.text for note in notes)
    if nested and gunicorn:
        reason = ": a development server runs inside the worker and never answers it"
    elif inside:
        reason = f": it stood in {inside}"
    else:
        reason = ""
    queued = [int(found[1]) for note in notes if (found := _RACK.search(note.text)) and _is_victim(found)]
    if queued:
        longest = traffic.seconds(max(queued))
        reason += f"; {count(len(queued), 'request')} had waited in the queue before (up to {longest}), so others held the workers"
    slow = sum(1 for _, line in requests(facts) if line.code == "H12")
    yield build(
        facts, "worker-timeout",
        f"The app's server stopped {count(len(notes), 'worker')} that had been silent past its limit{reason}.",
        # Where requests also timed out at the router, the slow endpoint is the cause and this its consequence.
        0.62 if (slow or queued) and not nested else 0.88, [*notes[:3], *nested[:1]], severity="high", subject=notes[0].process,
        count=len(notes), span=notes, explains=("H13", "H18", "R12", "connection-closed-early", "app-exception"),
        remedies=(
            Remedy("Read the stack that follows the timeout: its topmost line of your own code is where the time goes."),
            Remedy("Start the app object with the server, not `app.run()`, at import time.") if nested else
            Remedy("Give calls to databases and services a timeout well below the server's."),
        ), most=5,
    )  # fmt: skip


def _is_victim(found: re.Match[str]) -> bool:
    """It waited long, and longer than it ran."""
    return int(found[1]) >= QUEUED_MS and int(found[1]) > int(found[2])


def _where(facts: Facts, notes: list[Note]) -> str:
    """``shop/views.py:41 in report``: the topmost own frame of a stack printed for a timeout."""
    for trace in traces(facts):
        if not _FRAME.search(f"{trace.type} {trace.message}") and not any(
            _FRAME.search(frame.function) for frame in trace.frames
        ):
            continue
        own = [frame for frame in trace.frames if frame.in_app]
        if own:
            frame = own[-1] if trace.language == "python" else own[0]
            return f"{frame.file}:{frame.line} in {frame.function}"
    return ""


_AT = "2026-03-14T09:00:0"
RULE = Rule(
    slugs=("worker-timeout",),
    check=check,
    signs=SIGNS,
    catches=(f"{_AT}1.000000+00:00 app[web.1]: [2026-03-14 09:00:01 +0000] [4] [CRITICAL] WORKER TIMEOUT (pid:11)\n",),
    ignores=(f"{_AT}1.000000+00:00 app[web.1]: [2026-03-14 09:00:01 +0000] [11] [INFO] Worker exiting (pid: 11)\n",),
)
