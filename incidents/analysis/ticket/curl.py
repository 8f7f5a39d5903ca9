"""A `curl` command that repeats one request of the log, quoted so that a log line can't become a command."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple
from urllib.parse import quote

from ..redact import redact

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
CHANGING_METHODS = ("POST", "PUT", "PATCH", "DELETE")
UNKNOWN_HOST = "YOUR-APP.example.com"
"""Stands where the log names no host; the completeness check asks for it."""

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::\d{1,5})?\Z", re.ASCII)
_ASSET = re.compile(r"\.(?:css|js|mjs|map|png|jpe?g|gif|svg|webp|ico|woff2?|ttf)\Z", re.IGNORECASE)
_HARMLESS = re.compile(r"(?:\d{1,6}|true|false|yes|no|on|off|asc|desc|[a-z]{2}|)\Z", re.ASCII)
_MARKER = re.compile(r"\[REDACTED[^\]]{0,80}\]")
_PATH_SAFE = "/:@!$&()*+,;=-._~"
_ESCAPED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WRITE_OUT = "%{http_code} after %{time_total} s\\n"


class Request(NamedTuple):
    """One request as the router logged it. ``path`` holds the query; ``host`` may be empty."""

    method: str
    path: str
    host: str = ""


class Reproduction(NamedTuple):
    """The command, and what to know before running it; no command where the log holds no usable request."""

    command: str
    warnings: tuple[str, ...] = ()


def reproduce(request: Request) -> Reproduction:
    """``curl`` for that request. Query values are masked unless plainly harmless; no header or body is repeated."""
    method = request.method.upper()
    if method not in SAFE_METHODS + CHANGING_METHODS or not request.path.startswith("/"):
        return Reproduction("")
    host = request.host if _HOST.match(request.host) else UNKNOWN_HOST
    path, masked = _masked(request.path)
    words = ["curl", "-sS", "-o", "/dev/null", "--max-time", "31", "-w", _WRITE_OUT]
    head_only = method == "HEAD" or (method == "GET" and _ASSET.search(path.partition("?")[0]))
    if head_only:
        words = ["curl", "-sSI", "--max-time", "31"]
    elif method != "GET":
        words += ["-X", method]
    url = f"https://{host}{_encoded(path)}"
    return Reproduction(shlex.join([*words, url]), tuple(_warnings(method, masked, host)))


def _warnings(method: str, masked: bool, host: str) -> list[str]:
    found = []
    if method in CHANGING_METHODS:
        found.append(
            f"{method} may change data, and the log does not hold its body: "
            "run it against a test account, never blindly in production."
        )
    if masked:
        found.append("Values of the query were masked; put in such that may be shared.")
    if host == UNKNOWN_HOST:
        found.append("The log does not name the host: put in the app's address.")
    return found


def _masked(path: str) -> tuple[str, bool]:
    """The path without credentials, personal data and values of the query that might be either."""
    stem, mark, query = path.partition("?")
    clean = _MARKER.sub("MASKED", redact(stem, personal=True)) or "/"
    changed = clean != stem
    if not mark:
        return clean, changed
    pairs = []
    for pair in query.split("&"):
        key, equals, value = pair.partition("=")
        if equals and not _HARMLESS.match(value):
            value, changed = "VALUE", True
        elif not equals and not _HARMLESS.match(key) and len(key) > 40:
            key, changed = "VALUE", True
        pairs.append(f"{key}{equals}{value}")
    return f"{clean}?{'&'.join(pairs)}", changed


def _encoded(path: str) -> str:
    """Percent-encode what a URL may not hold. Router 2.0 logs paths decoded; escapes that stand in the log stay."""
    stem, mark, query = path.partition("?")
    kept = [
        quote(_ESCAPED.sub("%25", part), safe=safe)
        for part, safe in ((stem, _PATH_SAFE + "%"), (query, _PATH_SAFE + "?%"))
    ]
    return kept[0] + mark + kept[1]
