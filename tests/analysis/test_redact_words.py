"""A team's own words and patterns: found where they stand, refused where they would mask everything."""

from __future__ import annotations

import pytest

from incidents.analysis.redact import WordsError, compile_words, redact, scrub


def test_words_and_patterns_of_a_team_are_masked() -> None:
    words = compile_words(["Projekt Ørn"], [r"CUST-\d{4}"])
    text, counts = scrub("Projekt Ørn for CUST-1234, not CUST-12", words=words)
    assert text == "[REDACTED:word] for [REDACTED:word], not CUST-12"
    assert counts == {"word": 2}


def test_words_inside_markers_are_left_alone() -> None:
    words = compile_words(["REDACTED", "password"])
    once = redact("password=hunter22 REDACTED", words=words)
    assert once == "[REDACTED:word]=[REDACTED:password] [REDACTED:word]"
    assert redact(once, words=words) == once


def test_a_match_shorter_than_four_bytes_is_left_alone() -> None:
    assert redact("ab abcd", words=compile_words([], ["ab(cd)?"])) == "ab [REDACTED:word]"


@pytest.mark.parametrize(
    ("literals", "patterns", "says"),
    [
        ([""], [], "too short"),
        (["   "], [], "too short"),
        (["abc"], [], "too short"),
        (["x" * 300], [], "longer than 256"),
        (["two\nlines"], [], "line break"),
        ([], [""], "empty"),
        ([], ["a*"], "matches nothing"),
        ([], [".*"], "matches nothing"),
        ([], [".+"], "whole log lines"),
        ([], ["(unclosed"], "not valid RE2"),
        ([], [r"(a)\1"], "not valid RE2"),
        ([], ["(?=ahead)"], "not valid RE2"),
        ([], ["y" * 600], "longer than 512"),
        (["word" + str(n) for n in range(201)], [], "at most 200"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_in_a_sentence(
    literals: list[str], patterns: list[str], says: str
) -> None:
    with pytest.raises(WordsError, match=says) as refused:
        compile_words(literals, patterns)
    assert str(refused.value)[0].isupper()
    assert str(refused.value).endswith(".")
