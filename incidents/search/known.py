"""What a query may refer to: the log's days, its releases, the lines that prove findings, its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

Place = tuple[int, int]
"""Position of a source in the incident, and the number of a line in it."""


@dataclass(frozen=True, slots=True)
class Known:
    """``releases`` and ``proofs`` are by their names as people write them: ``v42``, ``slow-endpoint``.

    ``files`` are the names of the sources in their order. All times are aware UTC.
    """

    first_at: datetime | None = None
    last_at: datetime | None = None
    releases: Mapping[str, tuple[datetime | None, datetime | None]] = field(default_factory=dict)
    proofs: Mapping[str, Sequence[Place]] = field(default_factory=dict)
    files: Mapping[int, str] = field(default_factory=dict)
