"""Canonical lines to columns, notes and sums: `scan` is pure, and the only reader of log text in bulk."""

from __future__ import annotations

import re

import numpy as np

from .endpoints import APDEX_T_MS, bucket, template
from .readers import router
from .types import NO_TIME, Canonical, ChunkResult, CodeCount, Columns, EndpointCount, Gauge, Kind, Note, Requests, Slowest
from .utc import parse_iso

MAX_NOTES = 4000
_ERROR = re.compile(r"(?:Error )([A-Z]\d{2})\b")
_SAMPLE = re.compile(r"(?:sample|measure|count)#([\w.-]{1,64})=(-?\d{1,20}(?:\.\d{1,20})?)([A-Za-z%]*)")
_MEASURE = re.compile(r"measure=([\w.-]{1,64}) val=(-?\d{1,20}(?:\.\d{1,20})?)(?: units=(\w{1,16}))?")
_TO_MB = {"kB": 1 / 1024, "KB": 1 / 1024, "bytes": 1 / 1048576, "GB": 1024.0}


def kind_of(origin: str, process: str, message: str) -> Kind:
    """What wrote this line. ``origin`` is what stands before the bracket."""
    name = process.split(".")[0]
    if name == "router" or (origin == "heroku-router"):
        return Kind.ROUTER
    if "sample#" in message or "measure=" in message and " val=" in message:
        return Kind.METRIC
    if name == "api" or origin == "heroku-api":
        return Kind.API
    if name == "logplex" or origin == "logplex" or name == "log-shuttle":
        return Kind.LOGPLEX
    if name in ("slug-compiler", "slugc", "build"):
        return Kind.BUILD
    if name == "postgres":
        return Kind.POSTGRES
    if name.startswith("heroku-"):
        return Kind.ADDON
    if origin in ("heroku", "heroku-runtime"):
        return Kind.DYNO
    return Kind.APP


class _Names:
    """A dictionary of one column: name -> small number; 0 is the empty name."""

    def __init__(self) -> None:
        self.index = {"": 0}

    def __call__(self, name: str) -> int:
        return self.index.setdefault(name, len(self.index))

    def list(self) -> list[str]:
        return list(self.index)


def scan(canonical: Canonical, *, first_line: int = 1) -> ChunkResult:
    """Read a chunk. ``first_line`` is the number of its first raw line in the source."""
    return _Scan(canonical, first_line).run()


class _Scan:
    def __init__(self, canonical: Canonical, first_line: int) -> None:
        self.canonical = canonical
        self.first_line = first_line
        self.raw = canonical.data.split(b"\n")
        self.process, self.dyno, self.endpoint, self.code = _Names(), _Names(), _Names(), _Names()
        self.at: list[int] = []
        self.line: list[int] = []
        self.kind: list[int] = []
        self.proc: list[int] = []
        self.req: list[tuple[int, ...]] = []
        self.notes: list[Note] = []
        self.dropped = 0
        self.codes: dict[str, CodeCount] = {}
        self.endpoints: dict[str, EndpointCount] = {}
        self.minutes: dict[int, dict[str, int]] = {}
        self.gauges: dict[tuple[str, str], Gauge] = {}
        self.samples: dict[str, Gauge] = {}
        self.slowest: Slowest | None = None

    def run(self) -> ChunkResult:
        lines = self.canonical.buf.split(b"\n")
        for row, text in zip(self.canonical.rows.tolist(), lines, strict=False):
            self._line(row, text)
        canonical = self.canonical
        requests = np.array(self.req, dtype=np.int64).reshape(-1, 9).T
        types = (np.int64, np.int32, np.uint16, np.int32, np.int16, np.uint16, np.int32, np.int32, np.int64)
        columns = Columns(
            np.array(self.at, dtype=np.int64),
            np.array(self.line, dtype=np.int32),
            np.array(self.kind, dtype=np.uint8),
            np.array(self.proc, dtype=np.uint16),
            Requests(*(column.astype(kind) for column, kind in zip(requests, types, strict=True))),
            {
                "process": self.process.list(),
                "dyno": self.dyno.list(),
                "endpoint": self.endpoint.list(),
                "code": self.code.list(),
            },
        )
        return ChunkResult(
            columns,
            self.notes,
            self.dropped,
            canonical.raw_lines,
            len(self.at),
            canonical.skipped,
            [(row + self.first_line, reason) for row, reason in canonical.skipped_rows],
            canonical.repaired,
            self.codes,
            self.slowest,
            self.endpoints,
            self.minutes,
            list(self.gauges.values()),
            self.samples,
        )

    def _line(self, row: int, text: bytes) -> None:
        at = parse_iso(text[:32].decode())
        header, _, message_bytes = text[33:].partition(b"]:")
        message = message_bytes[1:].decode("utf-8", "replace")
        origin, _, process = header.decode().partition("[")
        kind = kind_of(origin, process, message)
        line = row + self.first_line
        self.at.append(NO_TIME if at is None else at)
        self.line.append(line)
        self.kind.append(kind)
        self.proc.append(self.process(f"{origin}[{process}]"))
        keep = kind not in (Kind.ROUTER, Kind.METRIC)
        if kind is Kind.ROUTER:
            keep = self._request(message, line, at)
        elif kind is Kind.METRIC:
            self._metric(process, message, at)
        else:
            error = _ERROR.match(message)
            if error:
                self._code(error[1], line, at)
        if keep and len(self.notes) < MAX_NOTES:
            self.notes.append(
                Note(line, at, kind, origin, process, message[:4000], self.raw[row][:4000].decode("utf-8", "replace").rstrip("\r"))
            )
        elif keep:
            self.dropped += 1

    def _code(self, code: str, line: int, at: int | None) -> None:
        count = self.codes.setdefault(code, CodeCount(first_line=line))
        count.count += 1
        if at is not None:
            count.first_us = at if count.first_us is None else min(count.first_us, at)
            count.last_us = at if count.last_us is None else max(count.last_us, at)
            self._minute(at, code)

    def _minute(self, at: int | None, key: str) -> None:
        if at is not None:
            counts = self.minutes.setdefault(at // 60_000_000, {})
            counts[key] = counts.get(key, 0) + 1

    def _request(self, message: str, line: int, at: int | None) -> bool:
        found = router.read(message)
        if not found:
            return True
        if found.code:
            self._code(found.code, line, at)
        name = f"{found.method or '?'} {template(found.path)}" if found.path else ""
        status = -1 if found.status is None else found.status
        service = -1 if found.service_ms is None else found.service_ms
        self.req.append(
            (
                NO_TIME if at is None else at, line, self.dyno(found.dyno), self.endpoint(name), status, self.code(found.code), service,
                -1 if found.connect_ms is None else found.connect_ms, -1 if found.bytes is None else found.bytes,
            )
        )  # fmt: skip
        failed = status >= 500 or (found.at == "error")
        self._minute(at, "requests")
        if failed:
            self._minute(at, "errors")
        if status > 0:
            self._minute(at, f"status_{status // 100}xx")
        if name:
            self._count(name, found, service, failed)
        if service >= 0 and (self.slowest is None or service > self.slowest.service_ms):
            self.slowest = Slowest(found.method, found.path, service, line, at)
        return failed or bool(found.code) or service >= 5000

    def _count(self, name: str, found: router.RouterLine, service: int, failed: bool) -> None:
        count = self.endpoints.setdefault(name, EndpointCount())
        count.errors += failed
        count.timeouts += found.code == "H12"
        if service < 0 or not found.dyno:
            count.unreached += 1
            return
        count.count += 1
        count.satisfied += service <= APDEX_T_MS
        count.tolerating += APDEX_T_MS < service <= 4 * APDEX_T_MS
        count.total_ms += service
        count.total_sq += service * service
        count.min_ms = service if count.min_ms < 0 else min(count.min_ms, service)
        count.max_ms = max(count.max_ms, service)
        index = bucket(service)
        count.histogram[index] = count.histogram.get(index, 0) + 1

    def _metric(self, process: str, message: str, at: int | None) -> None:
        if at is None:
            return
        values = {}
        for key, number, unit in _SAMPLE.findall(message) or _MEASURE.findall(message):
            values[key] = float(number) * (_TO_MB.get(unit, 1.0) if key.startswith("memory_") else 1.0)
        fields = dict(part.split("=", 1) for part in message.split(" ")[:3] if "=" in part and "#" not in part)
        if "dyno" in fields or process == fields.get("source"):
            who = (fields.get("source", process), fields.get("dyno", fields.get("source", process)))
            gauge = self.gauges.setdefault(who, Gauge(*who))
        else:
            name = f"{process}/{fields.get('source', '')}"
            gauge = self.samples.setdefault(name, Gauge(process, name))
        gauge.at_us.append(at)
        size = len(gauge.at_us)
        for key, value in values.items():
            column = gauge.values.setdefault(key, [])
            column += [float("nan")] * (size - 1 - len(column)) + [value]
