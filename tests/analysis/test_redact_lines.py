"""Secrets that run over several lines, and lines that come one by one."""

from __future__ import annotations

import random

import pytest

from incidents.analysis.redact import Scrubber, redact, scrub
from tests.support.redaction_score import leaks
from tests.support.secret_shapes import shape

KEY = "PRIVATE" + " KEY"
HEADS = {
    "canonical": "2026-03-14T09:00:00.000000+00:00 app[{}]: ",
    "logplex": "<190>1 2026-03-14T09:00:00.000000+00:00 host app {} - ",
    "papertrail": "Mar 14 09:00:00 acme app/{}: ",
}


def body(seed: int = 1, lines: int = 4) -> list[str]:
    rng = random.Random(seed)
    return [*(shape(rng, "b64:64") for _ in range(lines)), shape(rng, "b64:22") + "=="]


def block(lines: list[str], kind: str = "RSA ") -> list[str]:
    return [f"-----BEGIN {kind}{KEY}-----", *lines, f"-----END {kind}{KEY}-----"]


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_drained_key_goes_with_every_line_and_other_dynos_stay(head: str) -> None:
    secret = body()
    mine = [head.format("web.1") + line for line in block(secret)]
    others = [head.format("web.2") + f"Listening on port {n}" for n in range(len(mine))]
    lines = [line for pair in zip(mine, others, strict=True) for line in pair] + [head.format("web.1") + "key loaded"]
    out = redact("\n".join(lines)).split("\n")
    assert len(out) == len(lines)
    assert not any(leaks(part, "\n".join(out)) for part in secret)
    assert out[1::2] == others
    assert out[-1] == lines[-1]
    assert all(line == head.format("web.1") + "[REDACTED:private-key]" for line in out[0:-1:2])


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "DSA ", "ENCRYPTED ", "OPENSSH "])
def test_every_kind_of_private_key_is_masked(kind: str) -> None:
    secret = body()
    out = redact("before\n" + "\n".join(block(secret, kind)) + "\nafter")
    assert not any(leaks(part, out) for part in secret)
    assert out.startswith("before\n")
    assert out.endswith("\nafter")


def test_a_key_counts_once_however_many_lines_it_has() -> None:
    assert scrub("\n".join(block(body()))).counts["private-key"] == 1


def test_a_key_is_followed_over_lines_fed_one_by_one() -> None:
    head = HEADS["canonical"].format("web.1")
    secret = body()
    scrubber = Scrubber()
    out = [scrubber.feed(head + line) for line in [*block(secret), "up"]]
    assert out[:-1] == [head + "[REDACTED:private-key]"] * (len(secret) + 2)
    assert out[-1] == head + "up"
    assert scrubber.counts["private-key"] == 1


def test_a_key_whose_end_was_lost_hides_nothing_that_follows() -> None:
    head = HEADS["canonical"].format("web.1")
    secret = body()
    lines = [head + line for line in [*block(secret)[:-2], "State changed from starting to up", "GET /a 200"]]
    out = redact("\n".join(lines)).split("\n")
    assert not any(leaks(part, "\n".join(out)) for part in secret)
    assert out[-2:] == lines[-2:]


def test_a_key_whose_beginning_was_in_another_chunk_is_masked() -> None:
    head = HEADS["canonical"].format("web.1")
    secret = body()
    lines = [head + "ready", *(head + line for line in block(secret)[2:])]
    out = redact("\n".join(lines))
    assert not any(leaks(part, out) for part in secret[1:])
    assert out.startswith(head + "ready\n")


def test_headers_of_an_encrypted_key_do_not_end_it() -> None:
    secret = body()
    begin, *rest = block(secret)
    out = redact("\n".join([begin, "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,0011", "", *rest]))
    assert not any(leaks(part, out) for part in secret)


def test_certificates_and_public_keys_stay() -> None:
    for kind in ("CERTIFICATE", "PUBLIC" + " KEY", "RSA PUBLIC" + " KEY"):
        text = "\n".join([f"-----BEGIN {kind}-----", *body(), f"-----END {kind}-----"])
        assert redact(text) == text


@pytest.mark.parametrize("escape", ["\\n", "\\\\n", "%0A", " "])
def test_a_key_on_one_line_is_masked_whole(escape: str) -> None:
    secret = body()
    out = redact(f'{{"private":"{escape.join(block(secret))}","id":"7"}}')
    assert not any(leaks(part, out) for part in secret)
    assert out.endswith('","id":"7"}')


def test_a_secret_cut_where_logplex_splits_a_line_goes_on_both_sides() -> None:
    head = HEADS["canonical"].format("web.1")
    other = HEADS["canonical"].format("web.2") + "hello"
    message = "x " * 4993 + "token=abcd1234" + "efgh5678ijkl next=1"
    text = "\n".join([head + message[:10_000], other, head + message[10_000:]])
    out = redact(text).split("\n")
    assert out[0].endswith(" token=[REDACTED:token]")
    assert out[1] == other
    assert out[2] == head + "[REDACTED:token] next=1"
    scrubber = Scrubber()
    assert [scrubber.feed(line) for line in text.split("\n")] == out


def test_a_long_line_that_ends_in_no_secret_leaves_the_next_alone() -> None:
    head = HEADS["canonical"].format("web.1")
    text = "\n".join([head + "x " * 5000, head + "password changed for user 7"])
    assert redact(text) == text


def test_a_line_of_a_megabyte_is_masked_to_its_end() -> None:
    text = "a=1 " * 250_000 + "password=hunter22"
    assert redact(text) == "a=1 " * 250_000 + "password=[REDACTED:password]"
