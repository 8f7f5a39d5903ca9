"""Limits of the platform and of database plans, exit statuses and SQLSTATEs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .loading import entries

_PLAN = re.compile(r"(?P<tier>[a-z]+)-(?P<level>\d+)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of the platform: ``value`` in ``unit``, and the sentence that says it."""

    name: str
    value: int
    unit: str
    text: str
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan of Heroku Postgres or Key-Value Store. ``memory_mb`` is None for Postgres; figures are second-hand."""

    name: str
    connections: int
    memory_mb: int | None
    retired: bool
    and_above: bool  # the same limit holds for higher levels of this tier
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How an exit status reads on Heroku. ``normal``: no crash by itself."""

    status: int
    signal: str
    title: str
    meaning: str
    normal: bool
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class SqlState:
    """A SQLSTATE of a Postgres line, and the cause it speaks for ('' for none)."""

    state: str
    title: str
    meaning: str
    slug: str
    source: str
    date: str


def _limits() -> dict[str, Limit]:
    found = {}
    for entry in entries("limits.toml", "limits", "name"):
        name = entry.text("name")
        found[name] = Limit(
            name=name,
            value=entry.number("value"),
            unit=entry.text("unit"),
            text=entry.text("text"),
            source=entry.text("source"),
            date=entry.text("date"),
        )
        entry.end()
    return found


def _plans(table: str) -> dict[str, Plan]:
    found = {}
    for entry in entries("plans.toml", table, "name"):
        name = entry.text("name")
        found[name] = Plan(
            name=name,
            connections=entry.number("connections"),
            memory_mb=entry.number("memory_mb", 0) or None,
            retired=entry.flag("retired"),
            and_above=entry.flag("and_above"),
            source=entry.text("source"),
            date=entry.text("date"),
        )
        entry.end()
    return found


def _exits() -> dict[int, ExitStatus]:
    found = {}
    for entry in entries("exits.toml", "exits", "status"):
        status = entry.number("status")
        found[status] = ExitStatus(
            status=status,
            signal=entry.text("signal"),
            title=entry.text("title"),
            meaning=entry.text("meaning"),
            normal=entry.flag("normal"),
            source=entry.text("source"),
            date=entry.text("date"),
        )
        entry.end()
    return found


def _sqlstates() -> dict[str, SqlState]:
    found = {}
    for entry in entries("sqlstates.toml", "sqlstates", "state"):
        state = entry.text("state")
        found[state] = SqlState(
            state=state,
            title=entry.text("title"),
            meaning=entry.text("meaning"),
            slug=entry.text("slug"),
            source=entry.text("source"),
            date=entry.text("date"),
        )
        entry.end()
    return found


LIMITS: dict[str, Limit] = _limits()
POSTGRES_PLANS: dict[str, Plan] = _plans("postgres")
REDIS_PLANS: dict[str, Plan] = _plans("redis")
EXIT_STATUSES: dict[int, ExitStatus] = _exits()
SQLSTATES: dict[str, SqlState] = _sqlstates()


def postgres_plan(name: str) -> Plan | None:
    """The plan of that name; for ``standard-5`` the entry that stands for the levels above it; None if unknown."""
    wanted = name.strip().lower().removeprefix("heroku-postgresql:")
    if wanted in POSTGRES_PLANS:
        return POSTGRES_PLANS[wanted]
    match = _PLAN.match(wanted)
    if not match:
        return None
    for plan in POSTGRES_PLANS.values():
        tier, _, level = plan.name.rpartition("-")
        if plan.and_above and tier == match["tier"] and int(match["level"]) >= int(level):
            return plan
    return None


def exit_status(status: int) -> ExitStatus:
    """How that exit status reads; 129 to 159 without an entry are signals, everything else is 'an error'."""
    if status in EXIT_STATUSES:
        return EXIT_STATUSES[status]
    signal, title, meaning = "", "an error of its own", "The program chose this status itself; its last lines say why."
    if 128 < status < 160:
        signal, title, meaning = f"signal {status - 128}", "ended by a signal", f"Ended by signal {status - 128}."
    known = EXIT_STATUSES[1]
    return ExitStatus(status, signal, title, meaning, normal=False, source=known.source, date=known.date)
