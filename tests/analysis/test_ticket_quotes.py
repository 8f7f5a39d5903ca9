"""Quoted lines of a ticket: in order, masked kind by kind, and old drafts keep every word."""

from __future__ import annotations

import pytest

from incidents.analysis.ticket import complete, excerpt_text, masked_kinds, quotes_in, render, trace_text, upgraded
from incidents.analysis.ticket.excerpt import Line
from incidents.analysis.ticket.quotes import (
    added,
    is_trace,
    key_of,
    mask,
    quote_of,
    quotes_of,
    removed,
    shortened,
    trace_of,
)

ROUTER = "2026-03-14T09:12:08.000000+00:00 heroku[router]: at=error code=H12"
APP = "2026-03-14T09:12:07.000000+00:00 app[web.1]: boom"
PERSON = "ana" + "@example.org"


def quote(number, text=APP, *, at_us=None, source=0):
    return quote_of(source, "app.log", [(number, text)], at_us=at_us)


def test_a_quote_is_called_by_its_place():
    assert key_of(quote(812)) == "0.812"
    assert key_of(quote_of(1, "b.log", [(3, "x"), (4, "y"), (0, "… 2 lines left out …"), (7, "z")])) == "1.3-7"


def test_lines_are_ordered_by_time_and_those_without_one_come_last():
    quotes = added(added([quote(9, at_us=None)], quote(5, at_us=2_000_000)), quote(7, at_us=1_000_000))
    assert [key_of(one) for one in quotes] == ["0.7", "0.5", "0.9"]


def test_the_same_line_is_quoted_once_and_taken_away_again():
    quotes = added([quote(1)], quote(1, "the same place"))
    assert [one["rows"][0][1] for one in quotes] == [APP]
    assert removed(quotes, "0.1") == []
    assert removed(quotes, "0.2") == quotes


def test_each_line_stands_behind_its_place():
    fields = {"lines": [quote(3, ROUTER)], "excerpt": "pasted by hand"}
    assert excerpt_text(fields) == f"app.log:3  {ROUTER}\npasted by hand"


def test_a_stack_trace_is_one_quote_and_stands_apart():
    lines = [Line(0, 8, "Traceback (most recent call last):", 1, "app"), Line(0, 9, "KeyError: 'x'", 2, "app")]
    fields = {"lines": trace_of(lines, ["app.log"], 25)}
    assert len(quotes_in(fields)) == 1
    assert excerpt_text(fields) == ""
    assert trace_text(fields) == "app.log:8  Traceback (most recent call last):\napp.log:9  KeyError: 'x'"


def test_a_long_trace_keeps_its_head_and_its_end():
    rows = shortened([(number, f"row {number}") for number in range(1, 101)], 25)
    assert len(rows) == 25
    assert rows[0] == (1, "row 1")
    assert rows[-1] == (100, "row 100")
    assert rows[4] == (0, "… 76 lines left out …")


@pytest.mark.parametrize(
    "text",
    [
        "app[web.1]: Traceback (most recent call last):",
        "    at Object.<anonymous> (/app/server.js:3:9)",
        "app/models/user.rb:12:in `name'",
        'app[web.1]:   File "/app/shop.py", line 3, in <module>',
    ],
)
def test_traces_of_many_languages_are_known(text):
    assert is_trace([text])


def test_ordinary_lines_are_no_trace():
    assert not is_trace([APP, ROUTER, "app[web.1]: looking at the file"])


def test_personal_data_is_masked_unless_its_kind_is_shown():
    text = f"{APP} {PERSON} from 198.51.100.77"
    assert mask(text).endswith("[REDACTED:email] from [REDACTED:ip]")
    assert mask(text, ["ip"]).endswith("[REDACTED:email] from 198.51.100.77")
    assert mask(text, ["email", "ip"]) == text


def test_credentials_are_masked_whatever_is_shown():
    secret = "s3cr" + "et-9f8e7d6c"
    text = mask(
        f"DATABASE_URL=postgres://app:{secret}@db.example.com/app", ["database-password", "email", "ip", "card"]
    )
    assert secret not in text


def test_what_is_masked_is_counted_by_kind_and_shown_kinds_too():
    text = f"{APP} {PERSON} from 198.51.100.77"
    for show in ([], ["ip"]):
        fields = {"lines": [quote(1, mask(text, show))], "excerpt": PERSON, "show": show}
        assert masked_kinds(fields) == {"email": 2, "ip": 1}


def test_what_is_quoted_is_masked_together():
    key = ["-----BEGIN " + "PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "-----END " + "PRIVATE KEY-----"]
    lines = [Line(0, number, f"2026-03-14T09:12:07+00:00 app[web.1]: {text}") for number, text in enumerate(key, 1)]
    assert "MIIEvQ" not in excerpt_text({"lines": quotes_of(lines, ["app.log"], {})})


def test_the_ticket_says_what_is_masked():
    lines = [quote(1, ROUTER)]
    assert "credentials, e-mail and IP addresses are masked" in render({"lines": lines})
    assert "credentials and e-mail addresses are masked" in render({"lines": lines, "show": ["ip"]})
    assert "credentials are masked" in render({"lines": lines, "show": ["ip", "email"]})


def test_both_sides_of_the_log_count_for_the_score():
    gaps = [gap.text for gap in complete({"lines": [quote(1, ROUTER)]}).gaps if gap.key == "excerpt"]
    assert gaps == ["log lines of the app itself"]
    assert not [gap for gap in complete({"lines": [quote(1, ROUTER), quote(2, APP)]}).gaps if gap.key == "excerpt"]


# Drafts of earlier versions
def test_an_old_draft_is_upgraded_and_renders_the_same_text():
    old = {
        "title": "x",
        "excerpt": f"my_log.txt:3  {APP}\nsomething pasted\nmy_log.txt:4  {ROUTER}",
        "trace": "my_log.txt:8  Traceback (most recent call last):\nmy_log.txt:9  KeyError",
    }
    new = upgraded(old, ["other.log", "my log.txt"])
    assert [key_of(one) for one in new["lines"]] == ["1.3", "1.4", "1.8-9"]
    assert new["excerpt"] == "something pasted"
    assert new["trace"] == ""
    assert set(excerpt_text(new).split("\n")) == set(old["excerpt"].split("\n"))
    assert trace_text(new) == old["trace"]


def test_text_that_cites_no_known_log_stays_text():
    old = {"excerpt": "unknown.log:3  text\nplain", "trace": ""}
    assert upgraded(old, ["app.log"]) == old | {"lines": []}


def test_new_drafts_and_empty_ones_stay_as_they_are():
    assert upgraded({}, ["app.log"]) == {}
    new = {"lines": [quote(1)], "excerpt": f"app.log:3  {APP}"}
    assert upgraded(new, ["app.log"]) == new
