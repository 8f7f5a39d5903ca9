"""Whether two results say the same, field by field; numbers of names are compared by the names."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from incidents.analysis.types import Canonical, Columns, Requests


def chunk(*lines: bytes) -> Canonical:
    """A chunk whose lines are canonical as they stand."""
    data = b"".join(line + b"\n" for line in lines)
    return Canonical(data, data, np.arange(len(lines), dtype=np.int32), len(lines))


def assert_same(got: Any, expected: Any, where: str = "result") -> None:
    if isinstance(got, np.ndarray):
        assert isinstance(expected, np.ndarray), where
        assert got.tolist() == expected.tolist(), where
    elif isinstance(got, Columns | Requests):
        assert_same(_named(got), _named(expected), where)
    elif dataclasses.is_dataclass(got):
        assert type(got) is type(expected), where
        for field in dataclasses.fields(got):
            assert_same(getattr(got, field.name), getattr(expected, field.name), f"{where}.{field.name}")
    elif isinstance(got, dict):
        assert set(got) == set(expected), where
        for key in got:
            assert_same(got[key], expected[key], f"{where}[{key!r}]")
    elif isinstance(got, list | tuple):
        assert len(got) == len(expected), where
        for place, (one, other) in enumerate(zip(got, expected, strict=True)):
            assert_same(one, other, f"{where}[{place}]")
    elif isinstance(got, float):
        assert got == expected or (got != got and expected != expected), where
    else:
        assert type(got) is type(expected), where
        assert got == expected, where


def _named(columns: Columns | Requests, names: dict[str, list[str]] | None = None) -> dict[str, Any]:
    names = columns.names if isinstance(columns, Columns) else names or {}
    plain = {}
    for field in dataclasses.fields(columns):
        value = getattr(columns, field.name)
        if isinstance(value, Requests):
            value = _named(value, names)
        elif field.name in names:
            value = [names[field.name][index] for index in value.tolist()]
        if field.name != "names":
            plain[field.name] = value
    return plain
