"""Configuration only. The Celery application is loaded here so that tasks find it wherever Django runs."""

from __future__ import annotations

from triage.celery import app as celery_app

__all__ = ["celery_app"]
