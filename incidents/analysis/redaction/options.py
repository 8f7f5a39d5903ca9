"""Secrets behind the options of commands, and those that a shell pipes into one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .expressions import compile_re2
from .marks import Span
from .names import Sense, classify
from .values import is_placeholder, looks_random

_FLAG = re.compile(rb"(?<![\w\-])--?([A-Za-z][\w.\-]{1,60}+)[ \t]{1,4}"
                   rb"(?:\\{0,7}\"([^\"\\]{1,1024}+)|\\{0,7}'([^'\\]{1,1024}+)|([^\s\"'`\-\xff][^\s\"'`]{0,1024}+))")  # fmt: skip
_METAVAR = re.compile(rb"[A-Z][A-Z_\-]{2,}")
_FLAG_PROSE = frozenset(
    b"is was are be not and or flag option argument must requires require has with for to from in on via instead can cannot should "
    b"needs the a an of as if when".split()
)
_SHORT = re.compile(
    rb"(?<=[ \t\"'])-([pPaNuUkK])(\\{0,7}[\"'],?[ ]?(?=\\{0,7}[\"'])|[ \t]{0,3})\\{0,7}[\"']?([^\s\"'`\-=\\\xff][^\s\"'`\\]{0,512}+)"
)
_USER = re.compile(rb"(?<![\w\-])--(?:proxy-)?user(?:[ \t]{1,3}|=)\\{0,7}[\"']?[^\s\"':]{0,64}+:([^\s\"']{1,256}+)")
_TOOLS: dict[bytes, tuple[bytes, ...]] = {
    # option: the commands whose password it is
    b"p": (b"mysql", b"mariadb", b"sshpass", b"login", b"mongo"),
    b"a": (b"redis-cli", b"valkey-cli"),
    b"P": (b"zip ", b"7z "),
    b"k": (b"openssl enc", b"openssl aes", b"openssl des"),
    b"K": (b"openssl enc", b"openssl aes", b"openssl des"),
    b"N": (b"ssh-keygen",),
}
_HTTP_TOOLS = (b"curl", b"http", b"wget", b"lftp", b"smbclient", b"ab ")
_PIPED = compile_re2(
    rb"\becho[ \t]+(?:-n[ \t]+)?[\"']?([^\s\"'|$]{4,})[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+-S|[^|]*(?:--password-stdin|--with-token|passwd|chpasswd))"
)
_HERE_STRING = compile_re2(rb"(?:sudo[ \t]+-S|-stdin|--with-token|passwd)[^<\n]*<<<[ \t]*[\"']?([^\s\"'$]{4,})")
_BUNDLE = compile_re2(
    rb"\bbundle[ \t]+config[ \t]+(?:set[ \t]+)?(?:--[a-z]+[ \t]+)*[\w.\-/:]+[ \t]+[\w.@\-]+:([^\s:]{4,})"
)
_REDIS_USER = compile_re2(rb"\bSETUSER\b[^\n>]*[\s\"']>([^\s\"']{3,})", ignore_case=True)


def find(text: bytes) -> Iterator[Span]:
    """Secrets behind options, and in what is echoed into commands."""
    if b" -" in text or b"\t-" in text or b'"-' in text or b"'-" in text or text[:1] == b"-":
        yield from _flags(text)
    if b"<<<" in text or (b"echo" in text and b"|" in text):
        for match in (*_PIPED.finditer(text), *_HERE_STRING.finditer(text)):
            yield Span(match.start(1), match.end(1), "password")
    if b"bundle config" in text:
        for match in _BUNDLE.finditer(text):
            yield Span(match.start(1), match.end(1), "password")
    if b"SETUSER" in text or b"setuser" in text:
        for match in _REDIS_USER.finditer(text):
            yield Span(match.start(1), match.end(1), "password")


def _flags(text: bytes) -> Iterator[Span]:
    for flag in _FLAG.finditer(text):
        meaning = classify(flag[1])
        value = flag[flag.lastindex or 1]
        if meaning is None or is_placeholder(value) or value.lower() in _FLAG_PROSE:
            continue
        if flag[0][1:2] != b"-" and flag[1] != flag[1].lower():  # -pS3cret db: no long option
            continue
        if _METAVAR.fullmatch(value) and value.lower().replace(b"-", b"_") in flag[1].lower().replace(b"-", b"_"):
            continue  # usage: --token TOKEN
        strong = meaning.sense is Sense.STRONG and not value.startswith((b"/", b"./", b"$"))
        if strong or looks_random(value, 12, uuid_counts=True):
            yield Span(flag.start(flag.lastindex or 1), flag.end(flag.lastindex or 1), meaning.kind)
    for short in _SHORT.finditer(text):
        start, end = short.span(3)
        option, apart, value = short.groups()
        before = text[max(0, start - 256) : start]
        if option in b"uU" or (option == b"a" and b":" in value):
            user, colon, password = value.partition(b":")
            if colon and any(tool in before for tool in _HTTP_TOOLS):
                if not is_placeholder(password):
                    yield Span(start + len(user) + 1, end, "password")
                elif not password and looks_random(user, 16):  # a key in the place of the user
                    yield Span(start, start + len(user), "api-key")
            continue
        if apart and (b"mysql" in before or b"mariadb" in before):  # they take it attached only
            continue
        for tool in _TOOLS[option]:
            if tool in before:
                if not value.isdigit() and not is_placeholder(value):
                    yield Span(start, end, "password")
                break
    for user_option in _USER.finditer(text):
        if not is_placeholder(user_option[1]):
            yield Span(user_option.start(1), user_option.end(1), "password")
