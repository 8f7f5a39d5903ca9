from __future__ import annotations

import gzip

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from incidents.models import Incident
from tests.incidents import builders
from triage.compression import TextGZipMiddleware

LONG = "a line of the log " * 100
ACCEPTS = {"Accept-Encoding": "gzip"}


def answer_of(response: HttpResponse | StreamingHttpResponse) -> HttpResponse | StreamingHttpResponse:
    request: HttpRequest = RequestFactory().get("/", headers=ACCEPTS)
    return TextGZipMiddleware(lambda _: response)(request)  # type: ignore[arg-type,return-value]


def test_a_page_comes_compressed_and_no_two_answers_have_the_same_length(client: Client, incident: Incident) -> None:
    client.force_login(builders.person("alice", "owner"))
    answers = [client.get("/codes/", headers=ACCEPTS) for _ in range(6)]
    assert {answer["Content-Encoding"] for answer in answers} == {"gzip"}
    assert {b"Request timeout" in gzip.decompress(answer.content) for answer in answers} == {True}
    assert len({len(answer.content) for answer in answers}) > 1
    assert "Content-Encoding" not in client.get("/codes/")


def test_tables_and_texts_are_compressed() -> None:
    for kind in ("text/html; charset=utf-8", "application/json", "text/csv; charset=utf-8"):
        assert answer_of(HttpResponse(LONG, content_type=kind))["Content-Encoding"] == "gzip"


def test_streams_and_archives_go_out_as_they_are() -> None:
    stream = StreamingHttpResponse([LONG], content_type="text/html")
    for response in (stream, HttpResponse(LONG, content_type="application/zip")):
        assert "Content-Encoding" not in answer_of(response)
