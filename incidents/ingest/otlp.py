"""OpenTelemetry logs (OTLP/HTTP) to the lines that ``heroku logs`` prints: for Fir apps, which have no Logplex.

The exact attributes that Heroku sets are not documented where we could read them, so this is generic: the dyno is
looked for under every likely name, a router's record is told as a router line, and every other attribute is kept.
Source: opentelemetry.io/docs/specs/otlp, opentelemetry-proto, OpenTelemetry semantic conventions (heroku, http, url).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from incidents.analysis.utc import canonical

from . import logplex

_DYNO = ("heroku.dyno.name", "heroku.dyno", "dyno", "service.instance.id", "heroku.process", "process")
_ORIGIN = ("heroku.log.source", "heroku.source", "log.source", "source")
_PLATFORM = {"router", "api", "run", "logplex", "scheduler"}
_NAME = re.compile(r"[A-Za-z][\w.-]{0,60}\Z")
_HEADED = re.compile(r"\d{4}-\d\d-\d\dT\S{8,30} [\w.-]{1,60}\[[\w.-]{1,60}\]: ")
_ROUTER = (
    ("method", ("http.request.method", "http.method")),
    ("path", ("url.path", "http.target", "http.route")),
    ("host", ("server.address", "http.host", "url.domain")),
    ("request_id", ("heroku.request_id", "http.request_id", "request_id")),
    ("fwd", ("client.address", "http.client_ip")),
    ("dyno", _DYNO[:3]),
    ("service", ("heroku.router.service", "service")),
    ("status", ("http.response.status_code", "http.status_code")),
    ("bytes", ("http.response.body.size", "http.response_content_length")),
    ("protocol", ("network.protocol.name", "url.scheme")),
)
_LONGEST_VALUE = 4_000
_MOST_ATTRIBUTES = 64
_DEEPEST = 8
_US_OF_YEAR_9999 = 253_402_300_799_000_000


class NotOtlp(ValueError):
    """These bytes are no export request; the message says why, in one sentence."""


def parse(body: bytes, *, is_json: bool) -> ExportLogsServiceRequest:
    """The request. Raises `NotOtlp`."""
    request = ExportLogsServiceRequest()
    try:
        if not is_json:
            request.ParseFromString(body)
        else:
            json_format.ParseDict(_with_base64_ids(json.loads(body)), request, ignore_unknown_fields=True)
    except (DecodeError, json_format.ParseError, ValueError, TypeError, RecursionError) as error:
        raise NotOtlp(f"This is no ExportLogsServiceRequest: {str(error)[:200]}.") from None
    return request


def read(body: bytes, *, is_json: bool) -> logplex.Read:
    """Every record of an export request, as lines. Never fails: what is no request becomes a line as it stands."""
    try:
        request = parse(body, is_json=is_json)
    except NotOtlp:
        return logplex.Read([logplex.Line(b"", row) for row in body.split(b"\n")], 1, damaged=1)
    found = logplex.Read()
    for resource_logs in request.resource_logs:
        resource = _attributes(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                found.messages += 1
                found.lines += _lines(record, resource)
    return found


def count(request: ExportLogsServiceRequest) -> int:
    """How many records a request holds."""
    return sum(len(scope.log_records) for logs in request.resource_logs for scope in logs.scope_logs)


def _with_base64_ids(document: Any) -> Any:
    """OTLP writes ids in JSON as hex, protobuf's own mapping expects base64: it would read them wrongly, silently."""
    if not isinstance(document, dict):
        raise NotOtlp("This is no ExportLogsServiceRequest: it is no JSON object.")
    for logs in document.get("resourceLogs") or []:
        for scope in logs.get("scopeLogs") or []:
            for record in scope.get("logRecords") or []:
                for name in ("traceId", "spanId"):
                    if isinstance(text := record.get(name), str):
                        record[name] = _base64_of(text)
    return document


def _base64_of(text: str) -> str:
    try:
        return base64.b64encode(bytes.fromhex(text)).decode()
    except ValueError:  # no id at all; the record matters more
        return ""


def _lines(record: LogRecord, resource: Mapping[str, str]) -> Iterator[logplex.Line]:
    own = _attributes(record.attributes)
    text = _text(record.body)
    at_us = min((record.time_unix_nano or record.observed_time_unix_nano) // 1000, _US_OF_YEAR_9999)
    if _HEADED.match(text[:140]):  # told as a whole line
        yield from _told_as_is(text)
        return
    origin, process = _writer(own, resource, text)
    used = {*_DYNO, *_ORIGIN}
    if process == "router" and "status=" not in text:
        router, names = _router_line(own)
        text, used = f"{router} {text}".rstrip(), used | names
    stack = own.pop("exception.stacktrace", "")
    extra = {name: value for name, value in own.items() if name not in used}
    if record.trace_id:
        extra["trace_id"] = record.trace_id.hex()
    if extra:
        first, newline, rest = text.partition("\n")
        text = " ".join(filter(None, [first, *map(_pair, extra, extra.values())])) + newline + rest
    text = f"{text}\n{stack}" if stack else text
    yield from logplex.told(canonical(at_us), origin.encode(), process.encode(), text.encode("utf-8", "replace"))


def _told_as_is(text: str) -> Iterator[logplex.Line]:
    head, _, message = text.partition(": ")
    stamp, _, writer = head.partition(" ")
    origin, _, process = writer.partition("[")
    at = logplex.time_of(stamp.encode())
    names = origin.encode(), process.removesuffix("]").encode()
    yield from logplex.told(at or canonical(None), *names, message.encode("utf-8", "replace"))


def _writer(own: Mapping[str, str], resource: Mapping[str, str], text: str) -> tuple[str, str]:
    """Source and process, as in ``heroku[router]``."""
    process = _first(own, resource, _DYNO)
    told = _first(own, resource, _ORIGIN)
    if told == "router" or (text.startswith("at=") and " method=" in text) or {"url.path", "http.target"} & set(own):
        return "heroku", "router"
    origin = told if told in ("app", "heroku") else "heroku" if process in _PLATFORM else "app"
    return origin, process or "app"


def _first(own: Mapping[str, str], resource: Mapping[str, str], names: tuple[str, ...]) -> str:
    for attributes in (own, resource):
        for name in names:
            if _NAME.match(value := attributes.get(name, "")):
                return value
    return ""


def _router_line(own: Mapping[str, str]) -> tuple[str, set[str]]:
    """``at=info method=GET path="/" … status=200`` of a record's attributes, and the names that it uses."""
    code = own.get("heroku.error_code") or own.get("code") or ""
    status = own.get("http.response.status_code") or own.get("http.status_code") or ""
    is_error = bool(code) or (status.isdigit() and int(status) >= 500)
    parts, used = [f"at={'error' if is_error else 'info'}"], {"heroku.error_code", "code"}
    if code:
        parts.append(_pair("code", code))
    for key, names in _ROUTER:
        name = next((name for name in names if own.get(name)), None)
        if name is None:
            continue
        value = own[name]
        used.add(name)
        quoted = json.dumps(value, ensure_ascii=False)
        parts.append(f"{key}={quoted}" if key in ("path", "fwd") else _pair(key, value))
    if (duration := own.get("http.server.request.duration")) and _is_number(duration):
        parts.append(f"service={round(float(duration) * 1000)}ms")  # in seconds, by the conventions
        used.add("http.server.request.duration")
    return " ".join(parts), used


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\d{1,9}(?:\.\d{1,20})?", text))


def _pair(name: str, value: str) -> str:
    plain = re.fullmatch(r'[^\s"=]{1,200}', value)
    return f"{name}={value if plain else json.dumps(value, ensure_ascii=False)}"


def _attributes(pairs: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    pair: KeyValue
    for pair in pairs[:_MOST_ATTRIBUTES]:
        name = re.sub(r"[^\w.-]", "_", pair.key[:100])
        found[name] = _text(pair.value) if name == "exception.stacktrace" else _text(pair.value)[:_LONGEST_VALUE]
    return found


def _text(value: AnyValue) -> str:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    plain = _plain(value, 0)
    return "" if plain is None else json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: AnyValue, depth: int) -> Any:
    kind = value.WhichOneof("value")
    if kind is None or depth > _DEEPEST:
        return None
    if kind == "array_value":
        return [_plain(item, depth + 1) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: _plain(pair.value, depth + 1) for pair in value.kvlist_value.values}
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return getattr(value, kind)
