"""Personal data: e-mail addresses, public IP addresses, card numbers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache

from .expressions import compile_re2
from .marks import FILL, Span

_AT = rb"(?:@|%40|\\u0040|&#0?64;|&#[xX]40;)"
_AT_SIGN = re.compile(_AT)
_EMAIL = compile_re2(
    rb"[\w.+'%\-\x80-\xfe]+" + _AT + rb"[A-Za-z0-9\x80-\xfe][A-Za-z0-9\-\x80-\xfe]*(?:\.[A-Za-z0-9\-\x80-\xfe]+)*"
    rb"\.[A-Za-z\x80-\xfe]{2,24}",
)  # fmt: skip
_LAST_ESCAPE = re.compile(rb".*(?:%[0-9A-Fa-f]{2}(?<!%2[bB]))|.*\\[nrt\"']|[.'%\-]+", re.DOTALL)
_NOT_TOP = frozenset(
    b"png jpg jpeg gif svg webp ico css js mjs cjs ts tsx jsx json map html htm php java gz zip tgz tar exe dll yml yaml txt log "
    b"internal local localdomain lan home localhost corp invalid conf cfg sql so o class jar war whl lock toml xml csv pdf".split()
)
_SERVICE_USERS = frozenset(b"git celery svn hg".split())

_V4 = compile_re2(rb"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}")
_V6 = compile_re2(rb"[23][0-9a-fA-F]{3}(?::|%3[aA])(?:[0-9a-fA-F:.]|%3[aA]){2,60}")
_VERSION_WORDS = (b"version", b"release", b"build", b"rails", b"ruby")
_VERSION_SIGN = re.compile(rb"(?:\A|[\W_])(?:v(?:er)?\.?|oid)\Z")
_QUOTES = b"\\\"'"

_CARD = compile_re2(
    rb"[2-6]\d{3}(?: \d{4} \d{4} \d{4}|-\d{4}-\d{4}-\d{4}|\.\d{4}\.\d{4}\.\d{4}|\+\d{4}\+\d{4}\+\d{4}|%20\d{4}%20\d{4}%20\d{4})\b"
    rb"|3[47]\d{2}(?: \d{6} |-\d{6}-)\d{5}\b|[2-6]\d{12,18}\b",
)  # fmt: skip
_NO_DIGITS = re.compile(rb"%20|\D")
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")
_NO_CARD_NAME = re.compile(
    rb"(?i)(?:id|offset|seq|sequence|ts|time|timestamp|epoch|order|isbn|imei|tracking|snowflake|serial|nonce|span|trace|ms|us|ns|"
    rb"bytes|size|length|count|total|phone|version|lsn|xid)(?:\\{0,7}[\"'])?\s{0,2}(?:=>|[=:#])?\s{0,2}(?:\\{0,7}[\"'])?\Z"
)


def find_emails(text: bytes) -> Iterator[Span]:
    for match in _EMAIL.finditer(text):
        start, end = match.span()
        found = text[start:end]
        found = found.replace(b"%40", b"@")
        if b"@" not in found:
            found = _AT_SIGN.sub(b"@", found)
        local, top = found[: found.rfind(b"@")], found[found.rfind(b".") + 1 :]
        skipped = None if local.isalnum() else _LAST_ESCAPE.match(local)
        shift = skipped.end() if skipped else 0
        if shift >= len(local) or local.lower() in _SERVICE_USERS or top.lower() in _NOT_TOP:
            continue
        if text[max(0, start - 2) : start] == b"//":  # the user of a URL
            continue
        yield Span(start + shift, end, "email")


def find_ips(text: bytes) -> Iterator[Span]:
    for match in _V4.finditer(text):
        start, end = match.span()
        before, after = text[start - 1 : start] if start else b"", text[end : end + 2]
        if (before and (before.isalnum() or before in b"._-")) or after[:1].isalnum() or after[:1] == b"_":
            continue
        if after[:1] in b".-" and after[1:].isalnum() and after[:1]:
            continue
        octets = _public_octets(text[start:end])
        if octets and not (_reads_as_version(octets, text, start, before)):
            yield Span(start, end, "ip")
    for match in _V6.finditer(text):
        start, end = match.span()
        while text[end - 1 : end] in (b":", b"."):
            end -= 1
        if text[end : end + 1].isalnum() or text[end : end + 1] == b"_":
            continue
        if (not start or not (text[start - 1 : start].isalnum() or text[start - 1] in b":.-_")) and _is_v6(
            text[start:end]
        ):
            yield Span(start, end, "ip")


@lru_cache(maxsize=65536)
def _public_octets(address: bytes) -> tuple[int, ...]:
    """The four numbers of a public IPv4 address; documentation ranges count as public. Empty for any other."""
    octets = tuple(map(int, address.split(b".")))
    a, b = octets[:2]
    if (
        max(octets) > 255
        or a in (0, 10, 127)
        or a >= 224
        or any(len(part) > 1 and part[:1] == b"0" for part in address.split(b"."))
    ):
        return ()
    if (
        (a == 100 and 64 <= b < 128)
        or (a == 169 and b == 254)
        or (a == 172 and 16 <= b < 32)
        or (a == 192 and b == 168)
    ):
        return ()
    return octets


def _reads_as_version(octets: tuple[int, ...], text: bytes, start: int, before: bytes) -> bool:
    """``Chrome/120.0.0.0``, ``rails 7.0.8.1``, and the resolvers 1.1.1.1 and 8.8.8.8: small numbers that name nobody."""
    if before in b'"=[' and before:
        return _follows_version(text, start)
    if max(octets) <= 30 or (
        before == b"/"
        and octets[2:] == (0, 0)
        and (text[start - 2 : start - 1].isalnum() or text[start - 2 : start - 1] == FILL)
    ):
        return True
    return _follows_version(text, start)


def _follows_version(text: bytes, start: int) -> bool:
    """Whether a word for a version stands before, and a separator between: ``version="``, ``gem rack (``."""
    before = text[max(0, start - 56) : start].rstrip(_QUOTES)
    named = before.rstrip(b" \t=:(")
    if len(named) == len(before):
        return False
    name = named.rstrip(_QUOTES).lower()
    if name.endswith(_VERSION_WORDS) or _VERSION_SIGN.search(name[-5:]):
        return True
    return name.rpartition(b" ")[0].endswith((b"using", b"gem"))


@lru_cache(maxsize=8192)
def _is_v6(address: bytes) -> bool:
    try:
        return isinstance(
            ipaddress.ip_address(re.sub(rb"(?i)%3a", b":", address).decode("ascii")), ipaddress.IPv6Address
        )
    except ValueError:
        return False


def find_cards(text: bytes) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        start, end = match.span()
        if start and (text[start - 1 : start].isalnum() or text[start - 1] in b"._-+"):
            continue
        if text[end : end + 1] in (b".", b"-") and text[end + 1 : end + 2].isdigit():
            continue
        digits = _NO_DIGITS.sub(b"", text[start:end])
        if _is_card(digits) and not _NO_CARD_NAME.search(text, max(0, start - 24), start):
            yield Span(start, end, "card")


def _is_card(digits: bytes) -> bool:
    """Issuer's first digits, length and check digit all fit."""
    first = int(digits[:4])
    lengths: tuple[int, ...] = ()
    if digits[:1] == b"4":
        lengths = (13, 16, 19)
    elif 5100 <= first < 5600 or 2221 <= first <= 2720:
        lengths = (16,)
    elif first // 100 in (34, 37):
        lengths = (15,)
    elif first == 6011 or 6440 <= first < 6600 or 3528 <= first < 3590 or first // 100 == 62:
        lengths = (16, 19)
    elif 3000 <= first < 3060 or first // 100 in (36, 38, 39):
        lengths = (14, 16)
    elif first // 100 in (50, 56, 57, 58, 63, 67):
        lengths = (16, 18, 19)
    if len(digits) not in lengths:
        return False
    total = sum(digits[-1::-2]) + sum(digits[-2::-2].translate(_DOUBLED)) - 48 * len(digits)
    return total % 10 == 0 and len(set(digits)) > 1


RULES = (find_emails, find_ips, find_cards)
