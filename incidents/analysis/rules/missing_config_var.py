"""A setting that the app reads from its environment is not set, or is empty.

What it means
    The code asks for a config var that this app does not have. Locally it comes from a file (.env) that is not
    deployed.

Why it happens
    The var was never set on Heroku, is misspelled, was removed with an add-on, or only exists in another app or
    stage.

How to tell
    The error names the variable (``KeyError: 'SECRET_KEY'``, ``key not found: "API_URL"``, ``Missing
    secret_key_base``), or an address was built from nothing: ``undefined``, an empty host, a port 0.

What to do
    ``heroku config:set NAME=…``; the app restarts by itself. ``heroku config`` prints secrets: never paste it into a
    ticket.

References
    https://devcenter.heroku.com/articles/config-vars
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.events import of
from incidents.analysis.types import Facts, Finding, Note, Remedy

from ._blame import Blame
from ._texts import by_subject, findings
from .base import Rule, hits

_VAR = r"[A-Z][A-Z0-9_]{2,60}"
SIGNS = {
    "var named": rf"KeyError: '{_VAR}'|key not found: \\?\"{_VAR}|Set the {_VAR} environment variable|\b{_VAR} not found\. Declare it as envvar"
    rf"|(?i:environment variable|env(?:ironment)? var|config(?:uration)? var(?:iable)?)s?:? ?[`'\"(]?(?-i:{_VAR})[`'\")]? (?i:is |was |must |has |not |missing|required|undefined|are )"
    rf"|(?i:missing|required|undefined|unset|no|specify|provide|define|set (?:the|your))[\w ,]{{0,30}}(?i:environment variables?|env(?:ironment)? vars?|config vars?):? ?[`'\"(\[]{{0,2}}{_VAR}"
    rf"|[`'\"]?{_VAR}[`'\"]? (?i:(?:environment variable|env var|is)? ?(?:is )?(?:not (?:set|defined|provided|configured|found in (?:the )?env)|missing|required|undefined|must (?:be )?(?:set|defined|provided|not be empty)|must be set|cannot be empty))"
    rf"|\$?{_VAR} must be set|process\.env\.{_VAR} (?:is|was) (?:not|undefined|missing)|required key {_VAR} missing value|missing required env|MissingEnvVarsError",
    "var framework": r"The SECRET_KEY setting must not be empty|Missing `?secret_key_base`?"
    r"|secret_key_base` for .{0,20} environment|Missing encryption key to decrypt|MessageEncryptor::InvalidMessage"
    r"|No application encryption key has been specified|MissingAppKeyException|Devise\.secret_key|config\.secret_key"
    r"|A secret is required to generate|secret_key_base` must be|`secret_key_base` .{0,40}must be"
    r"|Could not resolve placeholder '|secretOrPrivateKey must have a value|secret option required for sessions"
    r"|OAuth2Strategy requires a clientID|Strategy requires a (?:client|consumer)"
    r"|api_key client option must be set|API key (?:is )?(?:missing|required|not (?:set|provided|found))"
    r"|Missing API key|Missing credentials in config|must provide (?:a )?(?:apiKey|api key|API key|token)"
    r"|You did not provide an API key"
    r"|Neither apiKey nor config\.authenticator|Failed to initialize Firebase|Service account object must contain"
    r"|application secret has not been set|play\.http\.secret\.key|supabaseUrl is required|accountSid must start with|Must supply api_key|Missing required (?:environment"
    r"|configuration)",
    "var settings": r"\d+ validation errors? for \w*(?:Settings|Config)"
    r"|(?i:field required) .{0,40}type=(?:value_error\.)?missing|Invalid environment variables"
    r"|Missing environment variables|ImproperlyConfigured: .{0,120}(?:environment|SECRET|env\b|setting must)",
    "address of nothing": r"Invalid scheme, expected connection string|(?:connection string|uri|url)[^\n]{0,80}(?:got"
    r"|received|is) \"?(?:undefined|null|None)\b|ENOTFOUND (?:undefined|null|base)\b|ECONNREFUSED (?:undefined|null)"
    r"|\blookup (?:port=|host=|:|user=|dbname=|on\b)|dial tcp(?:: lookup)? (?::\d{1,5}|port=\S*|host=\S*)\b"
    r"|missing \"=\" after|undefined:undefined|Invalid URL:? ?['\"]?(?:undefined|null|None)?['\"]?$"
    r"|parse \"?(?:undefined|null)|Could not parse (?:rfc1738"
    r"|SQLAlchemy) URL from (?:given )?(?:URL )?string '?(?:None)?'?|Expected string or URL object, got None"
    r"|SQLALCHEMY_DATABASE_URI|Argument `url` must be|argument to `?new URL|No host could be parsed"
    r"|redis URL .{0,60}(?:None|undefined|'')"
    r"|The \"?url\"? argument must be of type string\. Received undefined|Cannot parse connection string"
    r"|error validating datasource .{0,60}(?:the URL must start|must start with the protocol)"
    r"|Environment variable not found",
}  # fmt: skip
_NAMES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"KeyError: '({_VAR})'|key not found: \\?\"({_VAR})|Set the ({_VAR}) env|({_VAR}) not found\. Declare|key ({_VAR}) missing|process\.env\.({_VAR})|placeholder '([\w.-]{{2,60}})'",
        rf"Environment variable not found: ({_VAR})|(?:(?i:variables?|vars?):? ?[`'\"(\[]{{0,2}})({_VAR})|[`'\"$]?\b({_VAR})[`'\"]? (?i:is|was|must|env|not|missing|required|environment)",
        r"(SECRET_KEY) setting|(secret_key_base)|(SQLALCHEMY_DATABASE_URI)|application (encryption key)"
        r"|(encryption key)|(secret_key)|(OPENAI_API_KEY)",
    )
)
_CODE = re.compile(r"NameError|ReferenceError|UnboundLocalError|ERR_MODULE|SyntaxError|NODE_MODULE")
_NOT_VARS = frozenset(
    (
        "ERROR", "WARNING", "INFO", "DEBUG", "FATAL", "CRITICAL", "HTTP", "JSON", "URL", "NODE", "ERR", "WARN", "SQL",
        "API", "GET", "POST", "HEAD", "PUT",
    )
)  # fmt: skip


def check(facts: Facts) -> Iterator[Finding]:
    notes = [note for note in hits(facts, *SIGNS) if not _CODE.search(note.text)]
    groups = {name: lines for name, lines in by_subject(notes, _NAMES).items() if name not in _NOT_VARS}
    yield from findings(
        facts, "missing-config-var", groups, _describe, sure=0.95, needs_harm=True,
        explains=("app-exception",), extra=lambda lines: _removed(facts, lines),
    )  # fmt: skip


def _removed(facts: Facts, lines: object) -> list[Note]:
    return [event.note for event in of(facts, "config") if event.detail["action"] in ("Remove", "Unset")][-1:]


def _describe(name: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    text = found.notes[0].text.strip()
    upper = re.fullmatch(_VAR, name) is not None
    if upper:
        return f"The config var {name} is not set", (
            Remedy(f"Set {name}; the app restarts by itself.", f"heroku config:set {name}=…"),
        )
    if name == "secret_key_base":
        return "Rails misses its secret_key_base, which signs sessions", (
            Remedy("Set it; `rails secret` makes one.", "heroku config:set SECRET_KEY_BASE=…"),
        )
    if "encryption key" in name:
        return "The key that decrypts the app's settings is not set", (
            Remedy(
                "Set RAILS_MASTER_KEY (Rails: config/master.key) or APP_KEY (Laravel).",
                "heroku config:set RAILS_MASTER_KEY=…",
            ),
        )
    if re.search(SIGNS["address of nothing"], text):
        return f"An address was built from a config var that is not set or empty (`{text[:140]}`)", (
            Remedy("Compare the names that the code reads with those that are set.", "heroku config --json"),
        )
    return f"A required setting is missing (`{text[:140]}`)", ()


RULE = Rule(
    slugs=("missing-config-var",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `gunicorn shop.wsgi`
2026-03-14T09:00:03.000000+00:00 app[web.1]: KeyError: 'SECRET_KEY'
2026-03-14T09:00:03.500000+00:00 heroku[web.1]: Process exited with status 3
2026-03-14T09:00:03.520000+00:00 heroku[web.1]: State changed from up to crashed
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: NODE_ENV is not set, using development
2026-03-14T09:00:03.300000+00:00 heroku[web.1]: State changed from starting to up
""",
    ),
)
