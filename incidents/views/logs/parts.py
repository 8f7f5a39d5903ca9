"""A line in the pieces that look different: when, who, and what."""

from __future__ import annotations

import re

_HEAD = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:?\d\d)?)(?P<gap> )"
    r"(?P<src>[\w.-]{1,40}\[[\w.:-]{1,60}\])(?P<rest>:.*)",
    re.DOTALL,
)


def parts_of(text: str) -> list[list[str]]:
    """``[[text, look], …]``, nothing left out; looks are at, src and nothing."""
    head = _HEAD.fullmatch(text)
    if head is None:
        return [[text, ""]]
    return [[head["at"], "at"], [head["gap"], ""], [head["src"], "src"], [head["rest"], ""]]
