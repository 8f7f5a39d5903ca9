"""A file of the app cannot be read or loaded: a syntax error, a name that does not exist, a wrong path.

What it means
    The language refused to load the code. Nothing was served, or everything that needs the file fails.

Why it happens
    A typing error reached the deploy; a file was renamed, and something still asks for the old name (the names of
    files differ in case on Linux); ES modules and CommonJS are mixed; a variable is used before it is defined in the
    settings.

How to tell
    ``SyntaxError``, ``NameError``, ``ImportError``, ``uninitialized constant``, ``ReferenceError`` or ``Parse error``
    in the last words of a process that crashed while starting, with a frame in the app's own files.

What to do
    Correct the line that the trace names, try the start command locally with production settings, deploy. Roll back
    until then.

References
    https://devcenter.heroku.com/articles/error-codes#h10-app-crashed
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.events import trace_of
from incidents.analysis.readers.traces import Trace
from incidents.analysis.types import Facts, Finding, Note, Remedy

from ._blame import Blame, blame
from ._modules import is_own, targets
from ._texts import findings
from .base import Rule, hits

SIGNS = {
    "code syntax": r"^(?:\d{1,3}\|[\w.-]{1,40} {0,12}\| )?\W{0,8}(?:\w{1,20} ){0,3}(?:SyntaxError|IndentationError|TabError): |syntax error, unexpected"
    r"|PHP Parse error|Psych::SyntaxError|YAML syntax error|AH00526: Syntax error|Parse error: syntax error|\(SyntaxError\)"
    r"|Cannot use import statement outside a module|ERR_REQUIRE_ESM|require is not defined in ES module scope"
    r"|ERR_UNKNOWN_FILE_EXTENSION|ERR_UNSUPPORTED_DIR_IMPORT"
    r"|does not provide an export named|Unexpected token|exports is not defined in ES module",
    "code name": r"NameError: name '\w|UnboundLocalError: |ReferenceError: [\w$]{1,60} is not defined"
    r"|Cannot access '[\w$]{1,60}' before initialization"
    r"|uninitialized constant |undefined local variable or method|NameError \(|\(NameError\)"
    r"|ImportError: cannot import name |partially initialized module|circular import"
    r"|AttributeError: (?:partially initialized )?module '",
    "code path": r"Cannot find module '(?:\.{1,2}/|/app/|/workspace/|src/|file:)|ERR_MODULE_NOT_FOUND|No module named "
    r"|(?:cannot|no such file to) load(?: such file)? -- |Zeitwerk::NameError|to define constant",
}  # fmt: skip
_OLD_NODE = re.compile(
    r"outside strict mode|Unexpected token '?(?:\?|\?\?=|\.)'?$|node_modules|Unexpected (?:strict mode )?reserved word"
)
_BOOT_ONLY = re.compile(
    r"is not a function|is not a constructor|Cannot read propert|undefined method|NoMethodError|TypeError"
)


def check(facts: Facts) -> Iterator[Finding]:
    groups: dict[str, list[Note]] = {}
    for note in hits(facts, *SIGNS):
        trace = trace_of(facts, note)
        if _not_ours(facts, note, trace) or not (trace is None or trace.headline is note or _deep(trace, note)):
            continue
        groups.setdefault(_subject(note, trace), []).append(note)
    kept = {subject: notes for subject, notes in groups.items() if _at_boot(blame(facts, notes), notes)}

    def describe(subject: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
        return _describe(subject, found, trace_of(facts, found.notes[0]))

    def frames(notes: list[Note]) -> list[Note]:
        return _place(trace_of(facts, notes[0]))

    yield from findings(facts, "syntax-or-import-error", kept, describe, sure=0.95, needs_harm=True, extra=frames)  # type: ignore[arg-type]


def _not_ours(facts: Facts, note: Note, trace: Trace | None) -> bool:
    """Installed packages, start commands and old languages have rules of their own."""
    text = note.text
    if trace is not None and trace.phase == "stopping":
        return True
    path = re.search(r"(?:module named|module|named|--|package) ['\"]?([\w./@:-]{1,200})", text)
    if re.search(SIGNS["code path"], text) and path:
        name = path[1]
        entry = re.match(r"(?:file://)?/(?:app|workspace)/", name)
        if entry and (trace is None or trace.culprit is None):
            return True
        return not is_own(facts, name) or name.split(".")[0] in targets(facts)
    if "cannot import name" in text and re.search(r"site-packages|dist-packages", text):
        return True
    if "Block-scoped declarations" in text:
        return True
    innermost = trace.frames[-1].file if trace is not None and trace.frames and trace.frames[-1].file else ""
    return "node_modules/" in innermost and "SyntaxError" in text


def _deep(trace: Trace, note: Note) -> bool:
    return any(kind and kind in note.text for kind, _ in trace.causes)


def _at_boot(found: Blame, notes: list[Note]) -> bool:
    """Names are looked up while serving too; then it is an exception like others. Syntax always belongs here."""
    return (
        found.boot
        or found.ended
        or any(re.search(SIGNS["code syntax"], note.text) for note in notes)
        or bool(found.deaths and re.search(SIGNS["code path"], notes[0].text))
    )


def _subject(note: Note, trace: Trace | None) -> str:
    frame = trace.culprit if trace else None
    text = re.sub(
        r"^.*?((?:[A-Z]\w*(?:Error|Exception)|uninitialized constant|Parse error|Cannot find module))",
        r"\1",
        note.text.strip(),
    )
    return f"{text[:120]}{f' ({frame.file}:{frame.line})' if frame else ''}"


def _describe(subject: str, found: Blame, trace: Trace | None) -> tuple[str, tuple[Remedy, ...]]:
    frame = trace.culprit if trace else None
    place = f" at {frame.file}, line {frame.line}" if frame and frame.file else ""
    text = re.sub(r"\s+\([^()]*:\d+\)$", "", subject)
    return f"The app's code cannot be loaded{place}: `{text}`", (
        (Remedy(f"Correct {frame.file}, line {frame.line}, and deploy."),) if frame and frame.file else ()
    )


def _place(trace: Trace | None) -> list[Note]:
    """The line that names the app's own file."""
    frame = trace.culprit if trace else None
    if trace is None or frame is None or not frame.file:
        return []
    return [note for note in trace.notes if frame.file in note.text and str(frame.line) in note.text][:1]


RULE = Rule(
    slugs=("syntax-or-import-error",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `python app.py`
2026-03-14T09:00:03.000000+00:00 app[web.1]: File "/app/app.py", line 7
2026-03-14T09:00:03.000001+00:00 app[web.1]: def index()
2026-03-14T09:00:03.000002+00:00 app[web.1]: SyntaxError: expected ':'
2026-03-14T09:00:03.500000+00:00 heroku[web.1]: Process exited with status 1
2026-03-14T09:00:03.520000+00:00 heroku[web.1]: State changed from starting to crashed
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: client sent bad json: SyntaxError: Unexpected token } in JSON at position 10
""",
    ),
)
