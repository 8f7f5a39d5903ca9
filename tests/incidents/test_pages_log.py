"""The log viewer: any line by its number, filters, permalinks, and text that does nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from incidents.models import AuditEvent, Incident, Segment
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


@pytest.fixture(scope="module")
def long_log(django_db_setup: None, django_db_blocker: object) -> Iterator[Incident]:
    """1,000 lines in several chunks of several blocks."""
    data = {"app.log": builders.log(1_000)}
    with builders.kept_incident(django_db_blocker, data, chunk_bytes=60_000, block_bytes=8_000) as kept:
        yield kept


def lines_of(response: object) -> list[int]:
    return [row.number for row in response.context.get("rows") or []]  # type: ignore[attr-defined]


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
    backwards = follow(client, long_log, {"until": "end"}, "earlier")
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
    backwards = follow(client, long_log, {"code": "H12", "until": "end"}, "earlier")
    assert [number for page in reversed(backwards) for number in page] == [n + 1 for n in range(1_000) if n % 10 == 9]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("/(/", "cannot be read"),
        ("status:abc", "no number"),
        ("after:noon", "no time"),
        ("between:12:04", "two times"),
        ("release:v9", "does not show release v9"),
        ("finding:nothing", "no finding"),
        ("file:other.log", "No file"),
        ("level:loud", "no level"),
        ("code:", "has no value"),
        ("kind:x", "no kind"),
    ],
)
def test_queries_that_cannot_be_run_say_why(client: Client, long_log: Incident, query: str, words: str) -> None:
    response = client.get(log_page(long_log), {"q": query})
    assert response.status_code == 200
    assert words in str(response.context["problem"])
    assert "".join(response.context["problem_parts"]) == query
    assert response.context["problem_parts"][1] == query
    as_text = client.get(f"{log_page(long_log)}?{response.context['as_text']}")
    assert not as_text.context.get("problem")


def test_an_unknown_field_is_searched_as_text_and_told(client: Client, long_log: Incident) -> None:
    response = client.get(log_page(long_log), {"q": "colour:red"})
    assert "is no field" in response.content.decode()
    assert not lines_of(response)


def test_a_search_out_of_time_says_how_far_it_came(
    client: Client, long_log: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.search.paging.BUDGET_SECONDS", -1.0)
    response = client.get(log_page(long_log), {"q": "order 903 was"})
    assert response.context["timed_out"]
    assert "2026-03-14T09:00:00" < response.context["reached"] < "2026-03-14T09:15"
    assert "The time for one page was up" in response.content.decode()
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


@pytest.mark.parametrize("name", ["start", "until", "go", "file", "from", "to", "around"])
@pytest.mark.parametrize("value", ["-1", "0", "999999999999999999999", "x", "²", "9999999999999999999.0.1"])
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
    assert secret not in client.get(log_page(incident), {"reveal": "1"}).content.decode()
    back = client.post(reverse("incident-reveal", args=[incident.pk]), {"next": log_page(incident)}, follow=True)
    assert secret in back.content.decode()
    assert secret in client.get(reverse("incident-line", args=[incident.pk, 0, 1])).content.decode()
    assert AuditEvent.objects.filter(action="secret.revealed", object_id=str(incident.pk)).count() == 1
    client.post(reverse("incident-reveal", args=[incident.pk]), {"do": "mask"})
    assert secret not in client.get(log_page(incident)).content.decode()


def test_a_viewer_reveals_nothing(incident: Incident, browser_of) -> None:
    viewer = browser_of(builders.person("vera", "viewer"))
    assert viewer.post(reverse("incident-reveal", args=[incident.pk])).status_code == 403


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


# -- how lines look ---------------------------------------------------------------------------------------------------
TRACE = """Traceback (most recent call last):
  File "/app/a.py", line 1, in main
    run()
  File "/app/b.py", line 2, in run
    raise ValueError("x")
ValueError: x"""


def shown(client: Client, incident: Incident, *messages: str, **query: str) -> tuple[list[tuple[str, int]], str]:
    """Kinds of rows with the number of their lines, and the page, of a log of these messages."""
    rows = [builders.app_line(second, message) for second, message in enumerate(messages)]
    builders.upload(incident, "".join(f"{row}\n" for row in rows).encode())
    builders.work()
    response = client.get(log_page(incident), query)
    items = response.context["items"]
    return [(item.kind, len(item.rows)) for item in items if item.kind != "mark"], response.content.decode()


def test_a_stack_trace_is_one_row_that_names_the_error(client: Client, incident: Incident) -> None:
    kinds, html = shown(client, incident, "before", *TRACE.split("\n"), "after")
    assert kinds == [("line", 1), ("trace", 6), ("line", 1)]
    summary = html[html.index('<summary><span class="count"') :].partition("</summary>")[0]
    assert "6 lines" in summary
    assert "ValueError: x" in summary


def test_traces_of_other_languages_are_folded_under_their_first_line(client: Client, incident: Incident) -> None:
    java = ["java.lang.IllegalStateException: no", "\tat com.example.A.b(A.java:1)", "\tat com.example.C.d(C.java:2)",
            "\t... 12 more"]  # fmt: skip
    ruby = ["NoMethodError (undefined method `x'):", "/app/a.rb:1:in `x'", "/app/b.rb:2:in `y'", "/app/c.rb:3:in `z'"]
    kinds, _ = shown(client, incident, *java, "between", *ruby)
    assert kinds == [("trace", 4), ("line", 1), ("trace", 4)]


def test_repeated_lines_are_one_row_with_their_number_and_time(client: Client, incident: Incident) -> None:
    kinds, html = shown(client, incident, "one", *(f"retry {number} of job 0b4c9d1e2f3a" for number in range(5)), "two")
    assert kinds == [("line", 1), ("repeat", 5), ("line", 1)]
    assert "×5" in html
    assert "in 4 s" in html


def test_what_is_searched_for_is_not_counted_away(client: Client, incident: Incident) -> None:
    kinds, _ = shown(client, incident, *(f"retry {number}" for number in range(5)), q="retry")
    assert kinds == [("line", 1)] * 5


@pytest.mark.parametrize("look", [{"fold": "off"}, {"raw": "on"}])
def test_folding_can_be_switched_off_and_stays_so(client: Client, incident: Incident, look: dict[str, str]) -> None:
    kinds, _ = shown(client, incident, *TRACE.split("\n"), **look)
    assert kinds == [("line", 1)] * 6
    assert [item.kind for item in client.get(log_page(incident)).context["items"]] == ["line"] * 6


def test_silence_and_changes_stand_between_the_lines(client: Client, incident: Incident) -> None:
    lines = [builders.app_line(0, "a"), f"{builders.stamp(100)} app[api]: Release v42 created by user dev@example.com",
             builders.app_line(101, "b"), builders.app_line(900, "c")]  # fmt: skip
    builders.upload(incident, "".join(f"{line}\n" for line in lines).encode())
    builders.work()
    html = client.get(log_page(incident)).content.decode()
    assert "No line for 13 min<" in html
    assert re.search(r'class="line-mark[^>]*>.*?v42', html)
    assert "No line for" not in client.get(log_page(incident), {"q": "-nothing"}).content.decode()
    found = client.get(log_page(incident), {"q": "release:v42"})
    assert lines_of(found) == [2, 3, 4]


def test_colours_become_classes_and_nothing_else(client: Client, incident: Incident) -> None:
    _, html = shown(
        client, incident, "\x1b[1;31mred\x1b[0m plain \x1b]8;;https://example.com\x07link\x1b]8;;\x07 \x1b[2Jend"
    )
    line = html[html.index('id="lines"') :]
    assert '<span class="ansi-red ansi-bold">red</span> plain link end' in line
    assert " style=" not in line
    raw = client.get(log_page(incident), {"raw": "on"}).content.decode()
    assert "␛[1;31mred" in raw


# -- several files ----------------------------------------------------------------------------------------------------
@pytest.fixture
def two_files(incident: Incident) -> Incident:
    """The second file begins in the middle of the first and goes on after it."""
    rows = [builders.app_line(second, f"message {second} x{second % 7}") for second in range(60)]
    builders.upload(incident, "".join(f"{row}\n" for row in rows[:40]).encode(), "first.log")
    builders.upload(incident, "".join(f"{row}\n" for row in rows[20:]).encode(), "second.log")
    builders.work()
    return incident


def test_files_are_shown_as_one_log_and_equal_lines_once(client: Client, two_files: Incident) -> None:
    response = client.get(log_page(two_files))
    assert [(row.source, row.number) for row in response.context["rows"]] == [
        *((0, number) for number in range(1, 41)), *((1, number) for number in range(21, 41))
    ]  # fmt: skip
    assert "20 lines stand in more than one file" in " ".join(response.content.decode().split())
    alone = client.get(log_page(two_files), {"file": "2"})
    assert [row.number for row in alone.context["rows"]] == list(range(1, 41))
    assert alone.context["copies"] == 0


def test_a_query_can_name_a_file(client: Client, two_files: Incident) -> None:
    assert {row.source for row in client.get(log_page(two_files), {"q": "file:second"}).context["rows"]} == {1}


# -- going somewhere --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "first"),
    [
        ({"go": "09:05"}, 301),
        ({"go": "2026-03-14T09:05:10Z"}, 311),
        ({"go": "500"}, 500),
        ({"start": "0.500"}, 500),
        ({"from": "09:10", "to": "09:11"}, 601),
    ],
)
def test_a_page_begins_at_a_time_or_a_line(
    client: Client, long_log: Incident, query: dict[str, str], first: int
) -> None:
    assert lines_of(client.get(log_page(long_log), query))[0] == first


def test_the_window_of_time_holds_for_all_pages(client: Client, long_log: Incident) -> None:
    window = client.get(log_page(long_log), {"from": "09:02", "to": "09:10", "q": "-nothing"})
    pages = [lines_of(window)]
    while window.context["later"]:
        window = client.get(f"{log_page(long_log)}?{window.context['later']}")
        pages.append(lines_of(window))
    assert [number for page in pages for number in page] == list(range(121, 602))


def test_a_range_of_lines_has_a_link(client: Client, long_log: Incident) -> None:
    response = client.get(reverse("incident-line", args=[long_log.pk, 0, 500]), {"to": "0.510"})
    assert lines_of(response) == list(range(480, 531))
    assert response.content.decode().count('aria-current="true"') == 11
    other = client.get(reverse("incident-line", args=[long_log.pk, 0, 500]), {"to": "1.510"})
    assert other.content.decode().count('aria-current="true"') == 1
    far = client.get(reverse("incident-line", args=[long_log.pk, 0, 990]), {"to": "999999"})
    assert far.content.decode().count('aria-current="true"') == 11


def test_the_fields_of_a_line_lead_to_lines_like_it(client: Client, long_log: Incident) -> None:
    response = client.get(reverse("incident-line", args=[long_log.pk, 0, 500]))
    fields = {one["name"]: one for one in response.context["fields"]}
    assert {"code", "status", "method", "path", "request_id", "client"} <= set(fields)
    assert fields["code"]["value"] == "H12"
    same = client.get(f"{log_page(long_log)}?{fields['request_id']['query']}")
    assert lines_of(same) == [500]


def test_neighbours_are_answered_alone_for_showing_them_in_place(client: Client, long_log: Incident) -> None:
    headers = {"HX-Request": "true", "HX-Target": "context-0.500"}
    answer = client.get(reverse("incident-line", args=[long_log.pk, 0, 500]), {"around": "10"}, headers=headers)
    html = answer.content.decode()
    assert "<html" not in html
    assert len(re.findall(r'data-place="0\.\d+"', html)) == 21


def test_more_lines_come_without_the_page_around_them(client: Client, long_log: Incident) -> None:
    headers = {"HX-Request": "true", "HX-Target": "lines"}
    later = client.get(log_page(long_log)).context["later"]
    html = client.get(f"{log_page(long_log)}?{later}", headers=headers).content.decode()
    assert "<form" not in html.partition("<nav")[0]
    assert 'id="pager-later"' in html
    assert 'hx-swap-oob="true"' in html


# -- narrowing --------------------------------------------------------------------------------------------------------
def test_facets_count_the_log_and_toggle_terms(client: Client, long_log: Incident) -> None:
    response = client.get(log_page(long_log), {"q": "placed"})
    facets = {facet.name: {value.label: value for value in facet.values} for facet in response.context["facets"]}
    assert facets["code"]["H12"].lines == 100
    assert facets["status"]["5xx"].lines == 100
    assert facets["dyno"]["router"].lines == 700
    assert facets["endpoint"]["GET /reports/{id}/export"].lines == 100
    assert facets["code"]["H12"].include == "placed code:H12"
    assert facets["code"]["H12"].exclude == "placed -code:H12"
    narrowed = client.get(log_page(long_log), {"q": "placed -code:H12"})
    value = next(one for facet in narrowed.context["facets"] for one in facet.values if one.label == "H12")
    assert (value.is_in, value.is_out, value.exclude, value.include) == (False, True, "placed", "placed code:H12")


def test_each_filter_can_be_taken_away(client: Client, long_log: Incident) -> None:
    response = client.get(log_page(long_log), {"q": "placed (code:H12 OR status:200) -x", "from": "09:02"})
    chips = response.context["chips"]
    assert [chip["text"] for chip in chips] == ["placed", "code:H12 OR status:200", "x", "from 09:02 UTC"]
    assert "q=placed+-x&" in chips[1]["href"]
    assert "from" not in chips[3]["href"]


def test_completion_offers_fields_and_the_values_of_this_log(client: Client, long_log: Incident) -> None:
    words = client.get(reverse("incident-log-words", args=[long_log.pk])).json()
    values = {one["name"]: [value["value"] for value in one["values"]] for one in words["fields"]}
    assert values["code"] == ["H12"]
    assert "web.1" in values["dyno"]
    assert "GET /reports/{id}/export" in values["endpoint"]


def test_the_strip_counts_all_lines_and_leads_to_them(client: Client, long_log: Incident) -> None:
    strip = client.get(log_page(long_log)).context["histogram"]
    assert (strip["lines"], strip["bad"]) == (1_000, 100)
    there = client.get(log_page(long_log), {"start": strip["bars"][5]["start"]})
    assert 1 < lines_of(there)[0] < 100


def test_nothing_found_offers_to_take_filters_away(client: Client, long_log: Incident) -> None:
    html = client.get(log_page(long_log), {"q": "code:H12 placed"}).content.decode()
    assert "No line matches" in html
    assert html.count('href="?q=code%3AH12"') >= 1
    assert html.count('href="?q=placed"') >= 1


def test_strangers_see_nothing(charlie: User, browser_of: Callable[[User], Client], long_log: Incident) -> None:
    stranger = browser_of(charlie)
    for name, args in (
        ("incident-logs", []), ("incident-log-words", []), ("incident-log-export", ["csv"]), ("incident-line", [0, 1])
    ):  # fmt: skip
        assert stranger.get(reverse(name, args=[long_log.pk, *args])).status_code == 404


def test_lines_whose_text_is_gone_are_told(client: Client, long_log: Incident) -> None:
    first = Segment.objects.filter(chunk__source__incident=long_log).order_by("chunk__number").first()
    assert first is not None
    gone = first.chunk.lines
    first.delete()
    response = client.get(log_page(long_log))
    assert response.context["damaged"] == gone
    assert lines_of(response)[0] == gone + 1
    assert "text has been removed or is damaged" in response.content.decode()
