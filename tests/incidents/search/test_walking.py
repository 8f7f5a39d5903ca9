"""Walking over the matches of several files: against a plain reading of the same lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

import pytest

from incidents.models import Chunk, ChunkState, Incident
from incidents.search import BEGINNING, END, Hit, Page, Place, Walk, behind, find, parse, place_of
from tests.incidents import builders

pytestmark = pytest.mark.django_db


def shuffled(seed: int, lines: int) -> list[str]:
    """Lines of a drain: some late, some without a time, two at the same moment."""
    random = Random(seed)
    rows = []
    for number in range(lines):
        late = random.choice([0, 0, 0, 0, 7, 40]) if number > 40 else 0
        second = number - late - (random.random() < 0.1)
        if number % 10 == 9:
            rows.append(builders.router_line(max(0, second), "/slow", service_ms=30_000, status=503, code="H12"))
        elif number % 7 == 3:
            rows.append(f"  at frame {number} of file {seed}")
        else:
            rows.append(builders.app_line(max(0, second), f"order {number} of {seed} was placed"))
    return rows


FIRST, SECOND = shuffled(1, 160), shuffled(2, 120)
THIRD = FIRST[100:] + shuffled(3, 30)
"""The third file repeats a part of the first."""


@pytest.fixture(scope="module")
def incident(django_db_setup: None, django_db_blocker: object) -> Iterator[Incident]:
    data = {
        f"file-{number}.log": "".join(f"{row}\n" for row in rows).encode()
        for number, rows in enumerate((FIRST, SECOND, THIRD))
    }
    with builders.kept_incident(django_db_blocker, data, chunk_bytes=6_000, block_bytes=1_500) as kept:
        yield kept


@pytest.fixture
def files(incident: Incident) -> dict[tuple[int, int], str]:
    """All lines by place."""
    return {(at, line): row for at, rows in enumerate((FIRST, SECOND, THIRD)) for line, row in enumerate(rows, 1)}


def oracle(files: dict[tuple[int, int], str], matches: re.Pattern[str]) -> list[tuple[int, int]]:
    """Places of matching lines in the order of time; what an earlier file has too is left out."""
    keyed = []
    for source in sorted({source for source, _ in files}):
        at = None
        rows = [(line, row) for (of, line), row in sorted(files.items()) if of == source]
        times = [found[1] if (found := re.match(r"(2026\S+) ", row)) else None for _, row in rows]
        first = min(time for time in times if time)
        for (line, row), time in zip(rows, times, strict=True):
            at = time or at
            keyed.append((at or first, source, line, row, row))
    kept, known = [], {}
    for at, source, line, row, identity in sorted(keyed):
        turn = sum(1 for one in known.get((at, identity), ()) if one == source)
        earlier = [one for one in known.get((at, identity), ()) if one < source]
        known.setdefault((at, identity), []).append(source)
        most = max((earlier.count(one) for one in set(earlier)), default=0)
        if turn >= most and matches.search(row):
            kept.append((source, line))
    return kept


def places(hits: list[Hit]) -> list[tuple[int, int]]:
    return [(hit.place.source, hit.place.line) for hit in hits]


QUERIES = {
    "": "",
    "code:H12": "code=H12",
    "placed": "placed",
    "-placed": "^(?!.*placed)",
    "placed OR code:H12": "placed|H12",
    "/order 1[0-9] of/": "order 1[0-9] of",
    '(frame OR status:5xx) -"file 2"': "^(?!.*file 2).*(frame|status=5)",
}


@pytest.mark.parametrize("text", QUERIES)
def test_files_are_merged_by_time_and_every_match_comes_once(
    incident: Incident, files: dict[tuple[int, int], str], text: str
) -> None:
    query = parse(text)
    expected = oracle(files, re.compile(QUERIES[text]))
    assert places(list(Walk(incident, query))) == expected
    assert places(list(Walk(incident, query, backwards=True))) == expected[::-1]
    assert len(expected) > 5


def test_each_hit_carries_its_line_and_its_copies(incident: Incident, files: dict[tuple[int, int], str]) -> None:
    hits = list(Walk(incident, parse("")))
    assert all(hit.raw.decode() == files[hit.place.source, hit.place.line] for hit in hits)
    copied = {(hit.place.source, hit.place.line): hit.copies for hit in hits if hit.copies}
    assert copied
    assert all(files[place] == files[copy] for place, copies in copied.items() for copy in copies)
    assert len(hits) + sum(len(copies) for copies in copied.values()) == len(files)


@pytest.mark.parametrize("count", [5, 50, 1_000])
@pytest.mark.parametrize("text", ["", "placed", "code:H12"])
def test_pages_follow_one_another_without_gap_or_overlap(
    incident: Incident, files: dict[tuple[int, int], str], count: int, text: str
) -> None:
    query = parse(text)
    whole = places(list(Walk(incident, query)))
    forwards, start = [], BEGINNING
    while start is not None:
        page = find(incident, query, Page(start, count=count))
        assert len(page.hits) <= count
        forwards += places(page.hits)
        start = page.later
    assert forwards == whole
    backwards, start = [], END
    while start is not None:
        page = find(incident, query, Page(start, backwards=True, count=count))
        backwards = places(page.hits) + backwards
        start = page.earlier
    assert backwards == whole


def test_a_walk_may_begin_anywhere(incident: Incident, files: dict[tuple[int, int], str]) -> None:
    whole = [hit.place for hit in Walk(incident, parse(""))]
    for at in (0, 1, 57, 140, len(whole) - 1):
        assert [hit.place for hit in Walk(incident, parse(""), whole[at])] == whole[at:]
        assert [hit.place for hit in Walk(incident, parse(""), whole[at], backwards=True)] == whole[:at][::-1]
        assert [hit.place for hit in Walk(incident, parse(""), behind(whole[at]))] == whole[at + 1 :]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("text", ["nothing like this", "placed"])
def test_without_time_each_page_gets_further_and_they_end(
    incident: Incident, files: dict[tuple[int, int], str], monkeypatch: pytest.MonkeyPatch, text: str, backwards: bool
) -> None:
    monkeypatch.setattr("incidents.search.paging.BUDGET_SECONDS", -1.0)
    query = parse(text)
    found: list[tuple[int, int]] = []
    start: Place | None = END if backwards else BEGINNING
    pages = 0
    while start is not None:
        page = find(incident, query, Page(start, backwards=backwards, count=1_000))
        ahead = page.earlier if backwards else page.later
        assert ahead is None or (ahead < start if backwards else ahead > start)
        found = places(page.hits) + found if backwards else found + places(page.hits)
        start = ahead
        pages += 1
    assert pages > 10
    expected = places(list(Walk(incident, query)))
    assert sorted(set(found)) == sorted(set(expected)) if text == "placed" else found == []


def test_only_what_can_match_is_opened(incident: Incident, files: dict[tuple[int, int], str]) -> None:
    def opened(text: str) -> int:
        walk = Walk(incident, parse(text))
        list(walk)
        return walk.opened_blocks

    everything = opened("")
    assert opened("code:R14") == 0
    assert opened("before:2026-03-14T08:00") == 0
    assert 0 < opened("after:2026-03-14T09:00:10 before:2026-03-14T09:00:20") < everything / 2
    first = Walk(incident, parse(""))
    next(iter(first))
    assert first.opened_blocks <= 4


def test_one_file_can_be_read_alone(incident: Incident, files: dict[tuple[int, int], str]) -> None:
    found = places(list(Walk(incident, parse(""), sources=[2])))
    assert {source for source, _ in found} == {2}
    assert len(found) == sum(1 for source, _ in files if source == 2)


def test_what_has_not_been_read_is_found_by_its_text_behind_what_was(
    incident: Incident, files: dict[tuple[int, int], str]
) -> None:
    Chunk.objects.filter(source__position=1).update(state=ChunkState.PENDING, summary=None)
    page = find(incident, parse('"of 2 was placed"'), Page(count=1_000))
    assert page.has_unread
    assert places(page.hits) == [place for place, row in files.items() if place[0] == 1 and "of 2 was placed" in row]


def test_the_place_of_a_line(incident: Incident, files: dict[tuple[int, int], str]) -> None:
    hits = {(hit.place.source, hit.place.line): hit.place for hit in Walk(incident, parse(""))}
    for place in [(0, 1), (1, 57), (0, 160)]:
        assert place_of(incident, *place) == hits[place]
    assert place_of(incident, 0, 161) is None
    assert place_of(incident, 9, 1) is None
