"""The ticket draft: its form, its lines of proof, its files."""

from __future__ import annotations
