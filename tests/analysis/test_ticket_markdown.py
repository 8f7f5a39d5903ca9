"""Whatever the log holds, it stays text inside the ticket."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.analysis.ticket import markdown

HOSTILE = st.text(alphabet=st.sampled_from(list("ab `~<>[]()#@*_|\\!-=+1.\n\t\r\x1b\x00\u202e")), max_size=60)


def test_prose_escapes_markup():
    assert markdown.prose("a *b* _c_ [d](e) `f` <g> h|i") == r"a \*b\* \_c\_ \[d\](e) \`f\` \<g\> h|i"


def test_prose_calls_nobody():
    assert "@ana" not in markdown.prose("thanks @ana, see #12")
    assert "#12" not in markdown.prose("thanks @ana, see #12")


@pytest.mark.parametrize("text", ["- item", "+ item", "1. item", "# head", "> quote", "=== x"])
def test_prose_begins_no_block(text):
    assert markdown.prose(text).startswith("\\") or markdown.prose(text)[1] == "\\"


def test_control_characters_and_direction_marks_do_not_pass():
    assert markdown.prose("a\x1b[31mb\u202ec") == "a\ufffd\\[31mb\ufffdc"


def test_a_code_span_has_more_backticks_outside_than_inside():
    assert markdown.code("a") == "`a`"
    assert markdown.code("a`b``c") == "```a`b``c```"
    assert markdown.code("`a") == "`` `a ``"
    assert markdown.code("") == ""


def test_a_fence_is_longer_than_any_run_inside():
    text = "x\n````\n</pre>\n```"
    block = markdown.fence(text)
    assert block.startswith("`````\n")
    assert block.endswith("\n`````")


@given(HOSTILE)
def test_no_content_ends_its_fence_early(text):
    lines = markdown.fence(text).split("\n")
    ticks = lines[0]
    assert set(ticks) == {"`"}
    assert not [one for one in lines[1:-1] if re.fullmatch(rf" {{0,3}}`{{{len(ticks)},}}\s*", one)]


@given(HOSTILE)
def test_no_prose_holds_a_tag_a_mention_or_a_newline(text):
    found = markdown.prose(text)
    assert "\n" not in found
    assert not re.search(r"(?<!\\)<", found)
    assert not re.search(r"@[A-Za-z]", found)


@given(HOSTILE)
def test_a_span_is_one_line_and_closed(text):
    found = markdown.code(text)
    if found:
        ticks = re.match(r"`+", found)[0]
        assert found.endswith(ticks)
        assert "\n" not in found
        assert max((len(run) for run in re.findall(r"`+", found[len(ticks) : -len(ticks)])), default=0) < len(ticks)


def test_a_bar_in_a_cell_opens_no_column():
    made = markdown.table(["a", "b"], [[markdown.code("x|y"), "1"]], right=frozenset({1}))
    assert made == "| a | b |\n| --- | ---: |\n| `x\\|y` | 1 |"


def test_a_persons_own_markdown_stays_but_html_and_headings_become_text():
    assert (
        markdown.block("We *saw* <b>this</b>\n# Not a heading\n- one")
        == "We *saw* &lt;b>this&lt;/b>\n\\# Not a heading\n- one"
    )


def test_code_blocks_of_a_person_are_left_alone_and_closed():
    assert markdown.block("```\n<b> # x") == "```\n<b> # x\n```"
    assert markdown.block("~~~\nx\n~~~\nafter <i>") == "~~~\nx\n~~~\nafter &lt;i>"


@given(HOSTILE)
def test_a_block_never_leaves_a_fence_open_for_what_follows(text):
    mark = ""
    for one in markdown.block(text).split("\n"):
        found = re.match(r" {0,3}(`{3,}|~{3,})", one)
        if found and not mark:
            mark = found[1]
        elif found and found[1].startswith(mark) and not one.strip(" `~"):
            mark = ""
    assert mark == ""
