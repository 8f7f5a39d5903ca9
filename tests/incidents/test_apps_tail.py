"""The live tail: what it sends, once per process; filters, cursors, and what is too much."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from incidents.digest.recorder import reading as recorder_reading
from incidents.models import App, Drain, Role
from incidents.search import parse
from incidents.views.apps import tail, tail_feed
from incidents.views.apps.tail_feed import Feed, read_cursor, write_cursor
from tests.incidents import app_builders as live
from tests.incidents import builders

BrowserOf = Callable[[User], Client]
AT = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh_feeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """No feed of another test, and none that thinks it has just read."""
    monkeypatch.setattr(tail, "feeds", tail_feed.Feeds())
    monkeypatch.setattr(tail_feed, "REFRESH_SECONDS", 0.0)


@pytest.fixture
def app(alice: User) -> App:
    return live.app()


@pytest.fixture
def drain(app: App) -> Drain:
    return live.drain(app)


@pytest.fixture
def client(alice: User, browser_of: BrowserOf) -> Client:
    return browser_of(alice)


def said(number: int, text: str = "order was placed", dyno: str = "web.1") -> str:
    return f"{live.stamp(AT + timedelta(seconds=number))} app[{dyno}]: {text} {number}"


def ask(client: Client, app: App, **query: str) -> Any:
    answer = client.get(reverse("app-tail-lines", args=[app.pk]), query)
    return json.loads(gzip.decompress(answer.content)) if answer.status_code == 200 else answer


def texts(page: Any) -> list[str]:
    return ["".join(part for part, _ in row["p"]) for row in page["rows"]]


def test_lines_come_once_and_in_order(client: Client, app: App, drain: Drain) -> None:
    live.arrive(drain, [said(1), said(2)])
    first = ask(client, app)
    assert texts(first) == [said(1), said(2)]
    assert ask(client, app, after=first["cursor"]).status_code == 204
    live.arrive(drain, [said(3)])
    second = ask(client, app, after=first["cursor"])
    assert texts(second) == [said(3)]
    assert second["rows"][0]["n"] == 3
    assert (second["skipped"], second["cursor"] != first["cursor"]) == (0, True)


def test_a_viewer_of_another_process_goes_on_where_it_was(client: Client, app: App, drain: Drain) -> None:
    live.arrive(drain, [said(1), said(2), said(3)])
    other = Feed(app)
    other.refresh()
    live.arrive(drain, [said(4)])
    page = ask(client, app, after=write_cursor(other.cursor()))
    assert texts(page) == [said(4)]


def test_two_drains_are_one_tail(client: Client, app: App, drain: Drain) -> None:
    second = live.drain(app, "second")
    live.arrive(drain, [said(1), said(3)])
    live.arrive(second, [said(2)])
    page = ask(client, app)
    assert texts(page) == [said(1), said(2), said(3)]
    assert page["cursor"].count(".") == 2
    live.arrive(second, [said(4)])
    assert texts(ask(client, app, after=page["cursor"])) == [said(4)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "placed"}, 2), ({"q": "-placed"}, 2), ({"q": "/plac(ed|ing) [1-4]/"}, 1), ({"dyno": "worker.1"}, 1),
        ({"code": "H12"}, 1), ({"q": "status:>=500"}, 1), ({"source": "heroku"}, 1), ({"q": "nothing-like-it"}, 0),
        ({"q": "placed OR code:H12"}, 3), ({"q": "placed", "dyno": "web.1"}, 2),
    ],
)  # fmt: skip
def test_filters_are_those_of_the_log(
    client: Client, app: App, drain: Drain, query: dict[str, str], expected: int
) -> None:
    rows = [said(1), said(2, "job done", "worker.1"), live.router_line(AT, code="H12"), said(5)]
    live.arrive(drain, rows)
    assert len(ask(client, app, **query)["rows"]) == expected


def test_a_filter_that_makes_no_sense_is_explained(client: Client, app: App, drain: Drain) -> None:
    live.arrive(drain, [said(1)])
    answer = ask(client, app, q="status:abc")
    assert answer.status_code == 400
    assert "number" in answer.json()["problem"]
    html = client.get(reverse("app-tail", args=[app.pk]), {"q": "status:abc"}).content.decode()
    assert 'role="alert"' in html


def test_secrets_are_masked_and_hostile_text_is_text(client: Client, app: App, drain: Drain) -> None:
    password = "pa55" + "word-9"
    live.arrive(
        drain, [said(1, f"postgres://shop:{password}@db.example.com/x"), said(2, "<img src=x onerror=a()>\x07")]
    )
    page = ask(client, app)
    assert password not in json.dumps(page)
    assert "<img src=x onerror=a()>␇ 2" in texts(page)[1]
    html = client.get(reverse("app-tail", args=[app.pk])).content.decode()
    assert "<img src=x" not in html
    assert password not in html


def test_who_falls_behind_is_told_how_many_lines_were_left_out(
    client: Client, app: App, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail_feed, "MOST_LINES", 20)
    live.arrive(drain, [said(0)])
    cursor = ask(client, app)["cursor"]
    for start in range(1, 61, 10):
        live.arrive(drain, [said(number) for number in range(start, start + 10)])
        ask(client, app)
    page = ask(client, app, after=cursor)
    assert page["skipped"] + len(page["rows"]) == 60
    assert texts(page)[-1] == said(60)
    assert page["skipped"] >= 30


def test_more_than_is_read_at_once_is_told_as_well(
    client: Client, app: App, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail_feed, "MOST_READ", 20)
    live.arrive(drain, [said(0)])
    cursor = ask(client, app)["cursor"]
    live.arrive(drain, [said(number) for number in range(1, 61)])
    page = ask(client, app, after=cursor)
    assert (page["skipped"], len(page["rows"])) == (40, 20)


def test_fifty_viewers_cost_one_read(app: App, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_feed, "REFRESH_SECONDS", 60.0)
    reads = []
    real = recorder_reading.tail

    def counted(*args: Any, **kwargs: Any) -> Any:
        reads.append(1)
        return real(*args, **kwargs)

    monkeypatch.setattr(tail_feed, "tail", counted)
    live.arrive(drain, [said(number) for number in range(100)])
    feed = Feed(app)
    answers = []
    for _ in range(50):
        feed.refresh()
        answers.append(feed.answer(None, parse("")))
    assert len(reads) == 1
    assert len({id(answer) for answer in answers}) == 1


def test_asking_is_cheap(
    client: Client, app: App, drain: Drain, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    live.arrive(drain, [said(1)])
    cursor = ask(client, app)["cursor"]
    with django_assert_max_num_queries(6):
        assert ask(client, app, after=cursor).status_code == 204


def test_too_many_at_once_are_sent_away_for_a_moment(
    client: Client, app: App, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(tail, "_room", full)
    answer = ask(client, app)
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")


def test_the_page_works_by_itself(client: Client, app: App, drain: Drain) -> None:
    live.arrive(drain, [said(1), live.router_line(AT + timedelta(seconds=2), code="H12")])
    html = client.get(reverse("app-tail", args=[app.pk])).content.decode()
    assert "order was placed" in html
    assert 'class="line bad"' in html
    assert "Refresh" in html
    assert f'data-cursor="{write_cursor({0: 2})}"' in html
    filtered = client.get(reverse("app-tail", args=[app.pk]), {"code": "H12"}).content.decode()
    assert "order was placed" not in filtered


def test_only_the_team_sees_the_tail(charlie: User, browser_of: BrowserOf, app: App, drain: Drain) -> None:
    live.arrive(drain, [said(1)])
    viewer = builders.person("vera", Role.VIEWER)
    for name in ("app-tail", "app-tail-lines"):
        address = reverse(name, args=[app.pk])
        assert browser_of(charlie).get(address).status_code == 404
        assert Client().get(address).status_code == 302
        assert browser_of(viewer).get(address).status_code == 200


@pytest.mark.parametrize("text", ["", "x", "1", "1.", ".1", "-1.2", "1.2-", "0.1" * 300, "²3.1", "1.9e9"])
def test_what_is_no_cursor_starts_anew(text: str) -> None:
    assert read_cursor(text) is None


def test_cursors_survive_writing_and_reading() -> None:
    assert read_cursor(write_cursor({3: 10**12, 0: 5})) == {0: 5, 3: 10**12}
