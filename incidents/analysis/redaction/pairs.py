"""Names with values in every rendering: ``NAME=v``, ``"name": "v"``, ``:name => 'v'``, ``name: v``, ``<name>v</name>``, ``--name v``."""

from __future__ import annotations

import re

from . import headers, markup
from .marks import FILL, Span
from .names import Name, Sense, classify
from .values import (
    FILLED,
    LONGEST_JUDGED,
    PLAIN_HEADS,
    Reader,
    Value,
    ends_a_pair,
    is_placeholder,
    is_secret,
    looks_random,
)

_PAIR = re.compile(
    rb"(?<![\w.\-$@\x80-\xfe])([A-Za-z_$@.\-\x80-\xfe][\w.$\-\x80-\xfe]{0,127}+)((?:\\{0,15}[\"'`](?:>>)?)?\]?\)?)"
    rb"([ \t]{0,4}(?:=>|:=|=(?![=~])|:(?!:|//)|->)[ \t]{0,8}|,[ \t]{0,4}(?:<<)?(?=\\{0,15}[\"'])|\((?=\\{0,15}[\"']))"
)
_LIST_NEXT = re.compile(rb"\s{0,4},\s{0,4}(?=\\{0,15}[\"'])")
_PATH = re.compile(rb"(?:~|\.{1,2})?(?:/[\w.\-]{1,64}){2,16}/?|/[a-z]{1,16}|arn:[\w:/.\-]{1,256}")
_BEFORE_KEY = frozenset(
    b"api access secret private auth client license encryption signing master bearer security admin webhook deploy ingestion".split()
)
_ERROR_BEFORE = re.compile(rb"(?i)(?:unexpected|illegal|syntax|parse|lexer|near)[ \t]\Z")
_SCOPE = re.compile(rb"[\w@.%\-\xff]{8,128}?(?=/[0-9]{8}/|%2F[0-9]{8}%2F)")
_ARN = re.compile(rb"arn:[\w:\-]{4,96}\Z")
_APP_PASSWORD = re.compile(rb"(?:[a-z]{4} ){3}[a-z]{4}(?!\w)")  # as Google prints them
_USER_AND_PASSWORD = re.compile(rb"[\w.@%+\-]{1,64}:[^\s:/]{3,}")
_CLOSES = re.compile(rb"(?:>>)?\s{0,2}[\])}]")
_TWILIO_SID = re.compile(rb"[A-Z]{2}[0-9a-f]{32}")


def find(text: bytes) -> list[Span]:
    """Values whose names tell of secrets."""
    return _Search(text).run()


_ID = (b"ID", b"Id", b"id")
_SESSIONS = (b"sessid", b"sessionid", b"aspxauth")
_SCOPED = frozenset({"secret", "aws-key"})
_WEAK = (Sense.RANDOM, Sense.QUERY, Sense.SESSION, Sense.AUTH, Sense.PASS)
_BESIDE, _SHORT = 128, 32  # what stands that far away, or behind a value that long, does not matter to a short value
_STRONG = Sense.STRONG
_UNJUDGED, _MOST_HARMLESS = object(), 1_000
_IN_QUERY = (b"?", b"&", b"#", b";")


class _Search:
    """One pass over one text."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.reader = Reader(text)
        self.spans: list[Span] = []
        self.cookies_end = 0
        self.has_arn = b"arn:" in text
        # Surroundings in which a name says nothing, and what was said of a name and its value: a line that repeats them
        # is judged once.
        self.harmless: dict[tuple[bytes, bytes], int] = {}
        self.value_end = 0
        self.verdicts: dict[tuple[bytes, bytes, bytes, bool, int], object] = {}
        # How the value at hand is named: its name, what stands between, whether it is part of a query or of a pair.
        self.name, self.separator, self.in_query, self.is_tuple = b"", b"", False, False
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
            if meaning is None and name in _ID and text[pair.start() - 8 : pair.start() - 1].lower() == b"session":
                meaning = classify(b"session_id")
            if meaning is None:
                continue
            if pos < self.crowd_end and pos - self.crowd_start < 64 and self.is_lost_in_crowd(meaning.sense, pos):
                continue
            start = pair.start()
            if separator == b":" or meaning.kind == "token" or meaning.sense is Sense.QUERY:
                meaning = self.in_place(name, separator, meaning, start)
                if meaning is None or (
                    meaning.sense is Sense.QUERY and separator != b"=" and text[start - 1 : start] not in _IN_QUERY
                ):
                    continue
            if separator[:1] in b",(":
                listed = separator[:1] == b"," and not closing and text[start - 1 : start] != b"{"
                if listed or meaning.sense is Sense.COOKIES:
                    continue
            if meaning.sense is _STRONG and text[pos : pos + 1] in PLAIN_HEADS and separator[:1] not in b",(":
                read_on = self.judge_plain(name, separator, pos, meaning.kind)
                if read_on >= 0:
                    pos = read_on
                    continue
            around = text[max(0, start - _BESIDE) : start], text[start : pos + _BESIDE]
            if around in self.harmless:
                if crowd := self.harmless[around]:
                    self.crowd_start, self.crowd_end = pos, pos + crowd
                continue
            found, self.value_end = len(self.spans), len(text)
            read_on = self.judge(start, name, separator, pos, meaning)
            is_short = self.value_end <= pos + _SHORT and len(self.harmless) < _MOST_HARMLESS
            if is_short and len(self.spans) == found and meaning.sense is not Sense.COOKIES:
                self.harmless[around] = self.crowd_end - pos if self.crowd_start == pos else 0
            pos = read_on
        for name, value, meaning in markup.elements(text):
            self.name, self.separator, self.in_query, self.is_tuple = name, b">", False, False
            if self.holds(value, meaning):
                self.spans.append(Span(value.start, value.end, meaning.kind))
        for name_at, name, pos, meaning in markup.named(text):
            self.judge(name_at, name, b"=", pos, meaning)
        return self.spans

    def is_lost_in_crowd(self, sense: Sense, pos: int) -> bool:
        """Whether a name within a long bare value says nothing new. A code is short: only where very much follows."""
        return sense in _WEAK or (sense is Sense.DIGITS and self.crowd_end - pos > _BESIDE)

    def in_place(self, name: bytes, separator: bytes, meaning: Name, start: int) -> Name | None:
        """What the name says where it stands: "API key:", "unexpected token:", and the user of a URL."""
        text = self.text
        if separator == b":" and (
            text[start - 2 : start] == b"//" or (self.has_arn and _ARN.search(text, max(0, start - 100), start))
        ):
            return None
        if (
            meaning.kind == "token"
            and text[start - 1 : start] == b" "
            and _ERROR_BEFORE.search(text, max(0, start - 16), start)
        ):
            return None
        if meaning.sense is Sense.QUERY and name in (b"key", b"Key", b"KEY"):
            word = text[max(0, start - 16) : max(0, start - 1)].lower().rpartition(b" ")[2]
            return classify(word + b"_key") if word in _BEFORE_KEY and text[start - 1] in b" \t" else meaning
        return meaning

    def judge_plain(self, name: bytes, separator: bytes, start: int, kind: str) -> int:
        """As `judge`, for what most lines hold: a value without quotes behind a name that is trusted. -1: it is more than that."""
        value = self.reader.bare(start)
        if value is None or self.text[value.end : value.end + 1] in (b"(", b"["):
            return -1
        if kind in _SCOPED and name[-10:].lower() == b"credential":
            return -1
        self.name, self.separator = name, separator
        if not self.holds_strong(self.text[start : min(value.end, start + LONGEST_JUDGED)], value, kind == "password"):
            return start
        read_on = value.end
        if read_on - start == 4 and (groups := _APP_PASSWORD.match(self.text, start)):
            read_on = groups.end()
        self.spans.append(Span(start, read_on, kind))
        return read_on

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
        self.value_end = value.after
        if meaning.sense is Sense.AUTH:
            found = list(headers.authorization(self.reader, value))
            self.spans += found
            if not found and not value.quoted:
                self.crowd_start, self.crowd_end = start, value.end
            return start
        if meaning.kind in _SCOPED and name[-10:].lower() == b"credential":
            if (scoped := self.without_scope(value)) is None:
                return start
            value = scoped
        self.name, self.separator = name, separator
        self.in_query = (name_at > 0 and self.text[name_at - 1] in b"?&#;") or (
            separator == b"=" and self.text[value.end : value.end + 1] == b"&"
        )
        self.is_tuple = separator[:1] == b"," and self.closes_tuple(name_at, value)
        read_on = start
        while value is not None and self.holds(value, meaning):
            read_on = value.end
            if read_on - value.start == 4 and (groups := _APP_PASSWORD.match(self.text, value.start)):
                read_on = groups.end()
            self.spans.append(Span(value.start, read_on, meaning.kind))
            if not value.in_list or separator[:1] in b",(" or not (more := _LIST_NEXT.match(self.text, value.after)):
                break
            following = self.reader.value(more.end())
            value = following._replace(in_list=True) if following else None
        if (
            value
            and read_on == start
            and not value.quoted
            and (meaning.sense in _WEAK or meaning.sense is Sense.DIGITS)
        ):
            self.crowd_start, self.crowd_end = start, value.end
        return read_on

    def closes_tuple(self, name_at: int, value: Value) -> bool:
        """Whether name and value are the two members of one list or tuple: ``["password", "…"]``."""
        before = self.text[max(0, name_at - 20) : name_at].rstrip(b"\\\"'`<")[-1:]
        return before in (b"[", b"(", b"{") and _CLOSES.match(self.text, value.after) is not None

    def without_scope(self, value: Value) -> Value | None:
        """Of the credential of a signed URL only the key's id: its date, region and service stay. None: a service account."""
        scope = _SCOPE.match(self.text, value.start)
        if scope is None:
            return value
        return None if b"@" in scope[0] or b"%40" in scope[0] else value._replace(end=scope.end())

    def holds(self, value: Value, meaning: Name) -> bool:
        """Whether the value is a secret, by how far its name is to be trusted."""
        kind, sense = meaning
        reader = self.reader
        least = 6 if self.is_tuple and kind == "password" else 8
        if self.separator[:1] in b",(" and not looks_random(reader.body(value), least, uuid_counts=True):
            return False
        if sense is Sense.STRONG:
            return self.holds_strong(reader.body(value), value, kind == "password")
        if sense is Sense.QUERY and not self.in_query:
            return False
        if value.end - value.start <= 64 and is_placeholder(reader.body(value)):
            return False
        if sense is Sense.QUERY:
            return reader.is_random(value, 10, uuid_counts=True)
        if sense is Sense.RANDOM:
            return reader.is_random(
                value, 10 if self.in_query and kind == "signature" else 12 if kind == "secret" else 16
            )
        body = reader.body(value)
        if sense is Sense.SESSION:
            near = (
                self.in_query
                or reader.speaks_of_cookies
                or (kind == "cookie" and self.name.lower().endswith(_SESSIONS))
            )
            return reader.is_random(value, 8 if near else 20, uuid_counts=near) and not _TWILIO_SID.fullmatch(body)
        if sense is Sense.DIGITS:
            return (body.isdigit() and 3 <= len(body) <= 10) or (
                self.name[-3:].lower() != b"pin" and reader.is_random(value, 6)
            )
        if sense is Sense.PAIR:
            return _USER_AND_PASSWORD.fullmatch(body) is not None
        return (value.quoted and len(body) >= 4 and not body.isdigit()) or reader.is_random(value, 6)  # Sense.PASS

    def holds_strong(self, body: bytes, value: Value, is_password: bool) -> bool:
        least = 1 if is_password else 4
        case = (self.name, self.separator, body, value.quoted, least)
        verdict = self.verdicts.get(case, _UNJUDGED)
        if verdict is _UNJUDGED:
            may_be_path = body[:1] in b"/~.aA" and (not is_password or self.name in (b"PWD", b"OLDPWD"))
            if may_be_path and _PATH.fullmatch(body) and not looks_random(body, 20):
                verdict = False
            else:
                verdict = is_secret(body, value.quoted, self.name, self.separator, least)
            self.verdicts[case] = verdict
        return ends_a_pair(self.text, value, self.separator, least) if verdict is None else verdict is True
