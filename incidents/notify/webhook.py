"""Sending a webhook, so that nobody can make us talk to what only we can reach.

The address is parsed once, its host is resolved once, every address it has must be public, and the connection goes to
one of exactly those. Redirects are not followed. `settings.WEBHOOK_PRIVATE` allows private addresses and plain http,
for installations whose receivers stand in the same network.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

TIMEOUT_SECONDS = 5.0
MOST_BYTES = 64 * 1024
_EMBEDDING = [ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]
"""IPv6 networks whose addresses hold an IPv4 address that is the real target."""


class NotSent(Exception):
    """The message did not arrive; the text is one sentence. ``is_final`` means that trying again is of no use."""

    def __init__(self, message: str, *, is_final: bool = False, status: int | None = None) -> None:
        super().__init__(message)
        self.is_final, self.status = is_final, status


class Target(NamedTuple):
    """An address of a webhook, taken apart. ``host`` is in ASCII."""

    is_tls: bool
    host: str
    port: int
    path: str


def parse_target(url: str) -> Target:
    """Raises `NotSent` (final) for what is no address of a webhook."""
    if any(letter.isspace() or not letter.isprintable() or letter == "\\" for letter in url):
        raise NotSent("The address has blanks or control characters in it.", is_final=True)
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii") if parts.hostname else ""
    except (ValueError, UnicodeError):
        raise NotSent("The address cannot be read.", is_final=True) from None
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.WEBHOOK_PRIVATE):
        raise NotSent("The address must begin with https://.", is_final=True)
    if not host or "@" in parts.netloc:
        raise NotSent("The address needs a host, and no name or password before it.", is_final=True)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise NotSent("The address has letters that must be percent-encoded.", is_final=True)
    is_tls = parts.scheme == "https"
    return Target(is_tls, host, port or (443 if is_tls else 80), path)


def resolve(target: Target) -> list[str]:
    """The addresses of the host. Raises `NotSent` if it has none, or one that is not public."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        raise NotSent(f"The host {target.host} has no address.") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not settings.WEBHOOK_PRIVATE and not all(is_public(address) for address in addresses):
        raise NotSent("The host lies in a private network, which webhooks may not reach.", is_final=True)
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address can be reached by everybody, so that reaching it through us gives nothing away."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if any(found in network for network in _EMBEDDING):
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def signature(secret: str, body: bytes, at: int) -> str:
    """``t=<unix seconds>,v1=<hex>``: HMAC-SHA256 over ``<t>.<body>``."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


def send(url: str, content: dict[str, Any], *, secret: str, delivery: str) -> int:
    """Post JSON. Returns the status of the answer, which is 2xx. Raises `NotSent`."""
    target = parse_target(url)
    addresses = resolve(target)
    body = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json", "User-Agent": "Triage-Webhook/1", "Triage-Event": str(content["event"]),
        "Triage-Delivery": delivery, "Triage-Signature": signature(secret, body, int(time.time())),
        "Connection": "close",
    }  # fmt: skip
    connection = _Pinned(target, addresses)
    try:
        connection.request("POST", target.path, body, headers)
        status = connection.getresponse().status
    except TimeoutError:
        raise NotSent(f"The receiver did not answer within {TIMEOUT_SECONDS:.0f} seconds.") from None
    except ssl.SSLError as error:
        raise NotSent(f"The receiver's certificate was refused: {error.reason or 'TLS failed'}.") from None
    except (OSError, http.client.HTTPException) as error:
        raise NotSent(f"The receiver could not be reached: {type(error).__name__}.") from None
    finally:
        connection.close()
    return _judged(status)


def _judged(status: int) -> int:
    if 200 <= status < 300:
        return status
    if 300 <= status < 400:
        raise NotSent(f"The receiver answered {status}; redirects are not followed.", is_final=True, status=status)
    is_final = 400 <= status < 500 and status not in (408, 425, 429)
    raise NotSent(f"The receiver answered {status}.", is_final=is_final, status=status)


class _Pinned(http.client.HTTPConnection):
    """A connection to one of the resolved addresses, whatever the name's address is by now."""

    def __init__(self, target: Target, addresses: list[str]) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT_SECONDS)
        self._target, self._addresses = target, addresses

    def connect(self) -> None:
        problem: OSError | None = None
        for address in self._addresses[:3]:
            try:
                plain = socket.create_connection((address, self._target.port), timeout=TIMEOUT_SECONDS)
            except OSError as error:
                problem = error
                continue
            if self._target.is_tls:
                context = ssl.create_default_context()
                plain = context.wrap_socket(plain, server_hostname=self._target.host)
            self.sock = plain
            return
        raise problem or OSError("no address")
