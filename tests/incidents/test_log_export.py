"""Lines to take along: all that match, masked, streamed, harmless to what opens them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from incidents.models import Incident
from tests.incidents import builders

SECRET = "s3cr" + "et-" + "9f8e7d6c5b"


@pytest.fixture
def client(alice: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(alice)


@pytest.fixture
def incident_with_log(incident: Incident) -> Incident:
    rows = [
        *builders.log(300).decode().split("\n")[:-1],
        builders.app_line(301, "DATABASE_URL=postgres://app:" + SECRET + "@db.example.com:5432/app"),
        builders.app_line(302, "\x1b[31mred\x1b[0m"),
        "=cmd|' /C calc'!A0",
        '+1,"two"',
        "~~~~~~~~~~",
    ]
    builders.upload(incident, "".join(f"{row}\n" for row in rows).encode())
    builders.work()
    return incident


def take(client: Client, incident: Incident, form: str, **query: str) -> str:
    response = client.get(reverse("incident-log-export", args=[incident.pk, form]), query)
    assert response.status_code == 200
    assert response.streaming
    assert "attachment" in response["Content-Disposition"]
    return b"".join(response.streaming_content).decode()  # type: ignore[arg-type]


def test_the_text_is_every_line_as_it_stands_but_for_credentials(client: Client, incident_with_log: Incident) -> None:
    text = take(client, incident_with_log, "log")
    assert text.startswith(builders.log(300).decode())
    assert SECRET not in text
    assert "REDACTED" in text
    assert text.endswith("\x1b[31mred\x1b[0m\n=cmd|' /C calc'!A0\n+1,\"two\"\n~~~~~~~~~~\n")


def test_the_query_and_the_window_hold(client: Client, incident_with_log: Incident) -> None:
    assert take(client, incident_with_log, "log", q="code:H12").count("\n") == 30
    window = {"from": "09:01", "to": "09:02"}
    assert take(client, incident_with_log, "log", **window).count("\n") == 61


def test_a_table_has_no_formulas(client: Client, incident_with_log: Incident) -> None:
    rows = list(csv.DictReader(io.StringIO(take(client, incident_with_log, "csv"), newline="")))
    assert len(rows) == 305
    assert rows[9]["utc"] == "2026-03-14T09:00:09.000000Z"
    assert (rows[9]["line"], rows[9]["process"], rows[9]["level"]) == ("10", "heroku[router]", "error")
    assert not [value for row in rows for value in row.values() if value.startswith(("=", "+", "-", "@"))]
    assert rows[-3]["text"] == "'=cmd|' /C calc'!A0"
    assert rows[-4]["text"].endswith(": red")
    assert SECRET not in str(rows)


def test_each_line_of_ndjson_is_an_object(client: Client, incident_with_log: Incident) -> None:
    rows = [json.loads(line) for line in take(client, incident_with_log, "ndjson", q="placed").split("\n")[:-1]]
    assert [row["line"] for row in rows][:2] == [1, 4]
    assert set(rows[0]) == {"utc", "file", "line", "process", "level", "text"}


def test_markdown_is_one_fence_that_no_line_closes(client: Client, incident_with_log: Incident) -> None:
    text = take(client, incident_with_log, "md")
    assert text.startswith("~~~~~~~~~~text\n")
    assert text.split("\n").count("~~~~~~~~~~") == 1
    assert "\x1b" not in text


def test_a_file_that_takes_too_long_says_so_at_its_end(
    client: Client, incident_with_log: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.views.logs.export.MOST_SECONDS", -1.0)
    for form in ("log", "csv", "ndjson", "md"):
        assert "The time for one file was up" in take(client, incident_with_log, form)


@pytest.mark.parametrize(("form", "query", "status"), [("exe", {}, 404), ("csv", {"q": "status:x"}, 400)])
def test_what_cannot_be_taken_is_refused(
    client: Client, incident_with_log: Incident, form: str, query: dict[str, str], status: int
) -> None:
    response = client.get(reverse("incident-log-export", args=[incident_with_log.pk, form]), query)
    assert response.status_code == status
