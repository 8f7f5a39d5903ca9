"""Whether the name of a value says that the value is a secret: ``DB_PASSWORD``, ``clientSecret``, ``x-api-key``."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import NamedTuple


class Sense(Enum):
    """How far a name is to be trusted."""

    STRONG = 1  # any value but a placeholder is a secret
    RANDOM = 2  # only a value that looks random is
    QUERY = 3  # only in a query string or a form, and only a value that looks random
    SESSION = 4  # in a query string, form or cookie; elsewhere only a long random value
    DIGITS = 5  # a short number or a random value
    PASS = 6  # "pass" alone: a word, a count or a password
    AUTH = 7  # an authorization header: scheme and credentials
    COOKIES = 8  # a list of cookies
    PAIR = 9  # a user and a password with a colon between them


class Name(NamedTuple):
    """What a name says: the kind of its marker and how far to trust it."""

    kind: str
    sense: Sense


_WORDS = re.compile(rb"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Words that may follow the telling word without changing what it says: API_TOKEN_2, password_confirmation, SECRET_KEY_BASE.
_MODIFIERS = _set(
    "confirmation confirm again repeat new old current previous prod production staging stage dev development test testing "
    "live sandbox base value val plain plaintext raw text str string b64 base64 hex encoded decoded encrypted primary "
    "secondary backup read write admin root main default global local v a b x prd stg eu us sha sha256 ed"
)
# Words after which a name speaks about a secret, not of its value: token_type, password_changed_at, secret_name.
_ABOUT = _set(
    "id ids uid type types expires expire expiry expired expiration ttl timeout length len count counts size url uri urls "
    "uris path paths file files filename dir name names version versions at in age min max policy policies field fields "
    "method methods algorithm alg format enabled disabled required changed reset valid invalid status state error errors "
    "service services manager provider providers class index limit limits used usage prefix suffix hint strength attempts "
    "attempt updated created location arn ref refs env var vars label user username email host port scope scopes audience "
    "issuer store storage backend adapter header headers parameter param params column table stdin source generator factory "
    "handler helper controller model serializer validator middleware module exception message endpoint rotation rotated "
    "revoked bucket budget total rate cost refreshed refresh verified verify check checks failed failure ok success present "
    "mode options option config settings schema key_id by on ms seconds days py rb js ts go java php exists missing "
    "mismatch not was is"
)
_STRONG_ENDS: tuple[tuple[str, str], ...] = (
    ("password", "password"), ("passwords", "password"), ("passwd", "password"), ("passwort", "password"),
    ("passord", "password"), ("passphrase", "password"), ("passcode", "password"), ("pwd", "password"), ("pword", "password"),
    ("psswd", "password"), ("mnemonic", "secret"), ("secret", "secret"), ("secrets", "secret"), ("token", "token"),
    ("apikey", "api-key"), ("apisecret", "secret"), ("secretkey", "api-key"), ("accesskey", "api-key"),
    ("privatekey", "api-key"), ("authkey", "api-key"), ("masterkey", "api-key"), ("licensekey", "api-key"),
    ("encryptionkey", "api-key"), ("signingkey", "api-key"), ("accountkey", "api-key"), ("subscriptionkey", "api-key"),
    ("secretid", "secret"), ("requirepass", "password"), ("masterauth", "password"), ("keypass", "password"),
    ("storepass", "password"), ("psk", "password"), ("credential", "secret"), ("credentials", "secret"),
    ("kennwort", "password"), ("passe", "password"), ("senha", "password"), ("contrasena", "password"),
    ("losenord", "password"), ("wachtwoord", "password"), ("adgangskode", "password"), ("salasana", "password"),
    ("heslo", "password"), ("haslo", "password"),
)  # fmt: skip
_STRONG_KEYS = _set(
    "api access secret private master encryption encrypt decryption signing sign license licence auth authentication account "
    "admin service role deploy app application write read server subscription sdk webhook shared ssh rsa cipher crypto aes "
    "hmac jwt integration ingest ingestion instrumentation functions session cookie bot merchant consumer security token "
    "password recovery wrapping kek dek pgp gpg client sender push vapid stripe sendgrid openai anthropic"
)
_OTHER_KEYS = _set(
    "public publishable primary foreign partition sort routing cache idempotency object dedupe dedup deduplication group row "
    "shard range hash unique index composite lock storage message event data map json dict feature flag config locale i18n "
    "translation issue project metric tag site host press known missing required unknown invalid duplicate redis job bucket "
    "fragment view etag throttle limit counter set hkey order record file image asset blob upload registry sql column natural "
    "surrogate user tenant document item query search param header context state any"
)
_PAGING = _set(
    "page next continuation pagination cursor prev previous sync resume start unexpected illegal invalid bad syntax"
)
_NOT_PASS = _set("bypass compass trespass overpass underpass surpass encompass")
_RANDOM_ENDS: dict[str, str] = {
    "jwt": "jwt", "bearer": "token", "signature": "signature", "sig": "signature", "hmac": "signature", "csrf": "token",
    "xsrf": "token", "salt": "secret", "license": "secret", "seed": "secret", "assertion": "token", "samlresponse": "token",
    "samlrequest": "token", "verifier": "token", "tokens": "token", "private": "secret", "pat": "token", "apikeys": "api-key",
}  # fmt: skip
_CODE_OWNERS = _set("otp totp mfa 2fa sms verification security auth authorization activation confirmation login backup "
                    "recovery access device one time pin invite factor email phone signin verify confirm magic scratch")  # fmt: skip
_FOREIGN = re.compile(
    "пароль|Пароль|ПАРОЛЬ|contraseña|Contraseña|lösenord|Lösenord|hasło|Hasło|şifre|Şifre|密码|密碼|口令|パスワード|비밀번호|암호".encode()
)
"""Words for a password in other scripts, whole, as names of values."""


@lru_cache(maxsize=8192)
def classify(name: bytes) -> Name | None:
    """What ``name`` says about the value behind it, or None. Cached: the same names come again and again."""
    if not name.isascii() and _FOREIGN.search(name):
        return Name("password", Sense.STRONG)
    words = [word.decode().lower() for word in _WORDS.findall(name)]
    while len(words) > 1 and (words[-1] in _MODIFIERS or words[-1].isdigit()):
        words.pop()
    found = _classify(words, name) if words else None
    return Name("aws-key", found.sense) if found and found.kind != "password" and "aws" in words else found


def _classify(words: list[str], name: bytes) -> Name | None:
    tail = words[-1]
    before = words[-2] if len(words) > 1 else ""
    pair = before + tail
    for check in (_by_header, _by_key, _by_code_or_session):
        if found := check(words, tail, before):
            return found
    if words[0] == "bundle" and b"__" in name:  # BUNDLE_GEMS__EXAMPLE__COM=user:password
        return Name("password", Sense.PAIR)
    if pair == "honeycombteam":
        return Name("api-key", Sense.RANDOM)
    if tail == "pw":
        return Name("password", Sense.PASS)
    if tail in {"hash", "digest"} and "password" in words:
        return Name("password", Sense.STRONG)
    if tail in {"token", "tokens"} and before in _PAGING:
        return None
    if pair in {"keyid", "keyids"} and {"access"} & set(words):
        return Name("api-key", Sense.RANDOM)
    if tail in _ABOUT and pair != "secretid":
        return None
    for end, kind in _STRONG_ENDS:
        if tail.endswith(end) or pair == end:
            return Name(kind, Sense.STRONG)
    random = _RANDOM_ENDS.get(tail) or _RANDOM_ENDS.get(pair)
    if random:
        return Name(random, Sense.RANDOM)
    if tail.endswith("pass") and tail not in _NOT_PASS:
        return Name("password", Sense.STRONG if before or tail != "pass" else Sense.PASS)
    if any(word.endswith(end) for word in words[:-1] for end, _ in _STRONG_ENDS):
        return Name("secret", Sense.RANDOM)
    return None


def _by_header(words: list[str], tail: str, before: str) -> Name | None:
    if tail == "auth" and before in {"basic", "http"}:
        return Name("password", Sense.PAIR)
    if tail in {"authorization", "auth"}:
        return Name("authorization", Sense.AUTH)
    if tail in {"cookie", "cookies", "cookie2"}:
        return Name("cookie", Sense.COOKIES)
    return None


def _by_key(words: list[str], tail: str, before: str) -> Name | None:
    if tail not in {"key", "keys"}:
        return None
    if not before:
        return Name("api-key", Sense.QUERY)
    if before in _STRONG_KEYS or before.endswith(("secret", "password", "token", "api")):
        return Name("api-key", Sense.STRONG if tail == "key" else Sense.RANDOM)
    if (before != "public" and {"encryption", "secret", "private"} & set(words)) or (
        before == "storage" and "azure" in words
    ):
        return Name("api-key", Sense.STRONG)
    return None if before in _OTHER_KEYS else Name("api-key", Sense.RANDOM)


def _by_code_or_session(words: list[str], tail: str, before: str) -> Name | None:
    if tail in {"otp", "totp", "pin", "cvv", "cvc", "cvv2", "cvc2"} or (
        tail in {"code", "codes"} and before in _CODE_OWNERS
    ):
        return Name("code", Sense.DIGITS)
    if tail in {"code", "ticket"} and not before:
        return Name("code", Sense.QUERY)
    if tail in {"sessionid", "sid", "sessid", "jsessionid", "phpsessid", "session", "sess"} or (
        tail == "id" and before in {"session", "sess"}
    ):
        return Name("cookie" if tail != "id" else "token", Sense.SESSION)
    if tail.endswith(("sessid", "sessionid")) or "aspxauth" in tail:
        return Name("cookie", Sense.SESSION)
    return None
