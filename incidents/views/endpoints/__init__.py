"""The table of endpoints, and a page for each."""

from __future__ import annotations
