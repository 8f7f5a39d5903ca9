"""/v1/logs: OpenTelemetry records become the lines that heroku logs would print."""

from __future__ import annotations

import gzip
import json

import pytest
from django.test import Client

from incidents.digest.recorder.health import health
from incidents.models import Frame

NANOS = 1_795_166_048_500_120_000  # 2026-11-20T09:14:08.500120Z
TRACE_ID, SPAN_ID = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def record(text=None, attributes=None, **more):
    body = {} if text is None else {"body": {"stringValue": text}}
    pairs = [{"key": key, "value": value} for key, value in (attributes or {}).items()]
    return {"timeUnixNano": str(NANOS), "attributes": pairs, **body, **more}


def export(*records, dyno="web.1"):
    resource = {
        "attributes": [
            {"key": "service.name", "value": {"stringValue": "shop"}},
            {"key": "service.instance.id", "value": {"stringValue": dyno}},
            {"key": "cloud.provider", "value": {"stringValue": "heroku"}},
        ]
    }
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": list(records)}]}]}


def post(shop, body, kind="application/json", **headers):
    named = {"Authorization": f"Bearer {shop.token}"} | {key.replace("_", "-"): value for key, value in headers.items()}
    return Client().post("/v1/logs", body, content_type=kind, headers=named)


def sent(shop, *records, **options):
    answer = post(shop, json.dumps(export(*records, **options)))
    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "application/json", b"{}")
    shop.record()
    return shop.lines


def test_a_record_is_told_with_its_time_and_its_dyno(shop):
    assert sent(shop, record("café ☕ ready")) == ["2026-11-20T09:14:08.500120+00:00 app[web.1]: café ☕ ready"]


def test_protobuf_and_json_give_the_same_lines_and_ids_are_hex(shop, make_shop):
    from incidents.ingest.otlp import parse

    body = json.dumps(export(record("ready", traceId=TRACE_ID, spanId=SPAN_ID))).encode()
    request = parse(body, is_json=True)
    other = make_shop("other")

    answer = post(other, request.SerializeToString(), "application/x-protobuf")

    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "application/x-protobuf", b"")
    found = request.resource_logs[0].scope_logs[0].log_records[0]
    assert (found.trace_id.hex(), found.span_id.hex()) == (TRACE_ID, SPAN_ID)
    other.record()
    assert post(shop, body).status_code == 200
    shop.record()
    assert shop.lines == other.lines
    assert shop.lines[0].endswith(f"ready trace_id={TRACE_ID}")


def test_a_router_record_becomes_a_router_line_that_the_analysis_reads(shop):
    from incidents.models import Chunk

    attributes = {
        "http.request.method": {"stringValue": "GET"},
        "url.path": {"stringValue": "/report"},
        "http.response.status_code": {"intValue": "503"},
        "http.server.request.duration": {"doubleValue": 30.001},
        "heroku.error_code": {"stringValue": "H12"},
        "heroku.dyno": {"stringValue": "web.1"},
    }
    (line,) = sent(shop, record(None, attributes))

    assert line.endswith(
        'heroku[router]: at=error code=H12 method=GET path="/report" dyno=web.1 status=503 service=30001ms'
    )
    assert Chunk.objects.get().summary["codes"] == {"H12": 1}


def test_stack_traces_and_structured_bodies_are_kept(shop):
    trace = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: no'
    structured = {"kvlistValue": {"values": [{"key": "order", "value": {"intValue": "7"}}]}}
    lines = sent(
        shop,
        record("failed", {"exception.stacktrace": {"stringValue": trace}, "user": {"stringValue": "a b"}}),
        {"timeUnixNano": str(NANOS), "body": structured},
    )
    assert [line.partition("]: ")[2] for line in lines] == [
        'failed user="a b"', *trace.split("\n"), '{"order":7}',
    ]  # fmt: skip


def test_the_same_export_again_counts_once(shop):
    sent(shop, record("once"))
    assert len(sent(shop, record("once"))) == 1
    assert health(shop.app)[0].counts.duplicates == 1


def test_gzip_is_read_and_bombs_are_not(shop):
    body = gzip.compress(json.dumps(export(record("packed"))).encode())
    assert post(shop, body, Content_Encoding="gzip").status_code == 200
    assert post(shop, gzip.compress(b" " * 50_000_000), Content_Encoding="gzip").status_code == 413


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"resourceLogs": 7}', "application/json", 400),
        (b"\xff\xff\xff", "application/x-protobuf", 400),
        (b"x", "text/plain", 415),
    ],
)
def test_what_is_no_export_is_refused_in_the_senders_language(shop, body, kind, status):
    answer = post(shop, body, kind)

    assert answer.status_code == status
    if kind == "application/x-protobuf":
        assert answer.content[:3] == b"\x08\x03\x12"
    else:
        assert answer.json()["code"] == 3


def test_an_empty_export_is_fine_and_an_unknown_token_is_not(shop):
    assert post(shop, b"{}").status_code == 200
    assert not Frame.objects.exists()
    shop.token = "nobody's"
    assert post(shop, b"{}").status_code == 401
