"""The log viewer: any line by its number, filters, permalinks, and text that does nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from incidents.models import Incident
from tests.incidents import builders

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x1b[31mred\x1b[0m then \x1b]8;;https://example.com\x07link",
    "right-to-left \u202eexe.txt\u202c",
    "zero\u200bwidth and nul \x00 end",
    "{{ 7|add:7 }} {% debug %}",
    "'; DROP TABLE incidents; --",
]


@pytest.fixture
def client(alice: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(alice)


@pytest.fixture
def long_log(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> Incident:
    """1,000 lines in several chunks of several blocks."""
    monkeypatch.setattr("incidents.analysis.text.CHUNK_BYTES", 60_000)
    monkeypatch.setattr("incidents.digest.segments.BLOCK_BYTES", 8_000)
    builders.upload(incident, builders.log(1_000))
    builders.work()
    incident.refresh_from_db()
    return incident


def lines_of(response: object) -> list[int]:
    return [row["number"] for row in response.context["rows"]]  # type: ignore[attr-defined]


def log_page(incident: Incident) -> str:
    return reverse("incident-logs", args=[incident.pk])


def follow(client: Client, incident: Incident, query: dict[str, str], link: str) -> list[list[int]]:
    """All pages of a query, by its links to later or earlier lines."""
    pages = []
    address = f"{log_page(incident)}?{'&'.join(f'{key}={value}' for key, value in query.items())}"
    for _ in range(80):
        response = client.get(address)
        pages.append(lines_of(response))
        if not response.context[link]:
            return pages
        address = f"{log_page(incident)}?{response.context[link]}"
    raise AssertionError("the pages do not come to an end")


def test_paging_forwards_and_backwards_shows_every_line_once(client: Client, long_log: Incident) -> None:
    forwards = follow(client, long_log, {}, "later")
    assert [number for page in forwards for number in page] == list(range(1, 1_001))
    assert max(map(len, forwards)) <= 200
    backwards = follow(client, long_log, {"until": "1001"}, "earlier")
    assert [number for page in reversed(backwards) for number in page] == list(range(1, 1_001))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"code": "H12"}, lambda number: number % 10 == 9),
        ({"q": "code:H12"}, lambda number: number % 10 == 9),
        ({"q": "code:h12 -service:>=30000"}, lambda number: False),
        ({"q": "status:>=500"}, lambda number: number % 10 == 9),
        ({"status": "5xx"}, lambda number: number % 10 == 9),
        ({"q": "service:>29s"}, lambda number: number % 10 == 9),
        ({"kind": "app"}, lambda number: number % 10 != 9 and number % 3 == 0),
        ({"q": "kind:router -code:H12"}, lambda number: number % 10 != 9 and number % 3 != 0),
        ({"q": "was placed"}, lambda number: number % 10 != 9 and number % 3 == 0),
        ({"q": '"order 42 was placed"'}, lambda number: number == 42),
        ({"q": "/order 4[25] was/"}, lambda number: number in (42, 45)),
        ({"q": "path:/reports/*/export"}, lambda number: number % 10 == 9),
        ({"q": "-path:/orders -placed"}, lambda number: number % 10 == 9),
        ({"q": "after:09:10 before:09:10:05"}, lambda number: 600 <= number < 605),
        ({"endpoint": "GET /reports/{id}/export"}, lambda number: number % 10 == 9),
        ({"dyno": "router"}, lambda number: number % 10 == 9 or number % 3 != 0),
        ({"dyno": "web.1", "q": "kind:app"}, lambda number: number % 10 != 9 and number % 3 == 0),
    ],
)
def test_filters_find_exactly_their_lines(
    client: Client, long_log: Incident, query: dict[str, str], expected: Callable[[int], bool]
) -> None:
    wanted = [number + 1 for number in range(1_000) if expected(number)]
    response = client.get(log_page(long_log), query)
    found = lines_of(response)
    while response.context["later"]:
        response = client.get(f"{log_page(long_log)}?{response.context['later']}")
        found += lines_of(response)
    assert found == wanted


def test_filtered_pages_go_backwards_too(client: Client, long_log: Incident) -> None:
    backwards = follow(client, long_log, {"code": "H12", "until": "1001"}, "earlier")
    assert [number for page in reversed(backwards) for number in page] == [n + 1 for n in range(1_000) if n % 10 == 9]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("/(/", "cannot be read"),
        ("status:abc", "needs a number"),
        ("after:noon", "needs a time"),
        ("kind:x", "no kind"),
    ],
)
def test_queries_that_cannot_be_run_say_why(client: Client, long_log: Incident, query: str, words: str) -> None:
    response = client.get(log_page(long_log), {"q": query})
    assert response.status_code == 200
    assert words in response.context["problem"]


def test_an_unknown_field_is_searched_as_text_and_told(client: Client, long_log: Incident) -> None:
    response = client.get(log_page(long_log), {"q": "colour:red"})
    assert "is no field" in response.content.decode()
    assert not lines_of(response)


def test_a_search_out_of_time_says_how_far_it_came(
    client: Client, long_log: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.search.reading.BUDGET_SECONDS", -1.0)
    response = client.get(log_page(long_log), {"q": "order 903 was"})
    assert not response.context["search_ended"]
    assert 0 < response.context["searched_to"] < 1_000
    pages = follow(client, long_log, {"q": "%22order 903 was%22"}, "later")
    assert [number for page in pages for number in page] == [904]


def test_a_permalink_shows_the_line_among_its_neighbours(client: Client, long_log: Incident) -> None:
    response = client.get(reverse("incident-line", args=[long_log.pk, 0, 500]))
    assert lines_of(response) == list(range(480, 521))
    assert response.content.decode().count('aria-current="true"') == 1
    wider = client.get(reverse("incident-line", args=[long_log.pk, 0, 3]), {"around": "50"})
    assert lines_of(wider) == list(range(1, 54))


@pytest.mark.parametrize("place", [(0, 1_001), (1, 1), (0, 0), (0, 10**30), (10**30, 1)])
def test_lines_that_do_not_exist_are_not_found(client: Client, long_log: Incident, place: tuple[int, int]) -> None:
    assert client.get(reverse("incident-line", args=[long_log.pk, *place])).status_code == 404


@pytest.mark.parametrize("name", ["from", "until", "source", "around"])
@pytest.mark.parametrize("value", ["-1", "0", "999999999999999999999", "x", "²", ""])
def test_odd_numbers_in_addresses_do_no_harm(client: Client, long_log: Incident, name: str, value: str) -> None:
    assert client.get(log_page(long_log), {name: value}).status_code == 200
    assert client.get(reverse("incident-line", args=[long_log.pk, 0, 1]), {name: value}).status_code == 200


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_log_text_is_shown_and_does_nothing(client: Client, incident: Incident, text: str) -> None:
    rows = [builders.app_line(second, f"{text} number {second}") for second in range(30)]
    builders.upload(incident, "".join(f"{row}\n" for row in rows).encode())
    builders.work()
    html = client.get(log_page(incident)).content.decode()
    body = html[html.index('id="lines"') :]
    assert "number 29" in body
    assert not re.search(r"<(script|img|iframe)\b(?![^>]*/static/)", body)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200b]", body)
    assert "14 {%" not in body


def test_credentials_are_masked_until_somebody_asks(client: Client, incident: Incident) -> None:
    secret = "s3cr" + "et-" + "9f8e7d6c5b"
    line = builders.app_line(1, "DATABASE_URL=postgres://app:" + secret + "@db.example.com:5432/app")
    builders.upload(incident, f"{line}\n".encode() * 3)
    builders.work()
    assert secret not in client.get(log_page(incident)).content.decode()
    assert secret not in client.get(reverse("incident-line", args=[incident.pk, 0, 1])).content.decode()
    assert secret in client.get(log_page(incident), {"reveal": "1"}).content.decode()


def test_a_very_long_line_is_cut_in_the_list_and_whole_on_its_page(client: Client, incident: Incident) -> None:
    builders.upload(
        incident, (builders.app_line(1, "x" * 20_000 + " the end") + "\n" + builders.app_line(2, "y")).encode()
    )
    builders.work()
    assert "the end" not in client.get(log_page(incident)).content.decode()
    assert "the end" in client.get(reverse("incident-line", args=[incident.pk, 0, 1])).content.decode()


def test_a_part_of_the_page_is_answered_alone(client: Client, long_log: Incident) -> None:
    headers = {"HX-Request": "true", "HX-Target": "log"}
    fragment = client.get(log_page(long_log), {"q": "code:H12"}, headers=headers).content.decode()
    assert fragment.lstrip().startswith('<div id="log"')
    restored = client.get(log_page(long_log), headers=headers | {"HX-History-Restore-Request": "true"})
    assert "<html" in restored.content.decode()


def test_text_is_found_before_a_chunk_has_been_read(client: Client, incident: Incident) -> None:
    from incidents.digest import splitting

    source = builders.upload(incident, builders.log(100))
    list(splitting.split(source.pk))
    assert lines_of(client.get(log_page(incident), {"q": '"order 42 was"'})) == [43]
    assert lines_of(client.get(log_page(incident), {"q": "code:H12"})) == []
