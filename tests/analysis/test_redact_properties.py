"""What holds for any text at all."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.analysis.redact import redact, scrub
from tests.support.secret_lines_held_out import held_out

FRAGMENTS = (
    "password", "token", "key", "api key", "secret", "auth", "sessionid", "=", ":", ": ", " ", '"', "'", "\\", '\\"', "=>", "{", "}",
    "[", "]", "(", ")", "&", "?", "//", "://", "@", "Bearer ", "Basic ", "AK" + "IA", "ABCDEFGH12345678", "sk" + "_live_", "ey" + "J", ".",
    "-", "--", "_", "%3D", "%22", "%25", "\n", "\x1b[31m", "\x1b", "\u200b", "\u00a0", "é", "[REDACTED:token]", "[REDACTED:", "REDACTED",
    "-----BEGIN PRIVATE" + " KEY-----", "-----END PRIVATE" + " KEY-----", "q1W2e3R4t5Y6u7I8o9P0", "app[web.1]: ", "Cookie: ", "; ",
    "<password>", "</password>", "&amp;", "\\u003d", "\\n", "203.0.113.9", "ana@example.com", "4111111111111111", "mysql -p", "\ud800",
    "\x00", "\t", "value", "name", "1", "x9", ",", ";", "|", "`", "<", ">",
)  # fmt: skip
LINES = [line.text for line in held_out()]
MIXED = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.sampled_from(LINES), st.text(max_size=6)), max_size=24).map(
    "".join
)
MARKER = re.compile(r"\[REDACTED:[a-z-]{2,24}\]")


@settings(max_examples=400, deadline=None)
@given(st.one_of(MIXED, st.text(), st.binary().map(lambda b: b.decode("latin-1"))))
def test_masking_never_raises_never_nests_and_is_done_after_once(text: str) -> None:
    once, counts = scrub(text, personal=True)
    assert redact(once, personal=True) == once
    assert once.count("\n") == text.count("\n")
    if "[REDACTED:" not in text:
        assert once.count("[REDACTED:") == len(MARKER.findall(once))
        assert bool(counts.total()) == (once != text)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(LINES), st.integers(min_value=0, max_value=400))
def test_a_line_cut_anywhere_is_read_without_error(text: str, at: int) -> None:
    assert redact(redact(text[at:])) == redact(text[at:])
    assert redact(redact(text[:at])) == redact(text[:at])
