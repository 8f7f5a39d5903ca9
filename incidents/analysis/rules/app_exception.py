"""The app's own code raised an error: a request, a job or the whole process failed with it.

What it means
    The platform did its part; a line of the app's code did something that cannot work with the data it was given.

Why it happens
    A value that is missing (nil, undefined, None), input that nobody expected, a file or template that was not
    deployed, a case that was not handled, an error event without a listener.

How to tell
    A stack trace, and at the same moment a failed request on the same dyno, or the exit of the process right behind
    it. A 500 without a trace is reported with low confidence: the framework answered, and the log does not say why.

What to do
    Read the innermost frame in the app's own files. Where no trace is logged, switch logging to standard output on
    and wait for the next failure.

References
    https://devcenter.heroku.com/articles/logging#writing-to-your-log
    https://docs.djangoproject.com/en/stable/howto/error-reporting/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.endpoints import template
from incidents.analysis.events import runs, traces
from incidents.analysis.readers.traces import Trace
from incidents.analysis.types import Facts, Finding, Note, Remedy
from incidents.analysis.wording import listed

from ._blame import Blame, blame, died, last_words, proof, ruled_out, story
from ._plain_errors import SIGNS, silent, spoken
from .base import Rule, build

_NO_FAILURE = re.compile(
    r"RoutingError|RecordNotFound|Http404|NotFoundHttpException|UnknownFormat|UnknownHttpMethod"
    r"|InvalidAuthenticityToken|SignalException|SystemExit|KeyboardInterrupt"
    r"|Interrupt$|HaltServer|BrokenPipe|EPIPE|ClientAbort|ClientDisconnect|HttpParserError|Rack::Timeout"
    r"|RequestTimeoutE|MethodNotAllowed|Warning$|NotAcceptable|TooManyRequests|Sinatra::NotFound"
)
_NOISE = re.compile(
    r"write EPIPE|Broken pipe|client disconnected|CancelledError|request aborted|Request has been aborted|^SIG(?:TERM"
    r"|INT)|No route matches"
)
MOST = 8


def check(facts: Facts) -> Iterator[Finding]:
    groups: dict[tuple[str, str], list[Trace]] = {}
    for trace in traces(facts):
        if trace.phase != "stopping" and not _NO_FAILURE.search(trace.type) and not _NOISE.search(trace.message):
            groups.setdefault(_key(trace), []).append(trace)
    raised = [
        _finding(facts, group) for group in groups.values() if group[0].type or group[0].message or group[0].frames
    ]
    raised.sort(key=lambda finding: -finding.confidence)
    yield from raised[:MOST]
    yield from spoken(facts)
    yield from silent(facts, [note for group in groups.values() for trace in group for note in trace.notes])


def _key(trace: Trace) -> tuple[str, str]:
    frame = trace.culprit
    kind, message = trace.causes[-1] if trace.causes else (trace.type, trace.message)
    place = f"{frame.file}:{frame.line}" if frame else ""
    return kind, place or re.sub(r"0x[0-9a-f]+|\d+", "#", message)[:120]


def _finding(facts: Facts, group: list[Trace]) -> Finding:
    lines = [note for trace in group for note in trace.notes]
    found = blame(facts, lines)
    if found.deaths and not any(_decisive(facts, trace) for trace in group):
        found = Blame(found.notes, (), (), 0.0, False, None, False)
    first = next((trace for trace in group if trace.type), group[0])
    kind, message = first.causes[-1] if first.causes and first.causes[-1][0] else (first.type, first.message)
    name = f"{kind}: {message}" if kind and message else kind or message or "an error whose beginning is not in the log"
    frame = first.culprit
    place = f" in {frame.file}, line {frame.line}" if frame and frame.file else ""
    paths = list(dict.fromkeys(template(trace.path) for trace in group if trace.path))
    where = f" for {listed(paths)}" if paths else ""
    after = story(facts, found)
    finding = build(
        facts, "app-exception", f"The app raised `{name[:200]}`{place}{where}{': ' + after if after else ''}.",
        _confidence(found, first),
        [*_telling(first), *proof(facts, found, 2), *[t.headline for t in group[1:3] if t.headline]],
        severity=found.severity(), subject=f"{kind or 'error'}{place}", count=len(group), span=lines,
        harmless=found.survived, ruled_out=ruled_out(facts, found),
        explains=tuple(code for code in found.explains if code != "boot-timeout"),
        remedies=(Remedy(f"Look at {frame.file}, line {frame.line}."),) if frame and frame.file else (),
    )  # fmt: skip
    facts.cache.setdefault("trace lines", {})[finding.subject] = {(note.source, note.line) for note in lines}
    return finding


def _confidence(found: Blame, first: Trace) -> float:
    sure = 0.95 if first.type else 0.66 if first.culprit or first.message else 0.5
    if found.fatal or found.requests:
        return found.confidence(sure)
    job = first.run is not None and first.run.type not in ("web", "run", "release")
    told = bool(first.frames) and (bool(first.type) or first.culprit is not None)
    return 0.75 if job and told else 0.55 if told else 0.45


def _decisive(facts: Facts, trace: Trace) -> bool:
    """The last error of a life that ended: others before it were only logged."""
    if "decisive traces" not in facts.cache:
        last: set[int] = set()
        for run in runs(facts):
            if died(run):
                words = {id(note) for note in last_words(run)}
                mine = [one for one in traces(facts) if one.run is run and any(id(note) in words for note in one.notes)]
                last |= {id(one) for one in mine[-1:]}
        facts.cache["decisive traces"] = last
    return id(trace) in facts.cache["decisive traces"] or trace.run is None


def _telling(trace: Trace) -> list[Note]:
    """The headline, the deepest cause, and the line of the app's own frame."""
    lines = [trace.headline or trace.first]
    deepest = trace.causes[-1][1][:60] if trace.causes else ""
    if deepest:
        lines += [note for note in trace.notes if deepest in note.text][:1]
    frame = trace.culprit
    if frame and frame.file:
        lines += [note for note in trace.notes if frame.file in note.text and str(frame.line) in note.text][:1]
    return lines


RULE = Rule(
    slugs=("app-exception",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: NoMethodError (undefined method `title' for nil:NilClass):
2026-03-14T09:00:03.000001+00:00 app[web.1]: app/views/pages/show.html.erb:1:in `show'
2026-03-14T09:00:03.100000+00:00 heroku[router]: at=info method=GET path="/pages/7" host=shop.example.com request_id=1f0e4f6f-8d8d-4b2c-9d4e-5f601f0e4f6f fwd="192.0.2.7" dyno=web.1 connect=0ms service=40ms status=500 bytes=141 protocol=https
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: ActionController::RoutingError (No route matches [GET] "/wp-login.php"):
""",
    ),
)
