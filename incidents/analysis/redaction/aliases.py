"""Stable names for personal data, so that a shared picture stays readable: the same address is ``client-1`` everywhere."""

from __future__ import annotations

_PREFIXES = {"ip": b"client", "email": b"person"}


class Aliases:
    """Gives each address the next free name and remembers it. One object per shared incident; holds what it names, so never
    send or store it outside the team."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, bytes], bytes] = {}
        self._counts: dict[str, int] = {}

    def name(self, kind: str, value: bytes) -> bytes | None:
        """``client-1``, ``person-2`` …; None for a kind that has no aliases and takes its marker."""
        prefix = _PREFIXES.get(kind)
        if prefix is None:
            return None
        key = (kind, value.lower().replace(b"%40", b"@"))
        if key not in self._names:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[key] = b"%b-%d" % (prefix, self._counts[kind])
        return self._names[key]
