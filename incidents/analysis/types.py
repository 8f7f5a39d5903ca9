"""The nouns of the analysis: what passes from one stage to the next.

    bytes -> text -> normalise -> scan -> merge -> rules -> report

Times inside the library are ``at_us``: whole microseconds since 1970-01-01T00:00:00Z, or ``None`` (``NO_TIME`` in
arrays) where a line carries none. Line numbers count from 1 in their source. Durations are milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .answers import Answers

NO_TIME = -(2**63)
"""``at_us`` of a line without a time, in arrays of int64."""
MAX_MS = 99_999_999
"""Longer durations (27 hours) are taken as this one."""

Array = npt.NDArray[Any]


class Kind(IntEnum):
    """What wrote a line. One byte per line in a segment's columns."""

    OTHER = 0  # could not be read: kept, shown and counted
    ROUTER = 1  # heroku[router]
    APP = 2  # output of a dyno
    DYNO = 3  # dyno manager: states, exits, R codes
    METRIC = 4  # sample#… / measure=…
    API = 5  # app[api], heroku[api]: releases, scaling, config
    POSTGRES = 6  # Postgres server lines
    ADDON = 7  # other add-ons
    LOGPLEX = 8  # L codes
    BUILD = 9  # build and slug compiler output


class NotALog(ValueError):
    """The bytes are no log; the message is one sentence for the person who sent them."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How the text of one source is to be read; settled once from its first bytes, so that chunks parse alike.

    ``offset_minutes`` is the zone of times that name none. Times without a year fall into the twelve months that
    end at ``latest_us``; without that, into ``year``. ``columns`` names the fields of a table that has a header
    line. ``width`` is the column at which a terminal broke the lines (0: none seen); ``captured`` means that nearly
    every line has a header, so that one without was broken off the line before.
    """

    encoding: str = "utf-8"
    format: str = "heroku-cli"
    year: int | None = None
    offset_minutes: int = 0
    assumptions: tuple[str, ...] = ()
    latest_us: int | None = None
    columns: tuple[str, ...] = ()
    width: int = 0
    captured: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"assumptions": list(self.assumptions), "columns": list(self.columns)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SourceSettings:
        lists = {name: tuple(data.get(name, ())) for name in ("assumptions", "columns")}
        return cls(**{**data, **lists})


class Cut(NamedTuple):
    """One chunk of a source: whole lines of UTF-8 text, its number (from 0), its first line's number (from 1)."""

    number: int
    first_line: int
    lines: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """One log record, as a format read it. ``process`` is ``web.1``, ``router`` …; ``source`` is app or heroku."""

    at_us: int | None
    source: str
    process: str
    message: str


@dataclass(slots=True)
class Canonical:
    """A chunk in the one form that the scanner reads.

    ``data`` is the chunk as lines of text: what ``rows`` counts and evidence quotes. ``buf`` holds canonical lines,
    each ``<32-byte UTC time> source[process]: message\\n``. ``rows[i]`` is the raw line (from 0 in the chunk) on
    which canonical line i begins. ``skipped`` counts raw lines that are no record, by reason; ``skipped_rows``
    names up to 200 of them.
    """

    data: bytes
    buf: bytes
    rows: Array
    raw_lines: int
    skipped: dict[str, int] = field(default_factory=dict)
    skipped_rows: list[tuple[int, str]] = field(default_factory=list)
    repaired: dict[str, int] = field(default_factory=dict)  # reason -> lines joined, re-dated, decoded with loss


@dataclass(slots=True)
class Note:
    """A line worth reading again: everything but plain requests and metrics, under a budget per chunk.

    ``text`` is the message (what stands behind ``source[process]: ``), ``raw`` the line as it stands in the log,
    both cut at 4,000 characters. ``process`` is ``web.1``, ``router``, ``api``.
    """

    line: int
    at_us: int | None
    kind: Kind
    origin: str  # app or heroku
    process: str
    text: str
    raw: str
    source: int = 0  # index of the source in the incident; set by merge


@dataclass(slots=True)
class Columns:
    """Typed columns of one chunk. Rows of the first group are canonical lines, ``request`` has one per router line.

    Names are dictionaries of the chunk: ``process[i]`` indexes ``names["process"]``, and so on.
    -1 stands for 'not printed' in status, service_ms, connect_ms and bytes; 0 is the empty name everywhere.
    """

    at_us: Array  # int64
    line: Array  # int32: raw line, from 1 in the source
    kind: Array  # uint8
    process: Array  # uint16 -> names["process"], "app[web.1]"
    identity: Array  # uint32: equal for equal canonical lines; tells lines that were uploaded twice
    code_row: Array  # int32: rows of the lines that begin with "Error R14 (…", in order
    code: Array  # uint16 -> names["code"], for each code_row
    request_row: Array  # int32: rows of the requests, in order
    request: Requests
    names: dict[str, list[str]]


@dataclass(slots=True)
class Requests:
    """Router lines as columns, in the order of the log. See `Columns` for -1 and 0."""

    at_us: Array  # int64: when the router printed the line, that is the end of the request
    line: Array  # int32
    dyno: Array  # uint16 -> names["dyno"]
    endpoint: Array  # int32 -> names["endpoint"], "GET /orders/{id}"
    status: Array  # int16
    code: Array  # uint16 -> names["code"]
    service_ms: Array  # int32, at most MAX_MS
    connect_ms: Array  # int32, at most MAX_MS
    bytes: Array  # int64
    failed: Array  # bool: status >= 500, or the router said at=error
    client: Array  # uint16 -> names["client"], a salted hash of the last forwarded address; only of failed requests

    def __len__(self) -> int:
        return len(self.at_us)


@dataclass(slots=True)
class Rollup:
    """Sums per (minute, endpoint): what charts are drawn from. Rows are sorted by (minute, endpoint).

    ``minute`` counts from 1970-01-01T00:00Z and is the first of ``step`` minutes; requests without a time are left out.
    The histogram is sparse: ``hist_count[k]`` requests of row ``hist_row[k]`` took a time of bucket ``hist_bucket[k]``
    (see `endpoints.bucket`).
    """

    minute: Array  # int64
    endpoint: Array  # int32 -> names["endpoint"]
    count: Array  # int64: requests that reached a dyno
    satisfied: Array  # int64
    tolerating: Array  # int64
    total_ms: Array  # int64
    max_ms: Array  # int32, -1 without any
    errors: Array  # int64
    timeouts: Array  # int64: H12
    unreached: Array  # int64
    hist_row: Array  # int32
    hist_bucket: Array  # int32
    hist_count: Array  # int64
    step: int = 1

    @classmethod
    def of(cls, columns: Iterable[Array], step: int = 1) -> Rollup:
        """A rollup of these columns, in the order of the fields."""
        named: dict[str, Any] = dict(zip(cls.__slots__, (*columns, step), strict=True))
        return cls(**named)

    @classmethod
    def empty(cls) -> Rollup:
        return cls.of(np.zeros(0, dtype=np.int64) for _ in range(13))

    def __len__(self) -> int:
        return len(self.minute)


@dataclass(slots=True)
class Histograms:
    """Service times per endpoint: ``count`` requests of an endpoint fell into a bucket. Sorted by both."""

    endpoint: Array  # int32 -> names["endpoint"]
    bucket: Array  # int32, see `endpoints.bucket`
    count: Array  # int64


@dataclass(slots=True)
class EndpointSums:
    """Sums of the endpoints of a chunk, one row per endpoint that occurs, sorted. See `EndpointCount`; all int64.

    The sum of squares is ``(square_high << 26) + square_low``, since it can be more than 64 bits hold.
    """

    endpoint: Array  # -> names["endpoint"]
    count: Array
    satisfied: Array
    tolerating: Array
    total_ms: Array
    square_high: Array
    square_low: Array
    errors: Array
    timeouts: Array
    unreached: Array
    min_ms: Array  # MAX_MS + 1 without any
    max_ms: Array  # -1 without any

    def __len__(self) -> int:
        return len(self.endpoint)


@dataclass(slots=True)
class CodeCount:
    """How often a code stands in the log, with its first and last appearance."""

    count: int = 0
    first_us: int | None = None
    last_us: int | None = None
    first_line: int = 0
    first_source: int = 0


@dataclass(frozen=True, slots=True)
class Slowest:
    """The request with the highest ``service=``."""

    method: str
    path: str
    service_ms: int
    line: int
    at_us: int | None
    source: int = 0


@dataclass(slots=True)
class Gauge:
    """Runtime metrics of one process instance, one point per sample: memory in MB, load averages.

    ``instance`` is the dyno id of the metrics line where it is printed, else the process name.
    """

    process: str
    instance: str
    at_us: list[int] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=dict)  # metric -> value per point (nan where absent)


@dataclass(slots=True)
class EndpointCount:
    """Sums of one endpoint. The histogram holds service times in log-linear buckets (see `endpoints`)."""

    count: int = 0
    satisfied: int = 0  # service_ms <= 500
    tolerating: int = 0  # <= 2000
    total_ms: int = 0
    total_sq: int = 0
    min_ms: int = -1
    max_ms: int = -1
    errors: int = 0  # status >= 500 or a router error
    timeouts: int = 0  # H12
    unreached: int = 0  # never got to a dyno: not a latency
    histogram: dict[int, int] = field(default_factory=dict)  # bucket -> count


@dataclass(slots=True)
class ChunkResult:
    """Everything that one chunk says. A pure function of (bytes, settings, parser version)."""

    columns: Columns
    notes: list[Note]
    dropped_notes: int  # lines that are neither requests nor metrics, and were left out of the notes by the budget
    raw_lines: int
    parsed: int
    skipped: dict[str, int]
    skipped_rows: list[tuple[int, str]]
    repaired: dict[str, int]
    codes: dict[str, CodeCount]
    slowest: Slowest | None
    endpoints: EndpointSums
    histograms: Histograms
    minutes: dict[int, dict[str, int]]  # minute since the epoch -> counts: requests, errors, status_2xx …, H12 …
    gauges: list[Gauge]
    samples: dict[str, Gauge]  # add-on metrics by "process/source": heroku-postgres/DATABASE …
    clients: dict[str, int]  # salted hash of the last fwd address -> failed requests; the 4,096 smallest hashes
    rollup: Rollup

    def dump(self) -> bytes:
        """As bytes for storage: compressed, without pickle, the same bytes for the same result."""
        from .columns import dump

        return dump(self)

    @classmethod
    def load(cls, data: bytes) -> ChunkResult:
        """The result that `dump` wrote. Raises `columns.Damaged` (a ValueError) for anything else."""
        from .columns import load

        return load(data)

    def summary(self) -> dict[str, Any]:
        """What a catalogue of chunks needs to know, small and ready for JSON."""
        from .columns import summary

        return summary(self)


@dataclass(slots=True)
class SourceTotals:
    """Sums over the chunks of a source, filled by merge. ``duplicates`` are lines that an earlier source has too."""

    lines: int = 0
    parsed: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    skipped_rows: list[tuple[int, str]] = field(default_factory=list)  # the first 200: (line, reason)
    repaired: dict[str, int] = field(default_factory=dict)
    dropped_notes: int = 0
    duplicates: int = 0
    opens_us: int | None = None  # the first time that stands in the source; lines are out of order by some ms
    first_us: int | None = None
    last_us: int | None = None


@dataclass(slots=True)
class SourceInput:
    """One source of an incident, ready to be merged. ``missing`` names chunks that could not be read.

    ``chunks`` is gone through once, so that a generator that loads one at a time keeps memory flat. ``window`` is
    (first, last) in at_us where the caller knows it; without it a generator's lines are compared with every source.
    """

    name: str
    settings: SourceSettings
    chunks: Iterable[ChunkResult]
    size: int = 0
    missing: tuple[str, ...] = ()
    window: tuple[int, int] | None = None
    totals: SourceTotals = field(default_factory=SourceTotals)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A line that proves a sentence."""

    source: int
    line: int
    at_us: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Remedy:
    text: str
    command: str = ""


Severity = Literal["urgent", "high", "normal", "low"]


@dataclass(slots=True)
class Finding:
    """What a rule concluded. ``slug`` is one of `catalogue.SLUGS`; ``subject`` tells findings of one slug apart.

    ``explains`` lists what this cause accounts for (slugs or codes such as "H10"), so that symptoms fold under it.
    ``confidence`` is the rule's own estimate that the cause is right, 0 to 1.
    """

    slug: str
    summary: str
    confidence: float
    evidence: list[Evidence]
    severity: Severity = "normal"
    subject: str = ""
    title: str = ""
    count: int = 1
    first_us: int | None = None
    last_us: int | None = None
    explains: tuple[str, ...] = ()
    ruled_out: tuple[str, ...] = ()
    remedies: list[Remedy] = field(default_factory=list)
    links: tuple[str, ...] = ()
    onset_us: tuple[int | None, int, int] | None = None  # (low, at, high) where the rule knows when it began
    harmless: bool = False  # worth telling, but no incident (cycling, a lone H27 …)
    folded_into: str = ""  # slug of the cause that explains this one; set by ranking


@dataclass(slots=True)
class Gap:
    """Lines that never arrived."""

    from_us: int | None
    to_us: int | None
    lost_lines: int
    reason: str  # L10 …
    source: int
    line: int


@dataclass(slots=True)
class Facts:
    """All that an incident's logs say, gathered once; rules only read it."""

    sources: list[SourceInput]
    first_us: int | None
    last_us: int | None
    codes: dict[str, CodeCount]
    notes: list[Note]  # by (time, source, line); notes without a time stand where their file has them
    requests: Requests  # by time; at most kept.MOST_REQUESTS of them, those around trouble first
    request_source: Array
    requests_complete: bool  # False: some requests are only in the sums (endpoints, minutes, rollup)
    names: dict[str, list[str]]  # dyno, endpoint, code, client, process: what the request columns index
    endpoints: dict[str, EndpointCount]
    minutes: dict[int, dict[str, int]]
    gauges: list[Gauge]
    samples: dict[str, Gauge]
    slowest: Slowest | None
    clients: dict[str, int]  # as in ChunkResult; merge.distinct_clients() estimates how many there are
    lines: int
    parsed: int
    rollup: Rollup = field(default_factory=lambda: Rollup.empty())
    duplicates: int = 0  # lines that stood in an earlier source already, and are counted once
    dropped_notes: int = 0
    answers: Answers | None = None  # by endpoint: statuses, codes and dynos
    cache: dict[str, Any] = field(default_factory=dict)  # derived once and shared by rules: events, traces, onset …

    def of(self, *kinds: Kind) -> Iterator[Note]:
        """The notes of these kinds, in order."""
        return (note for note in self.notes if note.kind in kinds)
