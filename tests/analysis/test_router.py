from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.analysis.readers import router

MODERN = (
    'at=info method=POST path="/api/orders" host=shop-3f2a9c1b7d6e.herokuapp.com request_id=f1d0c2b3-3b58-2f13-a0d1-9d2f5e6a7b8c '
    'fwd="203.0.113.7, 198.51.100.20" dyno=web.2 connect=0ms service=812ms status=201 bytes=322 protocol=http2.0 tls=true tls_version=tls1.3'
)

# One line of every era and kind, and what must be read from it; what is not named is empty or None.
ERAS = [
    (MODERN, {"method": "POST", "path": "/api/orders", "host": "shop-3f2a9c1b7d6e.herokuapp.com", "request_id": "f1d0c2b3-3b58-2f13-a0d1-9d2f5e6a7b8c", "fwd": "203.0.113.7, 198.51.100.20", "dyno": "web.2", "connect_ms": 0, "service_ms": 812, "status": 201, "bytes": 322, "at": "info"}),
    # 2010 and 2011
    ("Error H10 (App crashed) -> GET shop.example.com/ dyno= queue= wait= service= status=503 bytes=", {"method": "GET", "path": "/", "host": "shop.example.com", "code": "H10", "status": 503, "at": "error"}),
    ("GET shop.example.com/a/b?x=1 dyno=web.1 queue=0 wait=0ms service=41ms status=200 bytes=512", {"method": "GET", "path": "/a/b?x=1", "host": "shop.example.com", "dyno": "web.1", "service_ms": 41, "status": 200, "bytes": 512, "at": "info"}),
    ("Error H12 (Request timeout) -> POST shop.example.com/x dyno=web.2 queue= wait= service=30000ms status=503 bytes=0", {"method": "POST", "path": "/x", "host": "shop.example.com", "dyno": "web.2", "code": "H12", "service_ms": 30000, "status": 503, "bytes": 0, "at": "error"}),
    # 2012: queue and wait, unquoted path, no request id
    ('at=info method=GET path=/ host=www.example.com fwd="203.0.113.7" dyno=web.1 queue=0 wait=0ms connect=1ms service=18ms status=200 bytes=13', {"method": "GET", "path": "/", "host": "www.example.com", "fwd": "203.0.113.7", "dyno": "web.1", "connect_ms": 1, "service_ms": 18, "status": 200, "bytes": 13, "at": "info"}),
    ('at=error code=H12 desc="Request timeout" method=GET path=/orders?sort=&page=&q= host=www.example.com fwd="203.0.113.7/host.example.com" dyno=web.1 connect=65ms service=30008ms status=503 bytes=0', {"method": "GET", "path": "/orders?sort=&page=&q=", "host": "www.example.com", "fwd": "203.0.113.7/host.example.com", "dyno": "web.1", "code": "H12", "connect_ms": 65, "service_ms": 30008, "status": 503, "bytes": 0, "at": "error"}),
    # unquoted query that looks like fields
    ("at=info method=GET path=/x?status=500&service=9ms&dyno=web.9 host=a.example.com dyno=web.1 service=5ms status=200", {"method": "GET", "path": "/x?status=500&service=9ms&dyno=web.9", "host": "a.example.com", "dyno": "web.1", "service_ms": 5, "status": 200, "at": "info"}),
    # the legacy router prints blanks, Router 2.0 zeros, where no dyno was reached
    ('at=error code=H10 desc="App crashed" method=GET path="/" host=a.example.com request_id=e4 fwd="203.0.113.7" dyno= connect= service= status=503 bytes= protocol=https', {"method": "GET", "path": "/", "host": "a.example.com", "request_id": "e4", "fwd": "203.0.113.7", "code": "H10", "status": 503, "at": "error"}),
    ('at=error code=H20 desc="App boot timeout" method=GET path="/" host=a.example.com request_id=e4 fwd="" dyno= connect=0ms service=0ms status=503 bytes=567', {"method": "GET", "path": "/", "host": "a.example.com", "request_id": "e4", "code": "H20", "connect_ms": 0, "service_ms": 0, "status": 503, "bytes": 567, "at": "error"}),
    ('at=error code=H19 desc="Backend connection timeout" method=GET path="/" host=a.example.com dyno=web.1 connect=5001ms service= status=503 bytes=', {"method": "GET", "path": "/", "host": "a.example.com", "dyno": "web.1", "code": "H19", "connect_ms": 5001, "status": 503, "at": "error"}),
    # sock first
    ('sock=client at=warning code=H27 desc="Client Request Interrupted" method=GET path="/s?q=x" host=a.example.com dyno=web.1 connect=0ms service=7524ms status=499 bytes=', {"sock": "client", "method": "GET", "path": "/s?q=x", "host": "a.example.com", "dyno": "web.1", "code": "H27", "connect_ms": 0, "service_ms": 7524, "status": 499, "at": "warning"}),
    ('sock=backend at=error code=H18 desc="Server Request Interrupted" method=GET path="/e" host=a.example.com dyno=web.3 service=710ms status=200 bytes=0', {"sock": "backend", "method": "GET", "path": "/e", "host": "a.example.com", "dyno": "web.3", "code": "H18", "service_ms": 710, "status": 200, "bytes": 0, "at": "error"}),
    # H24 has no status, H80 is no error
    ('at=error code=H24 desc="Forced close" method=GET path="/ws" host=a.example.com dyno=web.1 connect=1ms service=80000ms status= bytes=18', {"method": "GET", "path": "/ws", "host": "a.example.com", "dyno": "web.1", "code": "H24", "connect_ms": 1, "service_ms": 80000, "bytes": 18, "at": "error"}),
    ('at=info code=H80 desc="Maintenance mode" method=GET path="/" host=a.example.com dyno= connect= service= status=503 bytes=596', {"method": "GET", "path": "/", "host": "a.example.com", "code": "H80", "status": 503, "bytes": 596, "at": "info"}),
    # a title with an apostrophe, a cause, an agent
    ('at=info code=H82 desc="You\'ve used up your dyno hour pool" method=GET path="/" host=e.example.com dyno= status=503', {"method": "GET", "path": "/", "host": "e.example.com", "code": "H82", "status": 503, "at": "info"}),
    ('at=error code=H26 desc="Request Error" cause="unsupported expect header value" method=GET path="/" host=a.example.com dyno= status=417 bytes=', {"method": "GET", "path": "/", "host": "a.example.com", "code": "H26", "status": 417, "at": "error"}),
    ('at=error code=H31 desc="Misdirected Request" method=GET path="/" host=old.example.com dyno= status=421 protocol=http agent="curl/8.5.0 status=200"', {"method": "GET", "path": "/", "host": "old.example.com", "code": "H31", "status": 421, "at": "error"}),
    # paths without their escapes
    ('at=info method=GET path="/api/World English Bible/books" host=a.example.com request_id=1 fwd="203.0.113.7" dyno=web.1 service=18ms status=200', {"method": "GET", "path": "/api/World English Bible/books", "host": "a.example.com", "request_id": "1", "fwd": "203.0.113.7", "dyno": "web.1", "service_ms": 18, "status": 200, "at": "info"}),
    ('at=info method=GET path="/say "hi" status=500" host=a.example.com request_id=1 fwd="203.0.113.7" dyno=web.1 service=18ms status=200', {"method": "GET", "path": '/say "hi" status=500', "host": "a.example.com", "request_id": "1", "fwd": "203.0.113.7", "dyno": "web.1", "service_ms": 18, "status": 200, "at": "info"}),
    ('at=info method=GET path="/a" host=evil dyno=web.9 status=500" host=a.example.com request_id=1 fwd="203.0.113.7" dyno=web.1 service=18ms status=200', {"method": "GET", "path": '/a" host=evil dyno=web.9 status=500', "host": "a.example.com", "request_id": "1", "fwd": "203.0.113.7", "dyno": "web.1", "service_ms": 18, "status": 200, "at": "info"}),
    # whole numbers without a unit, in the middle of a line
    ('at=info method=GET path="/" host=a.example.com dyno=web.1 connect=1 service=18 status=200 bytes=13', {"method": "GET", "path": "/", "host": "a.example.com", "dyno": "web.1", "connect_ms": 1, "service_ms": 18, "status": 200, "bytes": 13, "at": "info"}),
    # glued, cut and edited lines
    ('at=error code=H10 desc="App crashed"method=GET path="/" host=a.example.com dyno= connect= service= status=503byte', {"method": "GET", "path": "/", "host": "a.example.com", "code": "H10", "status": 503, "at": "error"}),
    ('e=H10 desc="App crashed" method=GET path="/" host=a.example.com dyno= connect= service= status=503', {"method": "GET", "path": "/", "host": "a.example.com", "status": 503, "at": "info"}),
    ('host=a.example.com request_id=c9 fwd="203.0.113.7" dyno= connect= service= status=503 bytes= protocol=https', {"host": "a.example.com", "request_id": "c9", "fwd": "203.0.113.7", "status": 503, "at": "info"}),
    ('sock=client at=error code=H18 desc="Request Interrupted" method=GET  connect=1ms service=113ms status=503 bytes=11359', {"sock": "client", "method": "GET", "code": "H18", "connect_ms": 1, "service_ms": 113, "status": 503, "bytes": 11359, "at": "error"}),
    ('at=info method=GET path="/abc', {"method": "GET", "path": "/abc", "at": "info"}),
    ('at=error code=H12 desc="Request time', {"code": "H12", "at": "error"}),
    ('at=info method=GET path="/a" dyno=web.1 connect=0ms service=3', {"method": "GET", "path": "/a", "dyno": "web.1", "connect_ms": 0, "at": "info"}),
    ("at=error code=H12 desc=“Request timeout” method=GET path=“/a” host=a.example.com dyno=web.1 service=30001ms status=503", {"method": "GET", "path": "/a", "host": "a.example.com", "dyno": "web.1", "code": "H12", "service_ms": 30001, "status": 503, "at": "error"}),
    ("at=error code=H12 desc=&quot;Request timeout&quot; method=GET path=&quot;/a?x=1&amp;y=2&quot; host=a.example.com dyno=web.1 service=30001ms status=503", {"method": "GET", "path": "/a?x=1&y=2", "host": "a.example.com", "dyno": "web.1", "code": "H12", "service_ms": 30001, "status": 503, "at": "error"}),
    # a client may choose the id of its request
    ("at=info method=GET path=\"/\" host=a.example.com request_id=aGVsbG8/d29ybGQ+Zm9v== dyno=web.1 service=1ms status=200", {"method": "GET", "path": "/", "host": "a.example.com", "request_id": "aGVsbG8/d29ybGQ+Zm9v==", "dyno": "web.1", "service_ms": 1, "status": 200, "at": "info"}),
    # old error lines of both sides, unknown codes
    ('at=error code=H99 desc="Platform error" method=GET path="/" host=a.example.com dyno= status=503', {"method": "GET", "path": "/", "host": "a.example.com", "code": "H99", "status": 503, "at": "error"}),
    ('at=error code=A78 desc="Whatever" method=GET path="/" host=a.example.com dyno= status=503', {"method": "GET", "path": "/", "host": "a.example.com", "code": "A78", "status": 503, "at": "error"}),
]  # fmt: skip
EMPTY = {
    "method": "",
    "path": "",
    "host": "",
    "dyno": "",
    "code": "",
    "status": None,
    "service_ms": None,
    "connect_ms": None,
    "bytes": None,
    "fwd": "",
    "request_id": "",
    "sock": "",
}


@pytest.mark.parametrize(("message", "expected"), ERAS)
def test_a_router_line_of_every_era(message, expected):
    found = router.read(message)

    assert found is not None
    assert {key: value for key, value in found._asdict().items() if key != "fields"} == EMPTY | expected


@pytest.mark.parametrize(
    "message",
    [
        "", "Restarting", "path=/x", "at=info", "at=", "code=", "State changed from starting to up", "GET / HTTP/1.1",
        "method=GET path=/x format=html controller=OrdersController action=index status=200 duration=58.33 view=40.43 db=15.26",
        '192.0.2.4 - - [28/Jun/2012:21:57:23 +0000] "GET /x HTTP/1.1" 200 403567 "http://www.example.com/" "Mozilla/5.0" www.example.com',
    ],
)  # fmt: skip
def test_other_messages_are_no_router_lines(message):
    assert router.read(message) is None


def test_unknown_keys_are_kept():
    found = router.read(MODERN + ' edge=fra1 note="two words" at=again')

    assert found.fields["edge"] == "fra1"
    assert found.fields["note"] == "two words"
    assert found.fields["tls_version"] == "tls1.3"
    assert found.at == "info"


def test_queue_and_wait_are_kept_where_they_were_printed():
    assert (
        router.read("GET a.example.com/ dyno=web.1 queue=3 wait=12ms service=41ms status=200 bytes=5").fields["wait"]
        == "12ms"
    )
    assert "queue" not in router.read(MODERN).fields


@given(
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters='"'), max_size=60), st.integers(0, 10**9)
)
def test_any_path_and_service_come_back(path, service_ms):
    found = router.read(
        f'at=info method=GET path="/{path}" host=a.example.com request_id=1 fwd="" dyno=web.1 connect=0ms service={service_ms}ms status=200 bytes=1'
    )

    assert found is not None
    assert found.path == f"/{path}"
    assert (found.service_ms, found.status, found.dyno) == (service_ms, 200, "web.1")


@given(st.text(max_size=300))
def test_no_message_raises(message):
    router.read(message)
    router.read("at=info " + message)
    router.read('at=error code=H12 path="' + message)


@given(st.integers(0, len(MODERN)), st.integers(0, len(MODERN)))
def test_what_is_left_of_a_cut_line_is_never_read_wrongly(start, end):
    found = router.read(MODERN[start:end])
    whole = router.read(MODERN)

    for key in ("service_ms", "connect_ms", "sock", "code"):
        assert found is None or getattr(found, key) in (None, "", getattr(whole, key))


@pytest.mark.parametrize(
    "piece",
    ['a="', "path=", 'path="', '" host=', "=", "at=info ", '\\"', 'k="\\', "&quot;", "code=H12 ", "x" * 50 + "="],
)
def test_hostile_lines_take_no_time(piece):
    message = ("at=error code=H12 " + piece * 70_000)[: 64 * 1024]
    started = perf_counter()
    router.read(message)

    assert perf_counter() - started < 0.2
