"""Secrets that no separator announces: options of commands, SQL, and prose such as ``password is hunter2``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .expressions import compile_re2
from .marks import Span
from .names import Name, Sense, classify
from .values import is_placeholder, looks_random

_FLAG = re.compile(rb"(?<![\w\-])--?([A-Za-z][\w.\-]{1,60}+)[ \t]{1,4}"
                   rb"(?:\\{0,7}\"([^\"\\]{1,1024}+)|\\{0,7}'([^'\\]{1,1024}+)|([^\s\"'`\-\xff][^\s\"'`]{0,1024}+))")  # fmt: skip
_METAVAR = re.compile(rb"[A-Z][A-Z_\-]{2,}")
_FLAG_PROSE = frozenset(
    b"is was are be not and or flag option argument must requires require has with for to from in on via instead can cannot should "
    b"needs the a an of as if when".split()
)
_SHORT = re.compile(
    rb"(?<=[ \t\"'])-([pPaNuUkK])([ \t]{0,3}|\\{0,7}[\"'],?[ ]?(?=\\{0,7}[\"']))\\{0,7}[\"']?([^\s\"'`\-=\\\xff][^\s\"'`\\]{0,512}+)"
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
_LOGIN_COMMAND = compile_re2(rb"\bLOGIN[ ]\"?[^\s\"]+\"?[ ]\"?([^\s\"]{4,})")
_SERVER_SETTING = compile_re2(rb"\b(?:requirepass|masterauth|masterpass)[ \t\"']+([^\s\"']{4,})", ignore_case=True)
_ONE_TIME = compile_re2(
    rb"\b(?:one[ \-]time|otp|verification|security|2fa|mfa|login|confirmation|sms|access)[ \t](?:password|passcode|code|pin)"
    rb"(?:[ \t]for[ \t]\S+)?[ \t]*(?:is|:|=|was|->)?[ \t]*[\"']?([0-9]{4,8})(?:[^\w.]|[.](?:\s|$)|$)",
    ignore_case=True,
)
_YOUR_CODE = compile_re2(
    rb"\b(?:(?:your|the)[ \t](?:([\w\-]+)[ \t])?(?:code|otp|passcode)(?:[ \t](?:is|was))?[ \t]*[:=]?|otp(?:[ \t](?:is|was))?[ \t]*:?|"
    rb"(?:use|enter)(?:[ \t](?:the[ \t])?(?:code|otp|pin))?)[ \t]+[\"']?([0-9]{4,8})(?:[^\w.]|[.](?:\s|$)|$)",
    ignore_case=True,
)
_CODE_FIRST = compile_re2(
    rb"\b([0-9]{4,8})[ \t](?:is|as)[ \t](?:your|the)[ \t](?:[\w\-]+[ \t]){0,3}(?:code|otp|pin|password|passcode)\b",
    ignore_case=True,
)
_TO_SIGN_IN = re.compile(
    rb"(?i)[\"'.]?\s{1,2}(?:to|as|for)\s(?:sign|log|verify|confirm|authenticate|complete|finish|your|the|a)"
)
_NO_CODE = frozenset(
    b"error status exit zip postal area country promo discount product tracking reference booking order coupon response return "
    b"result reason source language currency voucher http sql".split()
)
_CALLS = compile_re2(
    rb"(?:PDO->__construct|mysqli->(?:__construct|real_connect)|mysqli_(?:real_)?connect|ldap_bind|ftp_login|imap_open|ssh2_auth_password)"
    rb"\((?:'[^']*'|[^,']*),[ ]?'[^']*',[ ]?'([^']+)'|\b(?i:crypt)\('([^']+)'"
)
_PIPED = compile_re2(
    rb"\becho[ \t]+(?:-n[ \t]+)?[\"']?([^\s\"'|$]{4,})[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+-S|[^|]*(?:--password-stdin|--with-token|passwd|chpasswd))"
)
_HERE_STRING = compile_re2(rb"(?:sudo[ \t]+-S|-stdin|--with-token|passwd)[^<\n]*<<<[ \t]*[\"']?([^\s\"'$]{4,})")
_BUNDLE = compile_re2(
    rb"\bbundle[ \t]+config[ \t]+(?:set[ \t]+)?(?:--[a-z]+[ \t]+)*[\w.\-/:]+[ \t]+[\w.@\-]+:([^\s:]{4,})"
)
_REDIS_USER = compile_re2(rb"\bSETUSER\b[^\n>]*[\s\"']>([^\s\"']{3,})", ignore_case=True)
_BARE_SQL = compile_re2(rb"\bidentified[ \t]+by[ \t]+([^\s'\"`;,]{6,})", ignore_case=True)
_INSERT = compile_re2(
    rb"\binsert[ \t]+(?:ignore[ \t]+)?into[ \t]+[^\s(]{1,128}[ \t]*\(([^()]+)\)[ \t]*values[ \t]*\(", ignore_case=True
)
_INSERTED = re.compile(
    rb"\s{0,4}(?>'((?>(?:[^'\\]|''|\\.)*))'|\"((?>(?:[^\"\\]|\\.)*))\"|[^,'\"()]*(?:\([^()]*\))?)\s{0,4}([,)])"
)
_NEXT_ROW = re.compile(rb"\s{0,4},\s{0,4}\(")
_PATH_TOKEN = compile_re2(
    rb"/[a-z_\-]*(?:reset|magic|invit|confirm|verif|activat|unlock|unsubscribe|recover|forgot|one-time|one_time|passwordless|token)[a-z_\-]*/"
    rb"(?:[A-Za-z0-9]{1,8}/)?([A-Za-z0-9_\-=%]{16,})",
    ignore_case=True,
)
_PLAIN_ID = re.compile(rb"[0-9a-f]{1,31}|[A-Z]{2}[0-9a-f]{32}|[a-z]{2,10}_[A-Za-z0-9]{8,40}|01[0-9A-HJKMNP-TV-Z]{24}")
_GUARD = compile_re2(
    rb"(?i)(?:passw(?:or)?d|passphrase|passcode|pwd|secret|token|credential|key|code|pin|identified by|auth|pass|login)s?[\"']?[ \t]+[^ \t=:]"
    rb"|(?i)(?:code|pin|password)[ \t]*[:=]?[ \t]*[\"']?[0-9]{4}",
)


def find(text: bytes) -> Iterator[Span]:
    """Secrets behind options, in SQL and in prose."""
    if b" -" in text or b"\t-" in text or b'"-' in text or b"'-" in text or text[:1] == b"-":
        yield from _flags(text)
    if b"(" in text:
        yield from _positional(text)
    if b"/" in text:
        for match in _PATH_TOKEN.finditer(text):
            token = match[1]
            if (
                text[match.end() : match.end() + 1] != b"."
                and not _PLAIN_ID.fullmatch(token)
                and looks_random(token, 16)
            ):
                yield Span(match.start(1), match.end(1), "token")
    if b"<<<" in text or (b"echo" in text and b"|" in text):
        for match in (*_PIPED.finditer(text), *_HERE_STRING.finditer(text)):
            yield Span(match.start(1), match.end(1), "password")
    if b"bundle config" in text:
        for match in _BUNDLE.finditer(text):
            yield Span(match.start(1), match.end(1), "password")
    if b"SETUSER" in text or b"setuser" in text:
        for match in _REDIS_USER.finditer(text):
            yield Span(match.start(1), match.end(1), "password")
    yield from _codes(text)
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
        if looks_random(value, 8 if is_password else 12 if match[1][-4:].lower() == b"code" else 16, uuid_counts=owned):
            yield Span(match.start(2), match.start(2) + len(value), "password" if is_password else "token")
    for match in _SERVER_SETTING.finditer(text):
        if not is_placeholder(match[1]):
            yield Span(match.start(1), match.end(1), "password")
    for match in _ONE_TIME.finditer(text):
        yield Span(match.start(1), match.end(1), "code")
    for match in _BARE_SQL.finditer(text):
        if looks_random(match[1], 6):
            yield Span(match.start(1), match.end(1), "password")


def _codes(text: bytes) -> Iterator[Span]:
    """One-time codes in sentences: "your code is 123456", "123456 is your login code", "use 123456 to sign in"."""
    for match in _YOUR_CODE.finditer(text):
        told = match[0][:3].lower() not in (b"use", b"ent") or _TO_SIGN_IN.match(text, match.end(2))
        if told and (match[1] or b"").lower() not in _NO_CODE:
            yield Span(match.start(2), match.end(2), "code")
    for match in _CODE_FIRST.finditer(text):
        yield Span(match.start(1), match.end(1), "code")


def _positional(text: bytes) -> Iterator[Span]:
    """Secrets told by their place: arguments of calls in stack traces of PHP, values of an INSERT."""
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
