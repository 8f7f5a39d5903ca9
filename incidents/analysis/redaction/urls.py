"""Passwords in URLs and connection strings: ``scheme://user:PASSWORD@host``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .marks import Span
from .values import is_placeholder, looks_random

_SCHEME = re.compile(rb"(?<![\w+.\-])([A-Za-z][\w+.\-]{1,31}+):(?:\\{0,15}/){2}")
_TOKEN = re.compile(rb"[^\s\"'`<>\x00]{1,1024}+")
_PATH = re.compile(rb"[/?#]|\\{1,15}/")
_DATABASE = re.compile(rb"(?i)(?:postgres|pgsql|mysql|maria|mssql|sqlserver|oracle|db2|mongo|cockroach|redshift|clickhouse|cassandra|"
                       rb"jdbc|ecto|trilogy|sqlite|vertica|snowflake)")  # fmt: skip
_LOOSE = re.compile(
    rb"(?<![\w/:.@%\-])[\w.\-]{1,64}+:([^\s\"'`@/:<>(),;\xff]{4,128}+)@(?:(?:tcp|unix)\(|[\w.\-]{1,128}+:[0-9]{2,5}/)"
)
_CUT = re.compile(
    rb"(?<![\w+.\-])([A-Za-z][\w+.\-]{1,31}+):(?:\\{0,15}/){2}[^\s:/?#@\"'`<>]{0,256}+:(?![0-9]{1,5}[;,])([^\s/?#@:\"'`<>]{1,1024}+)\Z"
)
_ORACLE = re.compile(
    rb"(?:oracle:(?:thin|oci):|(?:sqlplus|sqlldr|expdp|impdp|rman|exp|imp)[ \t]{1,4}(?:-\w[ \t]{1,4})?\\{0,3}[\"']?)[\w.\-]{1,64}+/([^\s\"'@/]{1,128}+)@"
)
_DIALED = re.compile(rb"@(?:tcp|unix)\(")
_BEFORE_DIAL = re.compile(rb"[\w.\-]{1,64}+:([^\s\"'`<>\xff]{1,192}+)\Z")
_EXAMPLE_DIAL = re.compile(
    rb"(?i)user(?:name)?:pass(?:word)?@(?:tcp|unix)\((?:host(?:name)?|server|addr(?:ess)?|path)\b"
)
_EXAMPLE = re.compile(rb"(?i)<?(?:user(?:name)?|usr)>?:<?pass(?:word)?>?@<?(?:host(?:name)?|server)>?(?![\w.\-])")


def find(text: bytes) -> Iterator[Span]:
    """Passwords of all URLs in ``text``, and tokens that stand in the place of a user."""
    tail = text.rfind(b"//")
    if (
        tail >= 0
        and (cut := _CUT.search(text, max(0, tail - 64)))
        and not cut[2].isdigit()
        and not is_placeholder(cut[2])
    ):
        yield Span(cut.start(2), cut.end(2), _kind(cut[1]))
    if b"@" not in text:
        return
    next_at = -1
    if b"//" in text or b"/\\" in text:
        for scheme in _SCHEME.finditer(text):
            if next_at < scheme.end():
                next_at = text.find(b"@", scheme.end())
                if next_at < 0:
                    break
            if next_at - scheme.end() <= 1024:
                yield from _in_url(text, scheme)
    for match in _LOOSE.finditer(text):
        if not is_placeholder(match[1]) and not _EXAMPLE_DIAL.match(text, match.start()):
            yield Span(match.start(1), match.end(1), "database-password")
    if b"@tcp(" in text or b"@unix(" in text:
        yield from _dialed(text)
    if b"oracle:" in text or b"sqlplus" in text or b"rman" in text or b"sqlldr" in text or b"pdp" in text:
        for match in _ORACLE.finditer(text):
            yield Span(match.start(1), match.end(1), "database-password")


def _dialed(text: bytes) -> Iterator[Span]:
    """``user:PASSWORD@tcp(host:port)/db`` of Go, whose password may hold any mark."""
    for dialed in _DIALED.finditer(text):
        start = max(0, dialed.start() - 256)
        before = text[start : dialed.start()]
        blank = max(before.rfind(mark) for mark in (b" ", b"\t", b'"', b"'", b"`", b"=", b">", b"\xff"))
        if _EXAMPLE_DIAL.match(text, start + blank + 1):
            continue
        if (found := _BEFORE_DIAL.match(before, blank + 1)) and not is_placeholder(found[1]):
            yield Span(start + found.start(1), dialed.start(), "database-password")


def _in_url(text: bytes, scheme: re.Match[bytes]) -> Iterator[Span]:
    token = _TOKEN.match(text, scheme.end())
    if not token:
        return
    rest, start = token[0], token.start()
    userinfo = _userinfo(rest)
    if userinfo is None or _EXAMPLE.match(rest):
        return
    user, colon, password = userinfo.partition(b":")
    host = rest[len(userinfo) + 1 :][:128]
    if colon and not is_placeholder(password):
        yield Span(start + len(user) + 1, start + len(userinfo), _kind(scheme[1]))
    if (
        (not password or password in (b"x-oauth-basic", b"x", b"X"))
        and b"sentry" not in host
        and looks_random(user, 20)
    ):
        yield Span(start, start + len(user), "url-password")


def _kind(scheme: bytes) -> str:
    return "database-password" if _DATABASE.match(scheme) else "url-password"


def _userinfo(rest: bytes) -> bytes | None:
    """What stands before the ``@`` of the authority. A slash in a password counts as part of it, a port's does not."""
    cut = found.start() if (found := _PATH.search(rest)) else len(rest)
    at = rest.rfind(b"@", 0, cut)
    if at >= 0:
        return rest[:at]
    _, colon, after = rest[:cut].partition(b":")
    if not colon or not after or after.isdigit() or cut == len(rest) or rest[cut : cut + 1] == b"\\":
        return None
    at = rest.find(b"@", cut)
    return rest[:at] if at >= 0 else None
