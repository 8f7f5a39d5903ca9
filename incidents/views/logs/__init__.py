"""The log viewer: pages of lines, one line in its surroundings, facets, exports."""

from __future__ import annotations
