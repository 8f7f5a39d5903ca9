"""What happened, and what people noted about it."""

from __future__ import annotations
