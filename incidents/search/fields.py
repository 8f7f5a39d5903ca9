"""The fields of the query language: what each is called, what its values mean, and what to say when one has none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import re2

from incidents.analysis import levels
from incidents.analysis.utc import to_us

from . import conditions as c
from . import moments
from .known import Known


class FieldProblem(ValueError):
    """A value makes no sense in its field. The message says what to write instead."""


Found = c.Condition | tuple[c.Condition, ...]
"""Several conditions are alternatives."""
Reader = Callable[[str, Known], Found]


@dataclass(frozen=True, slots=True)
class FieldKind:
    """One field. ``values`` names the facet that knows its values; ``example`` can be searched as it stands."""

    name: str
    means: str
    example: str
    read: Reader
    aliases: tuple[str, ...] = ()
    values: str = ""


_COMPARED = re.compile(r"(>=|<=|>|<|=)?(\d{1,12})(ms|s|kb|mb)?\Z", re.IGNORECASE)
_RANGE = re.compile(r"(\d{1,12})(ms|s|kb|mb)?(?:\.\.|-)(\d{1,12})(ms|s|kb|mb)?\Z", re.IGNORECASE)
_CLASS = re.compile(r"([1-5])xx\Z", re.IGNORECASE)
_UNITS = {"s": 1_000, "ms": 1, "kb": 1_024, "mb": 1_048_576}
_GAP = re.compile(r"\.\.|\bto\b|(?<=\d\d)-(?=\d\d?:)")


def _split(value: str) -> list[str]:
    return [part for part in (part.strip() for part in value.split(",")) if part]


def _processes(value: str, known: Known) -> Found:
    return c.of_processes(_split(value))


def _source(value: str, known: Known) -> Found:
    """``app`` and ``heroku`` as the CLI has it; else a file or a process."""
    names = _split(value.lower())
    if set(names) <= {"app", "heroku"}:
        return c.of_origins(names)
    return _files(known, value) or c.of_processes(_split(value))


def _file(value: str, known: Known) -> Found:
    found = _files(known, value)
    if found is None:
        names = ", ".join(list(known.files.values())[:6])
        raise FieldProblem(f"No file of this incident is called “{value}”. There are: {names}.")
    return found


def _files(known: Known, value: str) -> c.ByPlace | None:
    wanted = value.lower()
    found = {at for at, name in known.files.items() if str(at + 1) == wanted or wanted in name.lower()}
    return c.ByPlace(dict.fromkeys(sorted(found))) if found else None


def _kind(value: str, known: Known) -> Found:
    names = _split(value.lower())
    unknown = [name for name in names if name not in c.KINDS]
    if unknown:
        raise FieldProblem(f"There is no kind “{unknown[0]}”. Kinds are {', '.join(c.KINDS)}.")
    read = [c.of_kinds([name for name in names if name != "other"])] if set(names) - {"other"} else []
    return (*read, c.unread()) if "other" in names else tuple(read)


def _level(value: str, known: Known) -> Found:
    found = tuple(_LEVELS[name] for name in _split(value.lower()) if name in _LEVELS)
    if not found:
        raise FieldProblem(f"There is no level “{value}”. Write level:error or level:warning.")
    return found


def _code(value: str, known: Known) -> Found:
    return c.of_codes([name.upper() for name in _split(value)])


def _number(column: str, example: str) -> Reader:
    def read(value: str, known: Known) -> Found:
        return tuple(c.of_numbers(column, _compared(part, example)) for part in _split(value))

    return read


def _compared(value: str, example: str) -> c.Compared:
    if whole := _CLASS.match(value):
        return c.Compared(int(whole[1]) * 100, int(whole[1]) * 100 + 99)
    if between := _RANGE.match(value):
        low, high = (int(between[at]) * _UNITS.get((between[at + 1] or "").lower(), 1) for at in (1, 3))
        return c.Compared(min(low, high), max(low, high))
    match = _COMPARED.match(value)
    if match is None:
        raise FieldProblem(f"“{value}” is no number. Write {example}.")
    number = int(match[2]) * _UNITS.get((match[3] or "").lower(), 1)
    bounds = {">": (number + 1, None), ">=": (number, None), "<": (0, number - 1), "<=": (0, number)}
    return c.Compared(*bounds.get(match[1] or "=", (number, number)))


def _endpoint(value: str, known: Known) -> Found:
    """The whole name, or a part of it; a star stands for anything."""
    pattern = re.compile(".*".join(re.escape(part) for part in value.split("*")), re.IGNORECASE)
    return (
        c.of_endpoints(lambda name: name == value)
        if _is_whole(value)
        else c.of_endpoints(lambda name: bool(pattern.search(name)))
    )


def _is_whole(value: str) -> bool:
    return bool(re.match(r"[A-Z]{3,10} /", value)) and "*" not in value


def _method(value: str, known: Known) -> Found:
    names = tuple(f"{name.upper()} " for name in _split(value))
    return c.of_endpoints(lambda name: name.startswith(names))


def _glob(before: str, value: str, inside: str) -> c.ByText:
    return c.expression(before + f"{inside}*".join(re2.escape(part) for part in value.split("*")))


def _path(value: str, known: Known) -> Found:
    return _glob(r'path="?' if value.startswith("/") else r'path="?[^" ]*', value, '[^" ]')


def _host(value: str, known: Known) -> Found:
    return _glob(r'host="?[^" ]*', value, '[^" ]')


def _client(value: str, known: Known) -> Found:
    return _glob(r'fwd="?[^"]*', value, '[^" ]')


def _request(value: str, known: Known) -> Found:
    return c.words(value)


def _exception(value: str, known: Known) -> Found:
    return c.expression(rf"\b{re2.escape(value)}\b", ignore_case=False)


def _release(value: str, known: Known) -> Found:
    """All lines of the time in which a release was live."""
    name = value.lower() if value.lower().startswith("v") else f"v{value}"
    if name not in known.releases:
        seen = ", ".join(list(known.releases)[-6:])
        raise FieldProblem(
            f"The log does not show release {name}. " + (f"It shows {seen}." if seen else "It shows none.")
        )
    start, end = known.releases[name]
    return c.ByTime(to_us(start) if start else None, to_us(end) if end else None)


def _finding(value: str, known: Known) -> Found:
    proofs = [place for name in _split(value) for place in known.proofs.get(name, ())]
    if not any(name in known.proofs for name in _split(value)):
        seen = ", ".join(list(known.proofs)[:6])
        raise FieldProblem(
            f"There is no finding “{value}”. " + (f"Findings are {seen}." if seen else "There are none.")
        )
    lines: dict[int, frozenset[int] | None] = {}
    for source, line in proofs:
        lines[source] = (lines.get(source) or frozenset()) | {line}
    return c.ByPlace(lines)


def _after(value: str, known: Known) -> Found:
    return c.ByTime(_moment(value, known, "after:12:04"), None)


def _before(value: str, known: Known) -> Found:
    return c.ByTime(None, _moment(value, known, "before:12:04"))


def _between(value: str, known: Known) -> Found:
    parts = [part.strip() for part in _GAP.split(value, maxsplit=1)]
    if len(parts) != 2 or not all(parts):
        raise FieldProblem(f"“{value}” needs two times. Write between:12:04..12:10.")
    low, high = (_moment(part, known, "between:12:04..12:10") for part in parts)
    return c.ByTime(min(low, high), max(low, high))


def _moment(value: str, known: Known, example: str) -> int:
    found = moments.moment(value, known)
    if found is None:
        raise FieldProblem(f"“{value}” is no time. Write {example} or a date with it: 2026-03-14T12:04 (UTC).")
    return found


_LEVELS = {
    name: c.expression(pattern, ignore_case=False)
    for names, pattern in ((("error", "err", "bad"), levels.ERROR), (("warning", "warn"), levels.WARNING))
    for name in names
}
FIELDS = (
    FieldKind("dyno", "a dyno or process; “web” means all of its kind", "dyno:web.1", _processes,
              ("process", "ps", "proc"), "dyno"),
    FieldKind("source", "app or heroku, as the CLI has it", "source:app", _source, (), "source"),
    FieldKind("kind", "who wrote the line: router, app, dyno, metric, api …", "kind:router", _kind, ("type",), "kind"),
    FieldKind("level", "how bad a line looks: error or warning", "level:error", _level, ("severity",), "level"),
    FieldKind("code", "H, R and L codes", "code:H12", _code, ("error",), "code"),
    FieldKind("status", "of the response; also 5xx and 400..499", "status:>=500",
              _number("status", "status:503, status:>=500 or status:5xx"), (), "status"),
    FieldKind("service", "how long the dyno took, in ms or s", "service:>5s",
              _number("service_ms", "service:>5000 (milliseconds) or service:>5s"), ("duration",)),
    FieldKind("connect", "how long connecting took", "connect:>100",
              _number("connect_ms", "connect:>100 (milliseconds)")),
    FieldKind("bytes", "size of the response", "bytes:>1mb", _number("bytes", "bytes:>1000 or bytes:>1mb"), ("size",)),
    FieldKind("endpoint", "method and path with ids folded, or a part of them", 'endpoint:"GET /orders/{id}"',
              _endpoint, (), "endpoint"),
    FieldKind("method", "of the request", "method:POST", _method, (), "method"),
    FieldKind("path", "as it was asked for; * stands for anything", "path:/api/*", _path, ("url",)),
    FieldKind("host", "that was asked for", "host:shop.example.com", _host),
    FieldKind("client", "address that the router forwarded", "client:192.0.2.7", _client, ("ip", "fwd")),
    FieldKind("request_id", "the lines of one request, router and app", "request_id:01234567", _request, ("request",)),
    FieldKind("exception", "the name of an error in a stack trace", "exception:NameError", _exception,
              ("exc",), "exception"),
    FieldKind("finding", "the lines that prove a finding", "finding:slow-endpoint", _finding, (), "finding"),
    FieldKind("release", "the time in which a release was live", "release:v42", _release, ("version",), "release"),
    FieldKind("file", "one of several logs, by name or number", "file:1", _file, ("log",), "file"),
    FieldKind("after", "from this time on (UTC)", "after:12:04", _after, ("since",)),
    FieldKind("before", "up to this time", "before:12:10:30", _before, ("until",)),
    FieldKind("between", "two times", "between:12:04..12:10", _between),
)  # fmt: skip
BY_NAME = {name: kind for kind in FIELDS for name in (kind.name, *kind.aliases)}


def condition(name: str, value: str, known: Known) -> Found:
    """What a field asks for. Raises `FieldProblem`."""
    kind = BY_NAME[name]
    if not value:
        raise FieldProblem(f"“{name}:” has no value. Write {kind.example}.")
    if not value.strip(", "):
        raise FieldProblem(f"“{name}:{value}” says nothing. Write {kind.example}.")
    return kind.read(value, known)
