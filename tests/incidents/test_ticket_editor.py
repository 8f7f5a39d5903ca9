"""The ticket editor: two people lose nothing, lines are chosen one by one, everything can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from incidents.analysis.ticket.quotes import key_of, quotes_in
from incidents.digest import drafts
from incidents.digest.drafts import digest_of, merge, undone
from incidents.markup import render_plain
from incidents.models import Incident, TicketChange, TicketDraft
from incidents.views.tickets.drafting import fields_of
from tests.incidents import builders

SIDE = {"HX-Request": "true", "HX-Target": "ticket-side"}
LINES = {"HX-Request": "true", "HX-Target": "ticket-lines"}
JSON = {"Accept": "application/json"}
PERSON = "ana" + "@example.org"


@pytest.fixture
def client(alice: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(alice)


@pytest.fixture
def bob(browser_of: Callable[[User], Client]) -> Client:
    return browser_of(builders.person("bob"))


@pytest.fixture
def read_incident(incident: Incident) -> Incident:
    mail = builders.app_line(401, f"could not write to {PERSON} from 198.51.100.77")
    trace = [
        builders.app_line(402, "Traceback (most recent call last):"),
        builders.app_line(402.1, '  File "/app/shop.py", line 3, in <module>'),
        builders.app_line(402.2, "KeyError: 'price'"),
    ]
    builders.upload(incident, builders.log(400) + ("\n".join([mail, *trace]) + "\n").encode())
    builders.work()
    incident.refresh_from_db()
    return incident


@pytest.fixture
def address(read_incident: Incident) -> str:
    return reverse("incident-ticket", args=[read_incident.pk])


def fields() -> dict[str, Any]:
    return fields_of(TicketDraft.objects.get())


def form_of(client: Client, address: str) -> dict[str, str]:
    """What the form of the page would send now."""
    context = client.get(address).context
    values = {"version": str(context["draft"].version)}
    for key, item in context["items"].items():
        values[f"was.{key}"] = item["was"]
        if item["input"] == "check":
            values |= {key: "on"} if item["value"] else {}
        else:
            values[key] = item["value"]
    return values


def post(client: Client, incident: Incident, name: str, *args: int, **values: Any) -> Any:
    return client.post(reverse(f"incident-ticket-{name}", args=[incident.pk, *args]), values, headers=JSON)


# -- merging: rules -----------------------------------------------------------------------------------------------------
def test_fields_that_different_people_changed_are_merged() -> None:
    was = {key: digest_of("old") for key in ("a", "b", "c")}
    merged = merge({"a": "old", "b": "theirs", "c": "old"}, {"a": "mine", "b": "old", "c": "old"}, was)
    assert merged.fields == {"a": "mine", "b": "theirs", "c": "old"}
    assert (merged.changed, merged.others, merged.conflicts) == (["a"], ["b"], {})


def test_a_field_that_both_changed_needs_a_choice_and_stays() -> None:
    merged = merge({"a": "theirs"}, {"a": "mine"}, {"a": digest_of("old")})
    assert merged.fields == {"a": "theirs"}
    assert merged.conflicts == {"a": ("mine", "theirs")}


def test_who_wrote_the_same_has_no_conflict() -> None:
    assert merge({"a": "same"}, {"a": "same \r\n"}, {"a": digest_of("old")}).conflicts == {}


def test_a_form_that_does_not_say_what_it_held_never_overwrites() -> None:
    assert merge({"a": "theirs"}, {"a": "mine"}, {}).conflicts == {"a": ("mine", "theirs")}


_texts = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["", "x", "y", "z"]), min_size=4, max_size=4)


@given(_texts, _texts, _texts)
def test_no_text_is_ever_lost_by_merging(base: dict[str, str], mine: dict[str, str], theirs: dict[str, str]) -> None:
    merged = merge(theirs, mine, {key: digest_of(value) for key, value in base.items()})
    for key in base:
        if mine[key] == base[key]:
            assert merged.fields[key] == theirs[key]
        elif theirs[key] in (base[key], mine[key]):
            assert merged.fields[key] == mine[key]
        else:
            assert merged.conflicts[key] == (mine[key], theirs[key])
            assert merged.fields[key] == theirs[key]


def test_undo_leaves_what_was_changed_since() -> None:
    made = TicketChange(before={"a": "1", "b": "2"}, after={"a": "3", "b": "4"})
    assert undone({"a": "3", "b": "5", "c": "6"}, made) == ({"a": "1", "b": "5", "c": "6"}, ["b"])


# -- two people -----------------------------------------------------------------------------------------------------------
def test_two_people_in_different_fields_do_not_even_notice(client: Client, bob: Client, address: str) -> None:
    mine, theirs = form_of(client, address), form_of(bob, address)
    assert client.post(address, mine | {"business": "No orders"}, headers=SIDE).status_code == 200
    answer = bob.post(address, theirs | {"tried": "Restarted"}, headers=SIDE)
    assert answer.status_code == 200
    assert (fields()["business"], fields()["tried"]) == ("No orders", "Restarted")
    html = answer.content.decode()
    assert 'id="item-business" hx-swap-oob="true"' in html  # bob's form learns what alice wrote
    assert "No orders" in html
    assert f'id="was-tried" value="{digest_of("Restarted")}" hx-swap-oob="true"' in html


def test_two_people_in_one_field_see_both_texts_and_the_rest_is_saved(
    client: Client, bob: Client, address: str
) -> None:
    mine, theirs = form_of(client, address), form_of(bob, address)
    client.post(address, mine | {"tried": "Restarted"}, headers=SIDE)
    answer = bob.post(address, theirs | {"tried": "Rolled back", "business": "No orders"}, headers=SIDE)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "alice changed the same field" in " ".join(html.split())
    assert "Restarted" in html
    assert "Rolled back" in html
    assert (fields()["tried"], fields()["business"]) == ("Restarted", "No orders")
    chosen = theirs | {"tried": "Rolled back", "was.tried": digest_of("Restarted")}
    assert bob.post(address, chosen, headers=SIDE).status_code == 200
    assert fields()["tried"] == "Rolled back"


def test_without_scripts_saving_again_means_mine(client: Client, bob: Client, address: str) -> None:
    mine, theirs = form_of(client, address), form_of(bob, address)
    client.post(address, mine | {"tried": "Restarted"})
    answer = bob.post(address, theirs | {"tried": "Rolled back"})
    assert answer.status_code == 409
    again = theirs | {"tried": "Rolled back", "was.tried": answer.context["items"]["tried"]["was"]}
    assert bob.post(address, again).status_code == 302
    assert fields()["tried"] == "Rolled back"


def test_a_form_from_before_a_newer_analysis_keeps_both(client: Client, address: str, read_incident: Incident) -> None:
    form = form_of(client, address)
    newer = dict(TicketDraft.objects.get().suggestion)
    newer["fields"] = {**newer["fields"], "users": "Twice as many"}
    drafts.suggest(read_incident, newer)
    client.post(address, form | {"business": "No orders"}, headers=SIDE)
    assert (fields()["users"], fields()["business"]) == ("Twice as many", "No orders")


# -- suggestions, notes, undo ---------------------------------------------------------------------------------------------
def test_a_newer_suggestion_stands_beside_its_field_and_can_be_taken_back(
    client: Client, address: str, read_incident: Incident
) -> None:
    client.post(address, form_of(client, address) | {"description": "My words", "users": "All"})
    newer = dict(TicketDraft.objects.get().suggestion)
    newer["fields"] = {**newer["fields"], "description": "- What is known now"}
    drafts.suggest(read_incident, newer)
    context = client.get(address).context
    assert [(offer.key, offer.value) for offer in context["offers"]] == [("description", "- What is known now")]
    values = {"how": "take", "key": "description", "version": str(context["draft"].version)}
    page = client.post(reverse("incident-ticket-restart", args=[read_incident.pk]), values, follow=True)
    assert (fields()["description"], fields()["users"]) == ("- What is known now", "All")
    made = TicketChange.objects.latest("pk")
    assert reverse("incident-ticket-undo", args=[read_incident.pk, made.pk]) in page.content.decode()
    post(client, read_incident, "undo", made.pk)
    assert fields()["description"] == "My words"
    assert not client.get(address).context["offers"]  # it was seen


def test_a_field_goes_back_to_what_the_log_says(client: Client, address: str, read_incident: Incident) -> None:
    told = fields()["users"]
    client.post(address, form_of(client, address) | {"users": "All of them"})
    item = client.get(address).context["items"]["users"]
    assert (item["state"], item["can_reset"]) == ("you", True)
    post(client, read_incident, "restart", how="take", key="users", version=TicketDraft.objects.get().version)
    assert fields()["users"] == told
    assert client.get(address).context["items"]["users"]["state"] == "log"


def test_a_field_that_somebody_has_changed_meanwhile_is_not_reset(
    client: Client, bob: Client, address: str, read_incident: Incident
) -> None:
    client.post(address, form_of(client, address) | {"users": "All of them"})
    seen = client.get(address).context
    bob.post(address, form_of(bob, address) | {"users": "Half of them"})
    values = {"how": "take", "key": "users", "version": seen["draft"].version, "was": seen["items"]["users"]["was"]}
    post(client, read_incident, "restart", **values)
    assert fields()["users"] == "Half of them"


def test_the_teams_notes_are_offered_where_they_belong(client: Client, address: str, read_incident: Incident) -> None:
    Incident.objects.update(onset_at=builders.BEGIN + timedelta(minutes=1))
    text = "08:30 scaled web to 4\n09:03 restarted <all> dynos"
    client.post(reverse("incident-notes", args=[read_incident.pk]), {"text": text})
    offers = {offer.key: offer for offer in client.get(address).context["offers"]}
    assert "2026-03-14 09:03:00 UTC: restarted" in offers["tried"].value
    assert "2026-03-14 08:30:00 UTC: scaled web to 4" in offers["changed"].value
    post(client, read_incident, "restart", how="take", key="notes:tried", version=TicketDraft.objects.get().version)
    assert "restarted" in fields()["tried"]
    post(client, read_incident, "restart", how="keep", key="notes:changed", version=TicketDraft.objects.get().version)
    assert not client.get(address).context["offers"]
    assert "scaled web" not in fields()["changed"]


def test_what_is_typed_on_is_one_edit_and_can_be_taken_back(
    client: Client, address: str, read_incident: Incident
) -> None:
    for text in ("No", "No ord", "No orders"):
        client.post(address, form_of(client, address) | {"business": text}, headers=SIDE)
    made = TicketChange.objects.get()
    assert (made.before["business"], made.after["business"]) == ("", "No orders")
    post(client, read_incident, "undo", made.pk)
    assert fields()["business"] == ""


def test_edits_of_other_tickets_are_not_there(client: Client, address: str, read_incident: Incident) -> None:
    client.post(address, form_of(client, address) | {"business": "No orders"})
    other = builders.incident("Another one")
    drafts.suggest(other, TicketDraft.objects.get().suggestion)
    assert post(client, other, "undo", TicketChange.objects.get().pk).status_code == 404
    assert fields_of(TicketDraft.objects.get(incident=read_incident))["business"] == "No orders"


# -- lines ----------------------------------------------------------------------------------------------------------------
def keys() -> list[str]:
    return [key_of(quote) for quote in quotes_in(fields())]


def test_each_line_says_why_it_is_there(client: Client, address: str) -> None:
    quotes = client.get(address).context["quotes"]
    assert all(one["quote"]["why"] for one in quotes)
    assert {one["quote"]["side"] for one in quotes} == {"app", "platform"}


@pytest.mark.parametrize("reference", ["401", "0.401", "app.log:401"])
def test_a_line_is_added_in_the_order_of_time_and_taken_out(
    client: Client, read_incident: Incident, address: str, reference: str
) -> None:
    client.get(address)
    before = keys()
    assert post(client, read_incident, "lines", add=reference).status_code == 200
    assert set(keys()) == {*before, "0.401"}
    times = [quote["utc"] for quote in quotes_in(fields())]
    assert times == sorted(times)
    added = next(quote for quote in quotes_in(fields()) if key_of(quote) == "0.401")
    assert (added["utc"], added["why"]) == ("2026-03-14T09:06:41.000000Z", "added by alice")
    assert PERSON not in str(TicketDraft.objects.get().fields)
    post(client, read_incident, "lines", remove="0.401")
    assert keys() == before


def test_a_stack_trace_is_added_as_one(client: Client, read_incident: Incident, address: str) -> None:
    client.get(address)
    for key in keys():
        post(client, read_incident, "lines", remove=key)
    post(client, read_incident, "lines", add="402-404")
    assert keys() == ["0.402-404"]
    text = client.get(address).context["markdown"]
    assert "Stack trace:" in text
    assert "app.log:404  2026-03-14T09:06:42.200000+00:00 app[web.1]: KeyError: 'price'" in text


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("no such thing", "Name a line by its number"),
        ("", "Name a line by its number"),
        ("0", "There is no line 0"),
        ("9999", "There is no line 9,999"),
        ("9-3", "ends before it begins"),
        ("1-200", "at most 60 lines"),
        ("other.log:3", "No log of this incident is called “other.log”"),
    ],
)
def test_what_names_no_line_is_told(
    client: Client, read_incident: Incident, address: str, reference: str, said: str
) -> None:
    client.get(address)
    answer = post(client, read_incident, "lines", add=reference)
    assert answer.status_code == 422
    assert said in answer.json()["problem"]
    assert TicketDraft.objects.get().edited_at is None


def test_a_ticket_holds_only_so_many_lines(
    client: Client, read_incident: Incident, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get(address)
    most = len(keys()) + 1
    monkeypatch.setattr("incidents.views.tickets.lines.MOST_QUOTES", most)
    assert post(client, read_incident, "lines", add="401").status_code == 200
    answer = post(client, read_incident, "lines", add="402")
    assert answer.status_code == 422
    assert f"at most {most}" in answer.json()["problem"]
    assert len(keys()) == most


def test_two_people_who_choose_lines_lose_none(
    client: Client, bob: Client, read_incident: Incident, address: str
) -> None:
    form = form_of(bob, address)
    post(client, read_incident, "lines", add="3")
    post(bob, read_incident, "lines", add="5")
    bob.post(address, form | {"business": "No orders"}, headers=SIDE)
    assert {"0.3", "0.5"} <= set(keys())
    post(client, read_incident, "undo", TicketChange.objects.get(after__has_key="lines", made_by__username="alice").pk)
    assert "0.3" not in keys()
    assert "0.5" in keys()


def test_lines_are_found_by_their_words_and_masked(client: Client, read_incident: Incident, address: str) -> None:
    find = reverse("incident-ticket-find", args=[read_incident.pk])
    found = client.get(find, {"q": "could not write"}, headers={"HX-Request": "true", "HX-Target": "found-lines"})
    assert [row["key"] for row in found.context["rows"]] == ["0.401"]
    assert PERSON not in found.content.decode()
    assert 'name="add" value="0.401"' in found.content.decode()
    assert "No line contains" in client.get(find, {"q": "nowhere"}).content.decode()


def test_personal_data_is_counted_and_shown_only_by_choice(
    client: Client, read_incident: Incident, address: str
) -> None:
    client.get(address)
    for key in keys():
        post(client, read_incident, "lines", remove=key)
    post(client, read_incident, "lines", add="401")
    context = client.get(address).context
    assert [(one["kind"], one["number"], one["is_shown"]) for one in context["masked"]] == [
        ("email", 1, False), ("ip", 1, False)
    ]  # fmt: skip
    assert "1 e-mail address masked" in client.get(address).content.decode()
    post(client, read_incident, "lines", show="ip")
    text = client.get(address).context["markdown"]
    assert "198.51.100.77" in text
    assert PERSON not in text
    post(client, read_incident, "lines", hide="ip")
    assert "198.51.100.77" not in str(TicketDraft.objects.get().fields)


def test_credentials_can_never_be_shown(client: Client, read_incident: Incident, address: str) -> None:
    client.get(address)
    assert post(client, read_incident, "lines", show="database-password").status_code == 422


def test_the_part_of_the_page_comes_with_the_preview(client: Client, read_incident: Incident, address: str) -> None:
    client.get(address)
    answer = client.post(reverse("incident-ticket-lines", args=[read_incident.pk]), {"add": "401"}, headers=LINES)
    html = answer.content.decode()
    assert html.lstrip().startswith('<div id="ticket-lines"')
    assert 'id="ticket-side" class="ticket-preview stack" hx-swap-oob="true"' in html
    assert "Undo" in html


# -- the page -------------------------------------------------------------------------------------------------------------
def test_the_nine_things_are_asked_with_their_state(client: Client, address: str) -> None:
    nine = {section["nine"].number: section["state"] for section in client.get(address).context["nine"]}
    assert list(nine) == list(range(1, 10))
    assert nine[1] == "missing"
    assert nine[2] == nine[6] == nine[7] == "log"


def test_viewers_may_read_it_only(read_incident: Incident, address: str, browser_of: Callable[[User], Client]) -> None:
    viewer = browser_of(builders.person("vera", "viewer"))
    html = viewer.get(address).content.decode()
    assert "<fieldset disabled>" in html
    assert "Save the ticket" not in html
    for name in ("lines", "restart"):
        assert post(viewer, read_incident, name, add="3").status_code == 403


def test_the_ticket_as_plain_text_has_no_marks() -> None:
    text = render_plain(
        "# A\\_b\n\n## Logs\n\n- **App:** `shop`\n- two\n\n```\nline *1*\n```\n\n| a | b |\n|---|---:|\n| `x` | 1 |\n"
    )
    assert text == "A_b\n\nLOGS\n\n- App: shop\n- two\n\n    line *1*\n\na\tb\nx\t1\n"
