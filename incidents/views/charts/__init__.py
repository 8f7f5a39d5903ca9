"""Series, swimlanes and dynos: as JSON, and as pictures for pages without scripts."""

from __future__ import annotations
