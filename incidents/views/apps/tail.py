"""The live tail of an app: a page that works by itself, and what its script asks for every second.

By polling, since a stream of events would hold one of the server's threads for each viewer. A request takes a few
milliseconds: the lines are read once per process (`tail_feed`), and who has seen everything gets 204.
"""

from __future__ import annotations

import json
import threading
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.access import get_app_for
from incidents.search import Query, QueryProblem, parse, with_fields
from incidents.views.apps.context import app_context
from incidents.views.apps.tail_feed import feeds, read_cursor, write_cursor

MOST_AT_ONCE = 6
"""Requests that a process answers at a time; further ones are sent away for a moment, so that pages stay quick."""
RETRY_SECONDS = 2
FIRST_LINES = 300
FIELDS = ("dyno", "source", "code")
_room = threading.BoundedSemaphore(MOST_AT_ONCE)


@require_safe
def tail_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The newest lines; ``q`` (the log's query language), dyno, source, code filter."""
    app = get_app_for(request.user, pk)
    query, problem = _query(request)
    feed = feeds.of(app)
    feed.refresh()
    page = feed.page(None, query, limit=FIRST_LINES)
    context = app_context(request, app, "tail") | {
        "rows": [json.loads(row) for row in page.rows],
        "cursor": write_cursor(page.cursor),
        "query": query,
        "problem": problem,
        "chosen": {name: request.GET.get(name, "") for name in ("q", *FIELDS)},
        "is_filtered": any(request.GET.get(name, "").strip() for name in ("q", *FIELDS)),
    }
    return render(request, "apps/tail.html", context)


@require_safe
def tail_lines(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Lines behind ``after`` (or the header Last-Event-ID) as JSON; 204 if there are none, 503 if too many ask."""
    app = get_app_for(request.user, pk)
    query, problem = _query(request)
    if problem:
        return _json(400, json.dumps({"problem": problem}).encode())
    if not _room.acquire(timeout=0.5):
        answer = HttpResponse(status=503)
        answer["Retry-After"] = RETRY_SECONDS
        return answer
    try:
        feed = feeds.of(app)
        feed.refresh()
        after = read_cursor(request.GET.get("after") or request.headers.get("Last-Event-ID", ""))
        if after is not None and feed.cursor() == after:
            return HttpResponse(status=204)
        body = feed.answer(after, query)
    finally:
        _room.release()
    answer = _json(200, body)
    answer["Content-Encoding"] = "gzip"
    return answer


def _json(status: int, body: bytes) -> HttpResponse:
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8")


def _query(request: HttpRequest) -> tuple[Query, str]:
    """The filter, and what is wrong with it."""
    fields = {name: request.GET.get(name, "").replace("\x00", "").strip() for name in FIELDS}
    text: Any = with_fields(request.GET.get("q", "").replace("\x00", ""), fields)
    try:
        return parse(text), ""
    except QueryProblem as problem:
        return Query(), str(problem)
