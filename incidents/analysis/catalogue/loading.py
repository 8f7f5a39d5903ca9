"""Reading the catalogue's TOML files. Prose is folded to one line; a wrong entry is named with its file and field."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

from incidents.analysis.types import Remedy


class CatalogueError(ValueError):
    """A data file of the catalogue is wrong; the message names file, entry and field."""


class Entry:
    """One table of a data file, read field by field; whatever is left unread at the end is a spelling mistake.

    ``defaults`` are the file's own top-level fields (source, date …), which an entry may override.
    """

    def __init__(self, file: str, name: str, data: dict[str, Any], defaults: dict[str, Any]) -> None:
        self._where = f"{file}: {name}"
        self._data = dict(data)
        self._defaults = defaults

    def _take(self, field: str, kind: type, fallback: Any) -> Any:
        value = self._data.pop(field, self._defaults.get(field, fallback))
        if value is None:
            raise CatalogueError(f"{self._where} lacks {field!r}")
        if not isinstance(value, kind):
            raise CatalogueError(f"{self._where}: {field!r} should be {kind.__name__}, not {value!r}")
        return value

    def text(self, field: str, fallback: str | None = None) -> str:
        return " ".join(self._take(field, str, fallback).split())

    def number(self, field: str, fallback: int | None = None) -> int:
        return int(self._take(field, int, fallback))

    def flag(self, field: str, fallback: bool = False) -> bool:
        return bool(self._take(field, bool, fallback))

    def texts(self, field: str, fallback: list[str] | None = None) -> tuple[str, ...]:
        return tuple(" ".join(str(value).split()) for value in self._take(field, list, fallback))

    def numbers(self, field: str, fallback: list[int] | None = None) -> tuple[int, ...]:
        return tuple(int(value) for value in self._take(field, list, fallback))

    def tables(self, field: str) -> list[Entry]:
        rows = self._take(field, list, [])
        return [Entry(self._where, f"{field}[{i}]", row, {}) for i, row in enumerate(rows)]

    def remedies(self, field: str) -> tuple[Remedy, ...]:
        found = []
        for row in self.tables(field):
            found.append(Remedy(row.text("text"), row.text("command", "")))
            row.end()
        return tuple(found)

    def end(self) -> None:
        """Every field must have been read."""
        if self._data:
            raise CatalogueError(f"{self._where} has unknown fields: {', '.join(sorted(self._data))}")


def read(file: str) -> dict[str, Any]:
    """The parsed data file. Raises `CatalogueError` if it is no valid TOML."""
    path = files(__package__) / "data" / file
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{file} is no valid TOML: {error}") from error


def entries(file: str, table: str, name: str) -> list[Entry]:
    """The tables ``[[table]]`` of a data file, each known by its field ``name`` in messages."""
    data = read(file)
    defaults = {key: value for key, value in data.items() if isinstance(value, str)}
    return [Entry(file, f"{table} {row.get(name, i)!r}", row, defaults) for i, row in enumerate(data[table])]
