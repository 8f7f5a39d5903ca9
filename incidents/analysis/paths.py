"""Paths to endpoints: what differs from request to request becomes a placeholder, what names the page stays.

Placeholders: ``{id}`` ``{uuid}`` ``{ulid}`` ``{hash}`` ``{date}`` ``{email}`` ``{slug}`` ``{token}`` ``{name}``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

MAX_SEGMENTS = 16
MAX_SEGMENT = 80

_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]{1,11}://[^/?#]*", re.IGNORECASE)
_UUID = re.compile(r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$", re.IGNORECASE)
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}$|[0-7][0-9a-hjkmnp-tv-z]{25}$")
_NUMBER = re.compile(r"[-+]?\d+(?:[,;]\d+){0,50}$|[-+]?\d{1,20}\.\d{3,20}$|-\d{1,20}\.\d{1,20}$", re.ASCII)
_DATE = re.compile(
    r"\d{4}[-_.]\d\d(?:[-_.]\d\d(?:[T _]\d\d[:.-]?\d\d(?:[:.-]?\d\d)?\S{0,12})?)?$|"
    r"\d\d[-.]\d\d[-.]\d{4}$|\d{8}T\d{4,6}Z?$",
    re.ASCII,
)
_EMAIL = re.compile(r"[^@\s/]{1,64}@[^@\s/]{1,190}\.[A-Za-z]{2,24}$")
_HEX = re.compile(r"(?=.*\d)(?:0x)?[0-9a-f]{8,}$|(?=.*\d)[0-9A-F]{8,}$|[0-9a-f]{32,}$", re.ASCII)
_FILE = re.compile(r"(.{1,200}?)((?:\.[A-Za-z][A-Za-z0-9]{0,5}){1,3})$", re.DOTALL)
_ASSET = re.compile(
    r"\.(?:js|mjs|cjs|css|map|woff2?|ttf|eot|otf|svg|png|jpe?g|gif|webp|avif|ico|json|wasm|txt|html?|gz|br)$",
    re.IGNORECASE,
)
_PARTS = re.compile(r"([-._~])")
_MIXED = re.compile(r"(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[\w-]{8,}$", re.ASCII)
_TOKEN = re.compile(r"(?=(?:.*\d){2})(?=.*[A-Za-z])[\w=+.:~-]{20,}$|eyJ[\w.-]{16,}$", re.ASCII)
_PREFIXED = re.compile(r"[a-z]{2,8}_(?=.*\d)[A-Za-z0-9]{8,}$")
_VERSION = re.compile(
    r"(?:v|ver|version|api|rev|r)\d{1,3}(?:\.\d{1,3}){0,2}(?:(?:alpha|beta|rc|p)\d{0,2})?|\d{1,2}\.\d{1,2}(?:\.\d{1,2})?",
    re.IGNORECASE,
)
# Words that are no less words for having a digit in them.
_NAMES = frozenset(
    """
    2fa 3fa 2d 3d 3ds 3ds2 oauth1 oauth2 auth0 oidc1 saml1 saml2 openid2 web2 web3 http2 http3 h1 h2 h3 h4 h5 h6
    html5 css3 es5 es6 es7 es8 ipv4 ipv6 utf8 utf16 base16 base32 base58 base62 base64 sha1 sha256 sha384 sha512
    md5 crc32 aes256 rs256 x509 pkcs8 pkcs12 s3 ec2 r2 b2 d3 k8s i18n l10n a11y n8n e2e b2b b2c c2c p2p m2m o365
    mp3 mp4 h264 h265 m3u8 jp2 7z bz2 gpt3 gpt4 gpt5 log4j neo4j k6 top10 top100 4k 8k 360 3g 4g 5g ga4 tier1
    tier2 tier3 l1 l2 l3 q1 q2 q3 q4 rss2 covid19 401k w2 w9 1099 world2 phase1 phase2 step1 step2 step3 page1
    page2 test1 test2
    """.split()  # noqa: SIM905 - words read better in rows
)


@lru_cache(maxsize=65_536)
def template(path: str) -> str:
    """``/orders/123/items?page=2`` -> ``/orders/{id}/items``: the endpoint of a path as the router printed it.

    The query, a fragment, ``;parameters``, the host of an absolute URL and doubled slashes are left out. Escapes are
    undone, since Router 2.0 prints paths without them and the router before it with them. A file's extension stays.
    """
    absolute = _ABSOLUTE.match(path)
    if absolute:
        path = path[absolute.end() :]
    path = path.partition("?")[0].partition("#")[0]
    parts = [part for part in (part.partition(";")[0] for part in path.split("/")) if part]
    kept = [_segment(part) for part in parts[:MAX_SEGMENTS]]
    if len(parts) > MAX_SEGMENTS:
        kept.append("…")
    ends = "/" if path.endswith("/") and kept else ""
    return "/" + "/".join(kept) + ends


def _segment(part: str) -> str:
    """One segment, or the placeholder for it."""
    if part.isascii() and part.isalpha() and len(part) < 32:
        return part
    if "%" in part:
        part = unquote(part, errors="replace").replace("/", "%2F")
    if not part.isprintable():
        part = "".join(char if char.isprintable() else "\ufffd" for char in part)
    whole = _whole(part)
    if whole:
        return whole
    file = _FILE.match(part)
    if file and not part.startswith("."):
        stem, extension = file[1], file[2]
        if _ASSET.search(extension) and (asset := _asset(stem)):
            return asset + extension
        return (_whole(stem) or _words(stem)) + extension
    return _words(part)


def _whole(part: str) -> str:
    """The placeholder for a segment that is one identifier, a known word as it is, or an empty string."""
    if part.isdigit():
        return "{id}"
    if _is_name(part):
        return part
    if _NUMBER.match(part):
        return "{id}"
    if _UUID.match(part):
        return "{uuid}"
    if _ULID.match(part) and any(char.isdigit() for char in part[1:]):
        return "{ulid}"
    if _DATE.match(part):
        return "{date}"
    if _EMAIL.match(part):
        return "{email}"
    if _HEX.match(part):
        return "{hash}"
    if part[0] in "@~" and len(part) > 1:
        return part[0] + "{name}"
    if _PREFIXED.match(part) or (_TOKEN.match(part) and not _readable(part)):
        return "{token}"
    return ""


def _asset(stem: str) -> str:
    """The stem of a built file with its digest replaced, ``app-3f2a9c1b`` -> ``app-{hash}``; empty if it has none."""
    pieces = _PARTS.split(stem)
    found = False
    for index in range(0, len(pieces), 2):
        piece = pieces[index]
        if _HEX.match(piece) or (index > 0 and _MIXED.match(piece)):
            pieces[index], found = "{hash}", True
        elif piece.isdigit():
            pieces[index] = "{id}"
    if not found:
        rest = re.match(r"(.{1,80}?[-.])([\w-]{8,20})$", stem, re.ASCII)  # a digest may itself hold dashes
        if rest and _MIXED.match(rest[2]) and not _readable(rest[2]):
            return rest[1] + "{hash}"
    return "".join(pieces) if found else ""


def _readable(part: str) -> bool:
    """Words with dashes between them rather than the letters of a random token."""
    words = [word for word in re.split(r"[-_.~+:=]", part) if word]
    if len(words) > 3 and len(part) < 7 * len(words):
        return True
    return (
        len(words) > 1
        and sum(word.isalpha() and (word.islower() or word.istitle()) for word in words) >= len(words) / 2
    )


def _words(part: str) -> str:
    """A segment of words: ``{slug}`` where one of them holds a number, or where they are too many for a route."""
    if len(part) > MAX_SEGMENT:
        return "{slug}"
    words = [word for word in re.split(r"[-_~.+ ]", part) if word]
    strange = [word for word in words if any(char.isdigit() for char in word) and not _is_name(word)]
    if strange and (len(words) > 1 or _numbered(strange[0])):
        return "{slug}"
    if part.count("-") >= 5 or part.count("_") >= 6 or part.count(" ") >= 3:
        return "{slug}"
    return part


def _is_name(word: str) -> bool:
    return word.lower() in _NAMES or _VERSION.fullmatch(word) is not None


def _numbered(word: str) -> bool:
    """One word that is an identifier: ``abc123def``, ``user42``; ``room1`` may as well be the name of a page."""
    digits = sum(char.isdigit() for char in word)
    return digits >= 3 or (digits == 2 and len(word) > 5) or (digits >= 2 and word[0].isdigit())
