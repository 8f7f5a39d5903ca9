"""Go's panics, PHP's fatal errors, Rust, Elixir, and errors that are printed without a stack."""

from __future__ import annotations

import re

from .traces import MAX_LINES, Frame, Stream, Trace

_PANIC = re.compile(r"(?:panic: |fatal error: |.{0,60}panic serving \S{1,80}: )(.*)$")
_RUNNING = re.compile(r"goroutine \d{1,9} \[")
_GO_FILE = re.compile(r"(/?\S{1,300}\.go):(\d{1,7})(?: \+0x[0-9a-f]+)?$")
_PHP_UNCAUGHT = re.compile(
    r"PHP (?:Fatal|Recoverable fatal) error:\s+Uncaught (?:exception ')?([\w\\]{1,200})'?(?:: "
    r"| with message ')?(.*?)'? in (\S{1,300}?)(?::| on line )(\d{1,7})"
)
_PHP = re.compile(
    r"(?:PHP )?((?:Fatal|Parse|Recoverable fatal|Catchable fatal) error):\s+(.*?) in (\S{1,300}) on line (\d{1,7})"
)
_LARAVEL = re.compile(
    r"(.*?)\s*\{.{0,80}\"exception\":\"\[object\] \(([\w\\]{1,200})\(code: -?\w+\): (.*?) at (\S+?):(\d{1,7})\)"
)
_PHP_FRAME = re.compile(r"#\d{1,4} (?:(\S{1,300})\((\d{1,7})\): )?(.*)$")
_RUST = re.compile(r"thread '[^']{0,60}' panicked at (?:'(.*?)', )?(\S{1,200}?):(\d{1,7})")
_ELIXIR = re.compile(r"\*\* \(([\w.]{1,120})\) (.*)$")
_ALONE = re.compile(
    r"(?:Uncaught |Unhandled (?:promise )?rejection:? |UnhandledPromiseRejectionWarning: |Unhandled exception\. "
    r"|Exception in thread \"[^\"]{0,80}\" |\[[^\]]{1,60}\]:? )?"
    r"((?:[\w$]{1,80}(?:::|\.)){0,10}(?:[A-Z][\w$]{0,100})?(?:Error|Exception)(?: \[\w{1,60}\])?)(?:: (.+)| \((.+)|$)"
)
_SLOW = re.compile(r"(?:The |Error (?:waiting|R\d|L\d))")


def parse(stream: Stream, mark: int, used: int) -> tuple[Trace, int] | None:
    text = stream.text(mark)
    found = _PANIC.match(text)
    if found:
        return _go(stream, mark, found[1])
    if "APPLICATION FAILED TO START" in text:
        return _spring(stream, mark)
    if "PHP" in text or "atal error" in text or "Parse error" in text or '"exception"' in stream.lines[mark].text:
        return _php(stream, mark, text)
    found = _RUST.search(text)
    if found:
        message = found[1] or stream.text(mark + 1)
        frame = Frame(found[2], int(found[3]), "", not found[2].startswith("/rustc"))
        return Trace(
            "rust", "panic", message, stream.notes(mark, mark + 2), [frame], headline=stream.note(mark)
        ), mark + 2
    found = _ELIXIR.search(text)
    if found:
        return Trace("elixir", found[1], found[2], stream.notes(mark, mark + 1), headline=stream.note(mark)), mark + 1
    return None


def alone(stream: Stream, mark: int, used: int) -> tuple[Trace, int] | None:
    """An error that stands alone: type and message, and no frames."""
    text = stream.text(mark)
    found = _ALONE.match(text)
    if not found or _SLOW.match(text) or (found[1] == "Error" and not found[2]):
        return None
    if _followed(stream, mark):
        return None  # the frames that follow find it themselves
    message = (found[2] or (found[3] or "").rstrip("):")).strip()
    kind = found[1].split(" [")[0]
    language = "ruby" if "::" in kind or found[3] else "jvm" if kind.count(".") > 1 and kind[0].islower() else ""
    return Trace(language, kind, message, stream.notes(mark, mark + 1), headline=stream.note(mark)), mark + 1


def _followed(stream: Stream, mark: int) -> bool:
    """Whether the frames of a trace come soon: then this line is its headline."""
    for index in range(mark + 1, min(len(stream), mark + 12)):
        text = stream.text(index)
        if text.startswith("at "):
            return True
        if _ALONE.match(text) or text.startswith("Traceback"):
            return False
    return False


def _spring(stream: Stream, mark: int) -> tuple[Trace, int] | None:
    """Spring Boot's own words for why it cannot start: a description, and what to do."""
    end = min(len(stream), mark + 40)
    begin = next((index for index in range(mark, end) if stream.text(index).startswith("Description:")), None)
    if begin is None:
        return None
    stop = next((index for index in range(begin, end) if stream.text(index).startswith("Action:")), min(end, begin + 6))
    words = [index for index in range(begin + 1, stop) if stream.text(index)]
    if not words:
        return None
    message = " ".join(stream.text(index) for index in words)[:2000]
    trace = Trace("jvm", "Spring cannot start", message, stream.notes(mark, stop), headline=stream.note(words[0]))
    return trace, stop


def _go(stream: Stream, mark: int, message: str) -> tuple[Trace, int] | None:
    frames: list[Frame] = []
    index, running = mark + 1, False
    while index < len(stream) and index - mark < MAX_LINES:
        text = stream.text(index)
        found = _GO_FILE.match(text)
        if _RUNNING.match(text):
            if running and frames:
                break  # further goroutines say nothing about the panic
            running = True
        elif found:
            own = (
                "/usr/local/go/" not in found[1]
                and "/pkg/mod/" not in found[1]
                and "/vendor/" not in found[1]
                and "/go/src/" not in found[1]
            )
            name = stream.text(index - 1).partition("(")[0]
            frames.append(Frame(found[1], int(found[2]), name, own and not name.startswith(("runtime.", "panic"))))
        elif not running and index - mark > 6:
            break
        elif text.startswith("exit status"):
            index += 1
            break
        index += 1
    if not running:
        index = mark + 1
    notes = stream.notes(mark, index)
    return Trace("go", "panic", message, notes, list(reversed(frames)), headline=stream.note(mark)), index


def _php(stream: Stream, mark: int, text: str) -> tuple[Trace, int] | None:
    uncaught, laravel, plain = _PHP_UNCAUGHT.search(text), _LARAVEL.match(text), _PHP.search(text)
    if laravel:
        kind, message, place = laravel[2], laravel[3] or laravel[1], (laravel[4], laravel[5])
    elif uncaught:
        kind, message, place = uncaught[1], uncaught[2], (uncaught[3], uncaught[4])
    elif plain:
        kind, message, place = plain[1], plain[2], (plain[3], plain[4])
    else:
        return None
    frames = [Frame(place[0], int(place[1]), "", _own(place[0]))]
    index = mark + 1
    while index < len(stream) and index - mark < MAX_LINES:
        line = stream.text(index)
        found = _PHP_FRAME.match(line)
        if found:
            frames.append(Frame(found[1] or "", int(found[2] or 0), found[3][:120], bool(found[1]) and _own(found[1])))
        elif not line.startswith(("Stack trace:", "[stacktrace]", "thrown in", '"}', "[previous exception]")):
            break
        index += 1
    return Trace(
        "php", kind, message, stream.notes(mark, index), list(reversed(frames)), headline=stream.note(mark)
    ), index


def _own(file: str) -> bool:
    return "/vendor/" not in file and "/.heroku/" not in file and not file.startswith("[")
