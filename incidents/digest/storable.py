"""Text from logs as every database takes it."""

from __future__ import annotations

from typing import Any

_NUL = "\N{SYMBOL FOR NULL}"


def storable(value: Any) -> Any:
    """The same value without what PostgreSQL refuses in text and JSON: NUL and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\0", _NUL).encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(item) for item in value]
    return value
