"""Ruby's backtraces: uncaught errors, Rails' log, rake, puma, unicorn, bundler."""

from __future__ import annotations

import re

from .traces import MAX_LINES, Frame, Stream, Trace

BACK = 24
_FRAME = re.compile(
    r"(?:\d{1,4}: )?(?:from )?([^\s:]{1,300}(?:\.(?:rb|erb|haml|slim|rake|ru|jbuilder|builder|rabl|arb|prawn|coffee"
    r"|scss|sass|axlsx)|/bin/[\w.-]+|Rakefile"
    r"|Gemfile|<internal)[^:\s]{0,80}):(\d{1,7})(?::in [`'\"‘](.*?)['\"’])?(?:: (.*))?$"
)
_HERE = re.compile(r"(.*) \(([A-Z]\w*(?:::[A-Z]\w*)*)\)$")
_PAREN = re.compile(r"([A-Z]\w*(?:::[A-Z]\w*)*) \((.*?)(?:\):?)?$")
_COLON = re.compile(r"(?:! Unable to load application: |! )?([A-Z]\w*(?:::[A-Z]\w*)*): (.*)$")
_CAUGHT = re.compile(
    r"(?:Puma caught this error: |app error: |Error during processing: "
    r"|Unexpected error while processing request: )?(.*) \(([A-Z]\w*(?:::[A-Z]\w*)*)\)$"
)
_DASHED = re.compile(r"(?:.{0,30} - )?([A-Z]\w*(?:::[A-Z]\w*)*) - (.*?):?$")
_EXCERPT = re.compile(r"(?:=>\s*)?\d{1,5}:(?:\s|$)")
_NAME = re.compile(
    r"(?:::|Error|Exception|Failed|NotFound|Invalid|Missing|Timeout|Expired|SystemExit|Interrupt|SignalException)"
)
_CAUSE = re.compile(r"Caused by: ?(.*)$|Caused by:$|Information for: .*")
_LOGGED = re.compile(r"[\w/]{1,60} -- : |=> |I, \[")


def parse(stream: Stream, mark: int, used: int) -> tuple[Trace, int] | None:
    """A backtrace whose first frame is at ``mark``, or a headline of Rails that no frame follows."""
    text = stream.text(mark)
    found = _FRAME.match(text)
    if found:
        return _with_frames(stream, mark, used, found)
    head = _head(text)
    if head is None or not _NAME.search(head[0]) or (_COLON.match(text) and "::" not in head[0]):
        return None
    if any(stream.text(ahead).startswith("at ") for ahead in range(mark + 1, mark + 12)):
        return None  # JavaScript or the JVM
    if _next_frame(stream, mark) is not None:
        return None  # its first frame is a mark of its own
    end = _end_of_message(stream, mark + 1)
    message = " ".join([head[1], *(stream.text(index) for index in range(mark + 1, end))]).strip()
    return Trace("ruby", head[0], message, stream.notes(mark, end), headline=stream.note(mark)), end


def _with_frames(stream: Stream, mark: int, used: int, found: re.Match[str]) -> tuple[Trace, int]:
    kind, message, start, line = "", "", mark, None
    here = _HERE.match(found[4] or "")
    if here:
        kind, message, line = here[2], here[1], mark
    else:
        for index in range(mark - 1, max(used, mark - BACK) - 1, -1):
            head = _head(stream.text(index))
            if head and (_NAME.search(head[0]) or index == mark - 1):
                kind, message, start, line = head[0], head[1], index, index
                rest = [stream.text(between) for between in range(index + 1, mark)]
                message = " ".join([message, *(part for part in rest if part and not _EXCERPT.match(part))])[
                    :2000
                ].rstrip("): ")
                break
            if stream.text(index).endswith("aborted!"):
                message, start, line = stream.text(index + 1), index, min(index + 1, mark)
                break
        if found[4] and not kind:
            message, line = found[4], mark
    frames: list[Frame] = []
    index = mark
    while index < len(stream) and index - mark < MAX_LINES:
        text = stream.text(index)
        frame = _FRAME.match(text)
        if frame:
            frames.append(Frame(frame[1], int(frame[2]), frame[3] or "", in_app(frame[1])))
        elif not text or _EXCERPT.match(text):
            if not any(_FRAME.match(stream.text(ahead)) for ahead in range(index + 1, index + 4)):
                break
        else:
            break
        index += 1
    causes, index = _causes(stream, index)
    trace = Trace("ruby", kind, message, stream.notes(start, index), list(reversed(frames)), causes)
    trace.headline = stream.note(line) if line is not None else None
    return trace, index


def _causes(stream: Stream, index: int) -> tuple[list[tuple[str, str]], int]:
    """``Caused by:`` blocks behind the frames."""
    causes: list[tuple[str, str]] = []
    while index < len(stream):
        ahead = index if stream.text(index) else index + 1
        found = _CAUSE.match(stream.text(ahead))
        if not found:
            return causes, index
        text = found[1] or stream.text(ahead + 1)
        head = _head(text)
        if head:
            causes.append(head)
        index = ahead + 1 if found[1] else ahead + 2
        while index < len(stream) and (_FRAME.match(stream.text(index)) or _EXCERPT.match(stream.text(index))):
            index += 1
    return causes, index


def _head(text: str) -> tuple[str, str] | None:
    """Type and message of a headline in one of the usual forms."""
    if not text or _FRAME.match(text):
        return None
    found = _PAREN.match(text)
    if found:
        return found[1], found[2]
    found = _COLON.match(text)
    if found:
        return found[1], found[2]
    found = _CAUGHT.match(text)
    if found and (_NAME.search(found[2])):
        return found[2], found[1]
    found = _DASHED.match(text)
    if found and _NAME.search(found[1]):
        return found[1], found[2]
    return None


def _next_frame(stream: Stream, mark: int) -> int | None:
    for index in range(mark + 1, min(len(stream), mark + BACK)):
        text = stream.text(index)
        if _FRAME.match(text):
            return index
        head = _head(text)
        if head and _NAME.search(head[0]):
            return None
    return None


def _end_of_message(stream: Stream, index: int) -> int:
    """Lines until the bracket closes, at most eight."""
    if stream.text(index - 1).endswith(("):", ")")):
        return index
    for ahead in range(index, min(len(stream), index + 8)):
        if stream.text(ahead).endswith(("):", ")")):
            return ahead + 1
    return index


def in_app(file: str) -> bool:
    library = ("vendor/bundle", "/gems/", "/ruby/", "<internal", "/.heroku/", "vendor/ruby", "/bin/")
    return not any(part in file for part in library)
