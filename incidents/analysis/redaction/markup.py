"""Names with values in markup: ``<password>v</password>``, and pairs such as ``<param name="password" value="v"/>``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .names import Name, Sense, classify
from .values import Value

_ELEMENT = re.compile(
    rb"<(?:[\w\-]{1,32}+:)?([A-Za-z][\w.\-]{1,63}+)(?:\s[^<>]{0,256}+)?>(?:\s{0,4}<!\[CDATA\[)?((?!\s{0,4}<)[^<>]{1,4096}+)"
)
_NAMED = re.compile(
    rb"(?i)\b(?:name|key|field|header|id|param|k|var)(?:\\{0,15}[\"'])?\s{0,3}(?:=>|[=:>])\s{0,3}(?:\\{0,15}[\"'])?"
    rb"([a-z_][\w.\-]{1,63}+)\\{0,15}[\"']?\s{0,3}(?:>(?=[^\s<])|(?:</\w{1,16}>|(?:\s[^<>]{0,64}+)?>\s{0,4}(?=<))?[,;]?\s{0,4}<?\\{0,15}[\"']?"
    rb"(?:value|val|v|content|data|string|secret|text)\\{0,15}[\"']?\s{0,3}(?:=>|[=:>])\s{0,3})"
)


def elements(text: bytes) -> Iterator[tuple[bytes, Value, Name]]:
    """Elements whose names tell of secrets: name, content and what the name says."""
    if b"<" not in text or b">" not in text:
        return
    for element in _ELEMENT.finditer(text):
        if b" " in element[2].strip() and text[element.end() : element.end() + 2] not in (b"</", b"<\\", b"><"):
            continue
        meaning = classify(element[1])
        if meaning is None or meaning.sense in (Sense.QUERY, Sense.COOKIES, Sense.AUTH):
            continue
        start = element.start(2)
        yield element[1], Value(start, start + len(element[2].rstrip(b"]\\ \t")), True, element.end()), meaning


def named(text: bytes) -> Iterator[tuple[int, bytes, int, Name]]:
    """Names that are values themselves: where the name stands, the name, where its value begins, what the name says."""
    if b"alue" not in text and b"ALUE" not in text and b"<" not in text and b"ontent" not in text:
        return
    for pair in _NAMED.finditer(text):
        meaning = classify(pair[1])
        if meaning and meaning.sense is not Sense.COOKIES:
            yield pair.start(1), pair[1], pair.end(), meaning
