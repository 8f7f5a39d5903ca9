"""The plain reference of `incidents.analysis.scan`: one object per line, nothing clever. Tests compare the two."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from incidents.analysis import notes as policy
from incidents.analysis.endpoints import APDEX_T_MS, bucket, template
from incidents.analysis.readers import router
from incidents.analysis.types import (
    MAX_MS,
    NO_TIME,
    Canonical,
    ChunkResult,
    CodeCount,
    Columns,
    EndpointCount,
    EndpointSums,
    Gauge,
    Histograms,
    Kind,
    Note,
    Requests,
    Rollup,
    Slowest,
)  # fmt: skip
from incidents.analysis.utc import parse_iso

MOST_NAMES, MOST_ENDPOINTS = 65_000, 20_000
CODE = re.compile(r"[A-Z]\d\d")
ERROR = re.compile(r"Error ([HRL]\d\d)\b", re.ASCII)
METRIC = re.compile(r"(?:^| )sample#[\w.-]{1,64}=-?\.?\d", re.ASCII)
OLD_METRIC = re.compile(r"(?:^| )(?:measure|count)#[\w.-]{1,64}=-?\.?\d", re.ASCII)
NUMBER = r"(-?(?:\d{1,20}(?:\.\d{1,20})?|\.\d{1,20}))"
SAMPLE = re.compile(rf"(?:^| )(?:sample|measure|count)#([\w.-]{{1,64}})={NUMBER}([A-Za-z%]*)", re.ASCII)
MEASURE = re.compile(rf"(?:^| )measure=([\w.-]{{1,64}}) val={NUMBER}(?: units=(\w{{1,16}}))?", re.ASCII)
TO_MB = {"kB": 1 / 1024, "KB": 1 / 1024, "bytes": 1 / 1048576, "GB": 1024.0}
TRIGGER = re.compile(policy.TRIGGER)
WORD = 2**64


@dataclass
class Line:
    row: int
    line: int
    at: int | None
    kind: Kind
    origin: str
    process: str
    message: bytes
    raw: bytes

    @property
    def text(self) -> str:
        return self.message.decode("utf-8", "replace")


@dataclass
class Names:
    """0 is the empty name; past ``most`` names all new ones are one."""

    most: int
    rest: str = "(other)"
    index: dict[str, int] = field(default_factory=lambda: {"": 0})

    def __call__(self, name: str) -> int:
        if name not in self.index and len(self.index) >= self.most:
            name = self.rest
        return self.index.setdefault(name, len(self.index))


def kind_of(origin: str, process: str, message: str) -> Kind:
    name = process.split(".")[0]
    if name == "router" or origin == "heroku-router":
        return Kind.ROUTER
    kind = _writer(origin, name)
    oldest = message.startswith(("source=", "measure=")) and MEASURE.search(message)
    if METRIC.search(message) or oldest or (kind is not Kind.APP and OLD_METRIC.search(message)):
        return Kind.METRIC
    return kind


def _writer(origin: str, name: str) -> Kind:
    if name == "api" or origin == "heroku-api":
        return Kind.API
    if name in ("logplex", "log-shuttle") or origin == "logplex":
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


def identity(line: bytes) -> int:
    """A hash of the length and of the bytes behind the time: the first 128 and the last 64 of them."""
    total = len(line) * constant(24)
    for part, block in enumerate((line[32:96], line[96:160], line[max(32, len(line) - 64) :])):
        for index in range(0, len(block), 8):
            total += int.from_bytes(block[index : index + 8], "little") * constant(8 * part + index // 8)
    return (total % WORD) >> 32


def constant(index: int) -> int:
    """splitmix64, made odd."""
    value = ((index + 1) * 0x9E3779B97F4A7C15) % WORD
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) % WORD
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) % WORD
    return (value ^ (value >> 31)) | 1


def scan(canonical: Canonical, *, first_line: int = 1) -> ChunkResult:
    return Oracle(canonical, first_line).run()


class Oracle:
    def __init__(self, canonical: Canonical, first_line: int) -> None:
        self.canonical = canonical
        self.first_line = first_line
        self.names = {
            "process": Names(MOST_NAMES), "dyno": Names(MOST_NAMES), "endpoint": Names(MOST_ENDPOINTS, "? (other)"),
            "code": Names(MOST_NAMES), "client": Names(MOST_NAMES),
        }  # fmt: skip
        self.lines: list[Line] = []
        self.requests: list[tuple[Line, router.RouterLine, dict[str, int]]] = []
        self.unread: list[Line] = []
        self.coded: list[tuple[int, str]] = []
        self.codes: dict[str, CodeCount] = {}
        self.endpoints: dict[str, EndpointCount] = {}
        self.minutes: dict[int, dict[str, int]] = {}
        self.rollup: dict[tuple[int, int], EndpointCount] = {}
        self.gauges: dict[tuple[str, str], Gauge] = {}
        self.samples: dict[str, Gauge] = {}
        self.clients: Counter[str] = Counter()
        self.slowest: Slowest | None = None

    def run(self) -> ChunkResult:
        raw = self.canonical.data.split(b"\n")
        texts = self.canonical.buf.split(b"\n")[:-1]
        for row, (at_row, text) in enumerate(zip(self.canonical.rows.tolist(), texts, strict=True)):
            self.read(row, at_row, text, raw[at_row])
        hashes = [identity(text) for text in texts]
        notes, dropped = self.notes()
        lines = self.lines
        columns = Columns(
            np.array([NO_TIME if line.at is None else line.at for line in lines], dtype=np.int64),
            np.array([line.line for line in lines], dtype=np.int32),
            np.array([line.kind for line in lines], dtype=np.uint8),
            np.array(
                [self.names["process"](f"{line.origin}[{line.process}]"[:100]) for line in lines], dtype=np.uint16
            ),
            np.array(hashes, dtype=np.uint32),
            np.array([row for row, _ in self.coded], dtype=np.int32),
            np.array([self.names["code"](code) for _, code in self.coded], dtype=np.uint16),
            np.array([line.row for line, _, _ in self.requests], dtype=np.int32),
            self.table(),
            {key: list(names.index) for key, names in self.names.items()},
        )
        kept = dict(sorted(self.clients.items())[:4096])
        return ChunkResult(
            columns, notes, dropped, self.canonical.raw_lines, len(lines), self.canonical.skipped,
            [(row + self.first_line, reason) for row, reason in self.canonical.skipped_rows], self.canonical.repaired,
            self.codes, self.slowest, self.endpoint_sums(), self.histograms(), self.minutes,
            list(self.gauges.values()), self.samples, kept,
            rollup_of(self.rollup),
        )  # fmt: skip

    def endpoint_sums(self) -> EndpointSums:
        index = self.names["endpoint"].index
        rows = sorted((index[name], count) for name, count in self.endpoints.items())
        columns = {
            name: [getattr(count, name) for _, count in rows]
            for name in ("count", "satisfied", "tolerating", "total_ms", "errors", "timeouts", "unreached", "max_ms")
        }
        times = [
            [int(values["service"]) for _, _, values in self.requests if reached(values) and values["endpoint"] == row]
            for row, _ in rows
        ]
        columns["endpoint"] = [row for row, _ in rows]
        columns["min_ms"] = [count.min_ms if count.min_ms >= 0 else MAX_MS + 1 for _, count in rows]
        columns["square_high"] = [sum(ms * ms >> 26 for ms in spent) for spent in times]
        columns["square_low"] = [sum(ms * ms & 0x3FFFFFF for ms in spent) for spent in times]
        return EndpointSums(**{name: np.array(values, dtype=np.int64) for name, values in columns.items()})

    def histograms(self) -> Histograms:
        index = self.names["endpoint"].index
        cells = sorted(
            (index[name], *cell) for name, count in self.endpoints.items() for cell in count.histogram.items()
        )
        return Histograms(*(np.array([cell[part] for cell in cells], dtype=np.int64) for part in range(3)))

    def table(self) -> Requests:
        types = (
            np.int64,
            np.int32,
            np.uint16,
            np.int32,
            np.int16,
            np.uint16,
            np.int32,
            np.int32,
            np.int64,
            np.bool_,
            np.uint16,
        )
        keys = ("at", "line", "dyno", "endpoint", "status", "code", "service", "connect", "bytes", "failed", "client")
        rows = [values for _, _, values in self.requests]
        return Requests(
            *(np.array([row[key] for row in rows], dtype=kind) for key, kind in zip(keys, types, strict=True))
        )

    def read(self, row: int, at_row: int, text: bytes, raw: bytes) -> None:
        header, _, message = text[33:].partition(b"]:")
        message = message.removeprefix(b" ")
        origin, _, process = header.decode("utf-8", "replace").partition("[")
        at = parse_iso(text[:32].decode("utf-8", "replace"))
        decoded = message.decode("utf-8", "replace")
        line = Line(row, at_row + self.first_line, at, kind_of(origin, process, decoded), origin, process, message, raw)
        self.lines.append(line)
        if line.kind is Kind.ROUTER:
            found = router.read(decoded)
            if found:
                self.request(line, found)
            else:
                self.unread.append(line)
        elif line.kind is Kind.METRIC:
            self.metric(line)
        elif error := ERROR.match(decoded):
            self.coded.append((row, error[1]))
            self.code(error[1], line)

    def code(self, code: str, line: Line) -> None:
        count = self.codes.setdefault(code, CodeCount(first_line=line.line))
        count.count += 1
        if line.at is not None:
            if count.first_us is None or line.at < count.first_us:
                count.first_us, count.first_line = line.at, line.line
            count.last_us = line.at if count.last_us is None else max(count.last_us, line.at)
        self.minute(line.at, code)

    def minute(self, at: int | None, key: str) -> None:
        if at is not None:
            counts = self.minutes.setdefault(at // 60_000_000, {})
            counts[key] = counts.get(key, 0) + 1

    def request(self, line: Line, found: router.RouterLine) -> None:
        code = found.code if CODE.fullmatch(found.code) else ""
        if code:
            self.code(code, line)
        name = f"{found.method or '?'} {template(found.path)}"[:300] if found.path else ""
        endpoint = self.names["endpoint"](name)
        name = (
            list(self.names["endpoint"].index)[endpoint]
            if len(self.names["endpoint"].index) >= MOST_ENDPOINTS
            else name
        )
        status = found.status if found.status is not None and found.status < 1000 else -1
        service, connect = (
            -1 if value is None else min(value, MAX_MS) for value in (found.service_ms, found.connect_ms)
        )
        failed = status >= 500 or found.at == "error"
        client = ""
        if failed and (address := found.fwd.rpartition(",")[2].strip()):
            client = hashlib.blake2b(address.encode(), digest_size=8, key=b"client").hexdigest()
            self.clients[client] += 1
        values = {
            "at": NO_TIME if line.at is None else line.at, "line": line.line, "dyno": self.names["dyno"](found.dyno[:100]),
            "endpoint": endpoint, "status": status, "code": self.names["code"](code), "service": service, "connect": connect,
            "bytes": -1 if found.bytes is None else found.bytes, "failed": failed, "client": self.names["client"](client),
        }  # fmt: skip
        self.requests.append((line, found, values))
        self.minute(line.at, "requests")
        if failed:
            self.minute(line.at, "errors")
        if status > 0:
            self.minute(line.at, f"status_{status // 100}xx")
        if endpoint:
            counts = [self.endpoints.setdefault(name, EndpointCount())]
            if line.at is not None:
                counts.append(self.rollup.setdefault((line.at // 60_000_000, endpoint), EndpointCount()))
            for count in counts:
                add(count, service, reached=bool(found.dyno) and service >= 0, failed=failed, timeout=code == "H12")
        if service >= 0 and (self.slowest is None or service > self.slowest.service_ms):
            self.slowest = Slowest(found.method, found.path[: policy.MAX_TEXT], service, line.line, line.at)

    def metric(self, line: Line) -> None:
        if line.at is None:
            return
        message = line.text
        values = {}
        for key, number, unit in SAMPLE.findall(message) or MEASURE.findall(message):
            memory = key.startswith(("memory_", "memory-"))
            values[key] = float(number) * (TO_MB.get(unit, 1.0) if memory else 1.0)
        fields = dict(part.split("=", 1) for part in message.split(" ")[:3] if "=" in part and "#" not in part)
        source = fields.get("source", "")
        if "dyno" in fields or source == line.process:
            who = ((source or line.process)[:100], fields.get("dyno", line.process)[:100])
            gauge = self.gauges.setdefault(who, Gauge(*who))
        else:
            name = f"{line.process}/{source}"[:100]
            gauge = self.samples.setdefault(name, Gauge(line.process[:100], name))
        gauge.at_us.append(line.at)
        for key in values:
            gauge.values.setdefault(key, [float("nan")] * (len(gauge.at_us) - 1))
        for key, column in gauge.values.items():
            column.append(values.get(key, float("nan")))

    def notes(self) -> tuple[list[Note], int]:
        plain = [line for line in self.lines if line.kind not in (Kind.ROUTER, Kind.METRIC)]
        kept = {line.row for line in plain} if len(plain) <= policy.SMALL else platform(plain) | output(plain)
        rows = sorted(kept | self.router_notes())
        return [self.note(self.lines[row]) for row in rows], len(plain) - len(kept)

    def note(self, line: Line) -> Note:
        raw = line.raw.decode("utf-8", "replace").rstrip("\r")
        return Note(
            line.line,
            line.at,
            line.kind,
            line.origin[:100],
            line.process[:100],
            line.text[: policy.MAX_TEXT],
            raw[: policy.MAX_TEXT],
        )

    def router_notes(self) -> set[int]:
        by_code, by_place, by_status = defaultdict(list), defaultdict(list), defaultdict(list)
        for line, _, values in self.requests:
            if values["code"]:
                by_code[values["code"]].append(line.row)
                by_place[values["code"], values["endpoint"]].append(line.row)
            if values["status"] >= 500:
                by_status[values["status"], values["endpoint"]].append(line.row)
        slow = sorted((-values["service"], line.row) for line, _, values in self.requests if values["service"] > 0)
        ranked = [row for rows in by_code.values() for row in ends(rows, policy.CODE_CAP)]
        ranked += [row for _, row in slow[: policy.SLOWEST]]
        ranked += [line.row for line in self.unread[: policy.UNREAD_ROUTER]]
        examples = [row for rows in by_place.values() for row in rows[: policy.PER_CODE_AND_ENDPOINT]]
        examples += [row for rows in by_status.values() for row in rows[: policy.PER_STATUS_AND_ENDPOINT]]
        return {*ranked, *sorted(set(examples) - set(ranked))[: policy.ROUTER_CAP]}


def add(count: EndpointCount, service: int, *, reached: bool, failed: bool, timeout: bool) -> None:
    count.errors += failed
    count.timeouts += timeout
    if not reached:
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


def reached(values: dict[str, int]) -> bool:
    return values["dyno"] > 0 and values["service"] >= 0


def rollup_of(counts: dict[tuple[int, int], EndpointCount]) -> Rollup:
    ordered = sorted(counts.items())
    hist = [(row, *pair) for row, (_, count) in enumerate(ordered) for pair in sorted(count.histogram.items())]
    sums = ("count", "satisfied", "tolerating", "total_ms", "max_ms", "errors", "timeouts", "unreached")
    return Rollup(
        *(np.array([key[part] for key, _ in ordered], dtype=np.int64) for part in (0, 1)),
        *(np.array([getattr(count, name) for _, count in ordered], dtype=np.int64) for name in sums),
        *(np.array([item[part] for item in hist], dtype=np.int64) for part in range(3)),
    )


def ends(rows: list[int], cap: tuple[int, int]) -> list[int]:
    first, last = cap
    return rows if len(rows) <= first + last else rows[:first] + rows[len(rows) - last :]


def platform(lines: Iterable[Line]) -> set[int]:
    """Lines of the platform, with the repeats of one message thinned."""
    kept, repeats = [], defaultdict(list)
    for line in lines:
        if line.kind not in policy.PLATFORM:
            continue
        error = ERROR.match(line.text)
        key = error[1] if error else "mem" if line.message.startswith(policy.MEMORY) else ""
        if key:
            repeats[key].append(line.row)
        else:
            kept.append(line.row)
    for rows in repeats.values():
        kept += ends(rows, policy.REPEAT_CAP)
    return set(ends(sorted(kept), policy.PLATFORM_CAP))


def output(lines: list[Line]) -> set[int]:
    """Output that speaks of trouble, what follows it, and what follows a start."""
    spoken = [line for line in lines if line.kind in policy.OUTPUT]
    shapes = defaultdict(list)
    for line in spoken:
        if match := TRIGGER.search(line.message):
            start = re.sub(rb"[0-9a-f]", b"0", line.message[: policy.SHAPE_BYTES])
            word = line.message[match.start() : match.start() + policy.SHAPE_WORD].lower()
            shapes[line.process.split(".")[0][:100], word, start].append(line.row)
    told = set(
        ends(sorted(row for rows in shapes.values() for row in ends(rows, policy.SHAPE_CAP)), policy.TRIGGER_CAP)
    )
    boot = set(ends(sorted(booting(lines)), policy.BOOT_CAP))
    trail = set(ends(sorted(trailing(spoken, told) - told), policy.TRAIL_CAP))
    last = set(ends(sorted(last_words(lines)), policy.LAST_CAP))
    return told | boot | trail | last


def booting(lines: list[Line]) -> set[int]:
    left: Counter[str] = Counter()
    kept = set()
    for line in lines:
        if line.kind is Kind.DYNO and line.message.startswith(policy.STARTING):
            left[line.process] = policy.BOOT_LINES
        elif line.kind is Kind.DYNO and line.message.startswith(policy.STARTED):
            left[line.process] = min(left[line.process], policy.BOOT_AFTER)
        elif line.kind in policy.OUTPUT and left[line.process] > 0:
            left[line.process] -= 1
            kept.add(line.row)
    return kept


def last_words(lines: list[Line]) -> set[int]:
    said: dict[str, list[int]] = defaultdict(list)
    kept: set[int] = set()
    for line in lines:
        if line.kind is Kind.DYNO and line.message.startswith(policy.EXITED):
            recent = said.pop(line.process, [])
            if line.message not in policy.ORDINARY:
                kept.update(recent[-policy.LAST_LINES :])
        elif line.kind in policy.OUTPUT:
            said[line.process].append(line.row)
    return kept


def trailing(spoken: list[Line], told: set[int]) -> set[int]:
    anchor: dict[str, tuple[int | None, int]] = {}
    kept = set()
    for line in spoken:
        if line.row in told:
            anchor[line.process] = (line.at, policy.TRAIL_LINES)
            continue
        at, left = anchor.get(line.process, (None, 0))
        near = line.at is None or at is None or abs(line.at - at) <= policy.TRAIL_US
        if left > 0 and near:
            kept.add(line.row)
        anchor[line.process] = (at, left - 1 if near else 0)
    return kept
