"""Names with values in every rendering: ``NAME=v``, ``"name": "v"``, ``:name => 'v'``, ``name: v``, ``<name>v</name>``, ``--name v``."""

from __future__ import annotations

import re
from typing import NamedTuple

from . import headers
from .marks import FILL, Span
from .names import Name, Sense, classify
from .values import FILLED, Reader, Value, is_placeholder, is_secret, looks_random

_PAIR = re.compile(
    rb"(?<![\w.\-$@])([A-Za-z_$@.\-][\w.$\-]{0,127}+)((?:\\{0,15}[\"'`])?\]?\)?)"
    rb"([ \t]{0,4}(?:=>|:=|=(?![=~])|:(?!:|//)|->)[ \t]{0,8}|,[ \t]{0,4}(?=\\{0,15}[\"'])|\((?=\\{0,15}[\"']))"
)
_ELEMENT = re.compile(
    rb"<(?:[\w\-]{1,32}+:)?([A-Za-z][\w.\-]{1,63}+)(?:\s[^<>]{0,256}+)?>(?:\s{0,4}<!\[CDATA\[)?((?!\s{0,4}<)[^<>]{1,4096}+)"
)
_NAMED = re.compile(
    rb"(?i)\b(?:name|key|field|header|id|param|k|var)(?:\\{0,15}[\"'])?\s{0,3}(?:=>|[=:>])\s{0,3}(?:\\{0,15}[\"'])?"
    rb"([a-z_][\w.\-]{1,63}+)\\{0,15}[\"']?\s{0,3}(?:>(?=[^\s<])|(?:</\w{1,16}>)?[,;]?\s{0,4}<?\\{0,15}[\"']?"
    rb"(?:value|val|v|content|data|string|secret|text)\\{0,15}[\"']?\s{0,3}(?:=>|[=:>])\s{0,3})"
)
_LIST_NEXT = re.compile(rb"\s{0,4},\s{0,4}(?=\\{0,15}[\"'])")
_PATH = re.compile(rb"(?:~|\.{1,2})?(?:/[\w.\-]{1,64}){2,16}/?|/[a-z]{1,16}|arn:[\w:/.\-]{1,256}")
_SPACED_NAME = re.compile(
    rb"(?i)(api|access|secret|private|auth|client|license|encryption|signing|master|bearer|security)[ \t]\Z"
)
_ERROR_BEFORE = re.compile(rb"(?i)(?:unexpected|illegal|syntax|parse|lexer|near)[ \t]\Z")
_SCOPE = re.compile(rb"[\w@.%\-\xff]{8,128}?(?=/[0-9]{8}/|%2F[0-9]{8}%2F)")
_ARN = re.compile(rb"arn:[\w:\-]{4,96}\Z")
_APP_PASSWORD = re.compile(rb"(?:[a-z]{4} ){3}[a-z]{4}(?!\w)")  # as Google prints them
_TWILIO_SID = re.compile(rb"[A-Z]{2}[0-9a-f]{32}")


def find(text: bytes) -> list[Span]:
    """Values whose names tell of secrets."""
    return _Search(text).run()


_WEAK = frozenset({Sense.RANDOM, Sense.QUERY, Sense.SESSION, Sense.AUTH})


class Place(NamedTuple):
    """How a value's name stands: the name itself, what is between it and the value, and whether it is part of a query."""

    name: bytes
    separator: bytes
    in_query: bool


class _Search:
    """One pass over one text."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.reader = Reader(text)
        self.spans: list[Span] = []
        self.cookies_end = 0
        # A long bare value, as far as it reads as no secret: names that crowd in it say nothing new.
        self.crowd_start = self.crowd_end = 0

    def run(self) -> list[Span]:
        text, pos = self.text, 0
        while pair := _PAIR.search(text, pos):
            pos = pair.end()
            name, closing, separator = pair.groups()
            if text.startswith(FILL, pos) and FILLED.match(text, pos):
                continue
            meaning = classify(name)
            if meaning is None:
                continue
            if pos < self.crowd_end and pos - self.crowd_start < 64 and meaning.sense in _WEAK:
                continue
            meaning = self.in_place(name, separator, meaning, pair.start())
            if meaning is None:
                continue
            if separator[:1] in b",(" and ((not closing and separator != b"(") or meaning.sense is Sense.COOKIES):
                continue
            pos = self.judge(pair.start(), name, separator, pos, meaning)
        if b"<" in text and b">" in text:
            self.elements()
        if b"alue" in text or b"ALUE" in text or b"<" in text or b"ontent" in text:
            for named in _NAMED.finditer(text):
                meaning = classify(named[1])
                if meaning and meaning.sense is not Sense.COOKIES:
                    self.judge(named.start(1), named[1], b"=", named.end(), meaning)
        return self.spans

    def in_place(self, name: bytes, separator: bytes, meaning: Name, start: int) -> Name | None:
        """What the name says where it stands: "API key:", "unexpected token:", and the user of a URL."""
        text = self.text
        if separator == b":" and (text[start - 2 : start] == b"//" or _ARN.search(text, max(0, start - 100), start)):
            return None
        if (
            meaning.kind == "token"
            and text[start - 1 : start] == b" "
            and _ERROR_BEFORE.search(text, max(0, start - 16), start)
        ):
            return None
        if meaning.sense is Sense.QUERY and name in (b"key", b"Key", b"KEY"):
            spaced = _SPACED_NAME.search(text, max(0, start - 16), start)
            return classify(spaced[1] + b"_key") if spaced else meaning
        return meaning

    def judge(self, name_at: int, name: bytes, separator: bytes, start: int, meaning: Name) -> int:
        """Judge the value at ``start``; says where to read on: behind it where it is masked."""
        if meaning.sense is Sense.COOKIES:
            if start >= self.cookies_end:
                self.cookies_end, found = headers.cookies(self.reader, start)
                self.spans += found
            return start
        value = self.reader.value(start)
        if value is None:
            return start
        if meaning.sense is Sense.AUTH:
            found = list(headers.authorization(self.reader, value))
            self.spans += found
            if not found and not value.quoted:
                self.crowd_start, self.crowd_end = start, value.end
            return start
        if (
            meaning.sense is Sense.STRONG
            and name[-10:].lower() == b"credential"
            and (scope := _SCOPE.match(self.text, value.start))
        ):
            if b"@" in scope[0] or b"%40" in scope[0]:  # a service account
                return start
            value = value._replace(end=scope.end())  # the key's id goes, its date, region and service stay
        where = Place(name, separator, name_at > 0 and self.text[name_at - 1 : name_at] in b"?&#;")
        read_on = start
        while value is not None and _holds(self.reader, value, meaning, where):
            end = value.end
            if (
                meaning.kind == "password"
                and not value.quoted
                and (groups := _APP_PASSWORD.match(self.text, value.start))
            ):
                end = groups.end()
            self.spans.append(Span(value.start, end, meaning.kind))
            read_on = end
            if not value.in_list or separator[:1] in b",(" or not (more := _LIST_NEXT.match(self.text, value.after)):
                break
            following = self.reader.value(more.end())
            value = following._replace(in_list=True) if following else None
        if value and read_on == start and not value.quoted and meaning.sense in _WEAK:
            self.crowd_start, self.crowd_end = start, value.end
        return read_on

    def elements(self) -> None:
        for element in _ELEMENT.finditer(self.text):
            meaning = classify(element[1])
            if meaning is None or meaning.sense in (Sense.QUERY, Sense.COOKIES, Sense.AUTH):
                continue
            body = element[2].rstrip(b"]\\ \t")
            value = Value(element.start(2), element.start(2) + len(body), True, element.end())
            if _holds(self.reader, value, meaning, Place(element[1], b">", in_query=False)):
                self.spans.append(Span(value.start, value.end, meaning.kind))


def _holds(reader: Reader, value: Value, meaning: Name, where: Place) -> bool:
    """Whether the value is a secret, by how far its name is to be trusted."""
    kind, sense = meaning
    if where.separator[:1] in b",(" and not looks_random(reader.body(value), 8, uuid_counts=True):
        return False
    if sense is Sense.STRONG:
        return _holds_strong(reader, value, kind, where)
    if sense is Sense.QUERY and not where.in_query:
        return False
    if value.end - value.start <= 64 and is_placeholder(reader.body(value)):
        return False
    if sense is Sense.QUERY:
        return reader.is_random(value, 10, uuid_counts=True)
    if sense is Sense.RANDOM:
        return reader.is_random(value, 10 if where.in_query and kind == "signature" else 12 if kind == "secret" else 16)
    body = reader.body(value)
    if sense is Sense.SESSION:
        near = (
            where.in_query
            or reader.speaks_of_cookies
            or (kind == "cookie" and where.name.lower().endswith((b"sessid", b"sessionid", b"aspxauth")))
        )
        return reader.is_random(value, 8 if near else 20, uuid_counts=near) and not _TWILIO_SID.fullmatch(body)
    if sense is Sense.DIGITS:
        return (body.isdigit() and 3 <= len(body) <= 10) or reader.is_random(value, 6)
    return (value.quoted and len(body) >= 4 and not body.isdigit()) or reader.is_random(value, 6)  # Sense.PASS


def _holds_strong(reader: Reader, value: Value, kind: str, where: Place) -> bool:
    body = reader.body(value)
    is_password = kind == "password"
    may_be_path = body[:1] in b"/~.aA" and (not is_password or where.name in (b"PWD", b"OLDPWD"))
    if may_be_path and _PATH.fullmatch(body) and not looks_random(body, 20):
        return False
    return is_secret(reader, value, where.name, where.separator, 1 if is_password else 4)
