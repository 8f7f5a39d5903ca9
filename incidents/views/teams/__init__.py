"""Accounts, teams, their members and settings, and the audit log."""

from __future__ import annotations
