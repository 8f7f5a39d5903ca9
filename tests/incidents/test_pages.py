"""The pages through the test client: what they show, in how many queries, without scripts, and to whom."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from incidents.models import Incident, TicketDraft
from incidents.views.summary import endpoint_key
from tests.incidents import builders

BrowserOf = Callable[[User], Client]
PARTS = ("detail", "timeline", "endpoints", "dynos", "logs", "ticket")


@pytest.fixture
def client(alice: User, browser_of: BrowserOf) -> Client:
    return browser_of(alice)


@pytest.fixture
def read_incident(incident: Incident) -> Incident:
    """An incident whose log has been read, with a slow endpoint in it."""
    builders.upload(incident, builders.log(400))
    builders.work()
    incident.refresh_from_db()
    return incident


def page_of(incident: Incident, name: str) -> str:
    return reverse(f"incident-{name}", args=[incident.pk])


def text_of(response: object) -> str:
    """The words of a page, without its tags."""
    html = response.content.decode()  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", re.sub(r"<(script|style|template)\b.*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL))


# -- home and new -----------------------------------------------------------------------------------------------------
def test_an_empty_home_offers_upload_paste_and_the_example(client: Client) -> None:
    html = client.get("/").content.decode()
    assert 'type="file"' in html
    assert 'name="text"' in html
    assert f'action="{reverse("incident-example")}"' in html


def test_the_example_opens_in_one_click_and_only_once(client: Client) -> None:
    first = client.post(reverse("incident-example"))
    again = client.post(reverse("incident-example"))
    assert first.status_code == 302
    assert first["Location"] == again["Location"]
    builders.work()
    incident = Incident.objects.get()
    assert incident.is_example
    assert incident.verdict_slug == "slow-endpoint"
    assert "/reports/{id}/export" in incident.verdict_sentence


def test_the_list_tells_verdict_and_size_in_few_queries(
    client: Client, read_incident: Incident, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(8):
        builders.upload(builders.incident(f"Other {number}"), builders.log(20))
    builders.work()
    with django_assert_max_num_queries(12):
        words = text_of(client.get("/"))
    assert read_incident.verdict_sentence in words
    assert "400 lines" in words


def test_the_list_can_be_searched(client: Client, incident: Incident) -> None:
    builders.incident("Checkout is down")
    words = text_of(client.get("/?q=checkout"))
    assert "Checkout is down" in words
    assert incident.title not in words
    assert "No incident matches" in text_of(client.get("/?q=nothing-like-it"))


def test_archiving_can_be_undone(client: Client, incident: Incident) -> None:
    page = client.post(reverse("incident-archive", args=[incident.pk]), follow=True)
    assert incident.title not in [row.heading for row, _ in page.context["rows"]]
    undo = reverse("incident-restore", args=[incident.pk])
    assert undo in page.content.decode()
    assert incident.title in text_of(client.get("/?show=archived"))
    client.post(undo)
    assert incident.title in text_of(client.get("/"))


def test_names_and_states_are_kept(client: Client, incident: Incident) -> None:
    assert 'name="state" value="mitigated"' in client.get(page_of(incident, "timeline")).content.decode()
    client.post(reverse("incident-rename", args=[incident.pk]), {"title": "Export\x00 hangs", "app_name": "shop"})
    client.post(reverse("incident-state", args=[incident.pk]), {"state": "resolved"})
    client.post(reverse("incident-state", args=[incident.pk]), {"state": "no such state"})
    incident.refresh_from_db()
    assert (incident.title, incident.app_name, incident.state) == ("Export hangs", "shop", "resolved")


# -- overview ---------------------------------------------------------------------------------------------------------
def test_the_overview_answers_the_first_questions(client: Client, read_incident: Incident) -> None:
    response = client.get(page_of(read_incident, "detail"))
    words, document = text_of(response), read_incident.analysis
    assert document["findings"][0]["title"] in words
    assert "Began" in words
    failed = sum(row["errors"] for row in document["endpoints"])
    requests = sum(row["count"] + row["unreached"] for row in document["endpoints"])
    assert f"Failed requests {failed / requests:.0%} {failed} of {requests}".replace("%", " %") in words
    proof = document["findings"][0]["evidence"][0]
    assert reverse("incident-line", args=[read_incident.pk, 0, proof["line"]]) in response.content.decode()


def test_commands_name_the_app(client: Client, read_incident: Incident) -> None:
    Incident.objects.filter(pk=read_incident.pk).update(app_name="harbour-shop")
    words = text_of(client.get(page_of(read_incident, "detail")))
    commands = re.findall(r"heroku [\w:]+ [^$]{0,60}", words)
    assert commands
    assert any("-a harbour-shop" in command for command in commands)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_one_light_page(
    client: Client, read_incident: Incident, part: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(17):
        response = client.get(page_of(read_incident, part))
    assert response.status_code == 200
    assert "<h2" in response.content.decode()


@pytest.mark.parametrize("part", PARTS)
def test_pages_of_an_incident_that_waits_say_so(client: Client, incident: Incident, part: str) -> None:
    builders.upload(incident, builders.log(50))
    response = client.get(page_of(incident, part))
    if part == "ticket":
        assert response.status_code == 404
    else:
        assert response.status_code == 200
        assert re.search(r"Unpacking|Still re|Nothing has arrived|Look again", text_of(response))


def test_the_status_asks_again_only_while_there_is_work(client: Client, incident: Incident) -> None:
    builders.upload(incident, builders.log(50))
    address = page_of(incident, "detail")
    assert 'hx-trigger="every' in client.get(address).content.decode()
    builders.work()
    fragment = client.get(f"{address}?seen=0", headers={"HX-Request": "true", "HX-Target": "status"}).content.decode()
    assert 'hx-trigger="every' not in fragment
    assert 'id="overview"' in fragment
    assert "<title>" in fragment
    assert "<html" not in fragment


def test_a_refused_file_says_why_and_what_to_do(client: Client, incident: Incident) -> None:
    builders.upload(incident, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "picture.png")
    builders.work()
    words = text_of(client.get(page_of(incident, "detail")))
    assert "picture.png" in words
    assert "Add a" in words


def test_an_analysis_that_was_given_up_is_told(client: Client, incident: Incident) -> None:
    builders.upload(incident, builders.log(50))
    builders.work()
    Incident.objects.filter(pk=incident.pk).update(revision=99, analysis_attempts=5, analysis_error="ValueError: odd")
    response = client.get(page_of(incident, "detail"))
    assert 'hx-trigger="every' not in response.content.decode()


# -- timeline, endpoints, dynos ------------------------------------------------------------------------------------------
def test_the_timeline_shows_only_the_chosen_kinds(client: Client, read_incident: Incident) -> None:
    response = client.get(page_of(read_incident, "timeline"), {"kind": "code"})
    kinds = {entry.kind for entry in response.context["entries"]}
    assert kinds == {"code"}
    everything = client.get(page_of(read_incident, "timeline"), {"kind": "no-such-kind"})
    assert len(everything.context["entries"]) == len(read_incident.analysis["timeline"])


def test_charts_are_json_that_agrees_with_the_document(client: Client, read_incident: Incident) -> None:
    series = client.get(reverse("incident-charts", args=[read_incident.pk])).json()
    failed = sum(row["errors"] for row in read_incident.analysis["endpoints"])
    assert sum(series["requests"]["failed"]) == failed
    assert sum(series["codes"]["H12"]) == read_incident.analysis["codes"]["H12"]["count"]
    assert all(len(values) == series["steps"] for values in series["latency"].values())


# -- headers, themes, zones -----------------------------------------------------------------------------------------------
def test_private_pages_are_stored_nowhere_and_run_nothing(client: Client, read_incident: Incident) -> None:
    response = client.get(page_of(read_incident, "detail"))
    assert "no-store" in response["Cache-Control"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "HX-Target" in response["Vary"]


@pytest.mark.parametrize("part", [*PARTS, "charts"])
def test_no_page_has_inline_scripts_or_styles(client: Client, read_incident: Incident, part: str) -> None:
    html = client.get(page_of(read_incident, part)).content.decode()
    assert not re.search(r"<[^>]+\s(?:style|on[a-z]+)\s*=", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)
    assert "<style" not in html


def test_a_fragment_after_the_session_has_ended_leads_to_the_signin(incident: Incident) -> None:
    response = Client().get(page_of(incident, "detail"), headers={"HX-Request": "true", "HX-Target": "status"})
    assert response["HX-Redirect"].startswith(reverse("signin"))
    assert not response.content


def test_the_theme_is_in_the_first_byte(client: Client) -> None:
    answer = client.post(reverse("display"), {"theme": "dark", "next": "/codes/"})
    assert answer["Location"] == "/codes/"
    assert 'class="theme-dark"' in client.get("/codes/").content.decode()
    client.cookies["theme"] = '"><script>'
    assert "theme-auto" not in client.get("/codes/").content.decode()
    assert client.post(reverse("display"), {"next": "https://example.com/"})["Location"] == "/"


def test_times_are_utc_unless_a_zone_was_chosen(client: Client, read_incident: Incident) -> None:
    address = page_of(read_incident, "timeline")
    assert "09:00:00.000Z" in text_of(client.get(address))
    client.cookies["zone"] = "Europe/Berlin"
    words = text_of(client.get(address))
    assert "10:00:00.000 +01:00" in words
    assert "Europe/Berlin" in words
    client.cookies["zone"] = "../../etc/passwd"
    assert "09:00:00.000Z" in text_of(client.get(address))


# -- who may see it ---------------------------------------------------------------------------------------------------------
def every_address(incident: Incident) -> list[tuple[str, str]]:
    """(method, address) of all that belongs to an incident."""
    row = incident.analysis["endpoints"][0]
    key = endpoint_key(row["method"], row["path"])
    pages = [*PARTS, "charts", "timeline-csv", "endpoints-csv", "ticket-md", "ticket-zip"]
    found = [("get", page_of(incident, name)) for name in pages]
    found += [("get", reverse("incident-line", args=[incident.pk, 0, 1]))]
    found += [("get", reverse("incident-endpoint", args=[incident.pk, key]))]
    found += [("get", f"{reverse('incident-new')}?incident={incident.pk}")]
    found += [("post", page_of(incident, name)) for name in ("ticket", "rename", "state", "archive", "restore")]
    return [*found, ("post", page_of(incident, "ticket-restart"))]


def test_outsiders_see_nothing_of_an_incident(charlie: User, browser_of: BrowserOf, read_incident: Incident) -> None:
    outsider = browser_of(charlie)
    for method, address in every_address(read_incident):
        response = getattr(outsider, method)(address)
        assert response.status_code == 404, address
        assert read_incident.title not in response.content.decode()
    assert read_incident.title not in text_of(outsider.get("/"))
    assert read_incident.title not in text_of(outsider.get("/codes/H12/"))
    read_incident.refresh_from_db()
    assert read_incident.archived_at is None


def test_strangers_are_sent_to_the_signin(read_incident: Incident) -> None:
    for method, address in every_address(read_incident):
        response = getattr(Client(), method)(address)
        assert response.status_code == 302, address
        assert response["Location"].startswith(reverse("signin"))


def test_viewers_may_look_but_not_change(browser_of: BrowserOf, read_incident: Incident) -> None:
    viewer = browser_of(builders.person("vera", "viewer"))
    for method, address in every_address(read_incident):
        assert getattr(viewer, method)(address).status_code == (200 if method == "get" else 403), address
    assert not TicketDraft.objects.filter(edited_at__isnull=False).exists()


# -- when something is wrong -----------------------------------------------------------------------------------------------
def test_our_own_failures_are_told_without_details(
    alice: User, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.views.pages.progress_of", lambda incidents: {}[incidents])
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    response = client.get(page_of(incident, "detail"), headers={"X-Request-ID": "0123456789abcdef"})
    assert response.status_code == 500
    html = response.content.decode()
    assert "0123456789abcdef" in html
    assert "Traceback" not in html
    assert "KeyError" not in html
    assert "unsafe" not in response["Content-Security-Policy"]


def test_a_form_without_its_token_is_refused_kindly(alice: User, incident: Incident) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post(page_of(incident, "archive"))
    assert response.status_code == 403
    assert "send it again" in text_of(response)
    incident.refresh_from_db()
    assert incident.archived_at is None


def test_what_was_wrong_with_an_upload_stays_on_the_page(client: Client) -> None:
    page = client.post(reverse("upload-form"), {}, follow=True)
    html = page.content.decode()
    assert 'role="alert"' in html
    assert "No file was chosen" in html[html.index("<main") :]


def test_a_search_hit_is_marked_and_the_line_stays_whole(client: Client, read_incident: Incident) -> None:
    rows = client.get(page_of(read_incident, "logs"), {"q": '"was PLACED"'}).context["rows"]
    assert rows
    for row in rows:
        assert "".join(part.text for part in row.parts) == row.text
        assert [part.text for part in row.parts if part.look == "hit"] == ["was placed"]
        assert [part.text for part in row.parts if part.look == "src"] == ["app[web.1]"]
