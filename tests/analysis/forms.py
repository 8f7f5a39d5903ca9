"""One log in every form in which people hold it: each function turns the same records into the bytes of one form."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from incidents.analysis import cut, inspect
from incidents.analysis.normalise import normalise
from incidents.analysis.types import Canonical, SourceSettings
from incidents.analysis.utc import from_us, iso, parse_iso

RECEIVED_AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
TOKEN = "d.00000000-0000-4000-8000-000000000001"


class Line(NamedTuple):
    """A record as Heroku made it."""

    at_us: int
    source: str
    process: str
    message: str


def _line(clock: str, who: str, message: str) -> Line:
    at_us = parse_iso(f"2026-11-20T{clock}+00:00")
    assert at_us is not None
    source, _, process = who.removesuffix("]").partition("[")
    return Line(at_us, source, process, message)


INCIDENT = (
    _line("09:13:58.000000", "app[api]", "Build succeeded"),
    _line("09:13:58.412233", "app[api]", "Release v42 created by user ana@example.com"),
    _line("09:14:05.611993", "heroku[web.1]", "State changed from starting to up"),
    _line("09:14:07.353034", "heroku[router]", 'at=error code=H12 desc="Request timeout" method=GET path="/report?year=2026,1" host=www.example.com request_id=9c6e4f7a-1f0e-4f6f-8d8d-1b2c3d4e5f60 fwd="203.0.113.7" dyno=web.1 connect=0ms service=30001ms status=503 bytes=567 protocol=http1.1 tls=true tls_version=tls1.3'),
    _line("09:14:08.500120", "app[web.1]", "Traceback (most recent call last):"),
    _line("09:14:08.500131", "app[web.1]", 'File "/app/shop/views.py", line 12, in report'),
    _line("09:14:08.500142", "app[web.1]", "ValueError: café ☕ \"quoted\", with; marks\tand a tab"),
    _line("09:14:09.120044", "heroku[web.1]", "Error R14 (Memory quota exceeded)"),
    _line("09:14:09.700000", "app[heroku-redis]", "source=REDIS addon=redis-round-01234 sample#active-connections=4"),
)  # fmt: skip


def stamp(line: Line) -> str:
    """``2026-11-20T09:14:07.353034+00:00``"""
    return (iso(line.at_us) or "").replace("Z", "+00:00")


def frames(lines: Iterable[Line], *, newline: bool = True) -> bytes:
    """Octet-counted frames as Logplex posts them; records of add-ons end without a newline."""
    body = b""
    for line in lines:
        end = "\n" if newline and not line.process.startswith("heroku-") else ""
        frame = f"<190>1 {stamp(line)} host {line.source} {line.process} - {line.message}{end}".encode()
        body += f"{len(frame)} ".encode() + frame
    return body


def _text(make: Callable[[Line], str]) -> Callable[[Iterable[Line]], bytes]:
    return lambda lines: "".join(make(line) + "\n" for line in lines).encode()


def _json(make: Callable[[Line], dict[str, Any]]) -> Callable[[Iterable[Line]], bytes]:
    return _text(lambda line: json.dumps(make(line), ensure_ascii=False))


def _csv(
    header: str, make: Callable[[Line], tuple[Any, ...]], delimiter: str = ","
) -> Callable[[Iterable[Line]], bytes]:
    def write(lines: Iterable[Line]) -> bytes:
        out = io.StringIO()
        table = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        table.writerow(header.split(","))
        table.writerows(make(line) for line in lines)
        return out.getvalue().encode()

    return write


def _document(make: Callable[[list[Line]], Any], indent: int | None = None) -> Callable[[Iterable[Line]], bytes]:
    return lambda lines: json.dumps(make(list(lines)), indent=indent, ensure_ascii=False).encode()


def _ms(line: Line) -> int:
    return line.at_us // 1000


def _bsd(line: Line) -> str:
    return from_us(line.at_us).strftime("%b %d %H:%M:%S")


def _seconds(line: Line) -> str:
    return from_us(line.at_us).strftime("%Y-%m-%d %H:%M:%S")


def _heroku(line: Line) -> str:
    return f"{stamp(line)} {line.source}[{line.process}]: {line.message}"


def _syslog(line: Line) -> str:
    return f"<190>1 {stamp(line)} {TOKEN} {line.source} {line.process} - - {line.message}"


def _papertrail_event(line: Line) -> dict[str, Any]:
    return {
        "id": str(line.at_us), "received_at": stamp(line), "generated_at": stamp(line), "source_name": "shop", "hostname": "shop",
        "program": f"{line.source}/{line.process}", "severity": "Info", "message": line.message,
    }  # fmt: skip


SECOND, MILLI, MICRO = 1_000_000, 1_000, 1
"""How fine the times of a form are, in µs."""

FORMS: dict[str, tuple[str, int, Callable[[Iterable[Line]], bytes]]] = {
    "heroku logs": ("heroku-cli", MICRO, _text(_heroku)),
    "heroku logs, CRLF": ("heroku-cli", MICRO, lambda lines: _text(_heroku)(lines).replace(b"\n", b"\r\n")),
    "heroku logs, UTF-8 BOM": ("heroku-cli", MICRO, lambda lines: b"\xef\xbb\xbf" + _text(_heroku)(lines)),
    "heroku logs, UTF-16": ("heroku-cli", MICRO, lambda lines: _text(_heroku)(lines).decode().encode("utf-16")),
    "heroku logs, UTF-16 BE, no BOM": ("heroku-cli", MICRO, lambda lines: _text(_heroku)(lines).decode().encode("utf-16-be")),
    "heroku logs, UTF-32": ("heroku-cli", MICRO, lambda lines: _text(_heroku)(lines).decode().encode("utf-32")),
    "heroku logs, +02:00": ("heroku-cli", MICRO, _text(lambda line: f"{(iso(line.at_us + 7_200_000_000) or '')[:-1]}+02:00 {_heroku(line)[33:]}")),
    "quoted in a mail": ("heroku-cli", MICRO, _text(lambda line: "> " + _heroku(line))),
    "a numbered list": ("heroku-cli", MICRO, lambda lines: "".join(f"{number:>4}. {_heroku(line)}\n" for number, line in enumerate(lines, 1)).encode()),
    "coloured": ("heroku-cli", MICRO, _text(lambda line: f"\x1b[38;5;40m{_heroku(line)[:33]}\x1b[39m\x1b[1m{_heroku(line)[33:]}\x1b[22m")),
    "a drain's frames": ("logplex", MICRO, frames),
    "frames without newlines": ("logplex", MICRO, lambda lines: frames(lines, newline=False)),
    "frames, one a line": ("logplex", MICRO, lambda lines: b"".join(frames([line], newline=False) + b"\n" for line in lines)),
    "syslog, one a line": ("syslog", MICRO, _text(_syslog)),
    "syslog with receipt times": ("syslog", MICRO, _text(lambda line: f"2026-11-20 09:20:00.001 188 {_syslog(line)}")),
    "forwarded without priority": ("syslog", MICRO, _text(lambda line: f"{stamp(line)} host {line.source} {line.process} - {line.message}")),
    "rsyslog file": ("syslog-file", SECOND, _text(lambda line: f"{_bsd(line)} {TOKEN} {line.source}[{line.process}]: {line.message}")),
    "Papertrail events": ("papertrail", SECOND, _text(lambda line: f"{_bsd(line)} shop {line.source}/{line.process}: {line.message}")),
    "papertrail command": ("papertrail", SECOND, _text(lambda line: f"{_bsd(line)} shop {line.source}/{line.process} {line.message}")),
    "Papertrail archive": ("papertrail-tsv", SECOND, _text(lambda line: f"{line.at_us}\t{_seconds(line)}\t{_seconds(line)}\t4729184251\tshop\t192.0.2.11\tLocal3\tInfo\t{line.source}/{line.process}\t{line.message}")),
    "papertrail -j": ("papertrail-json", MICRO, _json(_papertrail_event)),
    "Papertrail API": ("json", MICRO, _document(lambda lines: {"min_id": "1", "events": [_papertrail_event(line) for line in lines], "reached_beginning": True})),
    "Papertrail API, indented": ("json", MICRO, _document(lambda lines: {"events": [_papertrail_event(line) for line in lines]}, indent=2)),
    "Better Stack": ("betterstack", MICRO, _json(lambda line: {"dt": iso(line.at_us), "message": line.message, "level": "info", "heroku": {"appname": line.source, "procid": line.process}})),
    "Better Stack, CSV": ("csv", MICRO, _csv("dt,message,appname,procid", lambda line: (iso(line.at_us), line.message, line.source, line.process))),
    "Datadog archive": ("datadog", MICRO, _json(lambda line: {"_id": "AQ", "date": (iso(line.at_us) or "")[:23] + "Z", "host": "d.1", "source": "heroku", "service": "shop", "status": "info", "message": line.message, "attributes": {"syslog": {"appname": line.source, "procid": line.process, "prival": 190, "timestamp": stamp(line)}}})),
    "Datadog search": ("json", MILLI, _document(lambda lines: {"data": [{"id": "AQ", "type": "log", "attributes": {"timestamp": (iso(line.at_us) or "")[:23] + "Z", "message": line.message, "attributes": {"syslog": {"appname": line.source, "procid": line.process}}}} for line in lines], "meta": {"page": {}}})),
    "Datadog, CSV": ("csv", MICRO, _csv("date,host,service,content", lambda line: (iso(line.at_us), "d.1", "shop", _heroku(line)))),
    "Mezmo": ("mezmo", MILLI, _json(lambda line: {"_line": line.message, "_ts": _ms(line), "_app": f"{line.source} {line.process}", "_host": "shop"})),
    "New Relic": ("newrelic", MICRO, _json(lambda line: {"app.name": line.source, "log.timestamp": stamp(line), "logType": "syslog-rfc5424", "message": line.message, "pri": "190", "procid": line.process, "timestamp": _ms(line)})),
    "Coralogix": ("ndjson", MILLI, _json(lambda line: {"timestamp": _ms(line), "severity": 3, "applicationName": line.source, "subsystemName": line.process, "text": line.message})),
    "Loggly": ("ndjson", MICRO, _json(lambda line: {"raw": _syslog(line), "logmsg": line.message, "timestamp": _ms(line), "tags": ["heroku"]})),
    "Sumo Logic, CSV": ("csv", MICRO, _csv("_messagetime,_raw,_sourcehost", lambda line: (_ms(line), frames([line], newline=False).decode(), "shop"))),
    "Sumo Logic, raw": ("logplex", MICRO, lambda lines: b"".join(frames([line], newline=False) + b"\n" for line in lines)),
    "CloudWatch events": ("json", MICRO, _document(lambda lines: {"events": [{"timestamp": _ms(line), "message": f"{stamp(line)} host {line.source} {line.process} - {line.message}", "ingestionTime": 1}for line in lines], "nextForwardToken": "f/1"})),
    "CloudWatch Insights": ("csv", MICRO, _csv("@timestamp,@message", lambda line: (f"{_seconds(line)}.353", f"{stamp(line)} host {line.source} {line.process} - {line.message}"))),
    "Splunk, CSV": ("csv", MICRO, _csv("_time,_raw,host,source,sourcetype", lambda line: (stamp(line), _syslog(line), "shop", "tcp:514", "heroku"))),
    "Splunk, JSON": ("splunk", MICRO, _json(lambda line: {"preview": False, "result": {"_time": stamp(line), "_raw": _heroku(line)}})),
    "Elastic": ("json", MICRO, _document(lambda lines: {"took": 1, "hits": {"total": {"value": 9}, "hits": [{"_index": "logs", "_id": "1", "_source": {"@timestamp": iso(line.at_us), "message": line.message, "program": f"{line.source}/{line.process}"}} for line in lines]}})),
    "Graylog, CSV": ("csv", MICRO, _csv("timestamp,source,message", lambda line: (iso(line.at_us), "shop", _heroku(line)))),
    "Google Cloud": ("json", MICRO, _document(lambda lines: [{"timestamp": iso(line.at_us), "severity": "INFO", "textPayload": line.message, "labels": {"appname": line.source, "procid": line.process}} for line in lines], indent=1)),
    "Loki": ("json", MICRO, _document(lambda lines: {"status": "success", "data": {"resultType": "streams", "result": [{"stream": {"appname": line.source, "procid": line.process}, "values": [[str(line.at_us * 1000), line.message]]} for line in lines]}})),
    "a semicolon table": ("csv", MICRO, _csv("time,msg,program", lambda line: (iso(line.at_us), line.message, f"{line.source}/{line.process}"), ";")),
    "an array, one element a line": ("json", MICRO, lambda lines: ("[\n" + ",\n".join(json.dumps(_papertrail_event(line)) for line in lines) + "\n]\n").encode()),
    "pasted as one line": ("glued", MICRO, lambda lines: " ".join(_heroku(line) for line in lines).encode()),
    "pasted without line ends": ("glued", MICRO, lambda lines: "".join(_heroku(line) for line in lines).encode()),
    "strings of JSON": ("heroku-cli", MICRO, lambda lines: "".join(json.dumps(_heroku(line), ensure_ascii=False) + ",\n" for line in lines).encode()),
    "a column of a table": ("heroku-cli", MICRO, _text(lambda line: '"' + _heroku(line).replace('"', '""') + '"')),
    "grep -n": ("heroku-cli", MICRO, lambda lines: "".join(f"{number}:{_heroku(line)}\n" for number, line in enumerate(lines, 1)).encode()),
    "time in brackets": ("heroku-cli", MICRO, _text(lambda line: f"[{stamp(line)}] {_heroku(line)[33:]}")),
    "date and time apart, no zone": ("heroku-cli", MICRO, _text(lambda line: _heroku(line).replace("T", " ", 1).replace("+00:00", "", 1))),
    "clock only": ("loose", 0, _text(lambda line: f"{stamp(line)[11:19]} {line.source}[{line.process}]: {line.message}")),
    "no times": ("loose", 0, _text(lambda line: f"{line.source}[{line.process}]: {line.message}")),
    "placeholders": ("loose", 0, _text(lambda line: f"[timestamp] {line.source}[{line.process}]: {line.message}")),
}  # fmt: skip


def settings_of(data: bytes, name: str = "app.log") -> SourceSettings:
    return inspect(data[: 64 * 1024], name=name, received_at=RECEIVED_AT)


def chunks(data: bytes, settings: SourceSettings | None = None) -> list[Canonical]:
    """The source's chunks in their canonical form, each read with the end of the one before."""
    settings = settings or settings_of(data)
    found, tail = [], b""
    for part in cut([data], settings):
        found.append(normalise(part.data, settings, tail=tail))
        tail = part.data[-65_536:]
    return found


def records(canonical: Canonical) -> list[tuple[int | None, str, str, str]]:
    """What a canonical chunk says: time, source, process, message of each line."""
    out = []
    for line in canonical.buf.split(b"\n")[:-1]:
        who, _, message = line[33:].partition(b"]: ")
        source, _, process = who.decode().partition("[")
        out.append((parse_iso(line[:32].decode()), source, process, message.decode()))
    return out


def read(data: bytes) -> list[tuple[int | None, str, str, str]]:
    """All records of a source, through the same door as an upload."""
    return [record for chunk in chunks(data) for record in records(chunk)]
