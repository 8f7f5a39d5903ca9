"""Secrets told by their place: arguments of calls, values of an INSERT, fields of a form, lines of a dialogue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .expressions import compile_re2
from .marks import Span
from .names import Name, Sense, classify
from .values import is_placeholder, is_secret, looks_random

_CALLS = compile_re2(
    rb"(?:PDO->__construct|mysqli->(?:__construct|real_connect)|mysqli_(?:real_)?connect|ldap_bind|ftp_login|imap_open|ssh2_auth_password)"
    rb"\((?:'[^']*'|[^,']*),[ ]?'[^']*',[ ]?'([^']+)'|\b(?i:crypt)\('([^']+)'"
)
_INSERT = compile_re2(
    rb"\binsert[ \t]+(?:ignore[ \t]+)?into[ \t]+[^\s(]{1,128}[ \t]*\(([^()]+)\)[ \t]*values[ \t]*\(", ignore_case=True
)
_INSERTED = re.compile(
    rb"\s{0,4}(?>'((?>(?:[^'\\]|''|\\.)*))'|\"((?>(?:[^\"\\]|\\.)*))\"|[^,'\"()]*(?:\([^()]*\))?)\s{0,4}([,)])"
)
_NEXT_ROW = re.compile(rb"\s{0,4},\s{0,4}\(")
_USER_AND_PASSWORD = compile_re2(
    rb"(?:auth\\*[\"']?[ ]?(?:=|:|=>)[ ]?(?:[\w.]+)?|(?:basic|digest|proxy)_?auth(?:entication)?|\blogin)[(\[][ ]?"
    rb"\\*(?:'[^'\s\\]*|\"[^\"\s\\]*)\\*['\"],[ ]?\\*['\"]([^'\"\\\s]{3,})\\*['\"][ ]?[)\]]",
    ignore_case=True,
)
_FIELD = re.compile(
    rb"form-data;[ \t]{0,4}name=\\{0,7}[\"']?([\w.\-\[\]]{1,64}+)\\{0,7}[\"']?\s{1,8}(?!Content-|\s|-{3})((?>(?:\S|[ ](?![ \-])){1,256}))"
)
_PASS = re.compile(rb"\bPASS[ ]:?([^\s\"'\\]{4,256})(?=[ \t\r]*\Z|\\r|[\"'])")
_DIALOGUE = re.compile(rb"(?i)\b(?:s?ftps?|pop3?s?|irc|nntp)\b|--->|\bUSER[ ]:?[\w.@\-]")
_JAAS_USER = re.compile(rb"\buser_[\w.@\-]{1,64}=\\{0,7}[\"']([^\"'\\]{1,256})")
_HIDDEN = re.compile(rb"(?:::add-mask::|;issecret=true\])([^\s\"'\\\xff]{4,})")


def find(text: bytes) -> Iterator[Span]:
    """Secrets that only their place tells."""
    if b"(" in text:
        yield from _arguments(text)
    if b"uth" in text or b"UTH" in text or b"ogin" in text:
        for match in _USER_AND_PASSWORD.finditer(text):
            # login(…) and auth: […] may hold other things: there only what looks like a password.
            is_loose = match[0][:5].lower() == b"login" or match[0][-1:] == b"]"
            if looks_random(match[1], 6) if is_loose else not is_placeholder(match[1]):
                yield Span(match.start(1), match.end(1), "password")
    if b"form-data" in text:
        for field in _FIELD.finditer(text):
            meaning = classify(field[1])
            if meaning and _inserted(field[2], meaning) and is_secret(field[2], True, field[1], b"=", 1):
                yield Span(field.start(2), field.end(2), meaning.kind)
    if b"PASS " in text:
        for match in _PASS.finditer(text):
            if _DIALOGUE.search(text, max(0, match.start() - 96), match.start()) and not is_placeholder(match[1]):
                yield Span(match.start(1), match.end(1), "password")
    if b"LoginModule" in text:
        for match in _JAAS_USER.finditer(text):
            if not is_placeholder(match[1]):
                yield Span(match.start(1), match.end(1), "password")
    if b"::add-mask::" in text or b"issecret=true" in text:  # GitHub's and Azure's way to say that a value is secret
        for match in _HIDDEN.finditer(text):
            yield Span(match.start(1), match.end(1), "secret")


def _arguments(text: bytes) -> Iterator[Span]:
    """Arguments of calls in stack traces of PHP, values of an INSERT."""
    for call in _CALLS.finditer(text):
        group = 1 if call[1] is not None else 2
        if not is_placeholder(call[group]):
            yield Span(call.start(group), call.end(group), "password")
    for insert in _INSERT.finditer(text):
        columns = [classify(column.strip(b" \t`\"'[]")) for column in insert[1].split(b",")]
        if not any(columns):
            continue
        at, rows = insert.end(), 0
        while rows < _ROWS:
            number = 0
            while value := _INSERTED.match(text, at):
                at = value.end()
                meaning = columns[number] if number < len(columns) else None
                group = next((group for group in (1, 2) if value[group] is not None), 0)
                if meaning and group and _inserted(value[group], meaning):
                    yield Span(value.start(group), value.end(group), meaning.kind)
                number += 1
                if value[3] == b")":
                    break
            following = _NEXT_ROW.match(text, at)
            if value is None or following is None:
                break
            at, rows = following.end(), rows + 1


_ROWS = 1_000


def _inserted(value: bytes, meaning: Name) -> bool:
    if is_placeholder(value):
        return False
    return meaning.sense is Sense.STRONG or looks_random(value, 12, uuid_counts=True)
