"""Bursts on a live stream become alerts, each with the line that proves it."""

from __future__ import annotations
