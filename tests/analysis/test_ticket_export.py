"""Files beside the ticket: complete, redacted, and safe in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.analysis import ticket
from incidents.analysis.ticket.export import MOST_LINES, table
from tests.analysis.documents import document, endpoint, event, evidence, finding
from tests.analysis.logs import facts_of, line, log


def rows(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_endpoints_are_a_table_with_a_head():
    found = rows(ticket.endpoints_csv(document()))
    assert found[0][:3] == ["method", "path", "count"]
    assert found[1][:3] == ["GET", "/reports/{id}/export", "40"]
    assert found[1][-1] == "culprit"
    assert len(found) == 3


def test_the_timeline_names_time_kind_and_line():
    found = rows(ticket.timeline_csv(document()))
    assert found == [
        ["time", "utc", "kind", "title", "line"],
        [
            "2026-03-14 09:06:00 UTC",
            "2026-03-14T09:06:00.000000Z",
            "deploy",
            "Release v42: deploy of 8c456a46",
            "app.log:12",
        ],
    ]


def test_lines_end_as_rfc_4180_has_it_and_quotes_are_doubled():
    text = table(["a"], [['x "y", z'], ["two\nlines"]])
    assert text == 'a\r\n"x ""y"", z"\r\n"two\nlines"\r\n'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "|", "%", " =", "  @"])
def test_no_cell_begins_a_formula(start):
    said = document(
        endpoints=[endpoint(f"{start}cmd()", method=f"{start}1+1")],
        timeline=[event("note", "09:00:00", f"{start}HYPERLINK()")],
    )
    for text in (ticket.endpoints_csv(said), ticket.timeline_csv(said)):
        for row in rows(text)[1:]:
            for cell in row:
                assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "|", "%")), cell


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_what_goes_in_as_a_row_comes_out_as_one(cells):
    found = rows(table(["head"] * len(cells), [cells]))
    assert len(found) == 2
    assert len(found[1]) == len(cells)


def test_negative_numbers_stay_numbers():
    assert rows(table(["a", "b"], [[-5, 0.25]]))[1] == ["-5", "0.25"]


def test_the_excerpt_holds_cited_lines_with_their_surroundings():
    lines = [
        line(f"09:{number // 60:02d}:{number % 60:02d}", "app[web.1]", f"line {number}") for number in range(1, 101)
    ]
    said = document(findings=[finding(evidence=[evidence(50, "app[web.1]: line 50")])], timeline=[])
    text = ticket.excerpt_log(said, facts_of(log(*lines)))
    assert "app.log:50  2026-03-14T09:00:50.000000+00:00 app[web.1]: line 50\n" in text
    assert ": line 30\n" in text
    assert ": line 70\n" in text
    assert ": line 29\n" not in text
    assert ": line 71\n" not in text
    assert text.startswith("# 41 lines;")


def test_without_facts_the_excerpt_holds_the_evidence():
    assert ticket.excerpt_log(document()).count("\n") == 2


def test_an_excerpt_that_is_too_long_says_so():
    lines = [line("09:00:00", "app[web.1]", f"line {number}") for number in range(1, MOST_LINES + 200)]
    proofs = [evidence(number, "app[web.1]: x") for number in range(1, MOST_LINES + 200, 20)]
    text = ticket.excerpt_log(document(findings=[finding(evidence=proofs)]), facts_of(log(*lines)))
    head, *rest = text.rstrip("\n").split("\n")
    assert len(rest) == MOST_LINES
    assert head.endswith("further lines left out")


def test_a_private_key_over_several_lines_is_masked_as_one():
    body = "MIIEow" + "IBAAKCAQEA7" * 5
    key = ["-----BEGIN RSA " + "PRIVATE KEY-----", body, body, "-----END RSA " + "PRIVATE KEY-----"]
    lines = [line(f"09:00:0{number}", "app[web.1]", text) for number, text in enumerate(key)]
    said = document(findings=[finding(evidence=[evidence(1, "app[web.1]: key")])], timeline=[])
    assert body not in ticket.excerpt_log(said, facts_of(log(*lines)))


def test_personal_data_is_masked_in_tables_too():
    said = document(timeline=[event("note", "09:00:00", "by user ana@example.org")])
    assert "ana@example.org" not in ticket.timeline_csv(said)
