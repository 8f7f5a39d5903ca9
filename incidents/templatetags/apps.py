"""What the pages of apps show: clock times of forms, and where a webhook leads without its secret path."""

from __future__ import annotations

from datetime import time
from typing import Any
from urllib.parse import urlsplit

from django import template

from incidents.models import DrainKind

register = template.Library()


@register.filter
def time_value(value: Any) -> str:
    """For ``<input type="time">``: ``22:00``; what somebody typed stays as it is."""
    return value.strftime("%H:%M") if isinstance(value, time) else str(value or "")


@register.filter
def drain_kind(kind: str) -> str:
    return DrainKind(kind).label if kind in DrainKind.values else kind


@register.filter
def host(url: str) -> str:
    """The host of an address: its path is often a secret."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
