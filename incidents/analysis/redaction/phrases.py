"""Secrets that no separator announces: options of commands, SQL, and prose such as ``password is hunter2``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .expressions import compile_re2
from .marks import Span
from .names import Sense, classify
from .values import is_placeholder, looks_random

_FLAG = re.compile(rb"(?<![\w\-])--?([A-Za-z][\w.\-]{1,60}+)[ \t]{1,4}"
                   rb"(?:\\{0,7}\"([^\"\\]{1,1024}+)|\\{0,7}'([^'\\]{1,1024}+)|([^\s\"'`\-\xff][^\s\"'`]{0,1024}+))")  # fmt: skip
_FLAG_PROSE = frozenset(
    b"is was are be not and or flag option argument must requires require has with for to from in on via instead can cannot should "
    b"needs the a an of as if when".split()
)
_SHORT = re.compile(rb"(?<=[ \t])-([pPaNuU])([ \t]{0,3})\\{0,7}[\"']?([^\s\"'`\-=\xff][^\s\"'`]{0,512}+)")
_USER = re.compile(rb"(?<![\w\-])--(?:proxy-)?user(?:[ \t]{1,3}|=)\\{0,7}[\"']?[^\s\"':]{0,64}+:([^\s\"']{1,256}+)")
_TOOLS: dict[bytes, tuple[tuple[bytes, ...], bool]] = {
    # option: the commands whose password it is, and whether it may stand apart from its value
    b"p": ((b"mysql", b"mariadb", b"sshpass", b"docker", b"podman", b"mongo"), True),
    b"a": ((b"redis-cli", b"valkey-cli"), True),
    b"P": ((b"zip", b"7z"), False),
    b"N": ((b"ssh-keygen",), True),
}
_HTTP_TOOLS = (b"curl", b"http", b"wget", b"lftp", b"smbclient", b"ab ")
_SQL = compile_re2(
    rb"\b(?:identified[ \t]by(?:[ \t]password)?|password|passphrase)[ \t]+(?:is[ \t]+)?\\*['\"`]([^\s'\"`\\]{3,})",
    ignore_case=True,
)
_AUTH_COMMAND = compile_re2(
    rb"\bAUTH[ \t\"']+(?:(?:PLAIN|LOGIN|XOAUTH2|CRAM-MD5|default)[ \t\"']+)?([A-Za-z0-9+/=_\-.~!#$%^*]{8,})",
    ignore_case=True,
)
_PROSE = compile_re2(
    rb"(passw(?:or)?d|passphrase|passcode|pwd|secret|token|credentials?|(?:api|access|secret|private|auth|signing|license)"
    rb"[ _\-]?key)s?[ \t]+(?:(?:is|was|of|as|value|set|to|=|:|->|now|generated|provided|given|used|using|received|found|"
    rb"pair|id)[ \t:=]+){0,3}[\"'`(<\[]?([^\s\"'`<>()\[\],;]{6,})",
    ignore_case=True,
)
_LOGIN_COMMAND = compile_re2(rb"\bLOGIN[ ]\"?[^\s\"]+\"?[ ]\"?([^\s\"]{4,})")
_SERVER_SETTING = compile_re2(rb"\b(?:requirepass|masterauth|masterpass)[ \t\"']+([^\s\"']{4,})", ignore_case=True)
_ONE_TIME = compile_re2(
    rb"\b(?:one[ \-]time|otp|verification|security|2fa|mfa|login|confirmation|sms|access)[ \t](?:password|passcode|code|pin)"
    rb"(?:[ \t]for[ \t]\S+)?[ \t]*(?:is|:|=|was|->)?[ \t]*[\"']?([0-9]{4,8})(?:[^\w.]|[.](?:\s|$)|$)",
    ignore_case=True,
)
_GUARD = compile_re2(
    rb"(?i)(?:passw(?:or)?d|passphrase|passcode|pwd|secret|token|credential|key|code|pin|identified by|auth|pass|login)s?[\"']?[ \t]+[^ \t=:]"
    rb"|(?i)(?:code|pin|password)[ \t]*[:=]?[ \t]*[\"']?[0-9]{4}",
)


def find(text: bytes) -> Iterator[Span]:
    """Secrets behind options, in SQL and in prose."""
    if b" -" in text or b"\t-" in text or text[:1] == b"-":
        yield from _flags(text)
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
        if looks_random(match[2], 8 if is_password else 16, uuid_counts=is_password):
            yield Span(match.start(2), match.end(2), "password" if is_password else "token")
    for match in _SERVER_SETTING.finditer(text):
        if not is_placeholder(match[1]):
            yield Span(match.start(1), match.end(1), "password")
    for match in _ONE_TIME.finditer(text):
        yield Span(match.start(1), match.end(1), "code")


def _flags(text: bytes) -> Iterator[Span]:
    for flag in _FLAG.finditer(text):
        meaning = classify(flag[1])
        value = flag[flag.lastindex or 1]
        if meaning is None or is_placeholder(value) or value.lower() in _FLAG_PROSE:
            continue
        if flag[0][1:2] != b"-" and flag[1] != flag[1].lower():  # -pS3cret db: no long option
            continue
        strong = meaning.sense is Sense.STRONG and not value.startswith((b"/", b"./", b"$"))
        if strong or looks_random(value, 12, uuid_counts=True):
            yield Span(flag.start(flag.lastindex or 1), flag.end(flag.lastindex or 1), meaning.kind)
    for short in _SHORT.finditer(text):
        before = text[max(0, short.start() - 256) : short.start()]
        if short[1] in b"uU" or (short[1] == b"a" and b":" in short[3]):
            user, colon, password = short[3].partition(b":")
            if colon and not is_placeholder(password) and any(tool in before for tool in _HTTP_TOOLS):
                yield Span(short.start(3) + len(user) + 1, short.end(3), "password")
            continue
        tools, apart = _TOOLS[short[1]]
        if not any(tool in before for tool in tools) or is_placeholder(short[3]):
            continue
        attached_only = not apart or (b"mysql" in before or b"mariadb" in before)
        if not (short[2] and attached_only) and not short[3].isdigit():
            yield Span(short.start(3), short.end(3), "password")
    for user_option in _USER.finditer(text):
        if not is_placeholder(user_option[1]):
            yield Span(user_option.start(1), user_option.end(1), "password")
