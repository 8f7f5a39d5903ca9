"""Passwords in URLs and connection strings: ``scheme://user:PASSWORD@host``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .marks import Span
from .values import is_placeholder, looks_random

_SCHEME = re.compile(rb"(?<![\w+.\-])([A-Za-z][\w+.\-]{1,31}+):(?:\\{0,7}/){2}")
_TOKEN = re.compile(rb"[^\s\"'`<>\x00]{1,1024}+")
_PATH = re.compile(rb"[/?#]|\\{1,7}/")
_DATABASE = re.compile(rb"(?i)(?:postgres|pgsql|mysql|maria|mssql|sqlserver|oracle|db2|mongo|cockroach|redshift|clickhouse|cassandra|"
                       rb"jdbc|ecto|trilogy|sqlite|vertica|snowflake)")  # fmt: skip
_LOOSE = re.compile(rb"(?<![\w/:.@%\-])[\w.\-]{1,64}+:([^\s\"'`@/:<>(),;\xff]{4,128}+)@(?:(?:tcp|unix)\(|[\w.\-]{1,128}+:[0-9]{2,5}/)")
_ORACLE = re.compile(rb"oracle:(?:thin|oci):[\w.\-]{1,64}+/([^\s\"'@/]{1,128}+)@")


def find(text: bytes) -> Iterator[Span]:
    """Passwords of all URLs in ``text``, and tokens that stand in the place of a user."""
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
        if not is_placeholder(match[1]):
            yield Span(match.start(1), match.end(1), "database-password")
    if b"oracle:" in text:
        for match in _ORACLE.finditer(text):
            yield Span(match.start(1), match.end(1), "database-password")


def _in_url(text: bytes, scheme: re.Match[bytes]) -> Iterator[Span]:
    token = _TOKEN.match(text, scheme.end())
    if not token:
        return
    rest, start = token[0], token.start()
    userinfo = _userinfo(rest)
    if userinfo is None:
        return
    user, colon, password = userinfo.partition(b":")
    host = rest[len(userinfo) + 1 :][:128]
    if colon and not is_placeholder(password):
        kind = "database-password" if _DATABASE.match(scheme[1]) else "url-password"
        yield Span(start + len(user) + 1, start + len(userinfo), kind)
    if (not password or password in (b"x-oauth-basic", b"x", b"X")) and b"sentry" not in host and looks_random(user, 20):
        yield Span(start, start + len(user), "url-password")


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
