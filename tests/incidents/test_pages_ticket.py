"""The ticket page: nobody's words are lost, nothing leaves unmasked, and Urgent is never a slip."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from incidents.digest import drafts
from incidents.markup import render_markdown
from incidents.models import Incident, TicketDraft
from incidents.views.files import cell
from tests.incidents import builders

HTMX = {"HX-Request": "true", "HX-Target": "ticket-side"}


@pytest.fixture
def client(alice: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(alice)


@pytest.fixture
def read_incident(incident: Incident) -> Incident:
    builders.upload(incident, builders.log(400))
    builders.work()
    incident.refresh_from_db()
    return incident


@pytest.fixture
def address(read_incident: Incident) -> str:
    return reverse("incident-ticket", args=[read_incident.pk])


def draft() -> TicketDraft:
    return TicketDraft.objects.get()


def posted(**fields: str) -> dict[str, str]:
    return {"version": str(draft().version), **fields}


def test_the_form_holds_what_the_log_tells(client: Client, address: str, read_incident: Incident) -> None:
    response = client.get(address)
    html = response.content.decode()
    assert "2026-03-14" in html
    assert response.context["score"] == read_incident.analysis["ticket"]["completeness"]["score"]
    gaps = [gap.key for gap in response.context["gaps"]]
    assert "business" in gaps
    assert 'href="#f-business"' in html
    assert 'type="checkbox" name="permission" id="f-permission">' in html  # never ticked beforehand


def test_saving_raises_the_score_and_keeps_what_others_wrote(client: Client, address: str, alice: User) -> None:
    before = client.get(address).context["score"]
    answer = client.post(address, posted(business="No orders since nine.", permission="on"))
    assert answer["Location"] == address
    saved = draft()
    assert saved.fields["fields"]["business"] == "No orders since nine."
    assert saved.fields["fields"]["permission"] is True
    assert saved.edited_by == alice
    response = client.get(address)
    assert response.context["score"] > before
    assert "No orders since nine." in response.context["markdown"]


def test_two_people_cannot_overwrite_each_other(
    client: Client, address: str, browser_of: Callable[[User], Client]
) -> None:
    bob = browser_of(builders.person("bob"))
    client.get(address)
    mine = posted(business="Mine", permission="on")
    assert bob.post(address, posted(business="Theirs", permission="on")).status_code == 302
    for headers in ({}, HTMX):
        answer = client.post(address, mine, headers=headers)
        assert answer.status_code == 409
        html = answer.content.decode()
        assert "Mine" in html
        assert "Theirs" in html
        assert "bob" in html
    assert draft().fields["fields"]["business"] == "Theirs"
    assert client.post(address, mine | {"version": str(draft().version)}).status_code == 302
    assert draft().fields["fields"]["business"] == "Mine"


def test_autosave_answers_with_the_preview_and_the_new_version(client: Client, address: str) -> None:
    client.get(address)
    html = client.post(address, posted(business="Half of all orders"), headers=HTMX).content.decode()
    assert html.lstrip().startswith('<div id="ticket-side"')
    assert f'value="{draft().version}" hx-swap-oob="true"' in html
    assert "Half of all orders" in html


def test_urgent_must_be_confirmed(client: Client, address: str) -> None:
    client.get(address)
    refused = client.post(address, posted(priority="urgent"))
    assert "confirm" in refused.content.decode()
    assert draft().fields["priority"] != "urgent"
    client.post(address, posted(priority="urgent", urgent_confirmed="on"))
    assert draft().fields["priority"] == "urgent"


@pytest.mark.parametrize(("name", "value"), [("priority", "catastrophic"), ("business", "x" * 20_001)])
def test_what_makes_no_sense_is_refused_with_a_sentence(client: Client, address: str, name: str, value: str) -> None:
    client.get(address)
    response = client.post(address, posted(**{name: value}))
    assert response.context["problem"]
    assert draft().edited_at is None


def test_a_newer_suggestion_is_offered_and_never_taken_by_itself(client: Client, address: str) -> None:
    client.get(address)
    client.post(address, posted(description="My own words"))
    newer = dict(draft().suggestion)
    newer["fields"] = {**newer["fields"], "description": "- What the analysis says now", "business": ""}
    drafts.suggest(Incident.objects.get(), newer)
    response = client.get(address)
    assert "has learnt more" in response.content.decode()
    assert draft().fields["fields"]["description"] == "My own words"
    restart = reverse("incident-ticket-restart", args=[Incident.objects.get().pk])
    client.post(restart, {"how": "keep", "version": str(draft().version)})
    assert "has learnt more" not in client.get(address).content.decode()
    drafts.suggest(Incident.objects.get(), newer | {"title": "Newer still"})
    client.post(restart, {"how": "take", "version": str(draft().version)})
    assert draft().fields["fields"]["description"] == "- What the analysis says now"


def test_downloads_are_attachments_with_all_that_support_asks_for(client: Client, address: str) -> None:
    incident = Incident.objects.get()
    Incident.objects.update(app_name="harbour-shop")
    plain = client.get(reverse("incident-ticket-md", args=[incident.pk]))
    assert plain["Content-Disposition"] == 'attachment; filename="harbour-shop-ticket.md"'
    assert plain["Content-Security-Policy"] == "default-src 'none'; sandbox"
    packed = client.get(reverse("incident-ticket-zip", args=[incident.pk]))
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.namelist() == ["ticket.md", "excerpt.log", "endpoints.csv", "timeline.csv"]
        assert archive.read("ticket.md") == plain.content
        excerpt = archive.read("excerpt.log").decode()
        rows = list(csv.DictReader(io.StringIO(archive.read("endpoints.csv").decode())))
        entries = list(csv.DictReader(io.StringIO(archive.read("timeline.csv").decode())))
    assert "code=H12" in excerpt
    assert "192.0.2.7" not in excerpt
    assert {row["path"] for row in rows} == {row["path"] for row in incident.analysis["endpoints"]}
    assert len(entries) == len(incident.analysis["timeline"])
    assert packed.content == client.get(reverse("incident-ticket-zip", args=[incident.pk])).content


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("https://example.com")'])
def test_cells_are_never_formulas(text: str) -> None:
    assert cell(text).startswith("'")


def test_credentials_that_a_person_types_are_masked_and_told(client: Client, address: str) -> None:
    secret = "s3cr" + "et-" + "9f8e7d6c5b"
    client.get(address)
    client.post(address, posted(tried=f"We set DATABASE_URL=postgres://app:{secret}@db.example.com/app"))
    response = client.get(address)
    assert secret not in response.context["markdown"]
    assert secret not in str(response.context["preview"])
    assert "should be rotated" in response.content.decode()


def test_markdown_makes_no_tags_of_its_own() -> None:
    html = render_markdown(
        "# <b>x</b>\n\n<script>alert(1)</script> [a](javascript:alert(1)) ![i](https://example.com/i.png)\n\n"
        '[ok](https://example.com/?a="b")\n\n```\n</code><script>\n```\n\n- one\n- two\n\n| a |\n|---|\n| <i> |\n'
    )
    assert "<script" not in html
    assert "<img" not in html
    assert "<i>" not in html
    assert 'href="javascript' not in html
    assert '<a href="https://example.com/?a=%22b%22"' in html
    assert "<li>one</li>" in html
    assert "<td>&lt;i&gt;</td>" in html
