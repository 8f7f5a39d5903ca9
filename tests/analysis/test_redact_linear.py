"""Time grows with the length of a line and no faster, whatever stands in it."""

from __future__ import annotations

import time

import pytest

from incidents.analysis.redact import redact_bytes

PUMPS = (
    "a", "A1", " ", "=", ":", "\\", '"', "'", "@", "a@", "a@b.", "://", "a://b:", "a://b:c@", "%", "%25", "%3D", "&amp;", "\\u003d",
    "eyJ", "eyJaaaaaa.", "-----BEGIN PRIVATE" + " KEY-----", "-----END PRIVATE" + " KEY-----", "AKIA", "sk-", "gh", "password=", 'password="',
    '\\"password\\":\\"', "password: ", "sessionid=", "?code=", "Cookie: ", "Cookie: a=b; ", "Bearer ", "Bearer aaaaaaaaaaaaaaa1",
    "token is ", "auth=", "auth=Bearer ", "mysql -p", "curl -u a:b1 ", "<password>", "</", "name=password,value=", "api key: ", "1.2.3.4 ",
    "2001:db8::", "4111 1111 1111 1111 ", "\x1b[0m", "\x1b[", "\u200b", "\u00a0", "[REDACTED:token]", "[REDACTED:", "password=[", "x=y,",
    "digest response=aaaaaaaaaaaaaaaa1 ", "$2a$10$", "oracle:thin:a/", "sid=1.", "0f" * 20 + " ", "q1W2" * 10 + " ",
)  # fmt: skip
SHORT, ENDS = 16_384, ("", "password=x", "@")


def seconds(data: bytes) -> float:
    started = time.process_time()
    redact_bytes(data, personal=True)
    return time.process_time() - started


@pytest.mark.parametrize("pump", PUMPS)
def test_a_line_twice_as_long_takes_no_more_than_thrice_as_long(pump: str) -> None:
    for end in ENDS:
        data = [(pump * (length // len(pump)) + end).encode() for length in (SHORT, 2 * SHORT)]
        short, long = (min(seconds(text) for _ in range(4)) for text in data)
        # A quadratic rule takes 4 times as long, and a second more of it whole seconds; below 10 ms the clock is too coarse.
        assert long <= max(3 * short, 0.010), f"{pump!r} {end!r}: {short * 1000:.1f} ms, then {long * 1000:.1f} ms"


@pytest.mark.parametrize("pump", PUMPS)
def test_the_longest_hostile_line_is_done_in_moments(pump: str) -> None:
    data = (pump * (65_536 // len(pump))).encode()[:65_536]
    # The bar is 50 ms on an idle machine; this generous bound only tells linear rules from others.
    assert min(seconds(data) for _ in range(2)) < 0.5
