"""Names with values in every rendering: ``NAME=v``, ``"name": "v"``, ``:name => 'v'``, ``name: v``, ``<name>v</name>``, ``--name v``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import headers
from .marks import Span
from .names import Name, Sense, classify
from .values import Value, is_placeholder, is_secret, looks_random, read_value

_PAIR = re.compile(
    rb"(?<![\w.\-$@])([A-Za-z_$@.\-][\w.$\-]{0,127}+)((?:\\{0,15}[\"'`])?\]?\)?)"
    rb"([ \t]{0,4}(?:=>|:=|=(?![=~])|:(?!:|//)|->)[ \t]{0,8}|,[ \t]{0,4}(?=\\{0,15}[\"'])|\((?=\\{0,15}[\"']))"
)
_ELEMENT = re.compile(
    rb"<(?:[\w\-]{1,32}+:)?([A-Za-z][\w.\-]{1,63}+)(?:\s[^<>]{0,256}+)?>(?:\s{0,4}<!\[CDATA\[)?((?!\s{0,4}<)[^<>]{1,4096}+)"
)
_NAMED = re.compile(
    rb"(?i)\b(?:name|key|field|header|id|param|k|var)(?:\\{0,15}[\"'])?\s{0,3}(?:=>|[=:>])\s{0,3}(?:\\{0,15}[\"'])?"
    rb"([a-z_][\w.\-]{1,63}+)\\{0,15}[\"']?\s{0,3}(?:</\w{1,16}>)?[,;]?\s{0,4}<?\\{0,15}[\"']?"
    rb"(?:value|val|v|content|data|string|secret|text)\\{0,15}[\"']?\s{0,3}(?:=>|[=:>])\s{0,3}"
)
_LIST_NEXT = re.compile(rb"\s{0,4},\s{0,4}(?=\\{0,15}[\"'])")
_PATH = re.compile(rb"(?:~|\.{1,2})?(?:/[\w.\-]{1,64}){2,16}/?|/[a-z]{1,16}|arn:[\w:/.\-]{1,256}|[A-Za-z]:\\[\w\\.\-]{1,256}")
_SPACED_NAME = re.compile(rb"(?i)(api|access|secret|private|auth|client|license|encryption|signing|master|bearer|security)[ \t]\Z")
_ERROR_BEFORE = re.compile(rb"(?i)(?:unexpected|illegal|syntax|parse|lexer|near)[ \t]\Z")
_SCOPE = re.compile(rb"[\w@.%\-]{8,128}?(?=/[0-9]{8}/|%2F[0-9]{8}%2F)")
_TWILIO_SID = re.compile(rb"[A-Z]{2}[0-9a-f]{32}")


def find(text: bytes) -> Iterator[Span]:
    """Values whose names tell of secrets."""
    pos = 0
    while pair := _PAIR.search(text, pos):
        pos = pair.end()
        meaning = _meaning(text, pair)
        if meaning is None:
            continue
        if pair[3][:1] in b",(" and ((not pair[2] and pair[3] != b"(") or meaning.sense is Sense.COOKIES):
            continue
        if text[pair.start() - 2 : pair.start()] == b"//" and pair[3] == b":":  # user:password of a URL
            continue
        yield from _judge(text, pair.start(1), pair[1], pair[3], pos, meaning)
    if b"</" in text or b"<!" in text:
        yield from _elements(text)
    if b"alue" in text or b"ALUE" in text or b"<string" in text or b"ontent" in text:
        for named in _NAMED.finditer(text):
            meaning = classify(named[1])
            if meaning and meaning.sense is not Sense.COOKIES:
                yield from _judge(text, named.start(1), named[1], b"=", named.end(), meaning)


def _meaning(text: bytes, pair: re.Match[bytes]) -> Name | None:
    meaning = classify(pair[1])
    if meaning and meaning.kind == "token" and _ERROR_BEFORE.search(text, max(0, pair.start() - 16), pair.start()):
        return None
    if meaning and meaning.sense is Sense.QUERY and pair[1].lower() == b"key":  # "API key: …"
        spaced = _SPACED_NAME.search(text, max(0, pair.start() - 16), pair.start())
        return classify(spaced[1] + b"_key") if spaced else meaning
    return meaning


def _judge(text: bytes, name_at: int, name: bytes, separator: bytes, start: int, meaning: Name) -> Iterator[Span]:
    if meaning.sense is Sense.COOKIES:
        yield from headers.cookies(text, start)
        return
    value = read_value(text, start)
    if value is None:
        return
    if meaning.sense is Sense.AUTH:
        yield from headers.authorization(text, value)
        return
    if name[-10:].lower() == b"credential" and (scope := _SCOPE.match(text, value.start)):
        value = value._replace(end=scope.end())  # the key's id goes, its date, region and service stay
    kind = "aws-key" if b"aws" in name.lower() else meaning.kind
    in_query = text[max(0, name_at - 1) : name_at] in (b"?", b"&", b"#", b";") and name_at > 0
    is_tuple = separator[:1] in b",("
    while value is not None:
        if _holds(text, value, name, separator, meaning, in_query, is_tuple):
            yield Span(value.start, value.end, kind)
        if not value.in_list or is_tuple or not (more := _LIST_NEXT.match(text, value.after)):
            return
        following = read_value(text, more.end())
        value = following._replace(in_list=True) if following else None


def _holds(text: bytes, value: Value, name: bytes, separator: bytes, meaning: Name, in_query: bool, is_tuple: bool) -> bool:
    """Whether the value is a secret, by how far its name is to be trusted."""
    body = text[value.start : value.end]
    sense = meaning.sense
    if is_tuple and not looks_random(body, 8, uuid_counts=True):
        return False
    if sense is Sense.STRONG:
        least = 1 if meaning.kind == "password" else 4
        if _PATH.fullmatch(body) and not looks_random(body, 20) and (least > 1 or name in (b"PWD", b"OLDPWD")):
            return False
        return is_secret(text, value, name, separator, least)
    if is_placeholder(body):
        return False
    if sense is Sense.RANDOM:
        return looks_random(body, 12 if meaning.kind == "secret" else 16)
    if sense is Sense.QUERY:
        return in_query and looks_random(body, 10, uuid_counts=True)
    if sense is Sense.SESSION:
        near = in_query or b"ookie" in text or b"OOKIE" in text or meaning.kind == "cookie" and b"sess" in name.lower()
        return looks_random(body, 8 if near else 20, uuid_counts=near) and not _TWILIO_SID.fullmatch(body)
    if sense is Sense.DIGITS:
        return (body.isdigit() and 3 <= len(body) <= 10) or looks_random(body, 6)
    return (value.quoted and len(body) >= 4 and not body.isdigit()) or looks_random(body, 6)  # Sense.PASS


def _elements(text: bytes) -> Iterator[Span]:
    for element in _ELEMENT.finditer(text):
        meaning = classify(element[1])
        if meaning is None or meaning.sense in (Sense.QUERY, Sense.COOKIES, Sense.AUTH):
            continue
        body = element[2].rstrip(b"]\\ \t")
        value = Value(element.start(2), element.start(2) + len(body), True, element.end())
        if _holds(text, value, element[1], b">", meaning, in_query=False, is_tuple=False):
            yield Span(value.start, value.end, meaning.kind)
