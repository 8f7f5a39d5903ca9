"""Tier one of what Triage knows: 'this token means that', as data with source and date.

Codes, causes, dyno types, limits, plans, exit statuses, SQLSTATEs and CLI commands are TOML files in ``data/``; the
modules beside this one load them into frozen dataclasses and answer questions about single entries. Whatever counts,
orders or compares is a rule.

    >>> lookup("H12").title
    'Request timeout'
    >>> cause("slow-endpoint").severity
    'high'
"""

from __future__ import annotations

from .causes import CAUSES, SLUGS, Cause, Owner, cause
from .codes import CODES, Code, Sample, codes_in, lookup
from .commands import COMMANDS, Command, command_of, fill, ready, with_app
from .dynos import DYNO_TYPES, DynoType, dyno_type, infer_quota_mb, kill_percents, quota_for, types_with_quota
from .limits import (
    EXIT_STATUSES,
    LIMITS,
    POSTGRES_PLANS,
    REDIS_PLANS,
    SQLSTATES,
    ExitStatus,
    Limit,
    Plan,
    SqlState,
    exit_status,
    postgres_plan,
)
from .loading import CatalogueError
from .support import PRIORITIES, SUPPORT_KINDS, SUPPORT_NOTES, Priority, SupportKind, support_kind

__all__ = [
    "CAUSES", "CODES", "COMMANDS", "DYNO_TYPES", "EXIT_STATUSES", "LIMITS", "POSTGRES_PLANS", "PRIORITIES",
    "REDIS_PLANS", "SLUGS", "SQLSTATES", "SUPPORT_KINDS", "SUPPORT_NOTES", "CatalogueError", "Cause", "Code",
    "Command", "DynoType", "ExitStatus", "Limit", "Owner", "Plan", "Priority", "Sample", "SqlState", "SupportKind",
    "cause", "codes_in", "command_of", "dyno_type", "exit_status", "fill", "infer_quota_mb", "kill_percents",
    "lookup", "postgres_plan", "quota_for", "ready", "support_kind", "types_with_quota", "with_app",
]  # fmt: skip
