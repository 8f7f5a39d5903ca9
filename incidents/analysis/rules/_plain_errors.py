"""Errors without a stack trace: a program's last words, and answers of 500 beside which nothing was logged."""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.endpoints import template
from incidents.analysis.events import runs, traces
from incidents.analysis.types import Facts, Finding, Note, Remedy
from incidents.analysis.wording import count, listed, stamp

from ._blame import blame, died, failed, last_words, proof, story
from .base import build, hits, signed

SIGNS = {
    "_status_500": r"Completed 50[0-9] |\" 50[0-9] (?:\d|-)|HTTP/[\d.]{1,3} 50[0-9]\b|\] 50[0-9] - |\s(?:GET|POST|PUT"
    r"|PATCH|DELETE) \S{1,200} (?:\x1b?\[\d{1,2}m)?50[0-9](?:\x1b?\[0m)? ",
    "_trouble": r"(?i)\b(?:error|fatal|failed|failure|cannot|can't|could not|couldn't|unable|denied|refused|invalid"
    r"|missing|not found|no such|undefined|panic|abort(?:ed)?|exception)\b",
}  # fmt: skip
_BOILERPLATE = re.compile(
    r"npm (?:ERR!|error)|^error Command failed|There is likely additional|Failed at the|This is probably not"
    r"|debug\.log|A complete log|Error waiting for process|^\s*\^|ELIFECYCLE|0 (?:errors|failures)"
)


def spoken(facts: Facts) -> Iterator[Finding]:
    """The last line of trouble before an exit, where it is neither a trace nor the words of a known cause."""
    marked = signed(facts)
    trouble = {id(note) for note in hits(facts, "_trouble")}
    lines: dict[str, list[Note]] = {}
    for run in runs(facts):
        if not died(run) or any(trace.run is run for trace in traces(facts)):
            continue
        words = last_words(run)
        if any(id(note) in marked for note in words):
            continue
        said = [note for note in words if id(note) in trouble and not _BOILERPLATE.search(note.text)]
        if said:
            lines.setdefault(re.sub(r"\d+", "#", said[-1].text.strip())[:120], []).append(said[-1])
    for notes in lines.values():
        found = blame(facts, notes)
        yield build(
            facts, "app-exception",
            f"The last trouble that the program spoke of was `{notes[0].text.strip()[:200]}`; {story(facts, found)}.",
            0.64, [notes[0], *proof(facts, found, 2)], severity=found.severity(), subject=notes[0].text.strip()[:120],
            count=len(notes),
            explains=tuple(code for code in found.explains if code != "boot-timeout"),
        )  # fmt: skip


def silent(facts: Facts, explained: list[Note]) -> Iterator[Finding]:
    """Answers of 500 beside which no error is logged."""
    covered = {id(note) for note in blame(facts, explained).requests} if explained else set()
    told = {line.request_id for note, line in failed(facts) if id(note) in covered and line.request_id}
    bare = [
        (note, line)
        for note, line in failed(facts)
        if line.method  # else a piece of a line that was cut
        and not line.code
        and (line.status or 0) >= 500
        and id(note) not in covered
        and line.request_id not in told
    ]
    own = [note for note in hits(facts, "_status_500") if id(note) not in covered]
    if not bare and (not own or explained):
        return
    paths = list(dict.fromkeys(f"{line.method} {template(line.path)}" for _, line in bare))
    lines = [note for note, _ in bare] or own
    near = [note for note in own if any(abs((note.at_us or 0) - (other.at_us or 0)) < 2_000_000 for other in lines[:1])]
    first = f", first at {stamp(lines[0].at_us)}" if lines[0].at_us is not None else ""
    yield build(
        facts, "app-exception",
        f"{count(len(lines), 'request')} failed with status 500{f' ({listed(paths)})' if paths else ''}{first}, and the reason is not "
        "in this log: no traceback was written. Send errors to standard output (Django: LOGGING with a console "
        "handler; Rails: "
        "RAILS_LOG_TO_STDOUT) and look at the next one.",
        0.46, [*lines[:1], *near[:1], *lines[1:3]], severity="normal", subject="without a traceback", count=len(lines),
        span=lines,
        explains=("5xx",), remedies=(Remedy("Watch for the next one.", "heroku logs --tail"),),
    )  # fmt: skip
