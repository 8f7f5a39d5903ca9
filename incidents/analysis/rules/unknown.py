"""Something failed, and the log does not say why.

What it means
    There is harm in the log (a crash, H10, failed requests), and no line that would tell its reason.

Why it happens
    The excerpt begins after the crash, only router lines were saved, lines were lost, or the program ended without a
    word.

How to tell
    A crashed dyno without any output before its exit, or errors of the router without a line of the app beside them.

What to do
    Get the lines that stand before: ``heroku logs -n 1500 -d web.1`` (Heroku keeps 1,500 lines), or restart while
    tailing. A drain keeps what comes next.

References
    https://devcenter.heroku.com/articles/logging
    https://devcenter.heroku.com/articles/error-codes
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis import catalogue
from incidents.analysis.events import Run, runs
from incidents.analysis.types import Facts, Finding, Note, Remedy
from incidents.analysis.wording import count, listed, stamp

from ._blame import SIGNS as ENDS
from ._blame import coded, died, last_words, timed_out
from .base import Rule, build, hits

GONE = ("H10", "H20", "H21", "H13", "H17", "H18", "H19", "H22", "H24", "H25", "H34", "H11", "H12", "H15", "H99")
SIGNS = {
    **ENDS,
    "_load failed": r"Worker failed to boot|App failed to load|Application startup failed\. Exiting|Application run failed"
    r"|bundler: failed to load command|Error starting ApplicationContext",
}
_EXITS = {
    0: "it ended as if its work were done",
    137: "it was killed from outside (SIGKILL): memory, or a stop that it ignored",
    139: "it crashed in native code (SIGSEGV)",
    134: "it aborted (SIGABRT)",
    126: "its command cannot be executed",
    127: "its command was not found",
    3: "gunicorn could not start a worker",
    4: "gunicorn could not load the app",
}


def check(facts: Facts) -> Iterator[Finding]:
    dead = [run for run in runs(facts) if died(run) and run.type not in ("run", "release", "scheduler")]
    if dead:
        yield _crash(facts, dead)
        return
    lines = [note for code in GONE for note in coded(facts, code) if not (code == "H18" and "sock=client" in note.text)]
    if lines:
        yield _router_only(facts, sorted(lines, key=lambda note: (note.at_us or 0, note.source, note.line)))
    elif gone := hits(facts, "_load failed"):
        yield _only_says_so(facts, gone)


def _only_says_so(facts: Facts, gone: list[Note]) -> Finding:
    """The server says that the app could not be loaded, and both the reason and the exit are outside this log."""
    process = gone[-1].process
    return build(
        facts, "unknown",
        f"The server could not load the app (`{gone[-1].text.strip()[:120]}`), and the error itself is not in this log. "
        "It stands before these lines: `heroku logs -n 1500 -s app`.",
        0.35, gone[-2:], subject=process, count=len(gone), severity="high", span=gone,
        remedies=(Remedy("Get the lines before.", "heroku logs -n 1500 -s app"),),
    )  # fmt: skip


def _crash(facts: Facts, dead: list[Run]) -> Finding:
    run = dead[-1]
    words = [note for note in last_words(run) if note.text.strip()]
    ends = [note for note in [run.exit] if note] or run.notes[-1:]
    status = f" with status {run.exit_status}" if run.exit_status is not None else ""
    hint = _EXITS.get(run.exit_status if run.exit_status is not None else -1, "")
    when = f" at {stamp(run.ended_us)}" if run.ended_us is not None else ""
    said = f" The last it said was `{words[-1].text.strip()[:120]}`." if words else ""
    codes = [code for code in ("H10", "H20", "H13") if code in facts.codes]
    so = f", so the router answered {listed(codes)}" if codes and run.type == "web" else ""
    return build(
        facts, "unknown",
        f"{run.process} crashed{status}{when}{f' ({hint})' if hint else ''}{so}, and this log does not say why.{said} "
        f"The lines before its exit would decide it: `heroku logs -n 1500 -d {run.process}`.",
        0.35, [*ends, *words[-2:], *coded(facts, "H10", "H20")[:1]], subject=run.process, count=len(dead),
        severity="high",
        span=[note for one in dead for note in one.notes[-1:]],
        remedies=(Remedy("Get the lines before the exit.", f"heroku logs -n 1500 -d {run.process}"), Remedy("Or restart it while watching.", "heroku logs --tail")),
        explains=("H10", "H20", "H13") if not timed_out(run) else (),
    )  # fmt: skip


def _router_only(facts: Facts, lines: list[Note]) -> Finding:
    codes = [code for code in GONE if code in facts.codes]
    total = sum(facts.codes[code].count for code in codes)
    known = [entry for code in codes if (entry := catalogue.lookup(code)) is not None]
    first = f" from {stamp(lines[0].at_us)}" if lines[0].at_us is not None else ""
    means = f": {known[0].title.lower()}" if known else ""
    return build(
        facts, "unknown",
        f"{count(total, 'request')} failed with {listed(codes)}{means}{first}, and no line of the app says why. "
        "The app's own lines before that would decide it: `heroku logs -n 1500 -s app`.",
        0.3, lines[:3], subject=codes[0] if codes else "", count=total, severity="high", span=lines,
        remedies=(Remedy("Get the app's lines.", "heroku logs -n 1500 -s app"), Remedy("See what state the dynos are in.", "heroku ps")),
    )  # fmt: skip


RULE = Rule(
    slugs=("unknown",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:03.500000+00:00 heroku[web.1]: Process exited with status 1
2026-03-14T09:00:03.520000+00:00 heroku[web.1]: State changed from starting to crashed
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 heroku[web.1]: Stopping all processes with SIGTERM
2026-03-14T09:00:03.500000+00:00 heroku[web.1]: Process exited with status 143
""",
    ),
)
