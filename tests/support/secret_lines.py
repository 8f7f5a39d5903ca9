"""Labelled lines for the redaction tests: every rendering of a named value, every vendor's shape, and what must stay.

All is invented and drawn from a seed. ``renderings`` times ``NAMES`` is the grid that the rules are held to.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from tests.support.secret_shapes import Labelled, build_all, head, shape

NAMES = (
    "password", "DB_PASSWORD", "clientSecret", "api_key", "X-Api-Key", "ACCESS_TOKEN", "refreshToken", "secret_key_base",
    "passwd", "PrivateKey", "encryption_key", "stripe.api.secret", "NEW_PASSWORD", "webhookSecret", "SMTP_PASS", "auth_token",
    "jwt_secret", "API_TOKEN_2", "passphrase", "spring.mail.password", "DjangoSecretKey", "licenseKey", "dbPassword",
)  # fmt: skip

RENDERINGS: dict[str, str] = {
    "env": "{n}={v} ‹LOG_LEVEL=info›",
    "export": "export {n}='{v}' ‹&& bin/start›",
    "spaced": "{n} = {v}",
    "yaml": "{n}: {v}",
    "yaml quoted": '{n}: "{v}" ‹# rotate yearly›',
    "json": '{{"‹user›":"ana","{n}":"{v}","‹page›":1}}',
    "json spaced": '{{"‹user›": "ana", "{n}": "{v}", "‹page›": 1}}',
    "json list": '{{"{n}": ["{v}"], "‹page›": 1}}',
    "json in json": '{{"msg":"{{\\"{n}\\":\\"{v}\\",\\"‹page›\\":1}}"}}',
    "json in json in json": '{{"a":"{{\\"b\\":\\"{{\\\\\\"{n}\\\\\\":\\\\\\"{v}\\\\\\"}}\\"}}","‹page›":1}}',
    "ruby strings": '{{"{n}"=>"{v}", "‹page›"=>"1"}}',
    "ruby symbols": ':{n} => "{v}", ‹:page› => 1',
    "ruby inspect": '#<Client:0x01 @{n}="{v}", @‹page›=1>',
    "python dict": "{{'‹user›': 'ana', '{n}': '{v}', '‹page›': 1}}",
    "python repr": "Settings(‹user='ana'›, {n}='{v}', page=1)",
    "python bytes": "{{'{n}': b'{v}', '‹page›': 1}}",
    "pydantic": "{n}=SecretStr('{v}') ‹page=1›",
    "logfmt": 'level=info {n}="{v}" ‹page=1›',
    "go map": "map[‹page›:1 {n}:{v} ‹user›:ana]",
    "go struct": "{{‹Page›:1 {n}:{v} User:ana}}",
    "go http header": "map[{n}:[{v}] ‹Accept›:[*/*]]",
    "rust debug": '{n}: Some("{v}"), ‹page›: 1',
    "php print_r": "[{n}] => {v}",
    "php dump": '["{n}"]=> string(24) "{v}" [‹"page"›]=> int(1)',
    "java": "User{{‹name='ana'›, {n}='{v}', page=1}}",
    "java bare": "User[‹name=ana›, {n}={v}, ‹page=1›]",
    "js object": "{{ ‹user: 'ana'›, {n}: '{v}', page: 1 }}",
    "query": "GET /a?‹page=1›&{n}={v}&‹sort=up› 200",
    "fragment": "https://app.example.com/#{n}={v}&‹page=1›",
    "form": "‹user=ana›&{n}={v}",
    "rails form": "user[{n}]={v}&‹user[name]=ana›",
    "semicolons": "Server=‹db.example.com›;{n}={v};‹Timeout=30›",
    "header": "> {n}: {v}",
    "curl header": "curl -H '{n}: {v}' ‹https://api.example.com/v1›",
    "flag": "run --{n} {v} ‹--port 5000›",
    "flag equals": "run --{n}={v} ‹--port=5000›",
    "xml": "<‹user›>ana</user><{n}>{v}</{n}>",
    "xml attributes": '<conn ‹user="ana"› {n}="{v}"/>',
    "xml key value": '<add key="{n}" value="{v}" ‹/>›',
    "config var": '{{"name":"{n}","value":"{v}"}},{{‹"name":"PORT"›}}',
    "tuple": '[["{n}", "{v}"], ‹["LIMIT", 1]›]',
    "sql": "UPDATE ‹users› SET {n} = '{v}' ‹WHERE id = 7›",
    "html": "&lt;{n}&gt;{v}&lt;/{n}&gt; ‹ok›",
    "html quotes": "{{&quot;{n}&quot;:&quot;{v}&quot;,‹&quot;page&quot;›:1}}",
    "percent": "body=%7B%22{n}%22%3A%22{v}%22%2C%22‹page›%22%3A1%7D",
    "percent form": "path=/cb%3F{n}%3D{v}%26‹page%3D1›",
    "unicode escapes": "\\u0026{n}\\u003d{v}\\u0026‹page›\\u003d1",
    "config:set": "heroku config:set ‹A=1› {n}={v} ‹-a acme›",
    "ansi": "\x1b[36m{n}\x1b[0m=\x1b[33m{v}\x1b[0m ‹page=1›",
    "assignment": '{n} = "{v}"; ‹// from vault›',
    "arrow": "{n} -> {v}",
    "colons": "{n} := {v}",
}

VENDORS = (
    "akid", "asia", "hrku", "stripe", "stripe-long", "stripe-rk", "whsec", "ghp", "gho", "ghpat", "glpat", "xoxb", "xapp",
    "sendgrid", "mailgun", "mailgun-new", "mailchimp", "aiza", "ya29", "gocspx", "google-refresh", "openai", "openai-old",
    "anthropic", "npm", "pypi", "rubygems", "dop", "nrak", "nral", "shpat", "sq0atp", "telegram", "hvs", "doppler",
    "launchdarkly", "linear", "hf", "dapi", "glsa", "sntrys", "jwt", "jwe", "xkeysib", "tskey", "atlassian", "postman",
    "notion", "figma", "airtable", "discord-bot", "drain", "planetscale", "supabase", "groq", "docker", "age", "bcrypt", "fb",
    "together", "paypal", "onesignal", "pubnub", "klarna", "trello", "paseto", "aspnet", "laravel", "fireworks", "gocardless",
    "checkout", "klaviyo", "maxmind", "uptimerobot", "twitch", "pbkdf2",
)  # fmt: skip

CONTEXTS = (
    "client says {v} ‹is not accepted›",
    "{v}",
    "error: '{v}' ‹rejected›",
    "(‹key› {v})",
    "[{v}] ‹refused›",
    "‹sent› {v}, retrying",
    "value={v}; ‹next=1›",
    '{{"‹detail›":"bad {v}"}}',
    '{{\\"‹detail›\\":\\"{v}\\"}}',
    "GET /x/{v}?‹y=1› 404",
    "a=1&b={v}&‹c=3›",
    "<v>{v}</v> ‹done›",
    "‹was› \x1b[31m{v}\x1b[0m",
    "‹first line\\n›{v}\\nlast line",
)

URLS = (
    "postgres://app:{p}@‹db.example.com:5432/app›",
    "rediss://:{p}@‹r.example.com:6380/0›",
    "mongodb+srv://app:{p}@‹m.example.net/app?w=majority›",
    "amqp://guest:{p}@‹mq.example.com:5672›/%2f",
    "https://‹svc›:{p}@‹api.example.com/v1?x=1›",
    "mysql2://root:{p}@‹198.51.100.9:3306/shop›".replace("198.51.100.9", "10.0.3.4"),
    "smtp://‹mailer%40example.com›:{p}@‹smtp.example.com:587›".replace("mailer%40example.com", "mailer"),
    "kafka+ssl://svc:{p}@‹k1.example.com:9096›,kafka+ssl://svc:{p}@‹k2.example.com:9096›",
)
URL_FRAMES = (
    "{u}",
    "URL={u} ‹ok›",
    "(‹to› {u})",
    '"url":"{u}",‹"n"›:1',
    "could not reach {u} ‹after 3 tries›",
    "'{u}'",
)


def grid(seed: int = 1) -> Iterator[tuple[str, Labelled]]:
    """Every name in every rendering: (rendering, line)."""
    rng = random.Random(seed)
    for rendering, template in RENDERINGS.items():
        for name in NAMES:
            if rendering in {"ruby symbols", "java bare"} and not name.isidentifier():
                continue
            value = shape(rng, rng.choice(("an:16", "an:24", "hex:32", "b64u:40", "low:20")))
            yield rendering, _fill(rng, f"grid {name}", template.format(n=name, v=f"«lit:{value}»"))


def vendor_lines(seed: int = 2) -> Iterator[Labelled]:
    """Every vendor's token in every context."""
    rng = random.Random(seed)
    for vendor in VENDORS:
        for context in CONTEXTS:
            yield _fill(rng, vendor, context.format(v=f"«{vendor}»"))


def url_lines(seed: int = 3) -> Iterator[Labelled]:
    """Passwords in URLs, plain, with odd characters, percent-encoded and with escaped slashes."""
    rng = random.Random(seed)
    for url in URLS:
        for frame in URL_FRAMES:
            plain = frame.format(u=url.format(p="«an:18»"))
            yield _fill(rng, "url", plain)
            yield _fill(rng, "url odd", plain.replace("«an:18»", "«sym:14»"))
            line = _fill(rng, "url percent", plain)
            yield Labelled("url escaped slashes", line.text.replace("/", "\\/"), line.secrets)
            yield Labelled("url percent", quote(line.text, safe=""), line.secrets)


def wild(seed: int = 4) -> list[Labelled]:
    """Lines as shells, frameworks, servers and clients print them; their templates stand in a file of their own."""
    return build_all(seed, {"wild": _templates("secret_lines_wild.txt")}, head)


def harmless(seed: int = 5) -> list[Labelled]:
    """Lines that look as if they held secrets or personal data, and hold none."""
    rng = random.Random(seed)
    texts = _templates("harmless_lines.txt")
    return [Labelled("harmless", text if text.startswith("heroku[") else head(rng) + text) for text in texts]


def _templates(name: str) -> list[str]:
    return (Path(__file__).parent / name).read_text().rstrip("\n").split("\n")


def _fill(rng: random.Random, kind: str, template: str) -> Labelled:
    [line] = build_all(rng.getrandbits(32), {kind: [template]}, head)
    return line


VARIANTS: dict[str, Callable[[Labelled], Labelled | None]] = {}


def variant(name: str) -> Callable[[Callable[[Labelled], Labelled | None]], Callable[[Labelled], Labelled | None]]:
    def register(make: Callable[[Labelled], Labelled | None]) -> Callable[[Labelled], Labelled | None]:
        VARIANTS[name] = make
        return make

    return register


def _mapped(line: Labelled, change: Callable[[str], str]) -> Labelled:
    return Labelled(line.kind, change(line.text), tuple(map(change, line.secrets)), tuple(map(change, line.keep)))


@variant("inside JSON")
def in_json(line: Labelled) -> Labelled:
    inner = _mapped(line, lambda s: json.dumps(s, ensure_ascii=False)[1:-1])
    return Labelled(
        line.kind, '{"level":30,"msg":"' + inner.text + '","pid":4}', inner.secrets, (*inner.keep, '"pid":4')
    )


@variant("percent-encoded")
def percent(line: Labelled) -> Labelled:
    return _mapped(line, lambda s: quote(s, safe=""))


@variant("twice in a line")
def twice(line: Labelled) -> Labelled | None:
    if "\n" in line.text:
        return None
    return Labelled(line.kind, line.text + " | " + line.text, line.secrets, line.keep)


@variant("at the start of the line")
def at_start(line: Labelled) -> Labelled | None:
    if "]: " not in line.text:
        return None
    return Labelled(
        line.kind, line.text.split("]: ", 1)[1], line.secrets, tuple(k for k in line.keep if "]: " not in k)
    )


@variant("coloured")
def coloured(line: Labelled) -> Labelled | None:
    if "\x1b" in line.text:
        return None
    secrets = tuple(secret for secret in line.secrets if len(secret) > 13)
    text = line.text
    for secret in set(secrets):
        text = text.replace(secret, secret[:6] + "\x1b[1m" + secret[6:])
    return Labelled(line.kind, text, tuple(secret[6:] for secret in secrets)) if secrets else None


@variant("upper-cased names")
def upper_names(line: Labelled) -> Labelled | None:
    """Everything but the secrets in capitals: names, schemes, hosts."""
    if line.kind.split()[0] not in {"grid"} or "ansi" in line.kind or "\\" in line.text or "\x1b" in line.text:
        return None
    text, holes = line.text, {}
    for number, secret in enumerate(line.secrets):
        holes[f"\0{number}\0"] = secret
        text = text.replace(secret, f"\0{number}\0")
    text = text.upper()
    for hole, secret in holes.items():
        text = text.replace(hole, secret)
    return Labelled(line.kind, text, line.secrets)


def cuts(line: Labelled, least: int = 8) -> Iterator[Labelled]:
    """The line cut at each place within its last secret; what is left of the secret is the new secret."""
    if not line.secrets:
        return
    secret = line.secrets[-1]
    at = line.text.rfind(secret)
    for length in range(least, len(secret)):
        yield Labelled(line.kind, line.text[: at + length], (secret[:length],))
