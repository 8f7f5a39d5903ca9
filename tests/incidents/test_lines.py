"""Lines by number, their neighbours, and the search over them."""

from __future__ import annotations

import pytest

from incidents.digest import lines, segments
from incidents.digest.lines import BadPattern, Cursor, Line
from incidents.models import Incident
from tests.incidents.builders import log, upload, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch, small_chunks: int) -> None:
    monkeypatch.setattr(segments, "BLOCK_BYTES", 1500)


@pytest.fixture
def texts(incident: Incident, small_blocks: None) -> list[str]:
    """An incident with two sources of several chunks and blocks; the lines of the first."""
    upload(incident, log(200))
    upload(incident, b"\n".join([b"first of two", *log(90).split(b"\n")]), "second.log")
    work()
    return log(200).decode().split("\n")[:-1]


@pytest.mark.parametrize(("first", "last"), [(1, 1), (1, 200), (37, 61), (199, 200), (150, 999), (200, 200)])
def test_lines_come_back_by_number(incident: Incident, texts: list[str], first: int, last: int) -> None:
    found = lines.read_lines(incident, 0, first, last)
    assert found == [Line(0, number, texts[number - 1]) for number in range(first, min(last, 200) + 1)]


@pytest.mark.parametrize(("source", "first", "last"), [(0, 201, 300), (0, 0, 0), (0, 9, 3), (7, 1, 5)])
def test_lines_that_do_not_exist_are_none(
    incident: Incident, texts: list[str], source: int, first: int, last: int
) -> None:
    assert lines.read_lines(incident, source, first, last) == []


def test_a_line_is_shown_with_its_neighbours(incident: Incident, texts: list[str]) -> None:
    found = lines.context(incident, 1, 3, before=5, after=1)
    assert [line.number for line in found] == [1, 2, 3, 4]
    assert found[0].text == "first of two"


def test_searching_gives_what_grep_gives(incident: Incident, texts: list[str]) -> None:
    found = lines.search(incident, "CODE=h12", source=0)
    assert [line.number for line in found.lines] == [
        number for number, text in enumerate(texts, 1) if "code=H12" in text
    ]
    assert (found.cursor, found.scanned_lines) == (None, 200)


def test_an_expression_matches_within_lines_only(incident: Incident, texts: list[str]) -> None:
    expression = r"^\S+ app\[web\.\d\]:\s.*placed$"
    found = lines.search(incident, expression, is_regex=True, source=0)
    assert [line.text for line in found.lines] == [text for text in texts if text.endswith("placed")]
    assert lines.search(incident, r"placed\s+2026", is_regex=True).lines == []
    assert lines.search(incident, r"placed[^x]+2026", is_regex=True).lines == []


def test_a_text_with_signs_is_taken_literally(incident: Incident, texts: list[str]) -> None:
    assert len(lines.search(incident, "web.1", source=0).lines) == 200
    assert lines.search(incident, "web?1").lines == []


def test_the_case_counts_where_it_is_asked_to(incident: Incident, texts: list[str]) -> None:
    assert lines.search(incident, "H12", ignore_case=False).lines
    assert not lines.search(incident, "h12", ignore_case=False).lines


def test_following_the_cursor_finds_each_line_once(incident: Incident, texts: list[str]) -> None:
    seen, cursor, pages = [], None, 0
    while True:
        page = lines.search(incident, "order", start=cursor, limit=7)
        seen += [(line.source, line.number) for line in page.lines]
        pages += 1
        cursor = page.cursor
        if cursor is None:
            break
    whole = lines.search(incident, "order", limit=10_000)
    assert seen == [(line.source, line.number) for line in whole.lines]
    assert pages > 10


def test_a_search_without_time_looks_at_one_block_at_a_time_and_ends(incident: Incident, texts: list[str]) -> None:
    cursor, pages = None, 0
    while True:
        page = lines.search(incident, "nothing like this", start=cursor, budget_ms=0)
        pages += 1
        assert page.lines == []
        if page.cursor is None:
            break
        assert cursor is None or page.cursor > cursor
        cursor = page.cursor
    assert pages > 20


def test_a_search_may_begin_in_the_middle(incident: Incident, texts: list[str]) -> None:
    found = lines.search(incident, "order", start=Cursor(0, 100), source=0, limit=1000)
    assert found.lines[0].number >= 100
    assert found.lines == [
        line for line in lines.search(incident, "order", source=0, limit=1000).lines if line.number >= 100
    ]


@pytest.mark.parametrize("text", ["", "x" * 501])
def test_what_is_too_short_or_too_long_is_not_searched_for(incident: Incident, text: str) -> None:
    with pytest.raises(BadPattern, match="1 to 500"):
        lines.search(incident, text)


@pytest.mark.parametrize("text", ["(", "a{1001}", "*", "(?P<x", r"(?=x)", r"\1"])
def test_a_bad_expression_is_told(incident: Incident, text: str) -> None:
    with pytest.raises(BadPattern, match="no expression"):
        lines.search(incident, text, is_regex=True)


def test_an_expression_that_hangs_others_is_answered_at_once(incident: Incident, db: None) -> None:
    upload(incident, b"a" * 60_000 + b"!\n")
    work()
    assert lines.search(incident, r"(a+)+(a|aa)+\d", is_regex=True).cursor is None


def test_bytes_that_are_no_text_are_shown_as_such(incident: Incident, db: None) -> None:
    head = log(4000)  # more than is looked at to settle the encoding
    upload(incident, head + b"2026-03-14T09:00:09+00:00 app[web.1]: caf\xc3\xa9 \xff\r\n" + b"x" * 70_000 + b"\n")
    work()
    odd, long = lines.read_lines(incident, 0, 4001, 4002)
    assert odd.text.endswith("caf\u00e9 \ufffd")
    assert len(long.text) == 65_536
    assert long.cut_bytes > 0


def test_a_latin_1_log_is_shown_in_its_own_characters(incident: Incident, db: None) -> None:
    upload(incident, b"2026-03-14T09:00:09+00:00 app[web.1]: caf\xe9\n" * 50)
    work()
    assert lines.read_lines(incident, 0, 9, 9)[0].text.endswith("caf\u00e9")


def test_an_empty_line_can_be_read_and_found(incident: Incident, db: None) -> None:
    upload(incident, b"one\n\nthree\n")
    work()
    assert [line.text for line in lines.read_lines(incident, 0, 1, 9)] == ["one", "", "three"]
    assert [line.number for line in lines.search(incident, "^$", is_regex=True).lines] == [2]
