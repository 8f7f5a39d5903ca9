"""Typed readers of environment variables. A value that makes no sense stops the start with a sentence."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """The variable as it stands, without blanks around it."""
    return os.environ.get(name, default).strip()


def boolean(name: str, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in _TRUE:
        return True
    if value.strip().lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; write 1 or 0.")


def first_line(path: Path) -> str:
    """What a file holds on its first line; empty if there is no such file."""
    try:
        return path.read_text().partition("\n")[0].strip()
    except (FileNotFoundError, PermissionError):
        return ""


def integer(name: str, default: int, *, least: int = 0) -> int:
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}; write a whole number.") from None
    if number < least:
        raise ImproperlyConfigured(f"{name} is {number}; it must be at least {least}.")
    return number


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def broker_url(name: str, default: str) -> str:
    """A Redis address for Celery. ``unix:///path`` (as redis-py writes it) becomes ``redis+socket:///path``."""
    url = text(name) or default
    scheme, _, rest = url.partition("://")
    if scheme not in ("redis", "rediss", "unix", "redis+socket"):
        raise ImproperlyConfigured(f"{name} must begin with redis://, rediss:// or unix://, not {scheme!r}.")
    return f"redis+socket://{rest}" if scheme == "unix" else url


def redis_url(broker: str) -> str:
    """The same server in the form that redis-py and Django's cache read."""
    return "unix://" + broker.removeprefix("redis+socket://") if broker.startswith("redis+socket://") else broker
