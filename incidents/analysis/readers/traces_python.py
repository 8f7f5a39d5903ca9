"""Python's tracebacks, chained ones included."""

from __future__ import annotations

import re

from incidents.analysis.types import Note

from .traces import MAX_LINES, Frame, Stream, Trace

_START = "Traceback (most recent call last)"
_FILE = re.compile(r'File "([^"]{1,400})", line (\d{1,7})(?:, in (.{1,200}))?$')
_NAMED = re.compile(
    r"([A-Za-z_][\w.]{0,160}(?:Error|Exception|Exit|Interrupt|Warning|Failure|Timeout|NotFound|DoesNotExist|Invalid"
    r"|Denied|Refused|Configured"
    r"|Killed|Stop\w{0,20}|Group))(?:: (.*)|\s*:?\s*)$"
)
_LOOSE = re.compile(r"([A-Za-z_]\w*(?:\.\w+){0,8}\.[A-Z]\w*|[A-Z][a-z]\w*[A-Z]\w*)(?:: (.*)|\s*)$")
_CARETS = re.compile(r"[\s~^]+$")
_LINK = ("During handling of the above exception", "The above exception was the direct cause")
_MORE = re.compile(
    r"(?:DETAIL|HINT|CONTEXT|LINE \d+|\[SQL|\[parameters|\(Background on|\(psycopg|\(MySQLdb|\(pymysql|Is the server"
    r"|connection to server|Referring)"
)


def parse(stream: Stream, mark: int, used: int) -> tuple[Trace, int] | None:
    """A traceback that begins at ``mark``, with all the links of its chain."""
    if _START not in stream.lines[mark].text:
        return None
    links: list[tuple[str, str, Note | None, list[Frame]]] = []
    index = mark
    while index < len(stream) and index - mark < MAX_LINES:
        kind, message, headline, frames, index = _one(stream, index + 1)
        links.append((kind, message, headline, frames))
        after = index
        while after < len(stream) and after < index + 3 and not stream.text(after):
            after += 1
        if not stream.text(after).startswith(_LINK):
            break
        after += 1
        while after < len(stream) and after < index + 8 and _START not in stream.lines[after].text:
            after += 1
        if after >= len(stream) or _START not in stream.lines[after].text:
            break
        index = after
    kind, message, headline, frames = links[-1]
    causes = [(kind, message) for kind, message, _, _ in reversed(links[:-1]) if kind]
    if not frames and not kind:
        return None
    own = next((earlier for *_, earlier in reversed(links) if any(frame.in_app for frame in earlier)), frames)
    return Trace("python", kind, message, stream.notes(mark, index), own if own else frames, causes, headline), index


def _one(stream: Stream, index: int) -> tuple[str, str, Note | None, list[Frame], int]:
    """Frames and headline of one link; ``index`` is the line behind its first."""
    frames: list[Frame] = []
    code = 0  # lines of source since the last frame
    stop = min(len(stream), index + MAX_LINES)
    while index < stop:
        text = stream.text(index)
        found = _FILE.match(text)
        if found:
            frames.append(Frame(found[1], int(found[2]), found[3] or "", in_app(found[1])))
            code = 0
        else:
            named = _NAMED.match(text) or (
                _LOOSE.match(text) if code or not frames or frames[-1].file.startswith("<") else None
            )
            if named:
                message, end = _message(stream, index + 1, named[2] or "")
                return named[1], message, stream.note(index), frames, end
            if not _CARETS.match(text) and not text.startswith("[Previous line repeated"):
                code += 1
            if code > 4:
                break
        index += 1
    return "", "", None, frames, index


def _message(stream: Stream, index: int, message: str) -> tuple[str, int]:
    """A message that goes on in further lines."""
    for _ in range(5):
        text = stream.text(index)
        if not text or not _MORE.match(text):
            break
        message, index = f"{message} {text}".strip(), index + 1
    return message, index


def in_app(file: str) -> bool:
    return not (
        file.startswith("<")
        or any(
            part in file
            for part in ("site-packages/", "dist-packages/", "/.heroku/", "/lib/python", "/.venv/", "/.local/")
        )
    )
