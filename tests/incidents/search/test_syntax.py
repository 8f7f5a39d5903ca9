"""The query language: what is written, what it means as a tree, and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.search.syntax import All, Any, Field, Node, Not, Text, read, terms, write

NAMES = ("code", "dyno", "status", "path", "after")


def tree(text: str) -> Node | None:
    return read(text, NAMES)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("   ", None),
        ("timeout", Text("timeout")),
        ("code:H12", Field("code", "H12")),
        ("Code:H12", Field("code", "H12")),
        ('"two words"', Text("two words")),
        (r'"say \"yes\" \\ no"', Text('say "yes" \\ no')),
        ('path:"/a b"', Field("path", "/a b")),
        ("/reg(ular)? x/", Text("reg(ular)? x", True)),
        (r"/a\/b\\/", Text(r"a/b\\", True)),
        ("/api/orders", Text("/api/orders")),
        ("-noise", Not(Text("noise"))),
        ("--help", Text("--help")),
        ("a - b", All((Text("a"), Text("-"), Text("b")))),
        ("a AND b", All((Text("a"), Text("b")))),
        ("NOT code:H12", Not(Field("code", "H12"))),
        ("NOT -a", Not(Not(Text("a")))),
        ("a b OR c", Any((All((Text("a"), Text("b"))), Text("c")))),
        ("a (b OR c)", All((Text("a"), Any((Text("b"), Text("c")))))),
        ("-(a OR b) c", All((Not(Any((Text("a"), Text("b")))), Text("c")))),
        ("(a b) c", All((Text("a"), Text("b"), Text("c")))),
        ("call(x) (call(y))", All((Text("call(x)"), Text("call(y)")))),
        ("ORDER NOTE", All((Text("ORDER"), Text("NOTE")))),
        ("OR a OR", Text("a")),
        ("12:04:05", Text("12:04:05")),
        ("https://example.com/x", Text("https://example.com/x")),
        (")", Text(")")),
        ("()", None),
        ("-()", None),
    ],
)
def test_a_query_is_read_as_people_mean_it(text: str, expected: Node | None) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "words", "meant"),
    [
        ("a colour:red", "“colour” is no field", "colour"),
        ("statsu:500", "Did you mean status:?", "statsu"),
        ("a (b OR c", "never closed", "(b OR c"),
        ('a "b', "no partner", '"'),
        (" ".join("abcdefghij" for _ in range(45)), "Only the first 40", None),
    ],
)
def test_what_makes_no_sense_is_text_and_told_with_its_place(text: str, words: str, meant: str | None) -> None:
    node, (note,) = read(text, NAMES)
    assert words in note.words
    assert node is not None
    assert meant is None or text[note.start : note.end] == meant


def test_the_terms_come_in_the_order_of_the_query_with_their_places() -> None:
    text = 'a -code:H12 (b OR "c d")'
    node = tree(text)
    assert [text[term.at :].split()[0] for term in terms(node)] == ["a", "code:H12", "b", '"c']


PIECES = st.sampled_from(
    [
        "a",
        "b c",
        "code:",
        "code:H12",
        "-",
        "(",
        ")",
        '"',
        "\\",
        "/",
        "/x/",
        "OR",
        "AND",
        "NOT",
        " ",
        "x:y",
        "--",
        '"q r"',
        "é",
        "\t",
    ]
)


@given(
    st.one_of(
        st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join), st.lists(PIECES, max_size=25).map(" ".join)
    )
)
def test_any_text_can_be_read_and_written_again_with_the_same_meaning(text: str) -> None:
    node = tree(text)
    written = write(node)
    again, notes = read(written, NAMES)
    assert again == node
    assert not [note for note in notes if "parenthesis" in note.words or "quotation" in note.words]
    assert write(again) == written


@given(st.integers(1, 3_000))
def test_deep_nesting_ends(depth: int) -> None:
    for text in ("(" * depth + "a", "-(" * depth + "a" + ")" * depth, "NOT " * depth + "a"):
        assert tree(text[:1_000]) is not None or depth > 200
