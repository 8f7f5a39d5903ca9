"""The table of endpoints and the page of one."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from incidents.analysis import Details
from incidents.models import EndpointDetails, Incident
from incidents.views.endpoints.rows import COLUMNS
from incidents.views.summary import endpoint_key
from tests.incidents import builders
from tests.incidents.builders import app_line, router_line, stamp

EXPORT = "GET /reports/{id}/export"


def busy_log() -> bytes:
    """A release after ten minutes makes the export slow; a health check, refusals and a hostile name besides."""
    rows = [f"{stamp(600)} app[api]: Release v42 created by user ana@example.com"]
    for number in range(1_200):
        rows.append(router_line(number, f"/orders/{number}", service_ms=30 + number % 40))
        if number % 6 == 0:
            slow = number > 600
            failed = slow and number % 60 == 0
            rows.append(
                router_line(
                    number + 0.2, "/reports/7/export?format=csv&key=abcdefghijk", code="H12" if failed else "",
                    service_ms=30_000 if failed else (4_000 if slow else 900) + number % 50, status=503 if failed else 200,
                )
            )  # fmt: skip
        if number % 30 == 0:
            rows.append(router_line(number + 0.4, "/healthz", service_ms=1))
        if number % 100 == 0:
            rows.append(router_line(number + 0.6, "/=cmd|x", service_ms=9, status=499))
    rows.append(app_line(660, "[00000000-0000-4000-8000-000000000660] the export waits for the report"))
    rows.sort()
    return "".join(f"{row}\n" for row in rows).encode()


@pytest.fixture
def shop(incident: Incident) -> Incident:
    builders.upload(incident, busy_log())
    builders.work()
    return Incident.objects.get(pk=incident.pk)


@pytest.fixture
def visitor(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


def table(visitor: Client, incident: Incident, **query: str | list[str]) -> Any:
    return visitor.get(reverse("incident-endpoints", args=[incident.pk]), query)


def names(response: Any) -> list[str]:
    return [f"{one['row']['method']} {one['row']['path']}" for one in response.context["rows"]]


def page(visitor: Client, incident: Incident, name: str = EXPORT, **query: str) -> Any:
    key = endpoint_key(*name.split(" ", 1))
    return visitor.get(reverse("incident-endpoint", args=[incident.pk, key]), query)


def test_every_column_sorts_both_ways_and_says_so(visitor: Client, shop: Incident) -> None:
    for name, column in COLUMNS.items():
        for sort, turned, order in ((name, False, "ascending"), (f"-{name}", True, "descending")):
            response = table(visitor, shop, sort=sort, cols=list(COLUMNS))
            values = [column.value(one["row"]) for one in response.context["rows"]]
            assert values == sorted(values, reverse=turned), sort
            (heading,) = re.findall(r'<th scope="col"[^>]*aria-sort="(\w+)"', response.content.decode())
            assert heading == order, sort


def test_text_method_role_errors_and_health_checks_filter(visitor: Client, shop: Incident) -> None:
    everything = names(table(visitor, shop))
    assert len(everything) == 4
    assert names(table(visitor, shop, q="EXPORT")) == [EXPORT]
    assert names(table(visitor, shop, method="post")) == []
    assert sorted(names(table(visitor, shop, method="get"))) == sorted(everything)
    assert names(table(visitor, shop, **{"with": "errors"})) == [EXPORT]
    assert "GET /healthz" not in names(table(visitor, shop, health="hide"))
    roles = {one["row"]["role"] for one in table(visitor, shop, role="culprit").context["rows"]}
    assert roles <= {"culprit"}
    assert names(table(visitor, shop, role="nonsense")) == everything


def test_the_first_row_is_the_sum_of_those_below_it(visitor: Client, shop: Incident) -> None:
    response = table(visitor, shop, q="/o")
    totals, rows = response.context["table"].totals, [one["row"] for one in response.context["rows"]]
    for name in ("count", "total_ms", "errors"):
        assert totals[name] == sum(row[name] for row in rows)
    whole = table(visitor, shop).context["table"].totals
    requests = shop.analysis["endpoints"]
    assert whole["count"] == sum(row["count"] for row in requests)
    assert whole["total_share"] == pytest.approx(1, abs=0.001)
    assert 30 <= whole["p50_ms"] <= 70
    assert whole["p99_ms"] >= 4_000


def test_one_endpoint_as_its_own_total_has_its_own_percentiles(visitor: Client, shop: Incident) -> None:
    response = table(visitor, shop, q="/orders")
    totals, row = response.context["table"].totals, response.context["rows"][0]["row"]
    for name in ("p50_ms", "p95_ms", "p99_ms", "mean_ms", "sd_ms", "apdex"):
        assert totals[name] == pytest.approx(row[name], rel=0.011), name


def test_further_columns_are_shown_when_asked_for(visitor: Client, shop: Incident) -> None:
    assert "Dissatisfied</a>" not in table(visitor, shop).content.decode()
    response = table(visitor, shop, cols=["unhappy", "left"])
    assert "Dissatisfied</a>" in response.content.decode()
    left = {one["row"]["path"]: one["row"]["left"] for one in response.context["rows"]}
    assert sum(left.values()) == 12


def test_a_window_shows_the_figures_of_that_stretch(visitor: Client, shop: Incident) -> None:
    early = table(visitor, shop, q="export", **{"from": "09:00", "to": "09:09"}).context["rows"][0]["row"]
    late = table(visitor, shop, q="export", **{"from": "09:12", "to": "09:19"}).context["rows"][0]["row"]
    assert early["p50_ms"] < 1_000 < 3_900 < late["p50_ms"]
    assert early["errors"] == 0 < late["errors"]
    assert early["count"] < 101 > late["count"]
    wrong = table(visitor, shop, **{"from": "later"})
    assert "is no time" in wrong.content.decode()
    assert wrong.context["rows"]


def test_the_csv_holds_what_the_page_shows_and_no_formula(visitor: Client, shop: Incident) -> None:
    address = reverse("incident-endpoints-csv", args=[shop.pk])
    rows = list(csv.DictReader(io.StringIO(visitor.get(address, {"sort": "-p95", "q": "/o"}).content.decode())))
    assert [f"{row['method']} {row['path']}" for row in rows] == names(table(visitor, shop, sort="-p95", q="/o"))
    every = list(csv.DictReader(io.StringIO(visitor.get(address).content.decode())))
    assert len(every) == 4
    assert not any(value.startswith(("=", "+", "-", "@")) for row in every for value in row.values())
    windowed = visitor.get(address, {"from": "09:00", "to": "09:09", "q": "export"}).content.decode()
    assert int(next(csv.DictReader(io.StringIO(windowed)))["count"]) < 101


def test_a_page_tells_spread_time_answers_and_dynos(visitor: Client, shop: Incident) -> None:
    response = page(visitor, shop)
    context, html = response.context, response.content.decode()
    assert sum(bar["count"] for bar in context["spread"][0].bars) == context["row"]["count"]
    assert [one["label"] for one in context["over_time"].limits] == ["500 ms", "5 s", "30 s"]
    assert {path["name"] for path in context["over_time"].paths} == {"p50", "p95", "p99"}
    assert sum(row["count"] for row in context["over_time"].rows) == context["row"]["count"]
    answers = {(one["status"], one["code"]): one["count"] for one in context["answers"]}
    assert answers[503, "H12"] == context["row"]["timeouts"] > 0
    assert sum(answers.values()) == context["row"]["count"]
    assert [(one["name"], one["count"]) for one in context["dynos"]] == [("web.1", context["row"]["count"])]
    assert "Release v42" in html


def test_a_release_is_judged_by_the_own_time_of_the_endpoint(visitor: Client, shop: Incident) -> None:
    (release,) = page(visitor, shop).context["releases"]
    assert release["mine"]["tone"] == "slower"
    assert release["mine"]["low_ms"] <= 3_100 <= release["mine"]["high_ms"] + 50
    (quiet,) = page(visitor, shop, "GET /orders/{id}").context["releases"]
    assert quiet["mine"]["tone"] == "same"
    (whole,) = table(visitor, shop).context["releases"]
    assert [one["name"] for one in whole["slower"]] == [EXPORT]


def test_examples_link_their_lines_and_the_other_lines_of_the_request(visitor: Client, shop: Incident) -> None:
    response = page(visitor, shop)
    example = response.context["examples"][0]
    assert example["service_ms"] == 30_000
    html = response.content.decode()
    assert reverse("incident-line", args=[shop.pk, 0, example["line"]]) in html
    assert example["request"].request_id in html
    target = {"HX-Request": "true", "HX-Target": "request-lines"}
    places = {one["request"].request_id[-3:]: one["place"] for one in response.context["examples"]}
    address = reverse("incident-endpoint", args=[shop.pk, endpoint_key(*EXPORT.split(" ", 1))])
    fragment = visitor.get(address, {"request": places["660"]}, headers=target).content.decode()
    assert "the export waits for the report" in fragment
    assert "<html" not in fragment
    assert "the export waits" in visitor.get(address, {"request": places["660"]}).content.decode()
    for wrong in ("0.99999999", "9.1", "x", "0.1;2"):
        assert visitor.get(address, {"request": wrong}).status_code == 200


def test_the_curl_holds_no_secret_and_only_reads(visitor: Client, shop: Incident) -> None:
    spoken, reads = page(visitor, shop).context["curl"]
    assert reads
    assert spoken.curl.command.startswith("curl ")
    assert "shop.example.com/reports/7/export" in spoken.curl.command
    assert "abcdefghijk" not in spoken.curl.command
    assert "-H" not in spoken.curl.command.split()


def test_a_request_that_changes_data_is_shown_with_a_warning(visitor: Client, incident: Incident) -> None:
    lines = [router_line(number, "/orders").replace("method=GET", "method=POST") for number in range(20)]
    builders.upload(incident, "".join(f"{line}\n" for line in lines).encode())
    builders.work()
    response = page(visitor, incident, "POST /orders")
    assert response.context["curl"][1] is False
    assert "may change data" in response.content.decode()


def test_who_waited_behind_whom_is_told_from_both_sides(visitor: Client, incident: Incident) -> None:
    """Two dynos with one worker: the export holds it for 20 s, and what comes meanwhile waits."""
    rows = []
    for number in range(0, 1_200, 40):
        rows.append(router_line(number + 20, "/export", service_ms=20_000))
        rows += [
            router_line(number + 20.1 + after / 10, "/cart", service_ms=19_000 - after * 900) for after in range(5)
        ]
        rows += [router_line(number + 25 + after, "/cart", service_ms=60) for after in range(8)]
    rows.sort()
    builders.upload(incident, "".join(f"{row}\n" for row in rows).encode())
    builders.work()
    behind = page(visitor, incident, "GET /cart").context["behind"]
    assert behind[0]["name"] == "GET /export"
    before = page(visitor, incident, "GET /export").context["before"]
    assert before[0]["name"] == "GET /cart"
    assert before[0]["waited_ms"] == behind[0]["waited_ms"]


def test_an_incident_read_before_details_were_kept_still_has_its_pages(visitor: Client, shop: Incident) -> None:
    EndpointDetails.objects.all().delete()
    response = page(visitor, shop)
    assert response.status_code == 200
    assert "before times per endpoint were kept" in response.content.decode()
    assert len(names(table(visitor, shop))) == 4
    assert names(table(visitor, shop, **{"from": "09:01", "to": "09:02"})) == []


def test_details_that_can_not_be_read_cost_only_themselves(visitor: Client, shop: Incident) -> None:
    EndpointDetails.objects.update(data=b"of another version")
    assert page(visitor, shop).status_code == 200
    assert len(names(table(visitor, shop))) == 4


def test_details_are_the_same_bytes_for_the_same_log(shop: Incident) -> None:
    stored = EndpointDetails.objects.get(incident=shop)
    other = builders.incident("Again")
    builders.upload(other, busy_log())
    builders.work()
    assert bytes(EndpointDetails.objects.get(incident=other).data) == bytes(stored.data)
    assert Details.load(bytes(stored.data)).dump() == bytes(stored.data)
