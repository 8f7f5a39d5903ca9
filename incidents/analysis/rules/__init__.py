"""The rules: one file per cause, found by walking this package. Adding a cause edits nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from functools import cache

from .base import Rule

_HELPERS = {"base"}


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every ``RULE`` of this package, by name of its module."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        if module.name in _HELPERS or module.name.startswith("_"):
            continue
        rule: Rule = importlib.import_module(f"{__name__}.{module.name}").RULE
        found.append(replace(rule, name=module.name))
    return tuple(sorted(found, key=lambda rule: rule.name))
