"""The table of dynos: memory against quota, restarts and crashes, one row per process name."""

from __future__ import annotations

import math
from typing import Any

from . import events, memory
from .memory import Memory
from .types import Facts, Gauge


def table(facts: Facts) -> list[dict[str, Any]]:
    """Rows of the document's ``dynos``, by name. One-off dynos are listed only if something befell them."""
    looks: dict[str, list[Memory]] = {}
    for look in memory.look(facts):
        looks.setdefault(look.process, []).append(look)
    gauges: dict[str, list[Gauge]] = {}
    for gauge in facts.gauges:
        gauges.setdefault(gauge.process, []).append(gauge)
    rows = {name: _row(name, looks.get(name, []), gauges.get(name, [])) for name in gauges}
    for run in events.runs(facts):
        if run.type in ("run", "release", "scheduler") and not run.crashed and not run.codes:
            continue
        row = rows.setdefault(run.process, _row(run.process, [], []))
        row["restarts"] += run.number > 0
        row["crashes"] += run.crashed
        for event in run.codes:
            code = event.detail["code"]
            if code in ("R14", "R15"):
                row[code.lower()] += 1
                _from_code(row, event.detail)
    return [rows[name] for name in sorted(rows, key=_natural)]


def _row(name: str, looks: list[Memory], gauges: list[Gauge]) -> dict[str, Any]:
    worst = max(looks, key=lambda look: look.max_mb, default=None)
    growing = next((look for look in looks if look.shape == "leak"), None)
    quota = next((look.quota_mb for look in looks if look.quota_mb), None)
    hours = growing.hours_to(quota) if growing and quota else None
    return {
        "name": name,
        "memory_max_mb": round(worst.max_mb, 1) if worst else 0,
        "memory_quota_mb": round(quota, 1) if quota else 0,
        "memory_shape": growing.shape if growing else worst.shape if worst else "unknown",
        "memory_slope_mb_per_hour": round(growing.slope, 1) if growing else 0.0,
        "hours_to_quota": [round(hours[0], 1), round(hours[1], 1)] if hours else None,
        "load_max": _peak(gauges, "load_avg_1m"),
        "r14": 0,
        "r15": 0,
        "restarts": 0,
        "crashes": 0,
    }


def _peak(gauges: list[Gauge], name: str) -> float:
    values = [value for gauge in gauges for value in gauge.values.get(name, []) if not math.isnan(value)]
    return round(max(values, default=0.0), 2)


def _from_code(row: dict[str, Any], detail: dict[str, Any]) -> None:
    """R14 and R15 lines tell the memory, and the quota as its share, where no metrics are logged."""
    if "mb" in detail and detail["mb"] > row["memory_max_mb"]:
        row["memory_max_mb"] = round(detail["mb"], 1)
    if detail.get("percent") and not row["memory_quota_mb"]:
        row["memory_quota_mb"] = round(detail["mb"] / detail["percent"] * 100)


def _natural(name: str) -> tuple[str, int, str]:
    """web.2 before web.10, web before worker."""
    kind, _, number = name.partition(".")
    return ("0" if kind == "web" else "1") + kind, int(number) if number.isdigit() else 0, name
