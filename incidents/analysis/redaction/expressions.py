"""RE2 over bytes, set up once: Latin-1, so that a character is a byte and any byte may come."""

from __future__ import annotations

from typing import Any

import re2


def options(*, ignore_case: bool = False, latin1: bool = True, megabytes: int = 16) -> Any:
    """RE2's options: how it reads bytes, and how much memory its automaton may take."""
    chosen = re2.Options()
    if latin1:
        chosen.encoding = re2.Options.Encoding.LATIN1
    chosen.case_sensitive = not ignore_case
    chosen.max_mem = megabytes << 20
    chosen.log_errors = False
    return chosen


def compile_re2(source: bytes, *, ignore_case: bool = False, latin1: bool = True, megabytes: int = 16) -> Any:
    """``source`` as an RE2 expression over bytes; raises ``re2.error`` where it is not valid."""
    return re2.compile(source, options(ignore_case=ignore_case, latin1=latin1, megabytes=megabytes))
