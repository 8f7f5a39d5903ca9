"""What each field of the query language means, what is said where it means nothing, and how queries are changed."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from incidents import analysis
from incidents.analysis.utc import to_us
from incidents.search import Known, QueryProblem, parse, with_fields
from incidents.search.fields import FIELDS
from incidents.search.masks import Lines, Matcher, may_match

AT = "2026-03-14T09:00:0{second}.000000+00:00"
ROUTED = (
    'host={host} request_id=00000000-0000-4000-8000-00000000000{n} fwd="{fwd}" dyno={dyno} connect={connect}ms '
    "service={service}ms status={status} bytes={size} protocol=https"
)
LINES = [
    'heroku[router]: at=info method=GET path="/orders/7" ' + ROUTED.format(
        host="shop.example.com", n=1, fwd="192.0.2.7", dyno="web.1", connect=1, service=40, status=200, size=512),
    'heroku[router]: at=info method=POST path="/api/v1/orders" ' + ROUTED.format(
        host="api.example.com", n=2, fwd="192.0.2.8, 198.51.100.9", dyno="web.2", connect=250, service=900, status=422,
        size=2_000_000),
    'heroku[router]: at=error code=H12 desc="Request timeout" method=GET path="/reports/9/export" ' + ROUTED.format(
        host="shop.example.com", n=3, fwd="192.0.2.7", dyno="web.1", connect=2, service=30_000, status=503, size=0),
    "app[web.1]: INFO order 7 was placed",
    "app[worker.1]: NameError: name 'x' is not defined",
    "heroku[web.2]: Error R14 (Memory quota exceeded)",
    "app[api]: Release v42 created by user dev@example.com",
    "app[web.10]: WARN slow",
]  # fmt: skip
UNREAD = "no format reads this"
KNOWN = Known(
    datetime(2026, 3, 14, 9, 0, tzinfo=UTC),
    datetime(2026, 3, 14, 9, 0, 8, tzinfo=UTC),
    {"v42": (datetime(2026, 3, 14, 9, 0, 6, tzinfo=UTC), None)},
    {"slow-endpoint": [(0, 4), (1, 9)]},
    {0: "web.log", 1: "other.log"},
)  # fmt: skip


@pytest.fixture(scope="module")
def chunk() -> tuple[bytes, Lines, dict[str, object]]:
    rows = [UNREAD, *(f"{AT.format(second=second)} {line}" for second, line in enumerate(LINES))]
    data = "".join(f"{row}\n" for row in rows).encode()
    how = analysis.inspect(data, name="web.log", received_at=datetime(2026, 3, 15, tzinfo=UTC))
    result = analysis.scan_chunk(data, how, first_line=1)
    base = to_us(datetime(2026, 3, 14, 9, 0, tzinfo=UTC))
    at_us = np.array([base, *(base + second * 1_000_000 for second in range(len(LINES)))], dtype=np.int64)
    return data, Lines(0, 1, at_us, result.columns), result.summary()


def matching(chunk: tuple[bytes, Lines, dict[str, object]], text: str) -> list[int]:
    """Numbers of LINES (from 1; the unread line is 0) that a query finds, told the way a search tells it."""
    data, lines, summary = chunk
    query = parse(text, KNOWN)
    matcher = Matcher(query, lines)
    certain, possible = matcher.by_columns()
    found = matcher.by_text(np.arange(len(lines)), data, 0, len(lines))
    assert not (found & ~possible).any(), "what the columns rule out is found in the text"
    assert not (certain & ~found).any(), "what the columns are certain of is not found"
    span = int(lines.at_us[0]), int(lines.at_us[-1])
    assert may_match(query, 0, summary, span) or not found.any(), "the summary rules out what is there"
    return np.flatnonzero(found).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dyno:web.1", [1, 3, 4]),
        ("dyno:web", [1, 2, 3, 4, 6, 8]),
        ("process:router", [1, 2, 3]),
        ("ps:web.1,worker.1", [1, 3, 4, 5]),
        ("dyno:web.1*", [1, 3, 4, 8]),
        ("source:app", [4, 5, 7, 8]),
        ("source:heroku", [1, 2, 3, 6]),
        ("source:worker", [5]),
        ("source:web.log", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("file:2", []),
        ("kind:router", [1, 2, 3]),
        ("kind:app,api", [4, 5, 7, 8]),
        ("kind:other", [0]),
        ("kind:other,dyno", [0, 6]),
        ("level:error", [3, 5, 6]),
        ("level:warning", [2, 8]),
        ("code:h12", [3]),
        ("code:H12,R14", [3, 6]),
        ("status:503", [3]),
        ("status:>=400", [2, 3]),
        ("status:<400", [1]),
        ("status:4xx", [2]),
        ("status:400..499", [2]),
        ("service:>5s", [3]),
        ("service:<=900ms", [1, 2]),
        ("service:30s", [3]),
        ("connect:>100", [2]),
        ("bytes:>1mb", [2]),
        ("method:post", [2]),
        ('endpoint:"GET /orders/{id}"', [1]),
        ("endpoint:/orders", [1, 2]),
        ("endpoint:*export", [3]),
        ("path:/api/*", [2]),
        ("path:/orders", [1]),
        ("path:orders", [1, 2]),
        ("path:/reports/*/export", [3]),
        ("host:shop.example.com", [1, 3]),
        ("client:198.51.100.9", [2]),
        ("request_id:00000000-0000-4000-8000-000000000003", [3]),
        ("exception:NameError", [5]),
        ("release:v42", [7, 8]),
        ("release:42", [7, 8]),
        ("finding:slow-endpoint", [3]),
        ("after:09:00:06", [7, 8]),
        ("before:09:00:02", [0, 1, 2]),
        ("between:09:00:02..09:00:04", [3, 4]),
        ("between:2026-03-14T09:00:02Z..2026-03-14T10:00:04+01:00", [3, 4]),
        ("-dyno:web", [0, 5, 7]),
        ("-(kind:router OR placed)", [0, 5, 6, 7, 8]),
        ("code:H12 OR placed", [3, 4]),
        ("(placed OR export) status:503", [3]),
        ("NOT (status:503 export) kind:router", [1, 2]),
        ('"was placed"', [4]),
        ("/ORDER [0-9] was/", [4]),
        ("/^no format/", [0]),
        ("/placed$/", [4]),
        ("-/./", []),
    ],
)
def test_a_query_finds_exactly_its_lines(
    chunk: tuple[bytes, Lines, dict[str, object]], text: str, expected: list[int]
) -> None:
    assert matching(chunk, text) == expected


@pytest.mark.parametrize(
    ("text", "words", "meant"),
    [
        ("a status:abc b", "Write status:503, status:>=500 or status:5xx", "status:abc"),
        ("service:fast", "service:>5s", "service:fast"),
        ("after:noon", "Write after:12:04", "after:noon"),
        ("after:25:00", "is no time", "after:25:00"),
        ("between:09:00", "needs two times", "between:09:00"),
        ("kind:x", "Kinds are other, router", "kind:x"),
        ("level:loud", "level:error or level:warning", "level:loud"),
        ("release:v9", "It shows v42", "release:v9"),
        ("finding:nothing", "Findings are slow-endpoint", "finding:nothing"),
        ("file:third", "There are: web.log, other.log", "file:third"),
        ("code:", "has no value. Write code:H12", "code:"),
        ("code:,", "says nothing", "code:,"),
        ("a /(/ b", 'write "("', "/(/"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place_and_what_to_write(text: str, words: str, meant: str) -> None:
    with pytest.raises(QueryProblem) as caught:
        parse(text, KNOWN)
    assert words in str(caught.value)
    assert text[caught.value.start : caught.value.end].strip('"') == meant.strip('"')


@pytest.mark.parametrize("kind", FIELDS, ids=lambda kind: kind.name)
def test_every_example_can_be_searched_as_it_stands(kind: object) -> None:
    query = parse(kind.example, KNOWN)  # type: ignore[attr-defined]
    assert not query.is_empty
    assert not query.notes


def test_an_expression_that_hangs_others_is_answered_at_once() -> None:
    query = parse(r"/(a+)+(a|aa)+\d/")
    data = b"a" * 200_000 + b"!\n"
    lines = Lines(0, 1, np.zeros(1, dtype=np.int64), None)
    assert not Matcher(query, lines).by_text(np.arange(1), data, 0, 1).any()


def test_hits_stand_where_the_words_are_in_characters() -> None:
    query = parse("é -b (x OR /y+/)")
    text = "aé bé xyy"
    assert [text[start:end] for start, end in query.spans(text)] == ["é", "é", "x", "yy"]


def test_terms_are_added_and_taken_away() -> None:
    query = parse("a code:H12 -dyno:web.1", KNOWN)
    assert query.toggled("code", "H12") == "a -dyno:web.1"
    assert query.toggled("code", "H12", negated=True) == "a -dyno:web.1 -code:H12"
    assert query.toggled("dyno", "web.1") == "a code:H12 dyno:web.1"
    assert query.toggled("endpoint", "GET /x y") == 'a code:H12 -dyno:web.1 endpoint:"GET /x y"'
    assert [(chip.text, chip.negated, chip.without) for chip in query.chips()] == [
        ("a", False, "code:H12 -dyno:web.1"), ("code:H12", False, "a -dyno:web.1"), ("dyno:web.1", True, "a code:H12")
    ]  # fmt: skip
    assert parse("a OR b").toggled("code", "H12") == "(a OR b) code:H12"


def test_fields_of_links_join_the_query() -> None:
    assert with_fields("a OR b", {"code": "H12", "dyno": ""}) == "(a OR b) code:H12"
    assert with_fields(" a ", {"code": ""}) == "a"
    assert with_fields("", {"endpoint": "GET /a b"}) == 'endpoint:"GET /a b"'
