"""Authorization headers and cookies: the credential goes, the scheme's word and the cookie's name stay."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator

from .marks import Span
from .values import Reader, Value, is_placeholder, looks_random

_SCHEME = re.compile(rb"(?i)([a-z][\w\-]{1,30}+)(?:[ \t]|%20|\+){1,3}(?=[^\s,;])")
_KNOWN = frozenset(
    b"bearer basic token apikey api-key api_key key jwt sso-key ssws negotiate ntlm splunk hmac mac oauth digest geniekey bot "
    b"sharedkey pve apitoken auth".split()
)
_PARAMETERS = re.compile(rb"[\w\-]{1,40}=\\{0,7}[\"\w]")
_LOOSE = re.compile(
    rb"(?i)\b(bearer|basic)(?:[ \t]|%20|\+|:[ \t]?){1,3}\\{0,7}[\"'(\[<]?([A-Za-z0-9._~+/=\-]{8,8192}+)"
)
_DIGEST = re.compile(rb"(?i)\bresponse=\\{0,7}\"?([0-9a-f]{16,128}+)")
_MAC = re.compile(rb"\bmac=\\{0,7}\"?([A-Za-z0-9+/=]{16,128}+)")
_PLAIN = re.compile(rb"[A-Za-z]?[a-z_\-]*[.:]?")

_COOKIE = re.compile(rb"(?:\A|;\s{0,8}|&\s{0,2})\s{0,4}([^\s=;,\"'&]{1,128}+)=(\"?)((?>(?:(?!\\[\"'nr])[^;\s\"'])*))")
_COOKIE_NAMES = re.compile(
    rb"(?i)sess|\bsid\b|_sid|csrf|xsrf|token|auth|remember|jwt|login|ident|cred|secret|__host-|__secure-|account|passw|s?sid$|key$|"
    rb"clearance|__cf_bm|affinity|connect\.|oauth|sso|saml|ticket|impersonat|user_id|uid$"
)
_NEXT_HEADER = re.compile(rb"(?i)cookie2?[\"']?[ \t]{0,4}(?::|=>)")
_HARMLESS = re.compile(
    rb"(?i)_g[aid]|_gcl|_fb[pc]|utm|amp_|mp_|ajs|optimizely|intercom-id|hjid|_hj|theme|lang|locale|tz|time_?zone|consent|expires|"
    rb"max-age|path|domain|samesite|visitor|_pk_|mutiny|hubspotutk|__hs"
)


def authorization(reader: Reader, value: Value) -> Iterator[Span]:
    """The credentials of an authorization header whose value is ``value``."""
    text, start = reader.text, value.start
    scheme = _SCHEME.match(text, start)
    if scheme:
        start = scheme.end()
        if _PARAMETERS.match(text, start):  # Digest, OAuth, AWS4: each parameter is judged by its own name
            return
    credential = Value(start, value.end, True, value.after) if value.quoted else reader.bare(start)
    if credential is None:
        return
    body, blank, _ = reader.body(credential).partition(b" ")
    end = start + len(body) if blank else credential.end
    if _PLAIN.fullmatch(body) or is_placeholder(body):
        return
    trusted = scheme is not None and scheme[1].lower() in _KNOWN
    if reader.is_random(Value(start, end, value.quoted, end), 6 if trusted else 10, uuid_counts=True) or (
        trusted and len(body) >= 16
    ):
        yield Span(start, end, "authorization")


def loose(text: bytes) -> Iterator[Span]:
    """``Bearer …`` and ``Basic …`` wherever they stand, and the answer of ``Digest …``."""
    for match in _LOOSE.finditer(text):
        body = match[2]
        if looks_random(body, 16, uuid_counts=True) or (match[1].lower() == b"basic" and _is_basic(body)):
            yield Span(match.start(2), match.end(2), "authorization")
    if b"Hawk " in text or b"MAC " in text:
        for match in _MAC.finditer(text):
            yield Span(match.start(1), match.end(1), "authorization")
    if b"igest" in text:
        for match in _DIGEST.finditer(text):
            yield Span(match.start(1), match.end(1), "authorization")


def _is_basic(body: bytes) -> bool:
    try:
        return b":" in b64decode(body, validate=True)
    except ValueError:
        return False


def cookies(reader: Reader, start: int) -> tuple[int, list[Span]]:
    """The values of the cookies that tell who somebody is, in a cookie header that begins at ``start``; and where it ends."""
    value = reader.value(start)
    if value is None:
        return start, []
    end = value.end if value.quoted else _header_end(reader.text, value.start)
    if end <= value.start:
        return end, []
    region = reader.text[value.start : end]
    spans: list[Span] = []
    found = False
    for match in _COOKIE.finditer(region):
        found = True
        name, body = match[1], match[3]
        if is_placeholder(body[:64]) or len(body) < 4 or (_HARMLESS.match(name) and not _COOKIE_NAMES.search(name)):
            continue
        if _COOKIE_NAMES.search(name) or looks_random(body, 20, uuid_counts=True):
            spans.append(Span(value.start + match.start(3), value.start + match.end(3), "cookie"))
    if not found and looks_random(reader.body(value), 16):
        spans.append(Span(value.start, value.end, "cookie"))
    return end, spans


def _header_end(text: bytes, start: int) -> int:
    """Where a cookie header without quotes ends: before the next one, or with the line."""
    following = _NEXT_HEADER.search(text, start)
    return following.start() if following else len(text)
