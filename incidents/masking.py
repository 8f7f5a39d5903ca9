"""A team's own words and patterns, in force wherever something of the team is masked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache

from incidents.analysis.redact import Compiled, WordsError, compile_words
from incidents.models import Team

logger = logging.getLogger(__name__)


def words_of(team: Team) -> Sequence[Compiled]:
    """The rules of a team, compiled once per process."""
    return _compiled(tuple(team.redaction_words), tuple(team.redaction_patterns))


@lru_cache(maxsize=64)
def _compiled(words: tuple[str, ...], patterns: tuple[str, ...]) -> Sequence[Compiled]:
    found: list[Compiled] = []
    for given in [{"literals": [word]} for word in words] + [{"patterns": [pattern]} for pattern in patterns]:
        try:
            found += compile_words(**given)
        except WordsError as error:  # saved under rules that have changed since: the others still hold
            logger.warning("a word or pattern of a team is not used: %s", error)
    return tuple(found)
