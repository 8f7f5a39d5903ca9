from __future__ import annotations

from django.test import Client

from incidents.models import Analysis, Incident
from incidents.shelf import Shelf
from tests.incidents import builders


def test_what_was_opened_is_not_opened_again() -> None:
    shelf: Shelf[str] = Shelf(100)
    calls: list[str] = []

    def make() -> tuple[str, int]:
        calls.append("opened")
        return "text", 10

    assert [shelf.get("key", make) for _ in range(3)] == ["text"] * 3
    assert calls == ["opened"]


def test_the_shelf_stays_below_its_size_and_forgets_the_oldest() -> None:
    shelf: Shelf[int] = Shelf(100)
    for number in range(20):
        shelf.get(number, lambda number=number: (number, 30))  # type: ignore[misc]
        shelf.get(0, lambda: (0, 30))
    assert len(shelf) == 3
    assert shelf.bytes <= 100
    assert shelf.get(0, lambda: (-1, 30)) == 0
    assert shelf.get(5, lambda: (-1, 30)) == -1


def test_what_is_larger_than_the_shelf_is_made_each_time() -> None:
    shelf: Shelf[int] = Shelf(100)
    assert [shelf.get("large", lambda number=number: (number, 101)) for number in (1, 2)] == [1, 2]  # type: ignore[misc]


def test_a_page_sees_the_newest_document(incident: Incident) -> None:
    assert incident.analysis == {}
    builders.upload(incident, builders.log(60))
    builders.work()
    first = Incident.objects.get(pk=incident.pk).analysis
    assert first["sources"][0]["lines"] == 60
    assert Incident.objects.get(pk=incident.pk).analysis is first
    builders.upload(incident, builders.log(90), "more.log")
    builders.work()
    second = Incident.objects.get(pk=incident.pk).analysis
    assert [source["lines"] for source in second["sources"]] == [60, 90]
    assert second == Analysis.objects.get(incident=incident).load()


def test_charts_kept_from_one_visit_are_those_of_zone_window_and_newest_log(client: Client, incident: Incident) -> None:
    client.force_login(builders.person("alice", "owner"))
    builders.upload(incident, builders.log(300))
    builders.work()

    def charts(**query: str) -> str:
        html = client.get(incident.get_absolute_url(), query).content.decode()
        return html[html.index('class="strips"') : html.index("</section>", html.index('class="strips"'))]

    first = charts()
    assert charts() == first
    assert charts(**{"from": "09:01", "to": "09:03"}) != first
    client.cookies["zone"] = "Asia/Tokyo"
    assert charts() != first
    client.cookies["zone"] = "UTC"
    assert charts() == first
    builders.upload(incident, builders.log(600), "more.log")
    builders.work()
    assert charts() != first
