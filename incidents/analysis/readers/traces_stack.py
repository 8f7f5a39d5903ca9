"""Traces whose frames are lines that begin with ``at``: JavaScript, the JVM's languages, .NET."""

from __future__ import annotations

import re
from typing import NamedTuple

from .traces import MAX_LINES, Frame, Stream, Trace

BACK = 16
"""Lines before the first frame in which its headline is looked for: messages may have several lines."""

_JVM = re.compile(
    r"at (?:[\w.@/-]{1,80}/)?([\w$.]{1,300}|[\w$./]{1,300})\.([\w$<>]{1,120})\(([^():]{0,120})(?::(\d{1,7}))?\)"
)
_JVM_FILE = re.compile(r"(?:.*\.(?:java|kt|scala|groovy|clj)|Native Method|Unknown Source|<generated>)$")
_NODE = re.compile(
    r"at (?:async )?(?:(.{1,200}?) \()?((?:node:|file://)?[^()\s]{1,400}?):(\d{1,7})(?::\d{1,7})?\)?[,{ ]*$"
)
_VAGUE = re.compile(
    r"at (?:(?:async |new )?[\w$.<>\[\] ]{1,120}(?: \((?:native|<anonymous>|index \d+)\))?|<anonymous>|/\S+"
    r"|\S+\(.*\).*)$"
)
_NET = re.compile(r"at (\S{1,300})\(.*\)(?: in (\S+):line (\d{1,7}))?$")
_HEAD_JVM = re.compile(r"(?:.{0,80}?\b)?((?:[a-z][\w$]{0,60}\.){1,12}[A-Z][\w$]{0,120})(?:: (.*)|)$")
_HEAD = re.compile(r"(?:^|[\s:>\](\x1b])((?:[A-Z][\w$]{0,80})?(?:Error|Exception|Rejection)(?: \[\w{1,60}\])?): (.*)$")
_BARE = re.compile(r"((?:[A-Z][\w$]{0,80})?(?:Error|Exception))$")
_SQL = re.compile(r"(?:(?:Unhandled )?error|err): (.*)$")
_PLACE = re.compile(r"((?:/|node:|file://)[^\s:]{1,400}|[\w./-]{1,120}\.[cm]?js):(\d{1,7})$")
_CAUSED = re.compile(r"(?:Caused by|Suppressed|Wrapped by|\[cause\]): (.*)$")
_JVM_MORE = re.compile(r"\.\.\. \d{1,5} (?:more|common frames omitted)")
_PROPERTY = re.compile(r"(?:Emitted 'error' event|['\"]?[\w\[\]$ ]{1,40}['\"]?: |[}\])]|Node\.js v\d|- /|\[Symbol)")
_LIBRARIES = (
    "java.", "javax.", "jakarta.", "jdk.", "sun.", "com.sun.", "org.springframework.", "org.apache.", "org.hibernate.",
    "com.zaxxer.",
    "io.netty.", "reactor.", "org.eclipse.", "com.mysql.", "org.postgresql.", "liquibase.", "org.flywaydb.", "kotlin",
    "scala.", "play.",
    "akka.", "org.grails.", "grails.", "groovy.", "org.codehaus.", "com.fasterxml.", "org.thymeleaf.", "net.sf.",
    "org.mongodb.",
    "com.mongodb.", "redis.clients.", "io.lettuce.", "okhttp3.", "retrofit2.", "ch.qos.", "org.slf4j.", "org.jboss.",
    "io.undertow.",
    "clojure.", "ring.", "System.", "Microsoft.",
)  # fmt: skip


class _Head(NamedTuple):
    """Lines of the stream: where the trace starts, and which one names the error."""

    start: int
    line: int
    kind: str
    message: str
    frames: list[Frame]


def parse(stream: Stream, mark: int, used: int) -> tuple[Trace, int] | None:
    """A trace whose first frame is at ``mark``; its headline stands before."""
    frame = _frame(stream.text(mark))
    if frame is None:
        return None
    jvm = frame.file.endswith((".java", ".kt", ".scala", ".groovy", ".clj")) or _is_jvm(stream.text(mark))
    head = _headline(stream, mark, used, jvm)
    causes: list[tuple[str, str]] = []
    index, misses = mark, 0
    frames = list(head.frames)
    while index < len(stream) and index - mark < MAX_LINES and misses < 1:
        text = stream.text(index)
        frame = _frame(text)
        caused = _CAUSED.search(text) if not frame else None
        if frame:
            frames.append(frame)
        elif caused:
            causes.append(_split(caused[1]))
        elif causes and jvm and _goes_on(stream, index):
            causes[-1] = (causes[-1][0], f"{causes[-1][1]} {text}".strip())
        elif not (
            _JVM_MORE.search(text) or (not jvm and _PROPERTY.match(text)) or (not text and _goes_on(stream, index))
        ):
            misses += 1
        index += 1
    end = index - misses
    language = "jvm" if jvm else "node"
    trace = Trace(language, head.kind, head.message, stream.notes(head.start, end), list(reversed(frames)), causes)
    trace.headline = stream.note(head.line) if head.kind or head.message else None
    return trace, end


def _goes_on(stream: Stream, index: int) -> bool:
    return _frame(stream.text(index + 1)) is not None or stream.text(index + 1).startswith("Node.js v")


def _headline(stream: Stream, mark: int, used: int, jvm: bool) -> _Head:
    """What stands before the first frame: type, message, and a place in the code that is named before them."""
    lowest = max(used, mark - BACK)
    for index in range(mark - 1, lowest - 1, -1):
        text = stream.text(index)
        found = (_HEAD_JVM.match(text) if jvm else None) or _HEAD.search(text)
        if not found and index == mark - 1:
            found = _BARE.match(text) or (None if jvm else _SQL.match(text))
        if found:
            kind, message = (
                ("error", found[1]) if found.re is _SQL else (found[1], found[2] if found.re.groups > 1 else "")
            )
            rest = [stream.text(line) for line in range(index + 1, mark)]
            message = " ".join(part for part in [message or "", *rest] if part)[:2000]
            place = None if jvm else _placed(stream, index, max(lowest, index - 6))
            start, frames = place or (index, [])
            return _Head(start, index, kind.split(" [")[0], message, frames)
    text = stream.text(mark - 1) if mark > lowest else ""
    if text and len(text) < 400 and not text.startswith(("at ", "^", "{", "}", "Caused by")) and " " in text:
        return _Head(mark - 1, mark - 1, "", text, [])
    return _Head(mark, mark, "", "", [])


def _placed(stream: Stream, index: int, lowest: int) -> tuple[int, list[Frame]] | None:
    """``/app/server.js:5`` a few lines before a headline of Node."""
    for before in range(index - 1, lowest - 1, -1):
        place = _PLACE.match(stream.text(before))
        if place:
            return before, [Frame(place[1], int(place[2]), "", _own_file(place[1]))]
    return None


def _frame(text: str) -> Frame | None:
    if not text.startswith("at "):
        return None
    found = _JVM.match(text)
    if found and _is_jvm(text):
        name = f"{found[1]}.{found[2]}"
        return Frame(found[3], int(found[4] or 0), name, not name.startswith(_LIBRARIES))
    found = _NODE.match(text)
    if found:
        return Frame(found[2], int(found[3]), found[1] or "", _own_file(found[2]))
    found = _NET.match(text)
    if found:
        return Frame(found[2] or "", int(found[3] or 0), found[1], bool(found[2]))
    return Frame("", 0, text[3:], False) if _VAGUE.match(text) else None


def _is_jvm(text: str) -> bool:
    found = _JVM.match(text)
    return found is not None and _JVM_FILE.match(found[3]) is not None


def _own_file(file: str) -> bool:
    library = ("node_modules/", "node:", "internal/", "/.heroku/", "evalmachine", "webpack/bootstrap")
    return ("/" in file and not any(part in file for part in library)) and not file.startswith(("internal", "node:"))


def _split(text: str) -> tuple[str, str]:
    kind, _, message = text.partition(": ")
    return kind.split(" [")[0].strip(), message
