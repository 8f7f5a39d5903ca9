"""Invented secrets in the shapes that vendors use, and a small language for labelled log lines.

Prefixes are joined from parts, so that nothing in the repository looks like a credential to a scanner.
"""

from __future__ import annotations

import random
import re
import string
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
B64 = ALNUM + "+/"
B64U = ALNUM + "-_"
BASE32 = string.ascii_uppercase + "234567"
UPPER = string.ascii_uppercase + string.digits
LOWER = string.ascii_lowercase + string.digits
SYMBOLS = ALNUM + "!#%+*.~^"


@dataclass(frozen=True)
class Labelled:
    """One log text: what must be gone, and what must be left. Without secrets it must come back unchanged."""

    kind: str
    text: str
    secrets: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()


def _pick(rng: random.Random, alphabet: str, length: int) -> str:
    """Random characters; a digit, an upper and a lower letter are always among them where the alphabet has them."""
    chars = [rng.choice(alphabet) for _ in range(length)]
    sets = [[c for c in alphabet if test(c)] for test in (str.isdigit, str.islower, str.isupper)]
    for place, choices in zip(rng.sample(range(length), min(3, length)), sets, strict=False):
        if choices:
            chars[place] = rng.choice(choices)
    return "".join(chars)


def _luhn(rng: random.Random, start: str, length: int) -> str:
    body = start + "".join(rng.choice(string.digits) for _ in range(length - len(start) - 1))
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (1 if place % 2 else 2)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def _grouped(number: str, mark: str) -> str:
    return mark.join(number[i : i + 4] for i in range(0, len(number), 4))


_ALPHABETS = {"an": ALNUM, "hex": HEX, "HEX": HEX.upper(), "b64": B64, "b64u": B64U, "up": UPPER, "low": LOWER,
              "b32": BASE32, "sym": SYMBOLS, "num": string.digits}  # fmt: skip

_JOINED: dict[str, tuple[str, ...]] = {
    # A tuple is joined: literal parts, and "alphabet:length" for random ones.
    "akid": ("AK", "IA", "b32:16"),
    "asia": ("AS", "IA", "b32:16"),
    "hrku": ("HRK", "U-AA", "b64u:58"),
    "stripe": ("sk", "_live_", "an:24"),
    "stripe-long": ("sk", "_test_51", "an:97"),
    "stripe-rk": ("rk", "_live_", "an:24"),
    "whsec": ("whs", "ec_", "an:32"),
    "ghp": ("gh", "p_", "an:36"),
    "gho": ("gh", "o_", "an:36"),
    "ghpat": ("github", "_pat_", "an:22", "_", "an:59"),
    "glpat": ("gl", "pat-", "b64u:20"),
    "xoxb": ("xo", "xb-", "num:12", "-", "num:12", "-", "an:24"),
    "xapp": ("xa", "pp-1-A", "up:10", "-", "num:13", "-", "hex:64"),
    "sendgrid": ("S", "G.", "b64u:22", ".", "b64u:43"),
    "mailgun": ("ke", "y-", "hex:32"),
    "mailgun-new": ("hex:32", "-", "hex:8", "-", "hex:8"),
    "mailchimp": ("hex:32", "-us", "19"),
    "aiza": ("AI", "za", "b64u:35"),
    "ya29": ("ya", "29.", "b64u:80"),
    "gocspx": ("GOC", "SPX-", "b64u:28"),
    "google-refresh": ("1/", "/0", "b64u:60"),
    "openai": ("s", "k-proj-", "b64u:48"),
    "openai-old": ("s", "k-", "an:48"),
    "anthropic": ("sk", "-ant-api03-", "b64u:93", "AA"),
    "npm": ("np", "m_", "an:36"),
    "pypi": ("py", "pi-AgEIcHlwaS5vcmc", "b64u:70"),
    "rubygems": ("ruby", "gems_", "hex:48"),
    "dop": ("do", "p_v1_", "hex:64"),
    "nrak": ("NR", "AK-", "up:27"),
    "nral": ("hex:36", "NR", "AL"),
    "shpat": ("sh", "pat_", "hex:32"),
    "sq0atp": ("sq0", "atp-", "b64u:22"),
    "telegram": ("num:10", ":A", "A", "b64u:33"),
    "hvs": ("hv", "s.", "b64u:90"),
    "doppler": ("dp", ".st.prd.", "an:43"),
    "launchdarkly": ("sd", "k-", "uuid"),
    "linear": ("lin", "_api_", "an:40"),
    "hf": ("h", "f_", "an:34"),
    "dapi": ("da", "pi", "hex:32"),
    "glsa": ("gl", "sa_", "an:32", "_", "hex:8"),
    "sntrys": ("snt", "rys_eyJ", "b64:80", "_", "b64u:43"),
    "jwt": ("ey", "JhbGciOiJIUzI1NiJ9.", "ey", "Jzdw", "b64u:60", ".", "b64u:43"),
    "jwe": ("ey", "JlbmMiOiJBMjU2R0NNIn0.", "b64u:43", ".", "b64u:16", ".", "b64u:50", ".", "b64u:22"),
    "xkeysib": ("xkey", "sib-", "hex:64", "-", "an:16"),
    "tskey": ("ts", "key-auth-", "an:12", "-", "an:32"),
    "atlassian": ("ATA", "TT3", "b64u:60"),
    "postman": ("PM", "AK-", "hex:24", "-", "hex:34"),
    "notion": ("nt", "n_", "an:46"),
    "figma": ("fi", "gd_", "b64u:40"),
    "airtable": ("pa", "t", "an:14", ".", "hex:64"),
    "discord-bot": ("M", "an:23", ".", "b64u:6", ".", "b64u:38"),
    "drain": ("d", ".", "uuid"),
    "planetscale": ("psc", "ale_pw_", "b64u:43"),
    "supabase": ("sb", "p_", "hex:40"),
    "twilio-sk": ("S", "K", "hex:32"),
    "groq": ("gs", "k_", "an:52"),
    "docker": ("dck", "r_pat_", "b64u:27"),
    "age": ("AGE-SECRET", "-KEY-1", "up:58"),
    "bcrypt": ("$2b$", "12$", "an:53"),
    "fb": ("EA", "AC", "an:120"),
    "azure": ("an:3", "8", "Q~", "b64u:34"),
    "square": ("EAA", "A", "b64u:60"),
    "together": ("tgp", "_v1_", "b64u:43"),
    "paypal": ("A21", "AA", "b64u:90"),
    "onesignal": ("os_v2", "_app_", "low:100"),
    "pubnub": ("sec", "-c-", "an:50"),
    "klarna": ("klarna", "_live_api_", "b64u:60"),
    "trello": ("AT", "TA", "hex:64"),
    "paseto": ("v4", ".local.", "b64u:80"),
    "aspnet": ("Cf", "DJ8", "b64u:120"),
    "laravel": ("ey", "JpdiI6", "an:120"),
    "fireworks": ("f", "w_", "an:24"),
    "gocardless": ("li", "ve_", "b64u:40"),
    "checkout": ("s", "k_", "uuid"),
    "klaviyo": ("p", "k_", "hex:34"),
    "maxmind": ("an:6", "_", "an:29", "_m", "mk"),
    "uptimerobot": ("u", "1234567-", "hex:24"),
    "twitch": ("oa", "uth:", "low:30"),
    "pbkdf2": ("pbkdf2", ":sha256:600000$", "an:16", "$", "hex:64"),
}


def shape(rng: random.Random, name: str) -> str:
    """One invented value of the shape ``name``: a vendor's, ``uuid``, ``card``…, ``lit:TEXT`` or ``alphabet:length``."""
    if name in _JOINED:
        return "".join(shape(rng, p) if re.fullmatch(r"\w+:\d+|uuid", p) else p for p in _JOINED[name])
    if name == "uuid":
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))
    if name.startswith("card"):
        return _grouped(_luhn(rng, rng.choice(("4539", "5422", "4716")), 16), name[4:])
    if name == "pem":
        return "\n".join(_pick(rng, B64, 64) for _ in range(4))
    kind, _, rest = name.partition(":")
    return rest if kind == "lit" else _pick(rng, _ALPHABETS[kind], int(rest))


_PART = re.compile(r"«([^»]+)»|‹([^›]+)›|¤([^¤]+)¤")


def build(rng: random.Random, kind: str, template: str) -> Labelled:
    """Fill a template: ``«shape»`` is a secret, ``‹text›`` must be kept, ``¤shape¤`` is harmless filling."""
    secrets: list[str] = []
    keep: list[str] = []

    def fill(part: re.Match[str]) -> str:
        if part[1]:
            value = shape(rng, part[1])
            secrets.extend(value.split("\n"))
            return value
        if part[2]:
            keep.append(part[2])
            return part[2]
        return shape(rng, part[3])

    text = _PART.sub(fill, template)
    return Labelled(kind, text, tuple(secrets), tuple(keep))


def build_all(seed: int, families: Mapping[str, Iterable[str]], head: Callable[[random.Random], str]) -> list[Labelled]:
    """All templates of all families, each behind a log line's head; the same seed gives the same lines."""
    rng = random.Random(seed)
    return [build(rng, kind, head(rng) + template) for kind, templates in families.items() for template in templates]


def head(rng: random.Random) -> str:
    """The head of a canonical line: time, source and dyno."""
    proc = rng.choice(("web.1", "web.2", "worker.1", "release.41", "run.7304", "clock.1"))
    return (
        f"2026-03-14T09:{rng.randrange(60):02d}:{rng.randrange(60):02d}.{rng.randrange(10**6):06d}+00:00 app[{proc}]: "
    )
