"""Secrets that no separator announces: tokens in paths, SQL, and prose such as ``password is hunter2``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .expressions import compile_re2
from .marks import Span
from .values import is_placeholder, looks_random

_SQL = compile_re2(
    rb"\b(?:identified[ \t]by(?:[ \t]password)?|password|passphrase)[ \t]+(?:is[ \t]+)?\\*['\"`]([^\s'\"`\\]{3,})",
    ignore_case=True,
)
_AUTH_COMMAND = compile_re2(
    rb"\bAUTH[ \t\"']+(?:(?:PLAIN|LOGIN|XOAUTH2|CRAM-MD5|default)[ \t\"']+)?([A-Za-z0-9+/=_\-.~!#$%^*]{8,})",
    ignore_case=True,
)
_OWNED = re.compile(rb"(?i)(?:api|access|auth|secret|bearer|refresh)[ _\-]\Z")
_PROSE = compile_re2(
    rb"(passw(?:or)?d|passphrase|passcode|pwd|secret|token|credentials?|(?:api|access|secret|private|auth|signing|license)"
    rb"[ _\-]?key|(?:activation|recovery|invitation|invite|backup|redemption)[ _\-]code)s?[ \t]+(?:(?:is|was|of|as|value|set|to|=|:|->|now|generated|provided|given|used|using|received|found|"
    rb"pair|id|(?:has been |have been )?(?:set|changed|reset|updated) to|(?:is |was )?(?:generated )?for (?:the )?(?:user |role |account )?[^\s:]{1,64}:)"
    rb"[ \t:=]+){0,3}[\"'`(<\[]?([^\s\"'`<>()\[\]]{6,})",
    ignore_case=True,
)
_ESCAPED_END = re.compile(rb"\\[nrt]|[,;](?=[\w.\-]{1,64}[=:]|\Z)")
_VERSION = re.compile(rb"v?\d{1,5}(?:\.\d{1,6}){1,3}(?:[+\-][\w.+\-]{0,64})?")
_MNEMONIC = compile_re2(
    rb"\b(?:recovery|seed|secret|backup|mnemonic)[ _](?:phrase|words?)[ \t:=\"'\\]{1,8}((?:[a-z]{3,8} ){11,23}[a-z]{3,8})\b",
    ignore_case=True,
)
_OF_AN_EVENT = re.compile(rb"(?i)\sfor\s(?:the\s)?(?:request|trace|span|job|build|commit|task|run|event|message)s?:")
_LOGIN_COMMAND = compile_re2(rb"\bLOGIN[ ]\"?[^\s\"]+\"?[ ]\"?([^\s\"]{4,})")
_SERVER_SETTING = compile_re2(rb"\b(?:requirepass|masterauth|masterpass)[ \t\"']+([^\s\"']{4,})", ignore_case=True)
_BARE_SQL = compile_re2(rb"\bidentified[ \t]+by[ \t]+([^\s'\"`;,]{6,})", ignore_case=True)
_PATH_TOKEN = compile_re2(
    rb"/[a-z_\-]*(?:reset|magic|invit|confirm|verif|activat|unlock|unsubscribe|recover|forgot|one-time|one_time|passwordless|token)[a-z_\-]*/"
    rb"(?:[A-Za-z0-9]{1,8}/)?([A-Za-z0-9_\-=%]{16,})",
    ignore_case=True,
)
_PLAIN_ID = re.compile(rb"[0-9a-f]{1,31}|[A-Z]{2}[0-9a-f]{32}|[a-z]{2,10}_[A-Za-z0-9]{8,40}|01[0-9A-HJKMNP-TV-Z]{24}")
_GUARD = compile_re2(
    rb"(?i)(?:passw(?:or)?d|passphrase|passcode|pwd|secret|token|credential|key|code|pin|identified by|auth|pass|login)s?[\"']?[ \t]+[^ \t=:]"
)


def find(text: bytes) -> Iterator[Span]:
    """Secrets in paths, in SQL and in prose."""
    if b"/" in text:
        for match in _PATH_TOKEN.finditer(text):
            token = match[1]
            if (
                text[match.end() : match.end() + 1] != b"."
                and not _PLAIN_ID.fullmatch(token)
                and looks_random(token, 16)
            ):
                yield Span(match.start(1), match.end(1), "token")
    if b"hrase" in text or b"word" in text:
        for match in _MNEMONIC.finditer(text):
            yield Span(match.start(1), match.end(1), "secret")
    if not _GUARD.search(text):
        return
    for match in _SQL.finditer(text):
        if not is_placeholder(match[1]):
            yield Span(match.start(1), match.end(1), "password")
    for match in (*_AUTH_COMMAND.finditer(text), *_LOGIN_COMMAND.finditer(text)):
        if looks_random(match[1], 8):
            yield Span(match.start(1), match.end(1), "password")
    for match in _PROSE.finditer(text):
        is_password = match[1][:1] in b"pP"
        value = _ESCAPED_END.split(match[2], maxsplit=1)[0]
        owned = is_password or _OWNED.search(text, max(0, match.start() - 10), match.start()) is not None
        if _VERSION.fullmatch(value) or (not is_password and _OF_AN_EVENT.search(match[0])):
            continue
        if looks_random(value, 8 if is_password else 12 if match[1][-4:].lower() == b"code" else 16, uuid_counts=owned):
            yield Span(match.start(2), match.start(2) + len(value), "password" if is_password else "token")
    for match in _SERVER_SETTING.finditer(text):
        if not is_placeholder(match[1]):
            yield Span(match.start(1), match.end(1), "password")
    for match in _BARE_SQL.finditer(text):
        if looks_random(match[1], 6):
            yield Span(match.start(1), match.end(1), "password")
