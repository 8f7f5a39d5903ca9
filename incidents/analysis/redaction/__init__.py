"""Finds credentials and personal data in log text and puts markers in their place. Public names: ``incidents.analysis.redact``.

    text -> engine (RE2 trigger finds the lines that matter) -> rules on views of a line -> spans -> markers

All rules work on UTF-8 bytes, so that RE2 and ``re`` agree on offsets. Every rule is linear: RE2, or ``re`` with bounded or
possessive repeats that start only at the edge of a run.
"""

from __future__ import annotations
