"""One-time codes in sentences: "your code is 123456", "123456 is your login code", "use 123456 to sign in"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .expressions import compile_re2
from .marks import Span

_ROUGH = compile_re2(
    rb"(?:code|otp|pin|password|use|enter)(?:[ \t]+(?:is|was|the|code|otp|pin|for[ \t]\S+)){0,2}[ \t]*(?:is|was|:|=|->)?[ \t:=]*[\"']?[0-9]{4}"
    rb"|[0-9]{4}[ \t](?:is|as)[ \t](?:your|the)[ \t]",
    ignore_case=True,
)
_ONE_TIME = compile_re2(
    rb"\b(?:one[ \-]time|otp|verification|security|2fa|mfa|login|confirmation|sms|access|reset|recovery|unlock|activation|pairing|"
    rb"sign[ \-]?in|authentication|passwordless)[ \t](?:password|passcode|code|pin)"
    rb"(?:[ \t]for[ \t]\S+)?[ \t]*(?:is|:|=|was|->)?[ \t]*[\"']?([0-9]{4,8})(?:[^\w.]|[.](?:\s|$)|$)",
    ignore_case=True,
)
_YOUR_CODE = compile_re2(
    rb"\b(?:(?:your|the)[ \t](?:([\w\-]+)[ \t])?(?:code|otp|passcode)(?:[ \t](?:is|was))?[ \t]*[:=]?|otp(?:[ \t](?:is|was))?[ \t]*:?|"
    rb"(?:use|enter)(?:[ \t](?:the[ \t])?(?:code|otp|pin))?)[ \t]+[\"']?([0-9]{4,8})(?:[^\w.]|[.](?:\s|$)|$)",
    ignore_case=True,
)
_CODE_FIRST = compile_re2(
    rb"\b([0-9]{4,8})[ \t](?:is|as)[ \t](?:your|the)[ \t](?:[\w\-]+[ \t]){0,3}(?:code|otp|pin|password|passcode)\b",
    ignore_case=True,
)
_TO_SIGN_IN = re.compile(
    rb"(?i)[\"'.]?\s{1,2}(?:(?:to|for)\s(?:sign|log|verify|confirm|authenticat|complet|finish)|(?:as|for)\s(?:your|the|a)\s"
    rb"(?:[\w\-]{1,20}\s){0,3}(?:code|otp|pin|pass(?:word|code)|login|verification|account)\b)"
)
_ENDS = re.compile(rb"[\"'\])]*(?:\Z|[.,;!\\\"'<)\]]|\s(?:to|for|and|or|in|on|valid|expires?|will|it)\b|\s[^\w\s])")
_NO_CODE = frozenset(
    b"error status exit zip postal area country promo discount product tracking reference booking order coupon response return "
    b"result reason source language currency voucher http sql".split()
)


def find(text: bytes) -> Iterator[Span]:
    """One-time codes that a sentence tells."""
    if not _ROUGH.search(text):
        return
    for match in _ONE_TIME.finditer(text):
        yield Span(match.start(1), match.end(1), "code")
    for match in _YOUR_CODE.finditer(text):
        start = match[0][:3].lower()
        told = start not in (b"use", b"ent") or _TO_SIGN_IN.match(text, match.end(2))
        if start == b"the" and not _ENDS.match(text, match.end(2)):  # "the code is 12345 lines long"
            continue
        if told and (match[1] or b"").lower() not in _NO_CODE:
            yield Span(match.start(2), match.end(2), "code")
    for match in _CODE_FIRST.finditer(text):
        yield Span(match.start(1), match.end(1), "code")
