"""Dyno types: memory, thresholds of R14 and R15, and which type a quota in the log speaks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .loading import entries, read

_FIR = re.compile(r"dyno-(\d+)c-(\d+(?:\.\d+)?)gb\Z", re.ASCII)

QUOTA_TOLERANCE = 0.03
"""Relative. ``mem=533M(104.3%)`` is rounded, and old 1X and 2X dynos had 512 and 1,024 MB minus a little."""


@dataclass(frozen=True, slots=True)
class DynoType:
    """One size of dyno. Percentages are of ``memory_mb``; ``r14_percent`` is None where a dyno cannot swap."""

    name: str
    aliases: tuple[str, ...]
    generation: str  # cedar or fir
    memory_mb: int
    compute: str
    dedicated: bool
    r14_percent: int | None
    r15_percent: int
    processes: int | None  # processes and threads; None where unknown
    note: str
    source: str
    date: str

    @property
    def kill_mb(self) -> float:
        """Resident memory plus swap above this ends the dyno."""
        return self.memory_mb * self.r15_percent / 100


def _cedar() -> list[DynoType]:
    found = []
    for entry in entries("dynos.toml", "dynos", "name"):
        found.append(
            DynoType(
                name=entry.text("name"),
                aliases=entry.texts("aliases"),
                generation=entry.text("generation"),
                memory_mb=entry.number("memory_mb"),
                compute=entry.text("compute"),
                dedicated=entry.flag("dedicated"),
                r14_percent=entry.number("r14_percent", 0) or None,
                r15_percent=entry.number("r15_percent"),
                processes=entry.number("processes"),
                note=entry.text("note", ""),
                source=entry.text("source"),
                date=entry.text("date"),
            )
        )
        entry.end()
    return found


def _fir() -> list[DynoType]:
    table = read("dynos.toml")["fir"]
    found = []
    for name in table["sizes"]:
        cores, memory_gb = _FIR.match(name).groups()  # type: ignore[union-attr]  # a wrong name must fail here
        found.append(
            DynoType(
                name=name,
                aliases=(),
                generation="fir",
                memory_mb=int(float(memory_gb) * 1024),
                compute=f"{cores} vCPU",
                dedicated=False,
                r14_percent=None,
                r15_percent=table["r15_percent"],
                processes=None,
                note=table["note"],
                source=table["source"],
                date=table["date"],
            )
        )
    return found


DYNO_TYPES: tuple[DynoType, ...] = (*_cedar(), *_fir())
_BY_NAME = {name.lower(): kind for kind in DYNO_TYPES for name in (kind.name, *kind.aliases)}


def dyno_type(name: str) -> DynoType | None:
    """The type of that name, as it stands in ``Scaled to web@1:Standard-2X``; old names too, case does not matter."""
    return _BY_NAME.get(name.strip().lower())


def quota_for(name: str) -> int | None:
    """Memory in MB of a dyno type, or None for a name that the catalogue does not know."""
    kind = dyno_type(name)
    return kind.memory_mb if kind else None


def infer_quota_mb(used_mb: float, percent: float) -> int | None:
    """The quota behind ``Process running mem=533M(104.3%)``: that of the nearest dyno size, else the plain quotient.

    None if the numbers cannot be of such a line.
    """
    if used_mb <= 0 or percent <= 0:
        return None
    quota = used_mb / percent * 100
    nearest = min({kind.memory_mb for kind in DYNO_TYPES}, key=lambda memory: abs(memory - quota))
    return nearest if abs(nearest - quota) <= nearest * QUOTA_TOLERANCE else round(quota)


def types_with_quota(quota_mb: float) -> tuple[DynoType, ...]:
    """Dyno types of that memory, Cedar first: what a log with this quota may run on."""
    return tuple(kind for kind in DYNO_TYPES if abs(kind.memory_mb - quota_mb) <= kind.memory_mb * QUOTA_TOLERANCE)


def kill_percents(quota_mb: float) -> tuple[int, ...]:
    """Kill thresholds (R15) of the types with that memory, lowest first; several where the log cannot tell which."""
    return tuple(sorted({kind.r15_percent for kind in types_with_quota(quota_mb)}))
